"""VINs at rest: found by hash, shown by their end, read by those who hold the secret."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import SettingsError
from contracts.records import VehicleEvent
from infra.reads.vehicles import find_vehicle
from infra.store import ClickHouseStore
from infra.vins import VinSeal, home_secret, last4, plain, shown

SEAL = VinSeal("a secret of the tests that is long enough")
VIN = "WDB9066331S100001"
_text = st.text(max_size=20)


@given(_text, _text)
def test_what_is_sealed_opens_again_for_its_tenant_only(tenant, vin):
    sealed = SEAL.sealed(tenant, vin)
    assert SEAL.opened(tenant, sealed) == plain(vin)
    assert SEAL.sealed(tenant, vin) == sealed, "a row written again is the same row"
    if vin:
        assert SEAL.opened(tenant + "x", sealed) == ""
        assert VinSeal("another secret, that is long enough too").opened(tenant, sealed) == ""


def test_hash_and_seal_give_nothing_away():
    for text in (SEAL.hashed("default", VIN), SEAL.sealed("default", VIN), SEAL.fingerprint):
        assert VIN not in text
        assert VIN[-4:] not in text
    assert SEAL.hashed("default", VIN) == SEAL.hashed("default", f" {VIN.lower()} ")
    assert SEAL.hashed("default", VIN) != SEAL.hashed("other", VIN)
    assert (last4(VIN), shown(last4(VIN)), shown("")) == ("0001", "…0001", "")


@pytest.mark.parametrize("sealed", ["", "x", "AAAA", "é", "=" * 30])
def test_what_was_never_sealed_opens_as_nothing(sealed):
    assert SEAL.opened("default", sealed) == ""


def test_without_a_secret_only_the_end_is_kept():
    bare = VinSeal()
    assert (bare.hashed("t", VIN), bare.sealed("t", VIN), bare.fingerprint) == ("", "", "")


def test_the_homes_secret_is_made_once_and_private(tmp_path):
    secret = home_secret(tmp_path / "home")
    path = tmp_path / "home" / "vin-key"
    assert home_secret(tmp_path / "home") == secret == path.read_text()
    assert len(secret) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["vin-key"]


@pytest.mark.stack
def test_no_vin_lies_open_in_the_store(stack):
    settings = stack.fresh()
    store = ClickHouseStore(settings.store())
    detail = {"vin": VIN, "model": "M"}
    store.write_events([VehicleEvent("default", "p", "V1", 1_000, "registration", "AB-1", detail)])
    tables = [row[0] for row in store.clickhouse.rows("SHOW TABLES")]
    for table in tables:
        assert VIN not in str(store.clickhouse.rows(f"SELECT * FROM {table}")), table
    (event,) = store.events("default", "p", ["V1"], 0, 10_000)
    assert event.detail == {"vin": "…0001", "model": "M"}
    found = find_vehicle(store.clickhouse, "default", VIN.lower())
    assert (found.vehicle_id, found.vin_last4) == ("V1", "0001")
    assert store.clickhouse.vins.opened("default", found.vin_sealed) == VIN
    assert find_vehicle(store.clickhouse, "other", VIN) is None
    assert find_vehicle(store.clickhouse, "default", "") is None


@pytest.mark.stack
def test_a_machine_with_another_secret_may_not_write_vins(stack):
    settings = stack.fresh()
    registered = VehicleEvent("default", "p", "V1", 1_000, "registration", "A", {"vin": VIN})
    ClickHouseStore(settings.store()).write_events([registered])
    ClickHouseStore(settings.store()).write_events([registered])
    elsewhere = settings.model_copy(update={"home": settings.home / "elsewhere"})
    store = ClickHouseStore(elsewhere.store())
    with pytest.raises(SettingsError, match="TELLTALE_CLICKHOUSE__VIN_KEY"):
        store.write_events([registered])
    store.write_events([VehicleEvent("default", "p", "V1", 2_000, "service", "oil")])
