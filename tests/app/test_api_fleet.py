"""The fleet by money at stake: order, counts, filters, pages, and text that means harm."""

import pytest

pytestmark = pytest.mark.stack

HARM = [
    "' OR 1=1 --",
    "'; DROP TABLE vehicles; --",
    "\\",
    "\\' OR ''='",
    "{x:String}",
    "%(tenant)s",
    "%s%d%",
    "$$x$$",
    '\u2018\u2019`"',
    "\x00",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
]


SEVERITIES = ("critical", "soon", "watch")


def fleet(api, **query):
    answer = api.client.get("/api/fleet", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_needs_someone_comes_in_order_of_money(api):
    found = fleet(api, needs=True)["vehicles"]
    assert [one["vehicle_id"] for one in found] == ["V0001", "V0002", "V0003"]
    assert [one["state"] for one in found] == ["critical", "soon", "soon"]
    first = found[0]
    assert first["mode_label"] == "Coolant pump"
    assert first["at_stake"] == pytest.approx(0.81 * 9500)
    assert first["reason"].startswith("Coolant temperature runs above")
    assert 0.7 < first["risk"]["days_30"] < 0.9
    assert first["rul"] is None


def test_the_summary_counts_what_the_table_shows(api):
    summary = fleet(api)["summary"]
    assert (summary["vehicles"], summary["need_you"], summary["silent"]) == (24, 3, 1)
    assert summary["by_severity"] == {"critical": 1, "soon": 2}
    alerted = [one for one in fleet(api)["vehicles"] if one["state"] in {*SEVERITIES}]
    assert summary["at_stake"] == pytest.approx(sum(one["at_stake"] for one in alerted))
    assert (summary["failures"], summary["warned"]) == (2, 0)


def test_failures_are_told_with_plate_and_part(api):
    found = api.client.get("/api/figures/announced").json()
    scr = next(one for one in found if one["mode"] == "scr")
    assert scr["mode_label"] == "SCR catalyst and dosing"
    plate = api.client.get("/api/vehicles/V0001").json()["plate"]
    assert scr["plate"] == plate != ""
    page = api.client.get("/figures").text
    assert f'<a href="/vehicles/V0001">{plate}</a></th><td>SCR catalyst and dosing</td>' in page


def test_a_vehicle_that_is_silent_or_late_is_never_fine(api):
    states = {one["vehicle_id"]: one["state"] for one in fleet(api)["vehicles"]}
    assert (states.pop("V0005"), states.pop("V0007")) == ("silent", "late")
    assert set(states.values()) == {*SEVERITIES, "ok"}


def test_pages_show_every_vehicle_once_and_in_order(api):
    seen, cursor = [], ""
    while True:
        page = fleet(api, limit=5, cursor=cursor)
        seen += page["vehicles"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len({one["vehicle_id"] for one in seen}) == len(seen) == 24
    stakes = [one["at_stake"] for one in seen]
    assert stakes == sorted(stakes, reverse=True)


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [
        ({"depot": "Lyon"}, "depot", "Lyon"),
        ({"profile": "truck-diesel"}, "profile", "truck-diesel"),
        ({"model": "ID.4 Cargo"}, "model", "ID.4 Cargo"),
        ({"mode": "coolant_pump"}, "mode", "coolant_pump"),
        ({"q": "v0003"}, "vehicle_id", "V0003"),
        ({"q": "wdb9066331s100002"}, "vehicle_id", "V0002"),
        ({"q": "0011"}, "vehicle_id", "V0011"),
        ({"q": " kl-101 "}, "plate", "KL-101-TY"),
    ],
)
def test_filters_keep_only_what_fits(api, query, key, value):
    found = fleet(api, **query)["vehicles"]
    assert found
    assert {one[key] for one in found} == {value}


@pytest.mark.parametrize("text", HARM)
@pytest.mark.parametrize("key", ["q", "depot", "model", "mode", "profile"])
def test_harmful_text_finds_nothing_and_harms_nothing(api, key, text):
    assert fleet(api, **{key: text})["vehicles"] == []
    assert len(fleet(api)["vehicles"]) == 24


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "x"},
        {"cursor": "abc"},
        {"cursor": "\u00fc\u00fc"},
        {"cursor": "kstI____________oKE"},
        {"needs": "perhaps"},
        {"q": "x" * 101},
    ],
)
def test_bad_parameters_are_problems_that_say_which(api, query):
    answer = api.client.get("/api/fleet", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(query)) in {one["where"] for one in answer.json()["errors"]}
