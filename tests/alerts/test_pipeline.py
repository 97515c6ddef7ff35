"""How alerts open, hold and close by themselves."""

import pytest

from alerts.budget import Budget
from alerts.fingerprint import Fingerprint, alert_id
from tests.alerts.logs import (
    DAY,
    HOUR,
    INTERVAL,
    LINE,
    PROFILE,
    PUMP,
    START,
    Desk,
    asked,
    happened,
    policies,
    score,
    tick,
)


def test_an_alert_opens_after_two_scores_above_the_line_and_says_why():
    desk = Desk()
    assert desk.run("V1", [0.05, LINE]) == []
    desk.run("V1", [0.3], start=2)
    alert = desk.only()
    assert desk.steps() == ["pending", "opened"]
    assert (alert.state, alert.severity, alert.mode) == ("open", "soon", PUMP)
    assert alert.opened_ms == START + 2 * INTERVAL
    mark = Fingerprint("t", "V1", PUMP, "risk")
    assert alert.alert_id == alert_id(mark, alert.opened_ms)
    assert alert.risk.risk_30 == 0.3
    mode = PROFILE.mode(PUMP)
    assert alert.waiting.expected == pytest.approx(0.3 * mode.costs.breakdown)
    assert alert.waiting.planned == mode.costs.planned_repair
    assert alert.checks == [check.text for check in mode.checks]
    assert alert.reasons[0].text == f"at {alert.opened_ms}"
    assert (alert.line, alert.clears_below) == (LINE, LINE / 2)
    first, second = desk.transitions
    assert (first.time_ms, first.before, first.after) == (START + INTERVAL, "none", "pending")
    assert (second.before, second.after, second.actor) == ("pending", "open", "alerter")
    assert "30.0% at or above 20.0% in 2 scores" in second.why


def test_a_single_spike_opens_nothing_and_is_forgotten():
    desk = Desk()
    desk.run("V1", [0.5, 0.05, 0.5, 0.05])
    assert desk.alerts == {}
    assert desk.state.tenants["t"].vehicles["V1"].tracks == {}


def test_a_surprised_vehicles_many_scores_within_minutes_are_not_enough():
    desk = Desk()
    for minute in range(30):
        desk.take(score("V1", START + minute * 60_000, **{PUMP: 0.6}))
    assert desk.alerts == {}
    desk.take(score("V1", START + INTERVAL, **{PUMP: 0.6}))
    assert desk.only().state == "open"


def test_it_closes_only_after_a_day_below_half_the_line():
    desk = Desk()
    desk.run("V1", [0.3, 0.3, 0.09, 0.12, 0.09, 0.09, 0.09])
    assert desk.only().state == "open"
    desk.run("V1", [0.08], start=7)
    alert = desk.only()
    assert (alert.state, alert.resolved_ms) == ("resolved", START + 7 * INTERVAL)
    assert alert.risk.risk_30 == 0.08
    assert desk.transitions[-1].why == "30-day risk stayed below 10.0%"
    assert desk.state.places == {}


def test_a_second_time_is_another_alert():
    desk = Desk()
    desk.run("V1", [0.3, 0.3, *[0.01] * 4, 0.3, 0.3])
    states = sorted(one.state for one in desk.alerts.values())
    assert states == ["open", "resolved"]


def test_severity_is_probability_times_consequence_and_does_not_flicker():
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    assert desk.only().severity == "soon"
    desk.run("V1", [0.5], start=2)
    assert desk.only().severity == "critical"
    desk.run("V1", [0.35], start=3)
    assert desk.only().severity == "critical"
    desk.run("V1", [0.25], start=4)
    assert desk.only().severity == "soon"
    mild = Desk()
    mild.run("V1", [0.5, 0.5], mode="scr")
    assert mild.only().severity == "soon"


def test_figures_are_renewed_when_they_moved_or_are_a_day_old():
    desk = Desk()
    desk.run("V1", [0.3, 0.3, 0.31])
    version = desk.only().version
    assert desk.only().risk.risk_30 == 0.3
    desk.run("V1", [0.36], start=3)
    assert desk.only().risk.risk_30 == 0.36
    assert desk.only().version == version + 1
    desk.run("V1", [0.37, 0.37, 0.37], start=4)
    assert desk.only().risk.risk_30 == 0.37
    assert desk.steps() == ["pending", "opened"]


