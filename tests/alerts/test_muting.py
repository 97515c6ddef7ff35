"""Which alerts keep quiet because another explains them, and what that costs the week's budget."""

from msgspec.structs import replace

from alerts.budget import Budget
from alerts.muting import muted_by
from tests.alerts.logs import (
    ALTERNATOR,
    BATTERY,
    DAY,
    HOUR,
    INTERVAL,
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


def run(desk, *hots, start=0, vehicle="V1"):
    """Scores an interval apart; risks by mode."""
    for number, hot in enumerate(hots, start=start):
        desk.take(score(vehicle, START + number * INTERVAL, **hot))


def of(desk, mode):
    return next(one for one in desk.alerts.values() if one.mode == mode)


def test_a_consequence_is_quiet_while_its_cause_stands():
    desk = Desk()
    both = {ALTERNATOR: 0.4, BATTERY: 0.4}
    desk.take(*(score("V1", START + n * INTERVAL, **{BATTERY: 0.4}) for n in range(2)))
    child = desk.only()
    desk.take(*(score("V1", START + n * INTERVAL, **both) for n in range(2, 4)))
    cause = next(one for one in desk.alerts.values() if one.mode == ALTERNATOR)
    assert desk.alerts[child.alert_id].muted_by == cause.alert_id
    assert not cause.muted_by
    desk.take(happened("replacement", "V1", START + 4 * INTERVAL, "alternator"))
    assert desk.alerts[child.alert_id].muted_by == ""
    assert desk.steps()[-2:] == ["resolved", "unmuted"]


def test_two_that_are_each_others_parents_do_not_hide_each_other():
    desk = Desk()
    desk.take(*(score("V1", START + n * INTERVAL, **{ALTERNATOR: 0.4}) for n in range(2)))
    tenant = desk.state.tenants["t"]
    vehicle = tenant.vehicles["V1"]
    child = replace(desk.only(), mode=BATTERY, alert_id="child", muted_by="")
    parent = vehicle.tracks[ALTERNATOR]
    modes = {one.name: one for one in PROFILE.modes}
    assert muted_by(tenant, vehicle, child, modes, START)[0] == parent.alert.alert_id
    vehicle.tracks["scr"] = parent
    of_scr = modes | {BATTERY: replace(modes[BATTERY], parents=["scr"])}
    from_scr = muted_by(tenant, vehicle, child, of_scr, START)
    assert from_scr[1] == "explained by SCR catalyst and dosing"
    parent.alert = replace(parent.alert, muted_by="child")
    assert muted_by(tenant, vehicle, child, modes, START)[0] == ""


def test_the_reason_names_a_part_as_the_users_own_profile_does():
    own = {ALTERNATOR: "Light machine"}
    modes = [replace(one, label=own.get(one.name, one.label)) for one in PROFILE.modes]
    given = policies()
    desk = Desk(type(given)(given.lines, {PROFILE.name: replace(PROFILE, modes=modes)}))
    run(desk, *[{ALTERNATOR: 0.4, BATTERY: 0.4}] * 2)
    assert of(desk, BATTERY).muted_by
    why = [one.why for one in desk.transitions if (one.mode, one.step) == (BATTERY, "muted")]
    assert why == ["explained by light machine"]


def test_what_is_less_urgent_explains_nothing():
    desk = Desk()
    run(desk, *[{ALTERNATOR: 0.3, BATTERY: 0.9}] * 3)
    assert (of(desk, ALTERNATOR).severity, of(desk, BATTERY).severity) == ("soon", "critical")
    assert not of(desk, BATTERY).muted_by


def test_what_is_only_watched_explains_nothing_until_it_is_raised():
    desk = Desk(policies(budget=Budget(per_week=1.0, carry_weeks=1.0, least=0.5)))
    run(desk, *[{ALTERNATOR: 0.3, BATTERY: 0.9}] * 2)
    assert of(desk, ALTERNATOR).severity == "watch"
    assert not of(desk, BATTERY).muted_by
    run(desk, *[{ALTERNATOR: 0.9, BATTERY: 0.9}], start=2)
    assert of(desk, ALTERNATOR).severity == "critical"
    assert of(desk, BATTERY).muted_by == of(desk, ALTERNATOR).alert_id


def test_a_consequence_that_becomes_more_urgent_than_its_cause_is_told():
    desk = Desk()
    run(desk, *[{ALTERNATOR: 0.3, BATTERY: 0.3}] * 2)
    assert of(desk, BATTERY).muted_by
    run(desk, {ALTERNATOR: 0.3, BATTERY: 0.9}, start=2)
    assert (of(desk, BATTERY).severity, of(desk, BATTERY).muted_by) == ("critical", "")
    assert [one.step for one in desk.transitions if one.mode == BATTERY][-2:] == [
        "severity",
        "unmuted",
    ]


def test_what_is_silenced_itself_explains_nothing():
    desk = Desk()
    run(desk, *[{ALTERNATOR: 0.3, BATTERY: 0.3}] * 2)
    now = START + INTERVAL
    given = {"vehicle_id": "", "time_ms": now, "matchers": {"mode": ALTERNATOR}}
    desk.take(asked("silence", "", "s1", until_ms=now + DAY, **given))
    assert (of(desk, ALTERNATOR).muted_by, of(desk, BATTERY).muted_by) == ("s1", "")
    desk.take(tick(now + DAY))
    assert of(desk, BATTERY).muted_by == of(desk, ALTERNATOR).alert_id


def test_what_is_muted_spends_nothing_of_the_week_and_asks_once_it_is_loud():
    desk = Desk(policies(budget=Budget(per_week=1.0, carry_weeks=1.0, least=2.0)))
    run(desk, *[{ALTERNATOR: 0.3, BATTERY: 0.3}] * 2)
    assert (of(desk, ALTERNATOR).raised_ms, of(desk, BATTERY).raised_ms) == (START + INTERVAL, 0)
    run(desk, *[{PUMP: 0.3}] * 2, vehicle="V2", start=2)
    assert desk.only("V2").severity == "soon"
    # Its cause is repaired when nothing of the week is left: it waits like any other.
    repaired = START + 4 * INTERVAL
    desk.take(happened("replacement", "V1", repaired, "alternator"))
    assert (of(desk, BATTERY).muted_by, of(desk, BATTERY).severity) == ("", "watch")


def test_what_is_silenced_is_raised_when_the_silence_ends():
    desk = Desk(policies(budget=Budget(per_week=1.0, carry_weeks=1.0, least=1.0)))
    given = {"vehicle_id": "", "matchers": {"vehicle": "V1"}, "until_ms": START + DAY}
    desk.take(asked("silence", "", "s1", **given))
    run(desk, *[{PUMP: 0.3}] * 2)
    assert (desk.only().muted_by, desk.only().severity, desk.only().raised_ms) == ("s1", "soon", 0)
    desk.take(tick(START + DAY + HOUR))
    assert (desk.only().severity, desk.only().raised_ms) == ("soon", START + DAY)


def test_what_was_only_watched_and_is_silenced_is_not_raised_before_the_silence_ends():
    desk = Desk(policies(budget=Budget(per_week=0.001, least=0.0)))
    run(desk, *[{PUMP: 0.25}] * 2)
    given = {"vehicle_id": "", "matchers": {"vehicle": "V1"}, "until_ms": START + 9 * DAY}
    desk.take(asked("silence", "", "s1", time_ms=START + INTERVAL, **given))
    run(desk, {PUMP: 0.9}, start=2)
    assert (desk.only().severity, desk.only().raised_ms) == ("critical", 0)
    desk.take(tick(START + 9 * DAY))
    assert (desk.only().severity, desk.only().raised_ms) == ("critical", START + 9 * DAY)


def test_a_silence_by_severity_holds_no_longer_than_that():
    desk = Desk()
    run(desk, *[{PUMP: 0.3}] * 2)
    given = {"vehicle_id": "", "matchers": {"severity": "soon"}, "until_ms": START + 9 * DAY}
    desk.take(asked("silence", "", "s1", time_ms=START + INTERVAL, **given))
    assert desk.only().muted_by == "s1"
    run(desk, {PUMP: 0.9}, start=2)
    assert desk.only().muted_by == ""


def test_a_late_score_does_not_undo_a_silence_that_came_after_it_was_measured():
    desk = Desk()
    run(desk, *[{PUMP: 0.3}] * 2)
    now = START + 5 * INTERVAL
    given = {"vehicle_id": "", "matchers": {"vehicle": "V1"}, "until_ms": now + 9 * DAY}
    desk.take(tick(now), asked("silence", "", "s1", time_ms=now, **given))
    run(desk, {PUMP: 0.9}, start=3)
    assert desk.only().severity == "critical"
    assert desk.only().muted_by == "s1"


def test_modes_that_are_each_others_parents_come_to_rest():
    ring = {PUMP: [BATTERY], BATTERY: [ALTERNATOR], ALTERNATOR: [PUMP]}
    modes = [replace(one, parents=ring.get(one.name, [])) for one in PROFILE.modes]
    given = policies()
    desk = Desk(type(given)(given.lines, {PROFILE.name: replace(PROFILE, modes=modes)}))
    run(desk, *[{PUMP: 0.3, BATTERY: 0.3, ALTERNATOR: 0.3}] * 9)
    assert len(desk.alerts) == 3
    assert len(desk.transitions) < 30


def test_a_cause_that_ended_before_its_consequence_opened_is_told_late():
    desk = Desk()
    run(desk, {ALTERNATOR: 0.4}, {ALTERNATOR: 0.4})
    run(desk, {BATTERY: 0.4}, {BATTERY: 0.4}, start=2)
    child = of(desk, BATTERY)
    assert child.muted_by == of(desk, ALTERNATOR).alert_id
    desk.take(happened("replacement", "V1", START + INTERVAL + 1, "alternator"))
    child = of(desk, BATTERY)
    assert not child.muted_by
    assert child.raised_ms >= child.opened_ms
