"""Who is told of what, and when."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace

from alerts.message import message_of, what_of
from alerts.quiet import Digest, Quiet
from alerts.routing import GROUP_WAIT_MS, Route, complaints, entries
from app.web.texts import texts
from contracts.notices import Notice, decode_notice, encode_notice
from tests.alerts.logs import HOUR, INTERVAL, PROFILE, PUMP, START, Desk, asked

NOON = round(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp() * 1_000)
NIGHT = NOON + 11 * HOUR
DAY = 24 * HOUR
PROFILES = {PROFILE.name: PROFILE}


def notices(*risks, vehicle="V1", depot="Lyon"):
    """Every change of an alert with these risks, as it is told."""
    desk = Desk(depots={("t", vehicle): depot})
    desk.run(vehicle, risks)
    return [Notice(desk.alerts[one.alert_id], one) for one in desk.transitions]


OPENED = notices(0.3, 0.3)[1]


def told(notice, now_ms=NOON, **route):
    return entries(notice, [Route("desk", **route)], now_ms)


def test_an_alert_that_opens_is_told_once_after_a_moment():
    found = told(OPENED)
    assert [(one.target, one.group, one.due_ms) for one in found] == [
        ("desk", "t/vehicle/V1", NOON + GROUP_WAIT_MS)
    ]
    assert [one for notice in notices(0.3, 0.3) for one in told(notice)] == found
    assert decode_notice(encode_notice(OPENED)) == OPENED


@pytest.mark.parametrize(
    ("route", "passes"),
    [
        ({}, True),
        ({"depots": ["Ly*"]}, True),
        ({"depots": ["Metz"]}, False),
        ({"modes": [PUMP]}, True),
        ({"modes": ["scr", "turbo*"]}, False),
        ({"profiles": ["car-*"]}, False),
        ({"tenants": ["t"], "severities": ["soon"]}, True),
        ({"severities": ["critical"]}, False),
        ({"conditions": ["signal_lost"]}, False),
        ({"escalation": 1}, False),
    ],
)
def test_a_route_takes_what_fits_all_its_filters(route, passes):
    assert bool(told(OPENED, **route)) == passes


def test_what_is_only_watched_is_told_in_digests_alone():
    watched = Notice(replace(OPENED.alert, severity="watch", raised_ms=0), OPENED.change)
    assert told(watched) == []
    assert told(watched, digest="07:00")[0].due_ms == NOON + 19 * HOUR
    raised = Notice(OPENED.alert, replace(OPENED.change, step="raised"))
    assert told(raised)


def test_what_is_muted_is_not_told_until_it_is_loud_again():
    assert told(Notice(replace(OPENED.alert, muted_by="s1"), OPENED.change)) == []
    assert told(Notice(OPENED.alert, replace(OPENED.change, step="unmuted")))


def test_quiet_hours_hold_back_all_but_what_is_critical():
    quiet = {"quiet": "22:00-06:00"}
    assert told(OPENED, NIGHT, **quiet)[0].due_ms == NOON + 18 * HOUR
    assert told(OPENED, NOON, **quiet)[0].due_ms == NOON + GROUP_WAIT_MS
    critical = notices(0.9, 0.9)[1]
    assert told(critical, NIGHT, **quiet)[0].due_ms == NIGHT
    assert told(critical, NIGHT, digest="07:00")[0].due_ms == NIGHT
    assert told(critical, NIGHT, digest="07:00")[0].group == "t/vehicle/V1"


def test_each_target_is_told_once_by_its_soonest_route():
    routes = [Route("desk", digest="07:00"), Route("desk"), Route("boss", escalation=1)]
    found = entries(OPENED, routes, NOON)
    assert [(one.target, one.due_ms) for one in found] == [("desk", NOON + GROUP_WAIT_MS)]


def test_escalations_go_to_those_who_want_them():
    desk = Desk()
    desk.run("V1", [0.3, 0.3, *[0.3] * 20])
    changes = [Notice(desk.only(), one) for one in desk.transitions if one.step == "escalated"]
    assert len(changes) == 2
    assert [bool(told(one, escalation=2)) for one in changes] == [True, True]
    first = Notice(replace(desk.only(), escalated=1), changes[0].change)
    assert (bool(told(first, escalation=1)), bool(told(first, escalation=2))) == (True, False)


def test_the_end_is_told_to_who_was_told_of_the_beginning():
    desk = Desk()
    desk.run("V1", [0.3, 0.3])
    now = START + INTERVAL + HOUR
    desk.take(asked("resolve", desk.only().alert_id, outcome="other_part", time_ms=now))
    end = Notice(desk.only(), desk.transitions[-1])
    assert told(end)
    assert told(end, resolved=False) == []
    assert told(Notice(replace(end.alert, raised_ms=0), end.change)) == []


@pytest.mark.parametrize("ended", [False, True])
def test_the_end_of_what_stayed_silenced_is_not_told(ended):
    desk = Desk()
    until = START + (2 if ended else 30) * INTERVAL
    given = {"vehicle_id": "", "until_ms": until, "matchers": {"vehicle": "V1"}}
    desk.take(asked("silence", "", "s1", **given))
    desk.run("V1", [0.3, 0.3, 0.3, *[0.01] * 5])
    found = [one for one in desk.transitions if told(Notice(desk.only(), one))]
    assert desk.only().state == "resolved"
    assert [one.step for one in found] == (["resolved"] if ended else [])


@pytest.mark.parametrize("step", ["assigned", "commented", "acknowledged", "snoozed", "muted"])
def test_what_people_do_is_not_told_back(step):
    assert told(Notice(OPENED.alert, replace(OPENED.change, step=step))) == []


@pytest.mark.parametrize(
    ("group_by", "group"),
    [("depot", "t/depot/Lyon"), ("mode", f"t/mode/{PUMP}"), ("vehicle", "t/vehicle/V1")],
)
def test_notices_are_grouped_as_asked(group_by, group):
    assert told(OPENED, group_by=group_by)[0].group == group


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"target": "nobody"}, "is not among"),
        ({"quiet": "22-6"}, "22:00-06:00"),
        ({"digest": "noon"}, "Mon 07:00"),
        ({"timezone": "Mars/Base"}, "IANA"),
        ({"escalation": -1}, "0 or more"),
    ],
)
def test_a_route_with_a_mistake_says_what_is_allowed(route, said):
    found = complaints(Route(**({"target": "desk"} | route)), ["desk"])
    assert len(found) == 1
    assert said in found[0]
    assert complaints(Route("desk", quiet="22:00-06:00", digest="Mon 07:00"), ["desk"]) == []


def test_clocks_that_are_put_forward_are_understood():
    zone = ZoneInfo("Europe/Paris")
    before = round(datetime(2026, 3, 28, 23, tzinfo=zone).timestamp() * 1_000)
    end = Quiet.parse("22:00-06:00").ends_ms(before, zone)
    assert end - before == 6 * HOUR
    assert datetime.fromtimestamp(end / 1_000, zone).hour == 6


def test_a_weekly_digest_waits_for_its_day():
    found = Digest.parse("Mon 07:00").next_ms(NOON, ZoneInfo("UTC"))
    assert datetime.fromtimestamp(found / 1_000, UTC).isoformat() == "2026-03-09T07:00:00+00:00"


@given(
    now=st.integers(NOON, NOON + 400 * DAY),
    hours=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    zone=st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_quiet_ends_within_a_day_and_not_in_the_quiet(now, hours, zone):
    quiet = Quiet.parse(f"{hours[0]:02d}:00-{hours[1]:02d}:00")
    end = quiet.ends_ms(now, ZoneInfo(zone))
    assert now <= end <= now + 25 * HOUR
    assert quiet.ends_ms(end, ZoneInfo(zone)) == end


def test_a_message_tells_what_a_mechanic_needs():
    found = message_of([OPENED], "https://fleet.example", PROFILES)
    assert found.title == "Soon: Coolant pump, V1 (Lyon)"
    lines = found.body.splitlines()
    assert "Risk of failure 12 % in 7 days, 30 % in 30, 45 % in 90" in lines[1]
    assert "Check first: " in found.body
    assert lines[-1] == f"https://fleet.example/alerts/{OPENED.alert.alert_id}"


def test_a_message_names_vehicle_part_and_trouble_as_the_pages_do():
    opened = Notice(OPENED.alert, OPENED.change, "AB-123-CD")
    of_scr = replace(OPENED.alert, mode="scr")
    found = message_of([opened], "", PROFILES)
    assert found.title == "Soon: Coolant pump, AB-123-CD (Lyon)"
    assert (found.items[0].vehicle, found.items[0].vehicle_id) == ("AB-123-CD", "V1")
    told = message_of([Notice(of_scr, OPENED.change)], "", PROFILES)
    assert told.title == "Soon: SCR catalyst and dosing, V1 (Lyon)"


@pytest.mark.parametrize("condition", ["signal_lost", "data_late"])
def test_messages_and_pages_have_one_word_for_a_condition(condition):
    lost = replace(OPENED.alert, mode="", condition=condition)
    assert what_of(lost, PROFILES) == texts("en")(f"condition.{condition}")


def test_a_message_of_many_has_the_most_urgent_first_and_each_alert_once():
    many = [
        *notices(0.3, 0.3),
        *notices(0.9, 0.9, vehicle="V2"),
        *notices(0.3, 0.3, *[0.01] * 4, vehicle="V3"),
    ]
    found = message_of(many, "", PROFILES)
    assert found.title == "3 alerts on 3 vehicles"
    assert [one.vehicle for one in found.items] == ["V2", "V1", "V3"]
    assert found.items[-1].state == "resolved"
    assert "Closed: Coolant pump, V3" in found.body
