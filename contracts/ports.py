"""What the inner rooms ask of the outer ones."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from contracts.alerts import Alert, Transition
from contracts.batches import FeatureRows, RiskRows, Summaries, UnusualRows
from contracts.dead_letters import DeadLetter, Withheld
from contracts.records import Record, VehicleEvent


class ResultStore(Protocol):
    """Where results are written. A call returns once the store has acknowledged every row, and
    may be repeated: rows have natural keys. Raises UnavailableError when the store is away.
    """

    def write_summaries(self, batch: Summaries) -> None: ...
    def write_events(self, events: Sequence[VehicleEvent]) -> None: ...
    def write_features(self, rows: FeatureRows) -> None: ...
    def write_risk(self, rows: RiskRows) -> None: ...
    def write_shadow(self, rows: RiskRows) -> None: ...
    def write_unusual(self, rows: UnusualRows) -> None: ...
    def write_alerts(self, alerts: Sequence[Alert], transitions: Sequence[Transition]) -> None: ...
    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None: ...
    def write_withheld(self, accounts: Sequence[Withheld]) -> None: ...


class History(Protocol):
    """What training and rebuilds read back, streamed by groups of whole vehicles.

    Within a group rows are ordered by vehicle, then time, then sequence number. Times are Unix
    milliseconds; `since` is included, `until` is not.
    """

    def vehicles(self, tenant: str, profile: str) -> list[str]: ...
    def span(self, tenant: str, profile: str) -> tuple[int, int]:
        """Since and until of all summaries; (0, 0) where there are none."""
        ...

    def summaries(
        self, tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
    ) -> Summaries: ...
    def events(
        self, tenant: str, profile: str, vehicles: Sequence[str], since: int, until: int
    ) -> list[VehicleEvent]: ...


class Snapshots(Protocol):
    """Snapshots of partitions, named by the offset that comes next; never overwritten."""

    def save(self, partition: int, next_offset: int, payload: bytes) -> None: ...
    def load(self, partition: int) -> Iterator[tuple[int, bytes]]:
        """Valid snapshots as (next_offset, payload), newest first."""
        ...


class RecordSink(Protocol):
    """Where records of the world go: packed by partition, in order per vehicle."""

    def send(self, records: Sequence[Record]) -> None: ...
    def refuse(self, letter: DeadLetter) -> None: ...
    def flush(self) -> None:
        """Wait until the broker has acknowledged everything. Raises UnavailableError."""
        ...
