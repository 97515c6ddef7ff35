"""The fleet's clock: event time, going on with the wall's while data is live."""

import pytest

from alerts.contact import Contact
from alerts.state import Tenant
from app.alerting.clock import Clock
from contracts.alert_log import Tick
from contracts.errors import UnavailableError

MINUTE, HOUR = 60_000, 3_600_000
NOW = 1_800_000_000_000


class Bench:
    """Two partitions of one tenant, a wall clock, and what was told."""

    def __init__(self):
        self.tenants = [Tenant("t"), Tenant("t")]
        self.told, self.wall, self.away = [], NOW, False
        self.clock = Clock(lambda: self.tenants, self.tick, lambda: self.wall, Contact())

    def tick(self, ticks):
        if self.away:
            raise UnavailableError("away")
        self.told += ticks

    def data(self, which, time_ms, broker_ms):
        tenant = self.tenants[which]
        tenant.data_ms, tenant.data_broker_ms = time_ms, broker_ms

    def look(self, after_ms=0):
        self.wall += after_ms
        self.told.clear()
        self.clock.look()
        return [tick.time_ms for tick in self.told]


def test_without_data_there_is_no_time():
    assert Bench().look() == []


def test_the_newest_partition_tells_all():
    bench = Bench()
    bench.data(0, NOW - 90 * 24 * HOUR, NOW)
    bench.data(1, NOW - 80 * 24 * HOUR, NOW)
    assert bench.look() == [NOW - 80 * 24 * HOUR]
    assert bench.told[0] == Tick("t", NOW - 80 * 24 * HOUR)
    assert bench.look(HOUR) == []
    bench.data(0, NOW - 70 * 24 * HOUR, NOW)
    assert bench.look() == [NOW - 70 * 24 * HOUR]


def test_while_data_is_live_time_goes_on_when_all_are_silent():
    bench = Bench()
    bench.data(0, NOW - 2 * MINUTE, NOW)
    assert bench.look() == [NOW - 2 * MINUTE]
    assert bench.look(4 * MINUTE) == []
    assert bench.look(MINUTE) == [NOW + 3 * MINUTE]


def test_what_could_not_be_told_is_told_later():
    bench = Bench()
    bench.data(0, NOW, NOW)
    bench.away = True
    with pytest.raises(UnavailableError):
        bench.look()
    bench.away = False
    assert bench.look() == [NOW]
