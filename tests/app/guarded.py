"""A served application that asks everyone who he is, and keys of every role in two tenants."""

import time
from dataclasses import dataclass, field

import httpx
import msgspec

from app.access.people import By, Desk
from contracts.access import ROLES
from infra.access.keys import Keys as Store
from infra.store import ClickHouseStore


@dataclass
class Keys:
    """Texts of keys by tenant and role, and some that open nothing."""

    desk: Desk
    texts: dict = field(default_factory=dict)

    @classmethod
    def made(cls, settings, tenants=("default", "other")):
        keys = cls(Desk(ClickHouseStore(settings.store()).clickhouse))
        for tenant in tenants:
            for role in ROLES:
                vehicles = ["A*", "B7"] if role == "ingest" else []
                _, keys.texts[tenant, role] = keys.desk.new_key(
                    by(tenant), f"{role} of {tenant}", role, vehicles
                )
        return keys

    def make(self, tenant, role, vehicles=(), **more):
        return self.desk.new_key(by(tenant), "made", role, list(vehicles), **more)

    def expired(self, tenant, role):
        """The text of a key whose time is over."""
        key, text = self.make(tenant, role)
        over = msgspec.structs.replace(key, expires_ms=1, version=2)
        Store(self.desk._keys._store).add(over)
        return text

    def headers(self, tenant, role):
        return {"Authorization": f"Bearer {self.texts[tenant, role]}"}


def by(tenant):
    return By(tenant, "tests", "admin", "test", time.time_ns() // 1_000_000)


def client(url, headers):
    # No alerter runs here: what is asked of one is not waited for.
    known = {"Prefer": "respond-async", **headers}
    return httpx.Client(base_url=url, headers=known, timeout=30)


def guarded(settings, **api):
    """The settings of a server that asks everyone who he is."""
    given = {"auth": "required", "requests_per_s": 10_000, **api}
    return settings.model_copy(update={"api": settings.api.model_copy(update=given)})
