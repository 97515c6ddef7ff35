"""Whatever the log holds: no change is lost, doubled or impossible, and a replay says the same."""

from collections import defaultdict

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from alerts.budget import Budget
from alerts.rearm import Rearm
from alerts.severity import RANK
from tests.alerts.logs import (
    ALTERNATOR,
    BATTERY,
    DAY,
    HOUR,
    INTERVAL,
    PUMP,
    START,
    Desk,
    asked,
    happened,
    policies,
    score,
    tick,
)

VEHICLES = ("V1", "V2", "V3")
MODES = (PUMP, ALTERNATOR, BATTERY)
PARTS = ("coolant pump", "alternator", "batteries")
RISKS = (0.01, 0.12, 0.25, 0.45, 0.9)
OUTCOMES = ("confirmed_part", "other_part", "no_fault_found", "not_checked")
NEXT = {
    "none": {"pending"},
    "pending": {"open"},
    "open": {"open", "acknowledged", "resolved"},
    "acknowledged": {"acknowledged", "open", "resolved"},
    "resolved": {"resolved"},
}


def desk():
    quick = Rearm(dict.fromkeys(OUTCOMES, 1.5))
    return Desk(policies(budget=Budget(per_week=40.0, least=1.0), rearm=quick))


class AlertLife(RuleBasedStateMachine):
    """Scores, events, commands and ticks of three vehicles, in any order; restarts between."""

    def __init__(self):
        super().__init__()
        self.desk = desk()
        self.log = []
        self.fresh = []
        self.now = START
        self.number = 0

    def put(self, *messages, again=False):
        for message in messages:
            self.log.append((message, self.now))
            if not again:
                self.fresh.append((message, self.now))
            self.desk.take(message, broker_ms=self.now)

    @rule(
        vehicle=st.sampled_from(VEHICLES),
        hot=st.dictionaries(st.sampled_from(MODES), st.sampled_from(RISKS)),
        hours=st.sampled_from([0, 1, 8, 8, 8, 24, 100]),
        late=st.sampled_from([0, 0, 0, 5, 60]),
        times=st.integers(1, 4),
    )
    def scored(self, vehicle, hot, hours, late, times):
        for _ in range(times):
            self.now += hours * HOUR
            self.put(score(vehicle, self.now - late * HOUR, **hot))

    @rule(
        kind=st.sampled_from(["replacement", "failure", "finding", "registration"]),
        vehicle=st.sampled_from(VEHICLES),
        which=st.integers(0, 2),
        outcome=st.sampled_from([*OUTCOMES, "perhaps"]),
        ago=st.sampled_from([0, 0, 3, 50]),
    )
    def event(self, kind, vehicle, which, outcome, ago):
        code = PARTS[which] if kind == "replacement" else MODES[which]
        time_ms = self.now - ago * HOUR
        self.put(happened(kind, vehicle, time_ms, code, outcome=outcome, depot="Metz"))

    @rule(
        action=st.sampled_from(["acknowledge", "reopen", "assign", "comment", "snooze", "resolve"]),
        which=st.integers(0, 30),
        who=st.sampled_from(["Ana", "Bo"]),
        outcome=st.sampled_from([*OUTCOMES, ""]),
        days=st.sampled_from([-1, 1, 4]),
        old=st.sampled_from([None, 0, 1]),
        skew=st.sampled_from([0, 0, -(10**9), 10**9]),
    )
    def command(self, action, which, who, outcome, days, old, skew):
        known = sorted(self.desk.alerts)
        alert_id = known[which] if which < len(known) else "a0"
        found = self.desk.alerts.get(alert_id)
        self.number += 1
        self.put(
            asked(
                action,
                alert_id,
                f"c{self.number}",
                vehicle_id=found.vehicle_id if found else "V1",
                actor=who,
                assignee=who,
                why="so it is",
                outcome=outcome,
                until_ms=self.now + days * DAY,
                seen=max(0, found.version - old) if found and old is not None else 0,
                time_ms=max(1, self.now + skew),
            )
        )

    @rule(
        matchers=st.sampled_from([{"vehicle": "V1"}, {"mode": PUMP}, {"severity": "soon"}, {}]),
        days=st.sampled_from([0, 1, 5]),
    )
    def silenced(self, matchers, days):
        self.number += 1
        until = self.now + days * DAY
        given = {"vehicle_id": "", "until_ms": until, "matchers": matchers, "time_ms": self.now}
        self.put(asked("silence", "", f"c{self.number}", **given))

    @rule(which=st.integers(0, 5))
    def unsilenced(self, which):
        known = sorted(self.desk.silences)
        self.number += 1
        given = known[which] if which < len(known) else "none"
        self.put(asked("unsilence", given, f"c{self.number}", vehicle_id="", time_ms=self.now))

    @rule(hours=st.sampled_from([1, 6, 30, 200]))
    def time_passes(self, hours):
        self.now += hours * HOUR
        self.put(tick(self.now))

    @rule(count=st.integers(1, 6))
    def sent_again(self, count):
        """The worker and the relay send at least once: what came last comes once more."""
        self.put(*[message for message, _ in self.fresh[-count:]], again=True)

    @rule()
    def restarted(self):
        self.desk.restart()

    @invariant()
    def one_alert_at_a_time(self):
        standing = [
            (one.vehicle_id, one.mode, one.condition)
            for one in self.desk.alerts.values()
            if one.state != "resolved"
        ]
        assert len(standing) == len(set(standing))
        assert len(standing) == len(self.desk.state.places)

    @invariant()
    def what_explains_another_is_told_and_as_urgent(self):
        """No critical alert is muted by one that is only watched, above all."""
        for one in self.desk.alerts.values():
            parent = self.desk.alerts.get(one.muted_by)
            if parent is not None and one.state != "resolved":
                assert parent.state != "resolved"
                assert parent.severity != "watch"
                assert not parent.muted_by
                assert RANK[parent.severity] >= RANK[one.severity]

    def every_change_follows_from_the_one_before(self):
        chains = defaultdict(list)
        for one in self.desk.transitions:
            chains[one.alert_id].append(one)
        assert chains.keys() == self.desk.alerts.keys()
        for alert_id, chain in chains.items():
            alert, state, version, time_ms = self.desk.alerts[alert_id], "none", 0, 0
            for one in chain:
                assert one.before == state
                assert one.after in NEXT[state]
                assert one.version > version
                assert one.time_ms > time_ms
                state, version, time_ms = one.after, one.version, one.time_ms
            assert alert.state == state
            assert alert.version >= version
            assert alert.updated_ms >= time_ms
            assert bool(alert.resolved_ms) == (alert.state == "resolved")
            if alert.severity == "watch":
                assert not alert.raised_ms
            elif not alert.muted_by:
                assert alert.raised_ms >= alert.opened_ms

    @invariant()
    def every_command_is_answered_once(self):
        answered = [one.command_id for one in self.desk.answers]
        assert len(answered) == len(set(answered)) == self.number

    def teardown(self):
        """Other cuts, other restarts, nothing sent twice: the same alerts, changes and answers."""
        self.every_change_follows_from_the_one_before()
        in_one = desk()
        for message, broker_ms in self.log:
            in_one.take(message, broker_ms=broker_ms)
        assert in_one.state.to_bytes() == self.desk.state.to_bytes()
        once = desk()
        for message, broker_ms in self.fresh:
            once.take(message, broker_ms=broker_ms)
            once.restart()
        for other in (in_one, once):
            assert other.alerts == self.desk.alerts
            assert other.transitions == self.desk.transitions
            assert other.answers == self.desk.answers
            assert other.findings == self.desk.findings


AlertLife.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAlertLife = AlertLife.TestCase


def test_one_batch_says_the_same_as_many():
    """A batch is applied at once: only the newest version of each alert is left to store."""
    log = [
        score(vehicle, START + turn * INTERVAL, **{PUMP: 0.3 if 3 < turn < 9 else 0.01})
        for turn in range(20)
        for vehicle in VEHICLES
    ]
    many, one = desk(), desk()
    for message in log:
        many.take(message)
    one.take(*log)
    assert one.transitions == many.transitions
    assert one.state.to_bytes() == many.state.to_bytes()
    assert {k: (a.state, a.version) for k, a in one.alerts.items()} == {
        k: (a.state, a.version) for k, a in many.alerts.items()
    }
