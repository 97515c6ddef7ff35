"""People at work on alerts, over HTTP and from the command line, with a real alerter behind."""

import contextlib
import json
import threading
from dataclasses import dataclass

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.settings import Settings
from contracts.batches import FeatureRows, Summaries
from contracts.errors import DataError, TelltaleError
from contracts.notices import decode_notice
from contracts.records import VehicleEvent
from contracts.topics import ALERTS
from features.vector import feature_names
from infra.kafka_clients import open_consumer
from infra.reads.alerts import find_alerts, transitions
from infra.store import ClickHouseStore
from tests.app.serving import serve
from tests.app.stream_fixtures import PROFILE, START
from tests.app.test_alerter import INTERVAL, alerter, name_of, publish, scores, told_events
from tests.app.test_alerter import wait_until as wait
from tests.app.test_worker import environment

pytestmark = pytest.mark.stack
HOT = (1, 2, 3, 4, 5, 6)
OPENED = START + 2 * INTERVAL
NAMES = feature_names(PROFILE)


@dataclass
class Desk:
    client: httpx.Client
    settings: Settings
    runner: CliRunner

    def run(self, *words):
        """What a command printed as JSON. Raises what it ended with."""
        done = self.runner.invoke(app, [*words, "--json"], env=environment(self.settings))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        # Without `main` the log goes to standard output too.
        lines = done.stdout.splitlines(keepends=True)
        start = next(at for at, line in enumerate(lines) if line[0] in "{[" and "[warn" not in line)
        return json.loads("".join(lines[start:]))

    def post(self, vehicle, action, **body):
        return self.client.post(f"/api/alerts/{name_of(vehicle)}/{action}", json=body)

    def alert(self, vehicle):
        return self.client.get(f"/api/alerts/{name_of(vehicle)}").json()["alert"]


def fill(settings):
    """What the worker would have stored of V001: who it is, its score's features, its frames."""
    store = ClickHouseStore(settings.store())
    registered = {"vin": "WDB9066331S100001", "depot": "Lyon", "model": "Actros"}
    store.write_events(
        [
            VehicleEvent(
                "default", PROFILE.name, "V001", START, "registration", "AB-123-CD", registered
            ),
            VehicleEvent(
                "default", PROFILE.name, "V001", OPENED - 1, "fault_code", "SPN 110 FMI 0", {}
            ),
        ]
    )
    values = np.zeros((1, len(NAMES)), np.float32)
    times = np.array([OPENED], np.int64)
    store.write_features(
        FeatureRows(PROFILE.name, NAMES, ["default"], ["V001"], times, ["due"], values)
    )
    stats = np.full((1, len(PROFILE.signals), 6), 95.0, np.float32)
    seq = np.array([1], np.int64)
    store.write_summaries(Summaries(PROFILE.name, ["default"], ["V001"], times - 1, seq, stats))


@pytest.fixture(scope="module")
def desk(stack):
    settings = stack.fresh()
    fill(settings)
    with contextlib.ExitStack() as closing:
        closing.enter_context(alerter(settings))
        url = closing.enter_context(serve(settings))
        client = closing.enter_context(httpx.Client(base_url=url, timeout=60))
        rows = [scores(0), *(scores(turn, hot=HOT) for turn in (1, 2))]
        store = ClickHouseStore(settings.store())
        for one in rows:
            store.write_risk(one)
        publish(settings, *rows)
        wait(lambda: len(find_alerts(store.clickhouse, "default")) == len(HOT), settings)
        client.headers["Prefer"] = "wait=10"
        yield Desk(client, settings, CliRunner())


def test_an_alert_tells_its_reasons_codes_and_depot(desk):
    found = desk.alert(1)
    assert found["depot"] == "Lyon"
    assert [one["code"] for one in found["fault_codes"]] == ["SPN 110 FMI 0"]
    assert found["reasons"][0]["text"].startswith("Coolant temperature runs 9 °C above")
    assert (found["reasons"][0]["value"], found["reasons"][0]["expected"]) == (95, 86)
    other = desk.alert(2)
    assert other["reasons"][0]["text"].startswith("The reasons can't be told here")


