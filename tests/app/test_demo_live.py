"""The accelerated clock of the demo, and what it counts."""

from pathlib import Path

import pytest
from rich.console import Console

from alerts.scorecard import Failure, Raised
from app.cli.demo import _stay
from app.demo.live import Clock, Sent, drain, send
from app.demo.plan import Plan
from app.demo.report import Observed, Truth, as_json, as_table, score_all
from contracts.records import VehicleEvent
from features.profile import builtin_profile
from ingest.simulator.spec import DAY_MS
from tests.app.stream_fixtures import PERIOD, START, frame

NOW = 20_000 * DAY_MS + 5 * 3_600_000


class Sink:
    def __init__(self):
        self.records, self.flushed = [], 0

    def send(self, records):
        self.records += records

    def flush(self):
        self.flushed = len(self.records)


class Wall:
    """A wall's clock that moves only when somebody sleeps."""

    def __init__(self):
        self.at = 100.0

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


def test_event_time_is_spread_over_the_seconds_given():
    wall, sink, sent = Wall(), Sink(), Sent()
    records = [frame("V0", seq) for seq in range(640)]
    clock = Clock(START, START + 640 * PERIOD, 60.0, wall.now, wall.sleep)
    looks = []
    send(records, sink, clock, sent, lambda: looks.append(wall.at))
    assert sink.flushed == 640
    assert looks == pytest.approx([100 + 6 * (turn + 1) for turn in range(10)], abs=0.2)
    assert sent.frames == 640
    assert sent.reached_ms == START + 639 * PERIOD


def test_full_speed_never_sleeps_and_late_records_do_not_turn_the_clock_back():
    sink, sent = Sink(), Sent()
    code = VehicleEvent("default", "truck-diesel", "V0", START + 5, "fault_code", "X")
    records = [frame("V0", 100), frame("V0", 1), code]
    clock = Clock(START, START + 100 * PERIOD, 0.0, sleep=pytest.fail)
    send(records, sink, clock, sent, lambda: None)
    assert sent.reached_ms == START + 100 * PERIOD
    assert (sent.frames, sent.events) == (2, [code])


def test_drained_means_without_lag_for_a_while():
    lags = iter([{"a": 3}, {"a": 0, "b": 1}])
    assert drain(lambda: next(lags, {"a": 0, "b": 0}), 30)
    assert not drain(lambda: {"a": 1}, 0.6)


def test_the_live_stretch_begins_at_midnight_and_truth_reaches_past_now():
    plan = Plan({"truck-diesel": 3}, 400, 42, 1, NOW)
    assert plan.live_ms == 20_000 * DAY_MS - 42 * DAY_MS
    assert plan.spec.start_ms == plan.live_ms - 400 * DAY_MS
    assert plan.spec.end_ms > NOW + 60 * DAY_MS


def test_the_report_judges_alerts_by_what_failed():
    plan = Plan({"truck-diesel": 10}, 400, 42, 1, NOW)
    profile = builtin_profile("truck-diesel")
    mode = profile.modes[0].name
    failing = plan.live_ms + 30 * DAY_MS
    failures = [Failure("V0001", mode, failing, predictable=True)]
    truth = Truth(failures, [("V0003", mode, failing)])
    raised = [
        Raised("V0001", mode, failing - 10 * DAY_MS),
        Raised("V0002", mode, failing - 10 * DAY_MS),
        Raised("V0003", mode, failing - 20 * DAY_MS),
    ]
    observed = Observed(NOW, 4_000, 100, [], raised, 12.5, 50.0, {"worker": 300.0}, 900.0)
    cards = score_all(plan, [profile], truth, observed)
    found = as_json(plan, cards, observed)
    assert (found["alerts"], found["caught_3d"], found["false_alarms"]) == (3, 1, 1)
    assert found["median_lead_days"] == 10
    assert found["false_alarms_per_1000_h"] == pytest.approx(1)
    assert found["rules"]["fault_code"]["alerts"] == 0
    assert found["frames_per_second"] == 80
    assert "Fault-code rule" in [str(column.header) for column in as_table(cards).columns]


class Stopped:
    """A stage whose user presses Ctrl-C at once."""

    def look(self):
        raise KeyboardInterrupt


def test_the_demo_says_where_other_commands_find_its_fleet(capsys):
    home = Path("/srv/fleets/of/somebody/with/a/long/name") / "telltale" / "demo"
    _stay(Stopped(), Console(width=40), "http://127.0.0.1:8400", home)
    assert f"export TELLTALE_HOME={home}` " in capsys.readouterr().out
