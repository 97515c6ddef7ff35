"""A backtest shows the alerts that the stream showed, and judges them and the rules alike."""

from functools import partial

import numpy as np
import pytest

from alerts.pipeline import Pipeline
from alerts.policies import Policies
from alerts.scorecard import Raised
from alerts.scorecard import Stretch as JudgedStretch
from alerts.state import State
from app.alerting.clock import Clock
from app.backtest.card import Judged, judge
from app.backtest.log import Stretch, messages, score_history
from app.backtest.run import alerts_of
from app.cli.backtest import stretch_of
from contracts.alert_log import TOLD, Happened, Tick, decode_alert_log
from contracts.batches import Summaries
from contracts.codec import make_frame
from contracts.errors import DataError
from contracts.records import Frame
from features.engine import Engine
from features.state import PartitionState
from infra.connections import KafkaConnection
from infra.kafka import partition_of
from infra.risk_publisher import RiskPublisher
from models.memory_history import MemoryHistory
from models.training import train
from tests.models.fleet import DAY, PROFILE, QUICK, START, UNTIL, event, history, vehicle

PARTITIONS = 3
SINCE = START + 100 * DAY
IDS = list(PROFILE.signal_ids)
NO_SUMMARIES = Summaries(
    PROFILE.name,
    [],
    [],
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty((0, 3, 6), np.float32),
)
place = partial(partition_of, partitions=PARTITIONS)


@pytest.fixture(scope="module")
def trained():
    return train(history(vehicles=60, seed=5), PROFILE, QUICK)[0]


@pytest.fixture(scope="module")
def policies(trained):
    lines = dict.fromkeys(trained.modes, 0.2)
    return Policies(lambda *_: lines, {PROFILE.name: PROFILE})


def records(vehicles=16, seed=9):
    """Frames of one sample and events of a fresh fleet, by time."""
    found = []
    for number in range(vehicles):
        summaries, events = vehicle(number, seed)
        found += events
        rows = zip(summaries.time_ms.tolist(), summaries.stats[:, :, 1], strict=True)
        for seq, (time_ms, values) in enumerate(rows):
            found.append(
                make_frame(
                    profile=PROFILE.name,
                    vehicle_id=summaries.vehicle_id[0],
                    seq=seq,
                    start_ms=time_ms,
                    signals=IDS,
                    offsets_ms=[0],
                    samples=np.maximum(values[None], 0),
                )
            )
    return sorted(found, key=lambda r: (r.start_ms, 1) if isinstance(r, Frame) else (r.time_ms, 0))


class Wire:
    """Takes what the publisher sends, partition by partition, in place of a broker."""

    def __init__(self):
        self.logs = [[] for _ in range(PARTITIONS)]

    def send(self, _topic, payload, _key, *, partition, **_headers):
        self.logs[partition].append(payload)
        return self

    def flush(self, limit):
        pass

    def get(self, timeout):
        pass


def streamed(bundle, policies, sent):
    """Alerts of the live stream from SINCE on, record by record; the history it leaves."""
    engine = Engine({PROFILE.name: PROFILE}, {PROFILE.name: bundle.expectation})
    state, wire, chunks, alerts = PartitionState(), Wire(), [], {}
    publisher = RiskPublisher(KafkaConnection())
    publisher._producer, publisher._count = wire, PARTITIONS
    pipeline, fleets = Pipeline(policies), [State() for _ in range(PARTITIONS)]

    def apply(number, message, time_ms):
        alerts.update(pipeline.step(fleets[number], [(message, time_ms)], {})[1].alerts)

    def tick(due):
        for number in range(PARTITIONS):
            apply(number, due[0], due[0].time_ms)

    tenants = [fleet.tenant("default") for fleet in fleets]
    ticks = Clock(lambda: tenants, tick, lambda: 0, policies.contact)
    for record in sent:
        is_frame = isinstance(record, Frame)
        time_ms = record.start_ms if is_frame else record.time_ms
        done = engine.step(state, [record], [time_ms])
        assert not done.refused
        chunks.append((done.summaries[0] if is_frame else NO_SUMMARIES, done.events))
        if time_ms >= SINCE:
            events = [event for event in done.events if event.kind in TOLD]
            publisher.publish([bundle.score(rows) for rows in done.features], events)
        for number, log in enumerate(wire.logs):
            for payload in log:
                apply(number, decode_alert_log(payload), time_ms)
            log.clear()
        ticks.look()
    return alerts, MemoryHistory(PROFILE.name, chunks)


