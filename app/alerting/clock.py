"""Tells every partition how late it is, also those where nothing is heard.

Event time is the fleet's clock. While data is live, it goes on with the wall's clock when all
vehicles fall silent; in a replay of the past it stands still then.
"""

from collections.abc import Callable, Iterable, Sequence

from alerts.contact import Contact
from alerts.state import Tenant
from alerts.timers import EVERY_MS
from contracts.alert_log import Tick


class Clock:
    """Sends a tick whenever a tenant's clock went on by five minutes. `tick` waits for the broker
    and raises UnavailableError.
    """

    def __init__(
        self,
        tenants: Callable[[], Iterable[Tenant]],
        tick: Callable[[Sequence[Tick]], None],
        wall_ms: Callable[[], int],
        contact: Contact,
    ) -> None:
        self._tenants, self._tick = tenants, tick
        self._wall_ms, self._contact = wall_ms, contact
        self._told: dict[str, int] = {}

    def look(self) -> None:
        """Tell what is new."""
        now: dict[str, int] = {}
        for tenant in self._tenants():
            # One that is known by commands or ticks alone has no clock of its own here.
            if not tenant.data_ms:
                continue
            now[tenant.name] = max(self._time_of(tenant), now.get(tenant.name, 0))
        due = [
            Tick(name, time_ms)
            for name, time_ms in sorted(now.items())
            if time_ms >= self._told.get(name, 0) + EVERY_MS
        ]
        if due:
            self._tick(due)
            self._told |= {tick.tenant: tick.time_ms for tick in due}

    def _time_of(self, tenant: Tenant) -> int:
        if not self._contact.is_live(tenant.data_ms, tenant.data_broker_ms):
            return tenant.data_ms
        return tenant.data_ms + max(0, self._wall_ms() - tenant.data_broker_ms)
