"""Alerts as lists and one by one, and what people ask of them on the `commands` topic."""

import pytest

from contracts.alerts import decode_command
from contracts.topics import COMMANDS
from tests.app import sample_fleet
from tests.app.test_api_fleet import HARM
from tests.app.test_api_vehicles import read

pytestmark = pytest.mark.stack
COOLANT = "a-V0001-coolant_pump"


@pytest.fixture(scope="module")
def closed(api):
    """An alert that is resolved."""
    alert = sample_fleet.alert(
        "V0003", api.now_ms, state="resolved", opened_days=60, alert_id="closed"
    )
    api.store.write_alerts([alert], [])
    return alert


def listed(api, **query):
    answer = api.client.get("/api/alerts", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_active_alerts_come_without_the_closed_ones(api, closed):
    ids = {one["alert_id"] for one in listed(api)["alerts"]}
    assert COOLANT in ids
    assert "lost-V0005" in ids
    assert closed.alert_id not in ids
    assert [one["alert_id"] for one in listed(api, state="resolved")["alerts"]] == ["closed"]
    assert len(listed(api, state="all")["alerts"]) == len(ids) + 1


def test_alerts_of_one_vehicle(api):
    found = listed(api, vehicle="V0002")["alerts"]
    assert [one["vehicle_id"] for one in found] == ["V0002"]
    assert found[0]["plate"] == api.client.get("/api/vehicles/V0002").json()["plate"] != ""
    alone = api.client.get(f"/api/alerts/{found[0]['alert_id']}").json()["alert"]
    assert alone["plate"] == found[0]["plate"]
    assert found[0]["reasons"][0]["unit"] == "V"


def test_pages_of_alerts_show_each_once(api, closed):
    assert closed
    seen, cursor = [], ""
    while True:
        page = listed(api, state="all", limit=2, cursor=cursor)
        seen += [one["alert_id"] for one in page["alerts"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 7


def test_an_alert_tells_its_whole_story(api):
    found = api.client.get(f"/api/alerts/{COOLANT}").json()
    assert found["alert"]["waiting"]["planned"] == 980
    assert [(one["before"], one["after"]) for one in found["transitions"]] == [
        ("none", "pending"),
        ("pending", "open"),
    ]


def test_acknowledge_and_resolve_become_commands(api):
    told = [
        api.client.post(f"/api/alerts/{COOLANT}/acknowledge", json={"actor": "Ana"}),
        api.client.post(
            f"/api/alerts/{COOLANT}/resolve", json={"outcome": "other_part", "why": "hose"}
        ),
    ]
    assert [one.status_code for one in told] == [202, 202]
    commands = read(api, COMMANDS, lambda payload: [decode_command(payload)])
    assert [one.command_id for one in commands] == [one.json()["command_id"] for one in told]
    first, second = commands
    assert (first.action, first.actor, first.vehicle_id) == ("acknowledge", "Ana", "V0001")
    assert (second.action, second.outcome, second.why) == ("resolve", "other_part", "hose")
    assert first.time_ms > api.now_ms


def test_who_comes_too_late_is_told(api, closed):
    for action, body in (("acknowledge", {}), ("resolve", {"outcome": "not_checked"})):
        answer = api.client.post(f"/api/alerts/{closed.alert_id}/{action}", json=body)
        assert answer.status_code == 409
        assert answer.json()["state"] == "resolved"


@pytest.mark.parametrize("asked", [{"accept-language": "fr"}, {"cookie": "language=fr"}])
def test_what_a_person_is_refused_with_is_in_his_language(api, closed, asked):
    path = f"/api/alerts/{closed.alert_id}/acknowledge"
    told = api.client.post(path, json={}, headers=asked).json()
    assert told["type"] == "urn:telltale:problem:too-late"
    assert told["title"] == "Quelqu'un a été plus rapide"
    assert told["detail"].startswith("L'alerte closed est déjà close")
    page = api.client.get("/alerts/nothing", headers=asked)
    assert page.status_code == 404
    assert "Aucune alerte n&#39;a l&#39;identifiant" in page.text
    assert "No alert" in api.client.get("/alerts/nothing").text


@pytest.mark.parametrize("alert_id", ["nothing", *HARM])
def test_an_unknown_alert_is_a_problem(api, alert_id):
    quoted = "".join(f"%{byte:02X}" for byte in alert_id.encode())
    if "/" in alert_id:
        return
    assert api.client.get(f"/api/alerts/{quoted}").json()["alert"] == alert_id
    assert api.client.post(f"/api/alerts/{quoted}/acknowledge", json={}).status_code == 404


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("resolve", {}),
        ("resolve", {"outcome": "perhaps"}),
        ("acknowledge", {"actor": ""}),
        ("acknowledge", {"actor": "x" * 101}),
        ("acknowledge", {"tenant": "other"}),
        ("acknowledge", []),
        ("acknowledge", None),
    ],
)
def test_bodies_that_make_no_sense_are_refused(api, action, body):
    answer = api.client.post(f"/api/alerts/{COOLANT}/{action}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_broken_body_is_refused(api):
    answer = api.client.post(
        f"/api/alerts/{COOLANT}/acknowledge",
        content=b'{"actor": ',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("state", ["closed", "open'--"])
def test_an_unknown_state_is_refused(api, state):
    assert api.client.get("/api/alerts", params={"state": state}).status_code == 422