def test_a_vehicle_is_named_by_its_plate_where_it_has_one(desk):
    wide = environment(desk.settings, COLUMNS="300")
    printed = desk.runner.invoke(app, ["alerts", "list"], env=wide).stdout
    assert "AB-123-CD" in printed
    assert "V002" in printed
    listed = desk.run("alerts", "list")["alerts"]
    assert {one["vehicle_id"]: one["plate"] for one in listed}.items() >= {
        ("V001", "AB-123-CD"),
        ("V002", ""),
    }
    kafka = desk.settings.broker()
    consumer = open_consumer(kafka, kafka.topic(ALERTS), consumer_timeout_ms=2_000)
    told = [decode_notice(one.value) for one in consumer]
    consumer.close()
    assert {(one.alert.vehicle_id, one.plate) for one in told} >= {
        ("V001", "AB-123-CD"),
        ("V002", ""),
    }


def test_of_two_people_the_first_wins_and_the_second_is_told(desk):
    seen = desk.alert(1)["version"]
    first = desk.post(1, "assign", assignee="Cy", actor="Ana", seen=seen)
    assert (first.status_code, first.json()["done"]) == (200, True)
    second = desk.post(1, "resolve", outcome="not_checked", actor="Bo", seen=seen)
    assert second.status_code == 409
    assert second.json()["why"] == "Ana changed it meanwhile; it is open now"
    answer = desk.client.get(f"/api/alerts/commands/{first.json()['command_id']}").json()
    assert (answer["done"], answer["why"], answer["actor"]) == (True, "assigned to Cy", "Ana")
    assert desk.post(1, "acknowledge", actor="Bo").status_code == 200
    late = desk.post(1, "acknowledge", actor="Ana")
    assert (late.status_code, late.json()["state"]) == (409, "acknowledged")
    assert "by Bo" in late.json()["detail"]


