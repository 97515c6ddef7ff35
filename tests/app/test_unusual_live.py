"""A fleet of which nothing has failed: trained, streamed and asked, on a real stack."""

import json

import pytest

from infra.kafka import RecordProducer
from infra.store import ClickHouseStore
from models.memory_history import MemoryHistory
from tests.app.test_shadow_live import records, telltale
from tests.app.test_worker import updates
from tests.features.logs import SMALL_TOML
from tests.models.fleet import UNTIL, vehicle

pytestmark = pytest.mark.stack
DAY = 86_400_000


def fleet(odd=""):
    """Six vehicles that never fail; one of them runs hotter and hotter at the end."""
    for number in range(6):
        summaries, events = vehicle(number, 1, life=1e9)
        late = summaries.time_ms > UNTIL - 40 * DAY
        if summaries.vehicle_id[0] == odd:
            summaries.stats[late, 1, 1] += (summaries.time_ms[late] - UNTIL + 40 * DAY) / DAY
        yield summaries, [event for event in events if event.kind == "registration"]


def test_without_labels_vehicles_are_unusual_and_never_at_risk(stack, tmp_path):
    settings = stack.fresh()
    (tmp_path / "small.toml").write_bytes(SMALL_TOML)
    profiles = ("--profile-dir", str(tmp_path))
    store = ClickHouseStore(settings.store())
    for summaries, events in fleet():
        store.write_summaries(summaries)
        store.write_events(events)
    done = telltale(settings, "train", "--profile", "small", *profiles)
    assert done.returncode == 0, done.stderr
    assert "only vehicles that are unusual" in done.stdout.replace("\n", " ")

    with RecordProducer(settings.broker(), max_records=64) as producer:
        producer.send(records(MemoryHistory("small", fleet(odd="V0002"))))
    done = telltale(settings, "worker", *profiles, "--once-idle", "2")
    assert done.returncode == 0, done.stderr
    counts = {
        table: store.clickhouse.rows(f"SELECT count() FROM {table} FINAL")[0][0]
        for table in ("features", "unusual", "risk")
    }
    assert counts["unusual"] == counts["features"] > 1_000
    assert counts["risk"] == 0
    heard = updates(settings)
    assert {len(update.modes) for update in heard} == {0}
    assert {update.vehicle_id for update in heard} == {f"V000{n}" for n in range(6)}

    found = json.loads(telltale(settings, "risk", "V0002", "--json").stdout)["vehicle"]
    assert found["risks"] == []
    assert found["unusual"]["is_unusual"] is True
    assert found["unusual"]["signals"][0].endswith("EngineCoolant.Temperature")
    assert found["freshness"]["score_ms"] > UNTIL - 2 * DAY
    said = telltale(settings, "risk", "V0002").stdout
    assert "UNUSUAL" in said
    assert "no probability" in said.replace("\n", " ")
    calm = json.loads(telltale(settings, "risk", "V0004", "--json").stdout)["vehicle"]
    assert calm["unusual"]["is_unusual"] is False
