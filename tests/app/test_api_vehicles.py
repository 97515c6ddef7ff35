"""One vehicle: found by id, VIN and plate; its history on one axis; findings into its own log."""

import pytest

from contracts.codec import decode_message
from contracts.records import VehicleEvent
from contracts.topics import TELEMETRY
from infra.kafka_clients import open_consumer
from tests.app import sample_fleet
from tests.app.serving import LINE
from tests.app.test_api_fleet import HARM

pytestmark = pytest.mark.stack
COOLANT = "Powertrain.CombustionEngine.EngineCoolant.Temperature"


def get(api, path, **query):
    answer = api.client.get(f"/api/vehicles/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("key", ["V0001", "WDB9066331S100001", "kl-101-ty"])
def test_a_vehicle_is_found_by_id_vin_or_plate(api, key):
    found = get(api, key)
    assert (found["vehicle_id"], found["model"], found["depot"]) == ("V0001", "XF 480", "Lille")
    assert found["risks"][0]["mode"] == "coolant_pump"
    assert found["risks"][0]["line"] == LINE
    assert not found["freshness"]["silent"]
    alert = found["alerts"][0]
    assert alert["checks"][0] == {
        "text": "Check the level and look for dried coolant at the weep hole",
        "minutes": 10,
    }
    assert alert["fault_codes"] == [{"code": "SPN 110 FMI 0", "text": "Engine coolant far too hot"}]


def test_risk_never_falls_with_the_horizon(api):
    for one in get(api, "V0001")["risks"]:
        assert one["risk"]["days_7"] <= one["risk"]["days_30"] <= one["risk"]["days_90"]


def test_silence_is_told(api):
    assert get(api, "V0005")["freshness"]["silent"]


@pytest.mark.parametrize("key", ["nobody", *HARM])
@pytest.mark.parametrize("rest", ["", "/history", "/risk-history?mode=scr"])
def test_an_unknown_vehicle_is_a_problem(api, key, rest):
    quoted = "".join(f"%{byte:02X}" for byte in key.encode())
    answer = api.client.get(f"/api/vehicles/{quoted}{rest}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["vehicle"] == key


def test_history_leaves_the_band_when_the_part_goes_bad(api):
    found = get(api, "V0001/history", signal=COOLANT)
    assert found["signal"] == {"path": COOLANT, "label": "Coolant temperature", "unit": "°C"}
    outside = [
        value > high for value, high in zip(found["value"], found["high"], strict=True) if value
    ]
    quarter = len(outside) // 4
    assert sum(outside[:quarter]) < quarter / 4
    assert sum(outside[-quarter:]) > quarter / 4
    assert found["time_ms"] == sorted(found["time_ms"])


def test_history_has_at_most_the_points_asked_for(api):
    found = get(api, "V0001/history", signal=COOLANT, points=40)
    columns = (found[name] for name in ("time_ms", "value", "low", "high"))
    assert {len(column) for column in columns} == {40}


def test_history_without_a_model_has_no_band(api):
    speed = get(api, "V0001/history", signal="Speed")
    assert speed["low"] == [None] * len(speed["value"])


def test_events_and_alerts_stand_on_the_same_axis(api):
    marks = get(api, "V0001/history")["marks"]
    kinds = [mark["kind"] for mark in marks]
    assert kinds == ["service", "failure", "firmware", "alert_opened", "fault_code", "fault_code"]
    assert marks[-1]["text"] == "Engine coolant far too hot"
    since = marks[3]["time_ms"]
    later = get(api, "V0001/history", since=since)
    assert [mark["kind"] for mark in later["marks"]] == kinds[3:]
    assert min(later["time_ms"]) >= since


def test_risk_history_rises_with_the_fault(api):
    points = get(api, "V0001/risk-history", mode="coolant_pump")["points"]
    assert len(points) == 30
    assert points[0]["risk_30"] < 0.1
    assert points[-1]["risk_30"] > 0.7
    assert [one["time_ms"] for one in points] == sorted(one["time_ms"] for one in points)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("history?since=yesterday", "since"),
        ("history?since=-1", "since"),
        ("history?since=9999999999999999", "since"),
        ("history?days=0", "days"),
        ("history?points=501", "points"),
        ("risk-history", "mode"),
    ],
)
def test_bad_questions_about_a_vehicle_are_problems(api, path, where):
    answer = api.client.get(f"/api/vehicles/V0001/{path}")
    assert answer.status_code == 422
    assert {one["where"] for one in answer.json()["errors"]} == {where}


