"""Champion and shadow in a real worker's stream, compared on the rows that it wrote."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from contracts.codec import make_frame
from infra.kafka import RecordProducer
from infra.store import ClickHouseStore
from models.registry import Registry
from models.training import Options, train
from tests.app.test_worker import environment, updates
from tests.features.logs import DAY, IDS, PROFILE, SMALL_TOML, START
from tests.models.fleet import QUICK, blind, history

pytestmark = pytest.mark.stack
MIDDLE = START + 120 * DAY


def records(memory):
    """Frames of one sample each, and events, in order of time."""
    vehicles = memory.vehicles("default", "small")
    read = memory.summaries("default", "small", vehicles, 0, 1 << 60)
    found = [
        (
            time,
            make_frame(
                profile="small",
                vehicle_id=vehicle,
                seq=seq,
                start_ms=time,
                signals=IDS,
                offsets_ms=np.zeros(1, np.int64),
                samples=read.stats[place, :, 1][None],
            ),
        )
        for place, (vehicle, seq, time) in enumerate(
            zip(read.vehicle_id, read.seq.tolist(), read.time_ms.tolist(), strict=True)
        )
    ]
    found += [(e.time_ms, e) for e in memory.events("default", "small", vehicles, 0, 1 << 60)]
    return [record for _, record in sorted(found, key=lambda one: one[0])]


def telltale(settings, *words):
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", *words],
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_worker_scores_both_and_the_better_one_is_found(stack, tmp_path):
    settings = stack.fresh()
    (tmp_path / "small.toml").write_bytes(SMALL_TOML)
    profiles = ("--profile-dir", str(tmp_path))
    memory = history(24)
    options = Options(tenant="default", trees=QUICK.trees, until_ms=MIDDLE)
    bundle, record = train(memory, PROFILE, options)
    registry = Registry(settings.models_dir)
    champion, shadow = registry.save(blind(bundle), record), registry.save(bundle, record)
    compare = ("models", "compare", "--profile", "small", "--live", "--json", *profiles)
    registry.promote(champion, "champion", "Ada", "the old one", 1)
    refused = telltale(settings, *compare)
    assert (refused.returncode, "has no shadow" in refused.stderr) == (1, True)
    registry.promote(shadow, "shadow", "Ada", "to be tried", 2)
    refused = telltale(settings, *compare)
    assert (refused.returncode, "was scored by both" in refused.stderr) == (1, True)

    with RecordProducer(settings.broker(), max_records=64) as producer:
        producer.send(records(memory))
    done = telltale(settings, "worker", *profiles, "--once-idle", "2")
    assert done.returncode == 0, done.stderr

    store = ClickHouseStore(settings.store()).clickhouse
    keys = "count(), groupBitXor(cityHash64(vehicle_id, time))"
    rows = {
        table: store.rows(f"SELECT {keys}, any(model) FROM {table} FINAL")[0]
        for table in ("risk", "risk_shadow")
    }
    assert rows["risk"][:2] == rows["risk_shadow"][:2]
    assert [rows["risk"][2], rows["risk_shadow"][2]] == [champion, shadow]
    assert {update.model for update in updates(settings)} == {champion}
    done = telltale(settings, *compare)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["first"], found["second"], found["scored"]) == (champion, shadow, "live")
    assert (found["verdict"], found["vehicles"], found["since_ms"]) == (shadow, 24, MIDDLE)
    # One row of a vehicle and day, but for the last 30 days, whose outcome is not known.
    assert 24 * 60 < found["rows"] < 2 * 24 * 95