def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(desk):
    seen, ready, answers = desk.alert(6)["version"], threading.Barrier(2), {}

    def take(actor):
        ready.wait()
        answers[actor] = desk.post(6, "acknowledge", actor=actor, seen=seen)

    people = [threading.Thread(target=take, args=(actor,)) for actor in ("Ana", "Bo")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
    winner = desk.alert(6)["touched_by"]
    assert answers.pop(winner).status_code == 200
    (late,) = answers.values()
    assert winner in late.text
    story = desk.client.get(f"/api/alerts/{name_of(6)}").json()["transitions"]
    assert [one["actor"] for one in story if one["step"] == "acknowledged"] == [winner]


def test_comment_snooze_and_resolve_over_http(desk):
    assert desk.post(2, "comment", why="called the driver").status_code == 200
    assert desk.post(2, "snooze", hours=12).status_code == 200
    found = desk.alert(2)
    assert (found["state"], found["snoozed_until_ms"]) == ("acknowledged", OPENED + 12 * 3_600_000)
    assert desk.post(2, "resolve", outcome="confirmed_part", why="leaking").status_code == 200
    story = desk.client.get(f"/api/alerts/{name_of(2)}").json()
    steps = [one["step"] for one in story["transitions"]]
    assert steps == ["pending", "opened", "commented", "snoozed", "resolved"]
    assert desk.post(2, "comment", why="paid").status_code == 200
    wait(lambda: told_events(desk.settings), desk.settings)
    label = told_events(desk.settings)[0]
    assert (label.kind, label.code, label.vehicle_id) == ("finding", "coolant_pump", "V002")


def test_a_silence_over_http_mutes_until_it_is_ended(desk):
    body = {"matchers": {"vehicle": "V003"}, "hours": 5, "why": "strike"}
    made = desk.client.post("/api/silences", json=body)
    assert made.status_code == 200
    wait(lambda: desk.alert(3)["muted_by"], desk.settings)
    listed = desk.client.get("/api/silences").json()["silences"]
    assert [(one["silence_id"], one["until_ms"]) for one in listed] == [
        (made.json()["command_id"], OPENED + 5 * 3_600_000)
    ]
    path = f"/api/silences/{listed[0]['silence_id']}"
    assert desk.client.delete(path, params={"why": "they work again"}).status_code == 200
    wait(lambda: not desk.alert(3)["muted_by"], desk.settings)
    last = desk.client.get(f"/api/alerts/{name_of(3)}").json()["transitions"][-1]
    assert (last["actor"], last["why"]) == ("dashboard", "ended the silence: they work again")
    assert desk.client.get("/api/silences").json()["silences"] == []
    assert desk.client.delete("/api/silences/none").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("alerts/{id}/snooze", {}, 422),
        ("alerts/{id}/snooze", {"hours": 1, "until_ms": 5}, 422),
        ("alerts/{id}/snooze", {"hours": -1}, 422),
        ("alerts/{id}/comment", {"why": "  "}, 422),
        ("alerts/{id}/comment", {"why": "x" * 2_001}, 422),
        ("alerts/{id}/assign", {}, 422),
        ("alerts/{id}/assign", {"assignee": "x" * 101}, 422),
        ("alerts/{id}/acknowledge", {"seen": -1}, 422),
        ("alerts/a0/assign", {"assignee": "Cy"}, 404),
        ("silences", {"matchers": {}, "hours": 1}, 422),
        ("silences", {"matchers": {"plate": "x"}, "hours": 1}, 422),
        ("silences", {"matchers": {"vehicle": "V1"}}, 422),
        ("silences", {"matchers": {"vehicle": "V1"}, "hours": "nan"}, 422),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_asked(desk, path, body, status):
    answer = desk.client.post(f"/api/{path.format(id=name_of(6))}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_command_has_no_answer_yet(desk):
    assert desk.client.get("/api/alerts/commands/none").status_code == 404


def test_the_command_line_does_the_same(desk):
    ids = {one["alert_id"] for one in desk.run("alerts", "list")["alerts"]}
    assert name_of(4) in ids
    assert desk.run("alerts", "ack", name_of(4), "--why", "mine")["done"]
    assert desk.post(4, "reopen", actor="Bo", why="no time").status_code == 200
    assert desk.run("alerts", "ack", name_of(4))["done"]
    assert desk.run("alerts", "reopen", name_of(4))["why"] == "reopened"
    assert desk.run("alerts", "assign", name_of(4), "Cy")["why"] == "assigned to Cy"
    assert desk.run("alerts", "comment", name_of(4), "hose")["done"]
    assert desk.run("alerts", "snooze", name_of(4), "2d")["done"]
    shown = desk.run("alerts", "show", name_of(4))
    assert shown["alert"]["snoozed_until_ms"] == OPENED + 2 * 86_400_000
    assert shown["transitions"][-1]["step"] == "snoozed"
    with pytest.raises(DataError, match="no alert 'a0'"):
        desk.run("alerts", "ack", "a0")
    assert desk.run("alerts", "resolve", name_of(4), "no_fault_found")["done"]
    with pytest.raises(DataError, match="resolved already"):
        desk.run("alerts", "resolve", name_of(4), "no_fault_found")
    with pytest.raises(TelltaleError, match="choose from"):
        desk.run("alerts", "resolve", name_of(4), "perhaps")
    given = desk.run("alerts", "silence", "vehicle=V005", "--for", "6h", "--why", "parked")
    wait(lambda: desk.alert(5)["muted_by"] == given["command_id"], desk.settings)
    assert len(desk.run("alerts", "silences")["silences"]) == 1
    assert desk.run("alerts", "unsilence", given["command_id"])["done"]
    for words in (("depot",), ("plate=x",), ()):
        with pytest.raises((DataError, AssertionError)):
            desk.run("alerts", "silence", *words, "--for", "6h")


def test_the_command_line_answers_for_one_vehicle_by_its_plate(desk):
    found = desk.run("risk", "ab-123-cd")
    assert found["vehicle"]["vehicle_id"] == "V001"
    highest = found["vehicle"]["risks"][0]
    assert (highest["mode"], round(highest["risk"]["days_30"], 3)) == ("coolant_pump", 0.3)
    assert found["vehicle"]["freshness"]["score_ms"] == OPENED
    assert found["reasons"][0]["text"].startswith("The reasons can't be told here: the model")
    with pytest.raises(DataError, match="no vehicle has"):
        desk.run("risk", "nobody")


def test_a_finding_from_the_command_line_goes_into_the_history(desk):
    before = len(told_events(desk.settings))
    made = desk.run("findings", "add", "AB-123-CD", "coolant_pump", "other_part", "--note", "belt")
    assert (made["vehicle_id"], made["time_ms"]) == ("V001", OPENED)
    assert (made["kind"], made["code"]) == ("finding", "coolant_pump")
    assert made["detail"]["note"] == "belt"
    wait(lambda: len(told_events(desk.settings)) == before + 1, desk.settings)
    with pytest.raises(DataError, match="has no failure mode"):
        desk.run("findings", "add", "V001", "wings", "other_part")


def test_every_change_is_one_audited_row_with_who_and_why(desk):
    store = ClickHouseStore(desk.settings.store()).clickhouse
    changes = transitions(store, "default", name_of(1))
    told = [(one.actor, one.step, one.why) for one in changes[2:]]
    assert told == [("Ana", "assigned", "assigned to Cy"), ("Bo", "acknowledged", "")]
