"""Records of a log to the history that training reads, by the worker's own reduction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from contracts.batches import Summaries
from contracts.errors import DataError
from contracts.records import Frame, VehicleEvent
from features.profile import Profile
from features.summary import summarise
from ingest.adapters.reading import Item, Unreadable
from models.memory_history import MemoryHistory

_BATCH = 8_192


@dataclass(frozen=True, eq=False)
class Read:
    """A log as history; how many of its rows could not be read or made no sense."""

    history: MemoryHistory
    frames: int
    refused: int


def read_history(profile: Profile, items: Iterable[Item]) -> Read:
    """Everything that `items` hold, in memory. Raises DataError when no frame makes sense."""
    counts = [0, 0]
    history = MemoryHistory(profile.name, _chunks(profile, items, counts))
    if not counts[0]:
        raise DataError(
            f"none of {counts[1]} rows makes sense as data of profile {profile.name}; "
            "`telltale replay` gives each its reason"
        )
    return Read(history, counts[0], counts[1])


def _chunks(
    profile: Profile, items: Iterable[Item], counts: list[int]
) -> Iterator[tuple[Summaries, list[VehicleEvent]]]:
    source = iter(items)
    while batch := list(islice(source, _BATCH)):
        frames = [item for item in batch if isinstance(item, Frame)]
        events = [item for item in batch if isinstance(item, VehicleEvent)]
        summaries, kept, refused = summarise(profile, frames)
        counts[0] += len(kept)
        counts[1] += len(refused) + sum(isinstance(item, Unreadable) for item in batch)
        yield summaries, events
