"""Every kind of row there and back, on the real engine."""

import msgspec
import numpy as np
import pytest
from pydantic import SecretStr

from contracts.alerts import Alert, Reason, Transition, WaitingCost
from contracts.batches import FeatureRows, RiskRows, Summaries
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk
from features.profile import builtin_profile, profile_names
from infra.migrate import view_name
from infra.reads.questions import ask
from infra.reads.ranking import FleetFilter, Policy, rank
from infra.reads.summary import vehicle_counts
from infra.store import ClickHouseStore

pytestmark = pytest.mark.stack
T = 1_700_000_000_123


@pytest.fixture(scope="module")
def settings(stack):
    return stack.fresh()


@pytest.fixture
def store(settings):
    store = ClickHouseStore(settings.store())
    tables = store.clickhouse.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase() "
        "AND engine LIKE '%MergeTree' AND name != 'schema_migrations'"
    )
    for (table,) in tables:
        store.clickhouse.command(f"TRUNCATE TABLE {table}")
    return store


def summaries(vehicles, frames, signals=3, profile="p"):
    rng = np.random.default_rng(1)
    count = vehicles * frames
    stats = rng.normal(size=(count, signals, 6)).astype(np.float32)
    stats[0, 0, 1:] = np.nan
    return Summaries(
        profile,
        ["default"] * count,
        np.repeat([f"V{n:04d}" for n in range(vehicles)], frames).tolist(),
        np.tile(T + np.arange(frames) * 60_000, vehicles),
        np.tile(np.arange(frames), vehicles),
        stats,
    )


def event(kind="fault_code", code="P0217", time=T, vehicle="V1", **detail):
    return VehicleEvent("default", "p", vehicle, time, kind, code, detail)


def count(store, table):
    return store.clickhouse.rows(f"SELECT count() FROM {table} FINAL")[0][0]


def test_summaries_come_back_ordered_bit_for_bit(store):
    batch = summaries(4, 5)
    mixed = np.random.default_rng(2).permutation(len(batch))
    store.write_summaries(
        Summaries(
            "p",
            batch.tenant,
            [batch.vehicle_id[i] for i in mixed],
            batch.time_ms[mixed],
            batch.seq[mixed],
            batch.stats[mixed],
        )
    )
    found = store.summaries("default", "p", ["V0000", "V0001", "V0002", "V0003"], T, T + 10**9)
    assert list(found.vehicle_id) == list(batch.vehicle_id)
    np.testing.assert_array_equal(found.time_ms, batch.time_ms)
    np.testing.assert_array_equal(found.seq, batch.seq)
    np.testing.assert_array_equal(found.stats, batch.stats)
    assert store.vehicles("default", "p") == sorted(set(batch.vehicle_id))
    assert store.vehicles("other", "p") == []


def test_a_span_takes_its_start_and_leaves_its_end(store):
    store.write_summaries(summaries(2, 5))
    found = store.summaries("default", "p", ["V0001"], T + 60_000, T + 3 * 60_000)
    assert list(found.seq) == [1, 2]
    assert set(found.vehicle_id) == {"V0001"}
    assert len(store.summaries("default", "p", ["none"], 0, 2**62)) == 0
    assert len(store.summaries("default", "p", [], 0, 2**62)) == 0


def test_rows_written_twice_count_once(store):
    batch, events = summaries(3, 4), [event(), event("service", "oil", note="it's")]
    for _ in range(2):
        store.write_summaries(batch)
        store.write_events(events)
        store.write_features(features(5))
        store.write_risk(risk(5))
        store.write_shadow(risk(5))
        store.write_alerts([alert()], [transition()])
        store.write_dead_letters([letter()])
    expected = {
        "summaries": 12,
        "events": 2,
        "features": 5,
        "feature_names": 1,
        "risk": 5,
        "current_risk": 1,
        "risk_shadow": 5,
        "alerts": 1,
        "alert_transitions": 1,
        "dead_letters": 1,
    }
    assert {table: count(store, table) for table in expected} == expected


def test_history_gives_a_row_once_however_often_it_was_written(store):
    batch, events = summaries(3, 4), [event(), event("service", "oil")]
    for _ in range(3):
        store.write_summaries(batch)
        store.write_events(events)
    assert len(store.summaries("default", "p", sorted(set(batch.vehicle_id)), 0, 2**62)) == 12
    assert store.events("default", "p", ["V1"], 0, 2**62) == events


