"""What people ask of alerts, and what they are told."""

import pytest

from alerts.commands import REMEMBERED
from alerts.routing import Route, passes
from alerts.silences import complaint, matches
from contracts.notices import Notice
from tests.alerts.logs import DAY, HOUR, INTERVAL, PUMP, START, Desk, asked, score, tick

OPENED = START + INTERVAL


@pytest.fixture
def desk():
    """One open alert on V1."""
    made = Desk(depots={("t", "V1"): "Lyon"})
    made.run("V1", [0.3, 0.3])
    return made


def ask(desk, action, when=HOUR, **more):
    """Ask it of the only alert, `when` after it opened; what was answered."""
    now = OPENED + when
    number = f"c{len(desk.answers)}"
    given = {"alert_id": desk.only().alert_id, "time_ms": now, "command_id": number} | more
    desk.take(asked(action, **given), broker_ms=now)
    return desk.answers[-1]


def test_who_acknowledges_takes_it_and_the_second_is_told_by_whom(desk):
    first, second = (ask(desk, "acknowledge", actor=name) for name in ("Ana", "Bo"))
    assert (first.done, second.done) == (True, False)
    assert second.why == "Ana acknowledged it already"
    alert = desk.only()
    assert (alert.state, alert.assignee, alert.touched_by) == ("acknowledged", "Ana", "Ana")
    assert desk.steps().count("acknowledged") == 1


def test_of_two_who_saw_the_same_version_the_second_is_told(desk):
    seen = desk.only().version
    assert ask(desk, "assign", assignee="Cy", seen=seen).done
    late = ask(desk, "resolve", outcome="not_checked", actor="Bo", seen=seen)
    assert not late.done
    assert late.why == "Ana changed it meanwhile; it is open now"
    assert ask(desk, "resolve", outcome="not_checked", seen=desk.only().version).done


def test_what_the_system_changed_meanwhile_hinders_nobody(desk):
    seen = desk.only().version
    desk.run("V1", [0.6], start=2)
    assert desk.only().version > seen
    assert ask(desk, "acknowledge", when=DAY, seen=seen).done


def test_a_command_that_comes_twice_is_done_once(desk):
    for _ in range(3):
        ask(desk, "comment", command_id="same", why="look at the hose")
    assert desk.steps().count("commented") == 1
    assert len(desk.answers) == 1
    for number in range(REMEMBERED):
        ask(desk, "comment", command_id=f"n{number}", why="")
    assert len(desk.state.answered) == REMEMBERED


def test_comments_are_kept_also_on_what_is_resolved(desk):
    ask(desk, "comment", why="hose is wet")
    ask(desk, "resolve", outcome="other_part")
    assert ask(desk, "comment", why="new hose fitted").done
    assert [one.why for one in desk.transitions if one.step == "commented"] == [
        "hose is wet",
        "new hose fitted",
    ]
    assert desk.only().state == "resolved"
    assert not ask(desk, "comment", why=" ").done
    assert not ask(desk, "comment", why="x" * 5_000).done


def test_a_resolution_becomes_a_finding_of_the_vehicle(desk):
    answer = ask(desk, "resolve", outcome="confirmed_part", why="bearing worn")
    assert (answer.done, answer.why) == (True, "resolved: confirmed part")
    finding = desk.findings[0]
    assert (finding.kind, finding.code, finding.time_ms) == ("finding", PUMP, OPENED + HOUR)
    assert finding.detail["outcome"] == "confirmed_part"
    assert (desk.only().outcome, desk.only().resolved_ms) == ("confirmed_part", OPENED + HOUR)
    again = ask(desk, "resolve", outcome="not_checked")
    assert again.why == "it is resolved already (confirmed part)"
    assert len(desk.findings) == 1


def test_a_snooze_ends_by_the_fleets_clock(desk):
    assert not ask(desk, "snooze", until_ms=OPENED).done
    assert not ask(desk, "snooze", until_ms=OPENED + 400 * DAY).done
    assert ask(desk, "snooze", until_ms=OPENED + DAY, why="truck is in Spain").done
    assert desk.only().state == "acknowledged"
    desk.take(tick(OPENED + DAY - HOUR))
    assert desk.only().snoozed_until_ms == OPENED + DAY
    desk.take(tick(OPENED + DAY + HOUR))
    assert (desk.only().state, desk.only().snoozed_until_ms) == ("open", 0)
    assert desk.steps()[-1] == "woken"


