"""The same vehicles under other names, half a year later: their scores must not change.

A model that knows names or the calendar by heart looks good on the fleet it was made with, and only
there. Some vehicles' whole history is told again, half a year later, in another order of names and
without their papers, and goes through engine and model a second time. The shift is a whole number
of the buckets that a vehicle's own baseline is taken over: their edges are absolute by design
(features/baseline.py), so any other shift cuts the baseline elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from contracts.batches import Floats, Summaries
from contracts.records import VehicleEvent
from contracts.risk import ALERT_DAYS
from features.profile import Profile
from models.bundle import Bundle
from models.memory_history import MemoryHistory
from models.table import DAY_MS, Scope, tabulate

TENANT: Final = "default"
VEHICLES: Final = 24
"""Vehicles that are told again."""
HALF_YEAR_MS: Final = 182 * DAY_MS
EVERYTHING: Final = 1.0
"""The change of a row that has no counterpart."""


class Disguise(msgspec.Struct, frozen=True):
    """`rows` of so many `vehicles` were scored twice; `change` is the largest difference of any
    mode's 30-day risk, 1 where a row has no counterpart.
    """

    vehicles: int
    rows: int
    change: float


def disguise(history: MemoryHistory, profile: Profile, bundle: Bundle) -> Disguise:
    """Score some vehicles of the history as they are and disguised."""
    every = history.vehicles(TENANT, profile.name)
    some = every[:: -(-len(every) // VEHICLES)]
    since, until = history.span(TENANT, profile.name)
    summaries = history.summaries(TENANT, profile.name, some, since, until)
    events = history.events(TENANT, profile.name, some, 0, until)
    shift_ms = round(HALF_YEAR_MS / profile.baseline_ms) * profile.baseline_ms
    names = {vehicle: f"other-{place}" for place, vehicle in enumerate(reversed(some))}
    plain = MemoryHistory(profile.name, [(summaries, events)])
    told = _summaries(summaries, names, shift_ms), _events(events, names, shift_ms)
    other = MemoryHistory(profile.name, [told])
    before = _scores(plain, profile, bundle, names, 0)
    after = _scores(other, profile, bundle, {name: name for name in names.values()}, shift_ms)
    if before.keys() != after.keys():
        return Disguise(len(some), len(before), EVERYTHING)
    change = max(float(np.abs(risk - after[key]).max(initial=0)) for key, risk in before.items())
    return Disguise(len(some), len(before), change)


def _scores(
    history: MemoryHistory,
    profile: Profile,
    bundle: Bundle,
    names: Mapping[str, str],
    shift_ms: int,
) -> dict[tuple[str, int], Floats]:
    """30-day risk [modes] of every row, by the vehicle's name in disguise and unshifted time."""
    scope = Scope(TENANT, *history.span(TENANT, profile.name))
    table = tabulate(history, profile, bundle.expectation, scope)
    risk = bundle.risk(table.values(), (ALERT_DAYS,))[:, :, 0]
    owners = [names[table.vehicles[place]] for place in table.vehicle.tolist()]
    times = (table.time_ms - shift_ms).tolist()
    return dict(zip(zip(owners, times, strict=True), risk, strict=True))


def _summaries(summaries: Summaries, names: Mapping[str, str], shift_ms: int) -> Summaries:
    return replace(
        summaries,
        vehicle_id=[names[vehicle] for vehicle in summaries.vehicle_id],
        time_ms=summaries.time_ms + shift_ms,
    )


def _events(
    events: Sequence[VehicleEvent], names: Mapping[str, str], shift_ms: int
) -> list[VehicleEvent]:
    found = []
    for event in events:
        papers = event.kind == "registration"
        found.append(
            msgspec.structs.replace(
                event,
                vehicle_id=names[event.vehicle_id],
                time_ms=event.time_ms + shift_ms,
                code="" if papers else event.code,
                detail={} if papers else event.detail,
            )
        )
    return found