def test_reasons_are_asked_for_anew_when_risk_moved_far_or_after_three_days():
    desk = Desk()
    desk.run("V1", [0.3, 0.3, *[0.36] * 20])
    asked_for = [(one.time_ms - START) // INTERVAL for one in desk.wanted]
    assert asked_for == [1, 13]
    desk.run("V1", [0.48], start=22)
    assert (desk.wanted[-1].time_ms - START) // INTERVAL == 22


def test_scores_that_come_again_or_late_change_nothing():
    desk = Desk()
    desk.run("V1", [0.3])
    for _ in range(3):
        desk.take(score("V1", START, **{PUMP: 0.9}))
    desk.take(score("V1", START - INTERVAL, **{PUMP: 0.9}))
    assert desk.alerts == {}


def test_scores_of_no_number_or_of_strangers_open_nothing():
    desk = Desk()
    desk.run("V1", [float("nan"), float("nan"), float("inf"), float("inf")])
    stranger = [replace_profile(score("V2", START + n * INTERVAL, **{PUMP: 0.9})) for n in range(3)]
    desk.take(*stranger)
    assert desk.alerts == {}


def replace_profile(updates):
    return [type(one)(one.tenant, "boat", *list(astuple(one))[2:]) for one in updates]


def astuple(update):
    return (getattr(update, name) for name in update.__struct_fields__)


def test_vehicles_of_two_tenants_with_one_id_are_two():
    desk = Desk()
    for number in range(2):
        desk.take(score("V1", START + number * INTERVAL, **{PUMP: 0.5}))
        desk.take(score("V1", START + number * INTERVAL, tenant="u", **{PUMP: 0.5}))
    assert sorted(one.tenant for one in desk.alerts.values()) == ["t", "u"]
    assert len(desk.alerts) == 2


@pytest.mark.parametrize(
    ("kind", "code", "detail", "outcome"),
    [
        ("replacement", "coolant pump", {}, ""),
        ("failure", PUMP, {}, "confirmed_part"),
        ("finding", PUMP, {"outcome": "other_part", "actor": "Bo"}, "other_part"),
    ],
)
def test_what_the_workshop_did_ends_it_and_keeps_it_quiet(kind, code, detail, outcome):
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    done = happened(kind, "V1", START + INTERVAL + HOUR, code, **detail)
    desk.take(done)
    alert = desk.only()
    assert (alert.state, alert.outcome) == ("resolved", outcome)
    assert desk.transitions[-1].actor == detail.get("actor", "alerter")
    desk.run("V1", [0.3] * 20, start=2)
    desk.take(done)
    assert desk.only().state == "resolved"


def test_events_of_other_parts_vehicles_and_times_end_nothing():
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    now = START + INTERVAL + HOUR
    desk.take(
        happened("replacement", "V1", now, "alternator"),
        happened("failure", "V2", now, PUMP),
        happened("finding", "V1", now, PUMP, outcome="perhaps"),
        happened("replacement", "V1", START - DAY, "coolant pump"),
    )
    assert desk.only().state == "open"


def test_an_event_that_comes_twice_holds_back_nothing_that_rises_after():
    desk = Desk()
    repair = happened("replacement", "V1", START - HOUR, "coolant pump")
    desk.take(repair)
    desk.run("V1", [0.3])
    desk.take(repair)
    desk.run("V1", [0.3], start=1)
    assert desk.only().state == "open"


def test_a_score_from_before_the_repair_says_nothing_of_the_new_part():
    desk = Desk()
    desk.take(happened("replacement", "V1", START + 3 * INTERVAL, "coolant pump"))
    desk.run("V1", [0.9, 0.9, 0.9, 0.9])
    assert desk.alerts == {}


def test_what_the_budget_does_not_allow_is_watched_and_raised_later():
    desk = Desk(policies(budget=Budget(per_week=1.0, carry_weeks=1.0, least=1.0)))
    names = [f"V{n}" for n in range(3)]
    for number in range(2):
        desk.take(*(score(v, START + number * INTERVAL, **{PUMP: 0.3}) for v in names))
    assert [desk.only(v).severity for v in names] == ["soon", "watch", "watch"]
    assert [bool(desk.only(v).raised_ms) for v in names] == [True, False, False]
    costly = {PUMP: 0.36}
    desk.take(score("V2", START + 2 * INTERVAL, **costly))
    desk.take(*(tick(START + days * DAY) for days in range(1, 600)))
    raised = [one.vehicle_id for one in desk.transitions if one.step == "raised"]
    assert raised == ["V2", "V1"]


def test_what_is_critical_is_raised_whatever_the_budget():
    desk = Desk(policies(budget=Budget(per_week=0.001, least=0.0)))
    desk.run("V1", [0.25, 0.25])
    assert desk.only().severity == "watch"
    desk.run("V1", [0.9], start=2)
    assert desk.only().severity == "critical"
    assert desk.only().raised_ms == START + 2 * INTERVAL


def test_a_part_that_was_dealt_with_asks_again_when_quiet_is_over():
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    first = desk.only()
    desk.take(
        asked("resolve", first.alert_id, outcome="not_checked", time_ms=START + INTERVAL + HOUR),
        broker_ms=START + INTERVAL + HOUR,
    )
    desk.run("V1", [0.3] * 21, start=2)
    assert len(desk.alerts) == 1
    desk.run("V1", [0.3] * 4, start=23)
    assert len(desk.alerts) == 2


def test_risk_that_fell_and_rises_again_ends_the_quiet():
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    resolve = asked("resolve", desk.only().alert_id, outcome="confirmed_part", time_ms=START + DAY)
    desk.take(resolve, broker_ms=START + DAY)
    desk.run("V1", [0.3, 0.3, 0.05, 0.3, 0.3], start=4)
    assert len(desk.alerts) == 2