def test_what_is_snoozed_can_be_acknowledged_for_good(desk):
    ask(desk, "snooze", until_ms=OPENED + DAY)
    assert ask(desk, "acknowledge").done
    desk.take(tick(OPENED + 2 * DAY))
    assert desk.only().state == "acknowledged"


def test_what_nobody_takes_up_escalates_twice(desk):
    desk.take(*(tick(OPENED + hour * HOUR) for hour in range(1, 24 * 12)))
    mine = [one for one in desk.transitions if one.mode == PUMP]
    due = [one.time_ms - OPENED for one in mine if one.step == "escalated"]
    assert due == [72 * HOUR, 144 * HOUR]
    assert desk.only().escalated == 2


def test_what_somebody_has_taken_up_does_not_escalate(desk):
    ask(desk, "acknowledge")
    desk.take(tick(OPENED + 10 * DAY))
    assert "escalated" not in desk.steps()


@pytest.mark.parametrize(
    "aside", [{"action": "acknowledge"}, {"action": "snooze", "until_ms": OPENED + 9 * DAY}]
)
def test_what_was_put_aside_and_becomes_critical_is_told_and_escalates(desk, aside):
    assert ask(desk, **aside, why="looked at").done
    desk.run("V1", [0.35], start=2)
    assert desk.only().state == "acknowledged"
    desk.run("V1", [0.9], start=3)
    alert, change = desk.only(), desk.transitions[-1]
    assert (alert.severity, alert.state, alert.snoozed_until_ms) == ("critical", "open", 0)
    assert (change.step, change.before, change.after) == ("severity", "acknowledged", "open")
    assert change.why.endswith("opened again, because it has become critical")
    assert passes(Notice(alert, change), Route("desk"))
    desk.take(tick(START + 3 * INTERVAL + 4 * HOUR))
    assert desk.steps()[-1] == "escalated"


def test_what_nobody_takes_care_of_after_all_asks_again(desk):
    assert ask(desk, "reopen").why == "nobody has acknowledged it"
    ask(desk, "snooze", until_ms=OPENED + 9 * DAY)
    assert ask(desk, "reopen", when=DAY, actor="Bo", why="no time").done
    alert, change = desk.only(), desk.transitions[-1]
    assert (alert.state, alert.snoozed_until_ms, alert.unattended_ms) == ("open", 0, OPENED + DAY)
    assert (change.step, change.actor, change.why) == ("reopened", "Bo", "no time")
    assert passes(Notice(alert, change), Route("desk"))
    desk.take(tick(OPENED + DAY + 72 * HOUR))
    assert desk.steps()[-1] == "escalated"


@pytest.mark.parametrize("then", ["nothing", "snooze", "reopen and acknowledge"])
def test_a_work_order_reopens_only_what_nobody_has_taken_up_since(desk, then):
    assert ask(desk, "acknowledge", order_id="WO-1").done
    if then == "snooze":
        assert ask(desk, then, actor="Bo", until_ms=OPENED + DAY).done
    if then == "reopen and acknowledge":
        assert ask(desk, "reopen").done
        assert ask(desk, "acknowledge", actor="Bo").done
    assert not ask(desk, "reopen", order_id="WO-2").done
    answer = ask(desk, "reopen", order_id="WO-1")
    assert answer.why == ("reopened" if then == "nothing" else "Bo has taken it up since")
    assert answer.done == (then == "nothing")


def silence(desk, **matchers):
    until = OPENED + 2 * DAY
    return ask(
        desk, "silence", vehicle_id="", alert_id="", until_ms=until, matchers=matchers, why="strike"
    )


@pytest.mark.parametrize(
    "matchers",
    [
        {"vehicle": "V1"},
        {"depot": "Ly*"},
        {"mode": PUMP, "severity": "soon"},
        {"profile": "truck-*", "condition": "risk"},
    ],
)
def test_a_silence_mutes_what_matches_until_its_end(desk, matchers):
    answer = silence(desk, **matchers)
    assert answer.done
    assert desk.only().muted_by == answer.command_id
    assert desk.transitions[-1].why == "silenced by Ana: strike"
    assert desk.transitions[-1].actor == "Ana"
    desk.take(tick(OPENED + 2 * DAY))
    assert desk.only().muted_by == ""
    assert desk.transitions[-1].why == "the silence by Ana is over"
    assert desk.transitions[-1].actor == "alerter"
    assert desk.steps()[-2:] == ["muted", "unmuted"]