def features(n, names=("a", "b")):
    values = np.arange(n * len(names), dtype=np.float32).reshape(n, len(names))
    values[0, 0] = np.nan
    return FeatureRows(
        "p", names, ["default"] * n, ["V1"] * n, T + np.arange(n), ["due"] * n, values
    )


def test_features_keep_their_names_and_missing_values(store):
    store.write_features(features(2))
    rows = store.clickhouse.rows(
        "SELECT names, values, trigger, toUnixTimestamp64Milli(time) FROM features FINAL "
        "JOIN feature_names FINAL USING names_id ORDER BY time"
    )
    assert [row[0] for row in rows] == [["a", "b"], ["a", "b"]]
    np.testing.assert_array_equal([row[1] for row in rows], features(2).values)
    assert [row[2:] for row in rows] == [("due", T), ("due", T + 1)]


def risk(n, rul=None):
    values = np.linspace(0, 1, n * 2 * 3, dtype=np.float32).reshape(n, 2, 3)
    return RiskRows(
        "p", "m1", ("x", "y"), ["default"] * n, ["V1"] * n, T + np.arange(n), values, rul
    )


def test_current_risk_is_the_newest_even_when_an_older_row_comes_later(store):
    late = risk(3)
    newest_first = RiskRows(
        "p",
        "m1",
        ("x", "y"),
        late.tenant,
        late.vehicle_id,
        late.time_ms[::-1].copy(),
        late.risk[::-1].copy(),
        None,
    )
    store.write_risk(newest_first)
    older = RiskRows(
        "p", "m1", ("x", "y"), ["default"], ["V1"], np.array([T - 5]), late.risk[:1], None
    )
    store.write_risk(older)
    rows = store.clickhouse.rows(
        "SELECT modes, risk_7, risk_30, risk_90, isNaN(rul) FROM current_risk FINAL"
    )
    ((modes, *risks, no_life),) = rows
    np.testing.assert_allclose(np.transpose(risks), late.risk[2])
    assert (modes, bool(no_life)) == (["x", "y"], True)
    assert count(store, "risk") == 4


def test_the_newest_risk_of_an_older_store_is_found_again(store):
    """As a store was before migration 11: scores of two vehicles, and no `current_risk`."""
    for vehicle, older in (("V1", 0), ("V2", 7)):
        rows = risk(3)
        rows.vehicle_id[:] = [vehicle] * 3
        rows.time_ms[:] -= older
        store.write_risk(rows)
    clickhouse = store.clickhouse
    # NaN, for no remaining life, equals nothing.
    newest = "SELECT * EXCEPT (rul, rul_low, rul_high) FROM current_risk FINAL ORDER BY vehicle_id"
    before = clickhouse.rows(newest)
    clickhouse.command("DROP TABLE risk_to_current_risk")
    clickhouse.command("DROP TABLE current_risk")
    clickhouse.command("CREATE TABLE risk_current (mode String) ENGINE = MergeTree ORDER BY mode")
    clickhouse.command("DELETE FROM schema_migrations WHERE number = 11")
    assert store.migrate() == ["0011_current_risk"]
    assert clickhouse.rows(newest) == before
    assert [row[1] for row in before] == ["V1", "V2"]
    names = clickhouse.rows("SHOW TABLES LIKE '%risk%'")
    assert ("risk_current",) not in names


@pytest.mark.parametrize(("scored", "count"), [([], 2), (["V1"], 2), (["V1", "V3"], 3)])
def test_vehicles_count_whether_scored_or_registered(store, scored, count):
    store.write_events([event("registration", "AB-1", vehicle=name) for name in ("V1", "V2")])
    for vehicle in scored:
        rows = risk(1)
        rows.vehicle_id[:] = [vehicle]
        store.write_risk(rows)
    found = ask(store.clickhouse, vehicle_counts("default", Policy({}, {}, T)))
    assert (found.vehicles, found.silent) == (count, 0)
    ranked = rank(store.clickhouse, "default", FleetFilter(), Policy({}, {}, T), [])
    states = {one.vehicle_id: one.state for one in ranked}
    assert states == {
        name: "ok" if name in scored else "unscored" for name in {"V1", "V2", *scored}
    }


