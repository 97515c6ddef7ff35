"""A store without room refuses rows for a while: an outage, not the end."""

import pytest

from contracts.errors import UnavailableError
from contracts.records import VehicleEvent
from infra.store import ClickHouseStore
from infra.store_server import scratch_path

pytestmark = pytest.mark.stack

EVENT = VehicleEvent("default", "p", "V1", 1_700_000_000_000, "service", "oil")


def test_a_full_disk_is_an_outage(stack):
    store = ClickHouseStore(stack.fresh().store(), patience_s=0.2)
    setting = "min_free_disk_bytes_to_perform_insert"
    store.clickhouse.command(f"ALTER TABLE events MODIFY SETTING {setting} = 1000000000000000")
    with pytest.raises(UnavailableError, match=r"NOT_ENOUGH_SPACE|free space"):
        store.write_events([EVENT])
    store.clickhouse.command(f"ALTER TABLE events RESET SETTING {setting}")
    store.write_events([EVENT])
    assert store.clickhouse.rows("SELECT count() FROM events FINAL") == [(1,)]


def test_no_room_for_what_comes_in_is_an_outage_too(stack):
    store = ClickHouseStore(stack.fresh().store(), patience_s=0.2)
    scratch = scratch_path(stack.settings.home)
    kept = scratch.with_name("kept")
    scratch.rename(kept)
    try:
        with pytest.raises(UnavailableError, match="no room"):
            store.write_events([EVENT])
    finally:
        kept.rename(scratch)
    store.write_events([EVENT])
