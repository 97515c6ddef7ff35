"""Vehicles that fall silent, and data that comes late."""

from contracts.risk import RiskUpdate
from tests.alerts.logs import DAY, HOUR, INTERVAL, PROFILE, PUMP, START, Desk, asked, score, tick


def ticks(desk, until_ms, since_ms=START):
    for time_ms in range(since_ms, until_ms, HOUR):
        desk.take(tick(time_ms))


def test_a_silent_vehicle_gets_an_alert_of_its_own_until_it_speaks():
    desk = Desk()
    desk.take(score("V1", START))
    ticks(desk, START + 3 * DAY)
    assert desk.alerts == {}
    ticks(desk, START + 3 * DAY + 4 * HOUR, START + 3 * DAY)
    alert = desk.only(condition="signal_lost")
    assert (alert.state, alert.severity, alert.mode) == ("open", "watch", "")
    assert desk.wanted[-1].time_ms == START
    desk.take(score("V1", START + 4 * DAY))
    closed = desk.only(condition="signal_lost")
    assert (closed.state, desk.transitions[-1].why) == ("resolved", "its data arrives again")


def test_a_vehicle_without_a_model_is_heard_and_its_silence_too():
    desk = Desk()

    def heard(time_ms):
        return [RiskUpdate("t", PROFILE.name, "V1", time_ms, "", [])]

    desk.take(heard(START))
    ticks(desk, START + 3 * DAY + 4 * HOUR)
    assert desk.only(condition="signal_lost").state == "open"
    desk.take(heard(START + 4 * DAY))
    assert desk.only(condition="signal_lost").state == "resolved"


def test_silence_with_a_known_fault_is_more_urgent():
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    ticks(desk, START + 4 * DAY)
    assert desk.only(condition="signal_lost").severity == "soon"
    assert desk.only().state == "open"


def test_others_scores_move_the_clock_too():
    desk = Desk()
    desk.take(score("V1", START))
    for number in range(14):
        desk.take(score("V2", START + number * INTERVAL))
    assert desk.only(condition="signal_lost").vehicle_id == "V1"


def test_a_clock_that_leaps_makes_nobody_silent_who_speaks_right_after():
    desk = Desk()
    names = [f"V{n}" for n in range(5)]
    desk.take(*(score(v, START) for v in names))
    for number in range(3):
        now = START + 10 * DAY + number * 20 * 60_000
        desk.take(*(score(v, now + n) for n, v in enumerate(names)))
    assert desk.alerts == {}


def test_a_replay_of_one_vehicle_after_the_other_loses_nobody():
    desk = Desk()
    for vehicle in ("V1", "V2", "V3"):
        for number in range(40):
            desk.take(score(vehicle, START + number * INTERVAL))
    assert desk.alerts == {}


def test_a_vehicle_that_never_spoke_is_not_silent():
    desk = Desk()
    desk.take(score("V2", START))
    assert "V1" not in desk.state.tenants["t"].vehicles
    ticks(desk, START + 5 * DAY)
    assert [one.vehicle_id for one in desk.alerts.values()] == ["V2"]


def test_late_data_of_a_live_fleet_is_said_and_ends():
    desk = Desk()
    live = START + 30 * DAY
    desk.take(score("V2", live), broker_ms=live)
    for number in range(2):
        assert not desk.alerts
        desk.take(score("V1", live - 2 * DAY + number * INTERVAL), broker_ms=live + number)
    alert = desk.only(condition="data_late")
    assert alert.opened_ms == live
    assert "h after it was measured" in desk.transitions[-1].why
    desk.take(score("V1", live + HOUR), broker_ms=live + HOUR)
    assert desk.only(condition="data_late").state == "resolved"


def test_a_replay_of_the_past_is_not_late():
    desk = Desk()
    for number in range(6):
        desk.take(score("V1", START + number * INTERVAL), broker_ms=START + 700 * DAY + number)
    assert desk.alerts == {}


def test_a_resolved_silence_stays_quiet_until_the_vehicle_spoke():
    desk = Desk()
    desk.take(score("V1", START))
    ticks(desk, START + 4 * DAY)
    lost = desk.only(condition="signal_lost")
    now = START + 4 * DAY
    desk.take(asked("resolve", lost.alert_id, outcome="not_checked", time_ms=now), broker_ms=now)
    assert desk.findings == []
    ticks(desk, START + 6 * DAY, START + 4 * DAY)
    assert len(desk.alerts) == 1
    desk.take(score("V1", START + 7 * DAY, **{PUMP: 0.01}))
    ticks(desk, START + 12 * DAY, START + 7 * DAY)
    assert len(desk.alerts) == 2