def test_remaining_life_is_kept_with_its_interval(store):
    store.write_risk(risk(1, np.array([[50.0, 40.0, 70.0]], dtype=np.float32)))
    for table in ("risk", "current_risk"):
        rows = store.clickhouse.rows(f"SELECT rul, rul_low, rul_high FROM {table} FINAL LIMIT 1")
        assert rows == [(50.0, 40.0, 70.0)]


def test_events_come_back_with_their_details(store):
    events = [
        event(vehicle="V2", time=T + 1, kind="failure", code="pump"),
        event(vehicle="V1", time=T + 2, kind="finding", outcome="ok", note='it\'s "so" \\ ü'),
        event(vehicle="V1", time=T, kind="registration", code="AB-1", model="M"),
    ]
    store.write_events(events)
    found = store.events("default", "p", ["V1", "V2"], 0, 2**62)
    assert found == [events[2], events[1], events[0]]
    rows = store.clickhouse.rows("SELECT vehicle_id, plate, model, depot FROM vehicles FINAL")
    assert rows == [("V1", "AB-1", "M", "")]


def alert(state="open", updated=T):
    return Alert(
        alert_id="A1",
        tenant="default",
        profile="p",
        vehicle_id="V1",
        mode="x",
        condition="risk",
        state=state,
        severity="soon",
        opened_ms=T,
        updated_ms=updated,
        resolved_ms=0,
        risk=ModeRisk("x", 0.1, 0.5, 0.7),
        rul=None,
        model="m1",
        reasons=[Reason("It's hot.")],
        fault_codes=[],
        checks=["look"],
        waiting=WaitingCost(500.0, 100.0, "EUR"),
    )


def transition():
    return Transition("A1", "default", "V1", "x", T, "system", "none", "open", "risk rose")


def letter():
    return DeadLetter("undecodable", "what's this", "telemetry", 3, 17, T, b"\x00\xff")


def test_the_newest_version_of_an_alert_wins_within_one_millisecond(store):
    store.write_alerts([alert("resolved")], [])
    store.write_alerts([alert("open")], [])
    rows = store.clickhouse.rows("SELECT state, at_stake, body FROM alerts FINAL")
    assert [row[:2] for row in rows] == [("resolved", 500.0)]
    assert msgspec.json.decode(rows[0][2], type=Alert) == alert("resolved")


def test_dead_letters_say_where_the_bytes_stand(store):
    store.write_dead_letters([letter()])
    rows = store.clickhouse.rows(
        "SELECT reason, detail, topic, partition, offset, bytes FROM dead_letters"
    )
    assert rows == [("undecodable", "what's this", "telemetry", 3, 17, 2)]


def test_each_profile_has_a_view_with_named_columns(store):
    profile = builtin_profile(profile_names()[0])
    batch = summaries(1, 2, len(profile.signals), profile.name)
    store.write_summaries(batch)
    column = profile.signals[1].column
    rows = store.clickhouse.rows(f"SELECT {column} FROM {view_name(profile.name)} ORDER BY time")
    np.testing.assert_array_equal([row[0] for row in rows], batch.stats[:, 1, 1])


def test_migrating_again_changes_nothing(store):
    assert store.migrate() == []


def test_vehicle_ids_cant_break_out_of_the_query(store):
    store.write_summaries(summaries(1, 1))
    hostile = "') OR 1=1 --"
    assert len(store.summaries("default", "p", [hostile, "\\"], 0, 2**62)) == 0


@pytest.mark.parametrize("named", [{}, {"database": "never_made"}])
def test_a_store_without_our_tables_gets_one_sentence(settings, named):
    connection = settings.store().model_copy(update=named)
    clickhouse = ClickHouseStore(connection, 0.5).clickhouse
    with pytest.raises(UnavailableError, match=r"no tables of Telltale in database .+ yet"):
        clickhouse.rows("SELECT * FROM never_made")


def test_a_wrong_password_gets_one_sentence(settings):
    connection = settings.store().model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(UnavailableError, match="refuses user 'telltale'; set TELLTALE_CLICKHOUSE"):
        ClickHouseStore(connection).vehicles("default", "p")


def test_a_store_that_is_away_gets_one_sentence(settings):
    connection = settings.store().model_copy(update={"url": "http://127.0.0.1:9"})
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9 doesn't answer"):
        ClickHouseStore(connection, patience_s=0.3).vehicles("default", "p")
