"""A scored stretch through the alert pipeline: the alerts that people would have been shown.

The pipeline is the alerter's own; nobody acts on the alerts, so they end by risk or by what
happened. As live, each partition keeps its own state and budget; vehicles of other profiles, which
share the budget there, are not replayed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from alerts.pipeline import Message, Pipeline
from alerts.policies import Policies
from alerts.scorecard import Raised
from alerts.state import State
from app.backtest.log import Scored, messages
from contracts.alert_log import Happened, Tick
from contracts.alerts import Alert

Place = Callable[[str], int]
"""The partition of a vehicle."""
_TOGETHER: Final = 1_024


@dataclass
class Shown:
    """Alerts in their newest version, by id."""

    alerts: dict[str, Alert] = field(default_factory=dict)

    @property
    def raised(self) -> list[Raised]:
        """Those that asked a person to act on a part, from when they did; watched ones don't."""
        found = [
            Raised(one.vehicle_id, one.mode, one.raised_ms)
            for one in self.alerts.values()
            if one.condition == "risk" and one.raised_ms
        ]
        return sorted(found, key=lambda one: (one.time_ms, one.vehicle_id, one.mode))


def alerts_of(scored: Scored, policies: Policies, place: Place, partitions: int) -> Shown:
    """Every alert of the stretch."""
    return run(messages(scored), policies, place, partitions)


def run(
    log: Iterable[tuple[Message, int]], policies: Policies, place: Place, partitions: int
) -> Shown:
    """The log through the pipeline, partition by partition."""
    pipeline, shown = Pipeline(policies), Shown()
    states = [State() for _ in range(partitions)]
    waiting: list[list[tuple[Message, int]]] = [[] for _ in range(partitions)]
    for message, time_ms in log:
        for number in _targets(message, place, partitions):
            waiting[number].append((message, time_ms))
            if len(waiting[number]) >= _TOGETHER:
                _step(pipeline, states[number], waiting[number], shown)
    for state, rest in zip(states, waiting, strict=True):
        _step(pipeline, state, rest, shown)
    return shown


def _step(pipeline: Pipeline, state: State, due: list[tuple[Message, int]], shown: Shown) -> None:
    _, changes = pipeline.step(state, due, {})
    shown.alerts |= changes.alerts
    due.clear()


def _targets(message: Message, place: Place, partitions: int) -> Iterable[int]:
    if isinstance(message, Tick):
        return range(partitions)
    if isinstance(message, Happened):
        return (place(message.events[0].vehicle_id),)
    if isinstance(message, list):
        return (place(message[0].vehicle_id),)
    raise TypeError(type(message).__name__)