@pytest.mark.parametrize("path", ["risk-history?mode=warp_core", "history?signal=Nonsense"])
def test_what_a_vehicle_has_not_is_told(api, path):
    answer = api.client.get(f"/api/vehicles/V0001/{path}")
    assert (answer.status_code, answer.json()["title"].split()[0]) == (404, "Unknown")


def test_a_vehicle_without_registration_is_still_found(api):
    rows = sample_fleet.risk_rows(3, api.now_ms, days=2, tenant="default")
    ids = ["odd/name?1"] * len(rows)
    unregistered = type(rows)(**{**rows.__dict__, "vehicle_id": ids, "tenant": ["default"] * 2})
    api.store.write_risk(unregistered)
    try:
        found = get(api, "odd%2Fname%3F1")
        assert (found["vehicle_id"], found["plate"]) == ("odd/name?1", "")
        assert get(api, "odd%2Fname%3F1/history")["value"] == []
    finally:
        for table in ("risk", "current_risk"):
            api.store.clickhouse.command(f"DELETE FROM {table} WHERE vehicle_id = 'odd/name?1'")


def test_a_finding_goes_into_the_vehicles_own_log(api):
    given = {"mode": "coolant_pump", "outcome": "confirmed_part", "note": "weep hole <b>wet</b>"}
    before = len(read(api, TELEMETRY, decode_message))
    answer = api.client.post("/api/vehicles/V0001/findings", json=given)
    assert answer.status_code == 202
    (event,) = read(api, TELEMETRY, decode_message)[before:]
    assert isinstance(event, VehicleEvent)
    assert (event.kind, event.code, event.vehicle_id) == ("finding", "coolant_pump", "V0001")
    assert event.detail["outcome"] == "confirmed_part"
    assert event.detail["note"] == given["note"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mode": "coolant_pump"},
        {"mode": "coolant_pump", "outcome": "maybe"},
        {"mode": "coolant_pump", "outcome": "not_checked", "note": "x" * 2001},
        {"mode": "coolant_pump", "outcome": "not_checked", "tenant": "other"},
    ],
)
def test_a_finding_that_makes_no_sense_is_refused(api, body):
    assert api.client.post("/api/vehicles/V0001/findings", json=body).status_code == 422


@pytest.mark.parametrize("wrong", [{"mode": "warp_core"}, {"photo": "gone.jpg"}])
def test_a_finding_about_what_isnt_there_is_refused(api, wrong):
    body = {"mode": "coolant_pump", "outcome": "confirmed_part", **wrong}
    assert api.client.post("/api/vehicles/V0001/findings", json=body).status_code == 404


def read(api, topic, decode):
    """Everything on a topic, decoded."""
    kafka = api.settings.broker()
    consumer = open_consumer(kafka, kafka.topic(topic), consumer_timeout_ms=3_000)
    try:
        return [record for message in consumer for record in decode(message.value)]
    finally:
        consumer.close()


def test_every_risk_has_a_range_from_vehicles_with_one_like_it(api):
    found = api.client.get("/api/vehicles/V0001").json()["risks"]
    assert found
    for one in found:
        for days in ("days_7", "days_30", "days_90"):
            spread = one["ranges"][days]
            assert 0 <= spread["low"] <= one["risk"][days] <= spread["high"] <= 1
            assert spread["low"] < spread["high"]
