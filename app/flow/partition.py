"""One partition's state and where it stands: a function of its log."""

from collections.abc import Callable, Mapping, Sequence

from app.flow.decode import Decoded, decode, refused_letters
from app.flow.effects import Effects, Expected
from app.flow.message import Incoming
from app.flow.order import Cursor
from app.flow.ration import Spent, share
from contracts.batches import Ints
from contracts.records import Record
from features.engine import Engine, Step
from features.expectation import Expectation
from features.profile import Profile
from features.refusal import Refusal
from features.state import PartitionState

Home = Callable[[str], int]
"""The partition that a vehicle id belongs to."""


class Engines:
    """Engines by the expectations that they use; partitions with the same ones share one."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self.profiles = profiles
        self.neutral = {name: Expectation.neutral(profile) for name, profile in profiles.items()}
        self._made: dict[tuple[str, ...], Engine] = {}

    def of(self, expectations: Mapping[str, Expectation]) -> Engine:
        """The engine of these expectations, one for every profile."""
        key = tuple(expectations[name].id for name in self.profiles)
        if key not in self._made:
            self._made[key] = Engine(self.profiles, expectations)
        return self._made[key]


class Partition:
    """A partition's vehicles and cursor. `apply` changes both; when what it returned can't be
    stored, the partition must be thrown away and loaded again.
    """

    def __init__(
        self,
        number: int,
        next_offset: int,
        engines: Engines,
        expectations: Mapping[str, Expectation] | None = None,
    ) -> None:
        self.number = number
        self.cursor = Cursor(next_offset)
        self.expectations = {**engines.neutral, **(expectations or {})}
        self.state = PartitionState()
        self.spent = Spent()
        self._engines = engines
        self._engine = engines.of(self.expectations)
        self._at_home: set[str] = set()

    def adopt(self, offered: Mapping[str, Expectation]) -> None:
        """Take over these expectations where no vehicle has a state yet; a state keeps its own."""
        fresh = {
            name: expectation
            for name, expectation in offered.items()
            if name in self.expectations
            and self.expectations[name].id != expectation.id
            and not self._vehicles(name)
        }
        if fresh:
            for name in fresh:
                self.state.profiles.pop(name, None)
            self.expectations |= fresh
            self._engine = self._engines.of(self.expectations)

    def apply(self, messages: Sequence[Incoming], topic: str, home: Home) -> Effects:
        """Apply messages that the cursor let through, in order."""
        decoded = decode(messages, topic)
        strangers = self._strangers(decoded.records, home)
        step = self._step(decoded, strangers)
        features = [Expected(self.expectations[r.profile].id, r) for r in step.features]
        letters = decoded.letters + refused_letters(decoded, step.refused, topic)
        sent, withheld, self.spent = share(letters, self.spent)
        return Effects(
            list(step.summaries),
            list(step.events),
            features,
            [],
            sent,
            len(messages),
            withheld,
            len(letters) - len(sent),
        )

    def _step(self, decoded: Decoded, strangers: dict[int, Refusal]) -> Step:
        times = decoded.broker_ms()
        if not strangers:
            return self._engine.step(self.state, decoded.records, _as_list(times))
        kept = [i for i in range(len(decoded.records)) if i not in strangers]
        records = [decoded.records[i] for i in kept]
        step = self._engine.step(self.state, records, _as_list(times[kept]))
        refused = [Refusal(kept[r.index], r.reason, r.detail) for r in step.refused]
        refused += strangers.values()
        return Step(step.summaries, step.events, step.features, sorted(refused, key=_index))

    def _strangers(self, records: Sequence[Record], home: Home) -> dict[int, Refusal]:
        """Records of vehicles of other partitions: their state and order would be elsewhere."""
        found: dict[int, Refusal] = {}
        for index, record in enumerate(records):
            vehicle = record.vehicle_id
            if vehicle in self._at_home:
                continue
            right = home(vehicle)
            if right == self.number:
                self._at_home.add(vehicle)
            else:
                detail = f"belongs to partition {right}, not {self.number}; send it by murmur2"
                found[index] = Refusal(index, "foreign_partition", detail)
        return found

    def _vehicles(self, profile: str) -> int:
        room = self.state.profiles.get(profile)
        return len(room.rows) if room else 0


def _index(refusal: Refusal) -> int:
    return refusal.index


def _as_list(times: Ints) -> list[int]:
    found: list[int] = times.tolist()
    return found
