"""The feature engine: records in, summaries, events and due feature rows out.

What comes out for a vehicle depends on that vehicle's records and their order alone, never on how
they were batched: every step is elementwise, and a vehicle's records are applied one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from contracts.batches import FeatureRows, Summaries
from contracts.records import Frame, Record, VehicleEvent
from features.expectation import Expectation
from features.profile import Profile
from features.refusal import Refusal
from features.state import PartitionState, ProfileState, StaleStateError
from features.work import Tools, Work


@dataclass(frozen=True)
class Step:
    """What a batch of records came to. `summaries` and `features` hold one item per profile
    present; rows stand in the order of their records; `refused` by index.
    """

    summaries: list[Summaries] = field(default_factory=list)
    events: list[VehicleEvent] = field(default_factory=list)
    features: list[FeatureRows] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class Engine:
    """Applies records to states. Holds no vehicle's state itself; one serves many partitions."""

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        expectations: Mapping[str, Expectation] | None = None,
    ) -> None:
        expected = expectations or {}
        self.tools = {
            name: Tools.of(profile, expected.get(name)) for name, profile in profiles.items()
        }

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> PartitionState:
        """The state that `PartitionState.arrays` was taken from. Raises StaleStateError."""
        state = PartitionState()
        parts: dict[str, dict[str, npt.NDArray[np.generic]]] = {}
        for name, array in arrays.items():
            profile, part = name.rsplit("/", 1)
            parts.setdefault(profile, {})[part] = array
        for profile, found in parts.items():
            if profile not in self.tools:
                raise StaleStateError(
                    f"the stored state has vehicles of profile {profile}, which isn't loaded; "
                    f"load the profile or rebuild the state from history"
                )
            self._room(state, profile).load(found)
        return state

    def step(
        self, state: PartitionState, records: Sequence[Record], broker_ms: Sequence[int]
    ) -> Step:
        """Apply records in order. `broker_ms` is the broker's timestamp of each record's message.

        Changes `state`. Never raises for a record's content: it is in `refused` then, and has
        changed nothing.
        """
        if len(records) != len(broker_ms):
            raise ValueError(f"{len(records)} records with {len(broker_ms)} broker times")
        step = Step()
        refused: dict[int, Refusal] = {}
        events: list[tuple[int, VehicleEvent]] = []
        broker = np.asarray(broker_ms, np.int64)
        for profile, (frames, happenings) in _by_profile(records).items():
            if profile not in self.tools:
                refused |= _unknown_profile(profile, [*frames, *happenings], self.tools)
                continue
            work = Work(self.tools[profile], self._room(state, profile), records, broker)
            work.run(frames, happenings)
            refused |= work.refused
            events += work.events
            if work.summaries is not None:
                step.summaries.append(work.summaries)
            if work.rows:
                step.features.append(work.feature_rows())
        step.events.extend(event for _, event in sorted(events, key=lambda pair: pair[0]))
        step.refused.extend(refused[index] for index in sorted(refused))
        return step

    def _room(self, state: PartitionState, profile: str) -> ProfileState:
        found = state.profiles.get(profile)
        if found is None:
            plan = self.tools[profile].plan
            found = state.profiles[profile] = ProfileState(plan.profile, plan.expectation.id)
        return found


def _by_profile(records: Sequence[Record]) -> dict[str, tuple[list[int], list[int]]]:
    """Places of each profile's frames and of its events."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for index, record in enumerate(records):
        both = found.get(record.profile)
        if both is None:
            both = found[record.profile] = ([], [])
        both[0 if type(record) is Frame else 1].append(index)
    return found


def _unknown_profile(
    profile: str, indices: list[int], known: Mapping[str, Tools]
) -> dict[int, Refusal]:
    detail = f"no profile {profile[:64]!r} is loaded; there are {', '.join(sorted(known))}"
    return {index: Refusal(index, "unknown_profile", detail) for index in indices}