def told(alerts):
    return {
        (
            a.vehicle_id,
            a.mode or a.condition,
            a.opened_ms,
            a.raised_ms,
            a.resolved_ms,
            a.severity,
            a.risk.risk_30,
        )
        for a in alerts.values()
    }


def test_a_backtest_shows_what_the_stream_showed(trained, policies):
    live, kept = streamed(trained, policies, records())
    model = (trained, trained.expectation)
    scored = score_history(kept, PROFILE, model, Stretch("default", SINCE, UNTIL))
    shown = alerts_of(scored, policies, place, PARTITIONS)
    assert len(told(live)) > 5
    assert told(shown.alerts) == told(live)


def test_the_log_stands_in_order_of_time_with_ticks_and_events(trained):
    model = (trained, trained.expectation)
    scored = score_history(history(vehicles=6), PROFILE, model, Stretch("default", SINCE, UNTIL))
    log = list(messages(scored))
    times = [time for _, time in log]
    assert times == sorted(times)
    assert min(times) >= SINCE
    kinds = [type(message) for message, _ in log]
    assert kinds.count(Tick) > 100
    assert kinds.count(Happened) == len(scored.events)
    assert kinds.count(list) == len(scored.time_ms)


def stretch(**given):
    plain = {"since_ms": START, "until_ms": START + 140 * DAY, "vehicles": 10, "hours": 2_000.0}
    return JudgedStretch(**{**plain, **given})


def test_money_and_recall_are_those_of_the_alerts():
    events = [
        event("A", START, "registration", "1"),
        event("A", START + 50 * DAY, "failure", "overheating"),
        event("A", START + 51 * DAY, "replacement", "coolant_pump"),
        event("B", START + 60 * DAY, "failure", "overheating"),
    ]
    raised = [
        Raised("A", "overheating", START + 40 * DAY),
        Raised("C", "overheating", START + 41 * DAY),
    ]
    card = judge(Judged(PROFILE, "m", stretch(), events), raised)
    costs = PROFILE.mode("overheating").costs
    own = card.telltale
    assert card.doing_nothing == 2 * costs.breakdown
    spent = costs.planned_repair + costs.breakdown + costs.unneeded_check
    assert own.money.cost == spent
    assert own.money.saved == card.doing_nothing - spent
    assert own.recall_by_lead == {"1": 0.5, "3": 0.5, "7": 0.5, "14": 0.0, "30": 0.0}
    assert own.precision == 0.5
    assert own.false_alarms_per_1000_h == 0.5
    assert own.alerts_per_week == pytest.approx(2 / 20)
    assert card.fault_code_rule.alerts == 0


def test_a_part_renewed_by_interval_costs_a_repair_not_a_check():
    lives = [
        one
        for number in range(8)
        for one in (
            event(f"V{number}", START, "registration", "1"),
            event(f"V{number}", START + (20 + number) * DAY, "failure", "overheating"),
            event(f"V{number}", START + (21 + number) * DAY, "replacement", "coolant_pump"),
        )
    ]
    judged = Judged(PROFILE, "m", stretch(since_ms=START + 30 * DAY), lives)
    rule = judge(judged, []).fixed_interval
    assert rule.alerts == 8
    assert rule.money.cost == 8 * PROFILE.mode("overheating").costs.planned_repair


def test_without_days_the_last_stretch_with_a_known_outcome_is_taken():
    (since, until), last = stretch_of((START, UNTIL), ("", ""))
    assert last == UNTIL
    assert until == UNTIL - 60 * DAY
    assert since == until - 90 * DAY
    with pytest.raises(DataError, match="nothing lies between"):
        stretch_of((START, UNTIL), ("2030-01-01", ""))
    with pytest.raises(DataError, match="no history"):
        stretch_of((0, 0), ("", ""))


def test_scores_are_the_worker_s(trained):
    kept = history(vehicles=5)
    model = (trained, trained.expectation)
    whole = score_history(kept, PROFILE, model, Stretch("default", START, UNTIL))
    part = score_history(kept, PROFILE, model, Stretch("default", SINCE, UNTIL))
    later = whole.time_ms >= SINCE
    np.testing.assert_array_equal(part.time_ms, whole.time_ms[later])
    np.testing.assert_array_equal(part.risk, whole.risk[later])
    assert 0 < part.frames < whole.frames