@pytest.mark.parametrize("matchers", [{"depot": "Lyons"}, {"vehicle": "V[1]"}, {"vehicle": "V?"}])
def test_a_silence_of_something_else_mutes_nothing(desk, matchers):
    assert silence(desk, **matchers).done
    assert desk.only().muted_by == ""


@pytest.mark.parametrize("matchers", [{}, {"vehicle": "*"}, {"depot": ""}, {"plate": "x"}])
def test_a_silence_of_everything_or_of_nonsense_is_refused(desk, matchers):
    answer = silence(desk, **matchers)
    assert not answer.done
    assert answer.why == complaint(matchers)
    assert desk.silences == {}


def test_a_silence_can_be_ended_early(desk):
    given = silence(desk, vehicle="V1").command_id
    ended = {"vehicle_id": "", "alert_id": given, "actor": "Bo", "why": "they work again"}
    assert ask(desk, "unsilence", when=2 * HOUR, **ended).done
    assert desk.only().muted_by == ""
    found = desk.transitions[-1]
    assert (found.actor, found.why) == ("Bo", "ended the silence: they work again")
    assert desk.silences[given].until_ms == OPENED + 2 * HOUR
    assert not ask(desk, "unsilence", when=2 * HOUR, vehicle_id="", alert_id=given).done


def test_a_silence_hinders_nobody_who_saw_an_alert_before_it(desk):
    seen = desk.only().version
    silence(desk, vehicle="V1")
    assert ask(desk, "acknowledge", actor="Bo", seen=seen).done


def test_a_new_alert_is_born_quiet_under_a_silence(desk):
    silence(desk, vehicle="V2")
    desk.run("V2", [0.3, 0.3], start=2)
    assert desk.steps("V2") == ["pending", "opened", "muted"]
    assert matches({"vehicle": "V*"}, desk.only("V2"))


def test_other_tenants_reach_nothing(desk):
    found = desk.only()
    answer = ask(desk, "acknowledge", tenant="u")
    assert (answer.done, answer.why) == (False, "there is no such alert")
    silence_of_u = asked(
        "silence",
        tenant="u",
        vehicle_id="",
        until_ms=OPENED + DAY,
        matchers={"vehicle": "*1"},
        time_ms=OPENED,
    )
    desk.take(silence_of_u, broker_ms=OPENED)
    assert desk.answers[-1].done
    assert desk.only() == found
    ask(desk, "resolve", outcome="not_checked")
    assert ask(desk, "comment", tenant="u", why="hello").why == "there is no such alert"


@pytest.mark.parametrize(
    "action", ["acknowledge", "reopen", "assign", "comment", "snooze", "resolve"]
)
def test_an_alert_that_never_was_is_refused(desk, action):
    before = desk.only()
    answer = ask(desk, action, alert_id="a0", why="x", outcome="not_checked")
    assert (answer.done, answer.why) == (False, "there is no such alert")
    assert desk.only() == before


@pytest.mark.parametrize("actor", ["", "alerter"])
def test_nobody_acts_in_the_systems_name(desk, actor):
    assert not ask(desk, "acknowledge", actor=actor).done


@pytest.mark.parametrize("time_ms", [-5, 0, 1, 4_102_444_800_000, 2**62])
def test_a_wrong_clock_dates_nothing_into_the_future_or_past(desk, time_ms):
    before = desk.only().updated_ms
    assert ask(desk, "acknowledge", time_ms=time_ms).done
    assert before < desk.only().updated_ms <= OPENED + HOUR
    desk.run("V1", [0.6], start=4)
    assert desk.only().severity == "critical"


def test_assigning_to_the_same_person_twice_is_said(desk):
    assert ask(desk, "assign", assignee="Cy").done
    assert ask(desk, "assign", assignee="Cy").why == "it is assigned to Cy already"
    assert ask(desk, "assign", assignee="").done
    assert desk.only().assignee == ""


def test_a_resolution_needs_an_outcome(desk):
    assert not ask(desk, "resolve").done
    desk.take(score("V1", OPENED + DAY, **{PUMP: 0.3}))
    assert desk.only().state == "open"
