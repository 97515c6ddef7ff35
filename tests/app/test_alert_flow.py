"""The alerter's flow with store, topics and log in memory, snapshots in a folder."""

import threading

import msgspec
import pytest

from alerts.changes import Details
from alerts.pipeline import Pipeline
from app.alerting.flow import AlertFlow, AlertPorts
from app.flow.message import Incoming
from app.flow.persist import Persistence, Stopping
from contracts.alert_log import encode_note
from contracts.alerts import Reason
from contracts.errors import UnavailableError
from contracts.risk import encode_risk
from infra.metrics import WorkerMetrics
from infra.snapshots import FolderSnapshots
from tests.alerts.logs import DAY, HOUR, INTERVAL, PUMP, START, asked, policies, score
from tests.app.stream_fixtures import MemoryLog


class Bench:
    """Rows by natural key; `away` names what is refused once."""

    def __init__(self, folder, log=None, given=None):
        self.alerts, self.changes, self.answers, self.letters = {}, {}, {}, []
        self.told, self.reported, self.away, self.steps = [], [], set(), []
        self.stood = []
        self.stop = threading.Event()
        self.snapshots = FolderSnapshots(str(folder))
        ports = AlertPorts(
            "risk",
            log or MemoryLog(),
            self.snapshots,
            self,
            self.explain,
            lambda wanted: dict.fromkeys(wanted, "Lyon"),
            self.report,
            self.tell,
            lambda _number: self.stood,
            self.letters.extend,
            Persistence(self.stop),
            WorkerMetrics("alerter"),
        )
        self.flow = AlertFlow(Pipeline(given or policies()), ports)

    def _step(self, name):
        if name in self.away:
            self.away.discard(name)
            raise UnavailableError(name)
        self.steps.append(name)

    def write_alerts(self, alerts, transitions):
        self._step("alerts")
        self.alerts |= {one.alert_id: one for one in alerts}
        self.changes |= {(one.alert_id, one.version): one for one in transitions}

    def write_answers(self, answers):
        self._step("answers")
        self.answers |= {one.command_id: one for one in answers}

    def write_silences(self, _silences):
        self._step("silences")

    def write_dead_letters(self, _letters):
        self._step("letters")

    def explain(self, wanted):
        self._step("explain")
        return Details([Reason(f"{wanted.mode} at {wanted.time_ms}")], [])

    def report(self, events):
        self._step("report")
        self.reported += events

    def tell(self, notices):
        self._step("tell")
        self.told += [one.notice_id for one in notices]


def log_of(*messages):
    def payload(one):
        return encode_risk(one) if isinstance(one, list) else encode_note(one)

    return [Incoming(0, at, START + at, payload(one)) for at, one in enumerate(messages)]


def scored(*risks, start=0):
    turns = enumerate(risks, start=start)
    return [score("V1", START + turn * INTERVAL, **{PUMP: risk}) for turn, risk in turns]


def test_rows_are_those_of_one_undisturbed_run_wherever_it_crashes(tmp_path):
    log = log_of(*scored(0.3, 0.3, 0.6, *[0.01] * 6, 0.3, 0.3, *[0.01] * 6))
    whole = Bench(tmp_path / "whole")
    whole.flow.take(log)
    assert len(whole.alerts) == 2
    for crash in range(1, len(log)):
        bench = Bench(tmp_path / f"crash{crash}")
        bench.flow.take(log[:crash])
        bench.flow.snapshot()
        bench.flow.take(log[crash : crash + 1])
        again = Bench(tmp_path / f"crash{crash}")
        again.alerts, again.changes = bench.alerts, bench.changes
        again.flow.take(log[crash:])
        assert (again.alerts, again.changes) == (whole.alerts, whole.changes)


@pytest.mark.parametrize("part", ["explain", "alerts", "answers", "tell"])
def test_whatever_is_away_for_a_moment_everything_is_done_in_the_end(tmp_path, part):
    bench = Bench(tmp_path)
    bench.away = {part}
    bench.flow.take(log_of(*scored(0.3, 0.3)))
    assert [one.state for one in bench.alerts.values()] == ["open"]
    assert bench.steps.index("alerts") < bench.steps.index("tell")
    assert len(bench.told) == 2


def test_nothing_is_told_before_it_is_stored_nor_saved_before_both(tmp_path):
    bench = Bench(tmp_path)
    bench.stop.set()
    for part in ("alerts", "tell"):
        bench.away = {part}
        with pytest.raises(Stopping):
            bench.flow.take(log_of(*scored(0.3, 0.3)))
        assert bench.told == []
        assert bench.flow.snapshot() == {}
        assert list(bench.snapshots.load(0)) == []


def test_a_resolution_is_reported_after_it_is_stored(tmp_path):
    bench = Bench(tmp_path)
    log = scored(0.3, 0.3)
    bench.flow.take(log_of(*log))
    (alert_id,) = bench.alerts
    resolve = asked("resolve", alert_id, outcome="other_part", time_ms=START + INTERVAL + HOUR)
    bench.flow.take(log_of(*log, resolve)[2:])
    assert bench.steps[-2:] == ["tell", "report"]
    assert [one.detail["outcome"] for one in bench.reported] == ["other_part"]
    assert bench.answers["resolve-" + alert_id].done


def test_what_cannot_be_read_is_refused_whole_and_the_rest_goes_on(tmp_path):
    bench = Bench(tmp_path)
    first, second = log_of(*scored(0.3, 0.3))
    torn = Incoming(0, 1, START, b"\xc1torn")
    strange = Incoming(0, 2, START, msgspec.msgpack.encode({"type": "party"}))
    bench.flow.take([first, torn, strange, second._replace(offset=3)])
    assert [(one.reason, one.offset) for one in bench.letters] == [
        ("undecodable", 1),
        ("unknown_schema", 2),
    ]
    assert bench.letters[0].payload == b"\xc1torn"
    assert len(bench.alerts) == 1


def test_where_the_logs_beginning_is_gone_standing_alerts_go_on(tmp_path):
    before = Bench(tmp_path / "before")
    before.flow.take(log_of(*scored(0.3, 0.3)))
    late = log_of(*scored(0.3, 0.3, *[0.01] * 4))[2:]
    after = Bench(tmp_path / "after", MemoryLog(late))
    after.stood = list(before.alerts.values())
    after.flow.take(late)
    assert after.alerts.keys() == before.alerts.keys()
    assert [one.state for one in after.alerts.values()] == ["resolved"]
    assert min(version for _, version in after.changes) > 2


def test_an_adopted_silence_ends_when_the_vehicle_speaks(tmp_path):
    bench = Bench(tmp_path / "before")
    bench.flow.take(log_of(*scored(0.01), *[score("V2", START + n * INTERVAL) for n in range(14)]))
    lost = [one for one in bench.alerts.values() if one.condition == "signal_lost"]
    assert [one.vehicle_id for one in lost] == ["V1"]
    speaks = [Incoming(0, 9, START, encode_risk(score("V1", START + 6 * DAY)))]
    after = Bench(tmp_path / "after", MemoryLog(speaks))
    after.stood = lost
    after.flow.take(speaks)
    assert [one.state for one in after.alerts.values()] == ["resolved"]
