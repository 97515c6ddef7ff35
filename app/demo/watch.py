"""Tells of alerts as they open, and when the first true one did."""

import threading
import time
from collections.abc import Callable
from typing import Final

from alerts.scorecard import DAY_MS, Raised
from app.demo.plan import Plan
from app.demo.report import Truth
from contracts.alerts import Alert
from contracts.errors import TelltaleError
from infra.clickhouse import ClickHouse
from infra.reads.alerts import find_alerts

_EVERY_S: Final = 1.0
_MOST: Final = 100_000


class AlertWatch:
    """Asks the store every second until closed; `tell` is called once for each alert that opened.

    An alert counts from when a person was first shown it: a risk that is only watched isn't one.
    """

    def __init__(
        self,
        store: ClickHouse,
        plan: Plan,
        truth: Truth,
        tell: Callable[[Alert], None],
    ) -> None:
        self._store, self._tenant, self._tell = store, plan.tenant, tell
        self._horizon_ms = plan.horizon_days * DAY_MS
        self._true: dict[tuple[str, str], list[int]] = {}
        failed = ((one.vehicle_id, one.mode, one.time_ms) for one in truth.failures)
        for vehicle_id, mode, time_ms in [*failed, *truth.found]:
            self._true.setdefault((vehicle_id, mode), []).append(time_ms)
        self._seen: dict[str, Raised] = {}
        self.first_true_at: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    @property
    def raised(self) -> list[Raised]:
        """All alerts so far, by time."""
        return sorted(self._seen.values(), key=lambda one: one.time_ms)

    def close(self) -> None:
        """Look a last time, then stop."""
        self._closed.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._closed.wait(_EVERY_S):
            try:
                self._look()
            except TelltaleError:
                # The store is started again by the stage; the next look catches up.
                continue

    def _look(self) -> None:
        found = find_alerts(self._store, self._tenant, limit=_MOST)
        for alert in sorted(found, key=lambda one: one.opened_ms):
            if alert.alert_id not in self._seen and is_shown(alert):
                raised = Raised(alert.vehicle_id, alert.mode, alert.raised_ms)
                self._seen[alert.alert_id] = raised
                if self.first_true_at is None and self._is_true(raised):
                    self.first_true_at = time.monotonic()
                self._tell(alert)

    def _is_true(self, raised: Raised) -> bool:
        times = self._true.get((raised.vehicle_id, raised.mode), ())
        return any(0 < at - raised.time_ms <= self._horizon_ms for at in times)


def is_shown(alert: Alert) -> bool:
    """Whether a person was asked to act on a part's risk; one that is only watched isn't shown."""
    return alert.condition == "risk" and alert.raised_ms > 0
