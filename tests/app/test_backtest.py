"""A backtest scores the very rows that the live stream scores, and judges alerts by what failed."""

import numpy as np
import pytest

from alerts.policies import Policies
from alerts.scorecard import Stretch as JudgedStretch
from app.backtest.card import Judged, judge
from app.backtest.log import Stretch, messages, score_history
from app.backtest.run import alerts_of
from app.cli.backtest import partitions_of
from app.cli.evaluate.fleet import START_MS
from app.flow.message import Incoming
from contracts.alert_log import encode_note
from contracts.records import Frame
from contracts.risk import encode_risk
from features.engine import Engine
from features.profile import builtin_profile
from features.state import PartitionState
from infra.connections import KafkaConnection
from infra.kafka import ensure_topics
from ingest.simulator.spec import DAY_MS
from models.evaluation.fleet import Plan, learn, simulated
from models.grow import Trees
from tests.app.test_alert_flow import Bench

PROFILE = builtin_profile("car-combustion")
QUICK = Trees(rounds=120, eta=0.15, patience=8)
PLAN = Plan(PROFILE, 60, 20, 260, (41, 42), START_MS, QUICK)
SINCE = START_MS + 120 * DAY_MS
UNTIL = START_MS + 200 * DAY_MS


@pytest.fixture(scope="module")
def bundle():
    return learn(PLAN)[0]


@pytest.fixture(scope="module")
def history():
    return simulated(PLAN.fleet(fresh=True), PROFILE.name)


@pytest.fixture(scope="module")
def scored(bundle, history):
    stretch = Stretch("default", SINCE, UNTIL)
    return score_history(history, PROFILE, (bundle, bundle.expectation), stretch)


def time_of(record):
    return record.start_ms if isinstance(record, Frame) else record.time_ms


def test_its_rows_and_risks_are_those_of_the_live_stream(bundle, scored):
    records = sorted(
        PLAN.fleet(fresh=True).live(START_MS, UNTIL),
        key=lambda one: (time_of(one), isinstance(one, Frame)),
    )
    engine = Engine({PROFILE.name: PROFILE}, {PROFILE.name: bundle.expectation})
    state, live = PartitionState(), {}
    for start in range(0, len(records), 512):
        part = records[start : start + 512]
        step = engine.step(state, part, [UNTIL] * len(part))
        assert step.refused == []
        for rows in step.features:
            risk = bundle.score(rows).risk
            for place, at in enumerate(rows.time_ms.tolist()):
                if at >= SINCE:
                    live[rows.vehicle_id[place], at] = risk[place]
    names = [scored.vehicles[place] for place in scored.vehicle]
    found = dict(zip(zip(names, scored.time_ms.tolist(), strict=True), scored.risk, strict=True))
    assert found.keys() == live.keys()
    assert len(found) > 1_000
    # Stored summaries are the simulator's closed form, frames are reduced sample by sample. Scatter
    # within a frame takes few values there, and a tree's split may lie right on one.
    near = [np.abs(found[key] - live[key]).max() < 0.02 for key in found]
    assert np.mean(near) > 0.97
    assert max(np.abs(found[key] - live[key]).max() for key in found) < 0.2


def test_its_alerts_are_those_of_the_live_alerter(bundle, scored, tmp_path):
    lines = dict.fromkeys(bundle.modes, 0.2)
    policies = Policies(lambda _profile, _model: lines, {PROFILE.name: PROFILE})
    live = Bench(tmp_path, given=policies)
    log = [
        Incoming(0, offset, at, encode_risk(one) if isinstance(one, list) else encode_note(one))
        for offset, (one, at) in enumerate(messages(scored))
    ]
    for start in range(0, len(log), 512):
        live.flow.take(log[start : start + 512])
    assert live.letters == []

    def told(alerts):
        return {
            one.alert_id: (one.severity, one.state, one.raised_ms, one.updated_ms)
            for one in alerts.values()
        }

    found = alerts_of(scored, policies, lambda _vehicle: 0, 1).alerts
    assert len(found) > 5
    assert told(found) == told(live.alerts)


def test_alerts_are_judged_by_what_failed_and_beside_the_rules(bundle, history, scored):
    lines = dict.fromkeys(bundle.modes, 0.2)
    policies = Policies(lambda _profile, _model: lines, {PROFILE.name: PROFILE})
    raised = alerts_of(scored, policies, lambda _vehicle: 0, 1).raised
    assert raised
    assert all(SINCE <= one.time_ms < UNTIL for one in raised)
    events = history.events("default", PROFILE.name, scored.vehicles, 0, 1 << 62)
    stretch = JudgedStretch(SINCE, UNTIL, len(scored.vehicles), 1_000.0)
    card = judge(Judged(PROFILE, bundle.id, stretch, events), raised)
    assert card.telltale.alerts == len(raised)
    assert card.failures > 0
    assert card.doing_nothing > 0
    leads = list(card.telltale.recall_by_lead.values())
    assert leads == sorted(leads, reverse=True)
    nobody = judge(Judged(PROFILE, bundle.id, stretch, events), [])
    assert (nobody.telltale.money.saved, nobody.telltale.money.cost) == (0, nobody.doing_nothing)


@pytest.mark.stack
def test_the_budget_is_shared_by_as_many_partitions_as_the_broker_has(stack, tmp_path):
    kafka = stack.settings.kafka.model_copy(update={"topic_prefix": "twelve-", "partitions": 12})
    ensure_topics(kafka)
    set_otherwise = kafka.model_copy(update={"partitions": 5})
    settings = stack.settings.model_copy(update={"kafka": set_otherwise})
    assert partitions_of(settings) == 12
    away = KafkaConnection(partitions=5)
    assert partitions_of(settings.model_copy(update={"kafka": away, "home": tmp_path})) == 5
