"""Which records the broker has had from us lately, so that a request that is sent again after a
lost answer doesn't reach the stream twice. The engine refuses what slips through.
"""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from contracts.records import Frame, Record

_KEPT = 200_000
_Name = tuple[str, str, str | int, str, int]


class Acked:
    """Remembers the last records, by what identifies them."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._names: OrderedDict[_Name, None] = OrderedDict()
        self._lock = Lock()

    def has(self, record: Record) -> bool:
        """Whether the broker has this record."""
        return _name(record) in self._names

    def add(self, records: Iterable[Record]) -> None:
        """The broker has acknowledged these."""
        with self._lock:
            for record in records:
                self._names[_name(record)] = None
            while len(self._names) > self._kept:
                self._names.popitem(last=False)


def _name(record: Record) -> _Name:
    if isinstance(record, Frame):
        return record.tenant, record.vehicle_id, record.seq, "frame", record.start_ms
    return record.tenant, record.vehicle_id, record.code, record.kind, record.time_ms
