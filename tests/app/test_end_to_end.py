"""The main job as a stranger runs it: every part real, nothing taken from another test."""

import json
import os
import subprocess
import sys

import pytest

from infra.store import ClickHouseStore
from tests.app.test_replay_stream import CYCLES, rows, telltale

__all__ = ["telltale"]  # a fixture

DEMO = ("--fleet", "car-combustion=110", "--history-days", "260", "--live-days", "28")


@pytest.mark.stack
@pytest.mark.timeout(600)
def test_the_demo_judges_its_alerts_and_ends(tmp_path):
    command = [sys.executable, "-m", "app.cli.main", "demo", *DEMO, "--minutes", "0", "--once"]
    done = subprocess.run(
        [*command, "--json"],
        env={**os.environ, "TELLTALE_HOME": str(tmp_path), "TELLTALE_API__PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    assert found["vehicles"] == 110
    assert found["frames"] > 5_000
    assert found["risk_rows"] > 1_000
    assert found["alerts"] > 0
    assert found["predictable_failures"] > 0
    assert found["caught_3d_share"] > found["rules"]["mileage"]["caught_3d_share"]
    assert found["seconds_to_first_true_alert"] > 0
    assert set(found["peak_rss_mb_by_process"]) >= {"broker", "store", "worker-1", "alerter"}
    assert sum(found["peak_rss_mb_by_process"].values()) >= found["peak_rss_mb"] > 500


def work_off(settings):
    """One worker, until nothing has come for a while."""
    command = [sys.executable, "-m", "app.cli.main", "worker", "--once-idle", "2"]
    with (settings.home / "worker.log").open("ab") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, timeout=240)


@pytest.mark.data
@pytest.mark.stack
@pytest.mark.timeout(600)
def test_every_cycle_of_c_mapss_gets_one_row_of_risk_and_remaining_life(telltale, data_dir):
    settings, run = telltale
    folder = data_dir / "cmapss"
    assert run("replay", folder / "train_FD001.txt.gz", "--speed", "0").exit_code == 0
    work_off(settings)
    assert run("train", "--profile", "turbofan").exit_code == 0
    # The state of the engines seen so far was made without the champion's expectation.
    assert run("state", "rebuild", "--profile", "turbofan").exit_code == 0
    assert run("replay", folder / "test_FD001.txt.gz", "--speed", "0").exit_code == 0
    work_off(settings)
    assert rows(settings, "risk") == [(CYCLES, CYCLES)]
    store = ClickHouseStore(settings.store()).clickhouse
    lives = store.rows("SELECT countIf(rul >= rul_low AND rul_high >= rul) FROM risk FINAL")
    assert lives == [(CYCLES,)]
    assert store.rows("SELECT count() FROM dead_letters") == [(0,)]
