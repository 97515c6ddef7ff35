"""How far the store is behind what the broker acknowledged, seen by the canaries."""

import time
from collections import defaultdict

from contracts.errors import UnavailableError
from infra.store import ClickHouseStore
from tests.faults.traffic import canary

_SLACK_S = 2.0
"""A stream that is at most so far behind has recovered."""
_PROOF_S = 1.0
_POLL_S = 0.25


class Gauge:
    """Asks the store of an installation, past every proxy."""

    def __init__(self, settings, load):
        self._clickhouse = ClickHouseStore(settings.store(), 1.0).clickhouse
        self._load = load
        self._partitions = {canary(partition): partition for partition in range(8)}

    def stored(self):
        """The newest stored canary of each partition; nothing while the store is away."""
        found = defaultdict(lambda: -1)
        try:
            rows = self._clickhouse.rows(
                "SELECT vehicle_id, max(seq) FROM summaries "
                "WHERE tenant = 'default' AND profile = 'truck-diesel' AND vehicle_id IN %(ids)s "
                "GROUP BY vehicle_id",
                ids=tuple(self._partitions),
            )
        except UnavailableError:
            return None
        found.update({self._partitions[vehicle]: seq for vehicle, seq in rows})
        return found

    def lag(self):
        """Parcels behind, or None while the store is away."""
        stored = self.stored()
        return None if stored is None else self._load.lag(stored)

    def recover(self, since, limit_s):
        """Seconds from `since` until the stream is close behind the producer again, or None.

        Only what was sent after `since` proves that somebody is at work.
        """
        while time.monotonic() - since < limit_s:
            now, stored = time.monotonic(), self.stored()
            until = max(since + _PROOF_S, now - _SLACK_S)
            if stored is not None and now > until and self._load.is_stored(stored, until):
                return now - since
            time.sleep(_POLL_S)
        return None

    def wait_until_level(self, limit_s):
        """Whether nothing at all is missing within the limit (for a load that has stopped)."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self.lag() == 0:
                return True
            time.sleep(_POLL_S)
        return False
