import pkgutil
from importlib import import_module

import jsonschema_rs
import msgspec
import pytest

import contracts
from contracts.alert_log import Asked, Tick
from contracts.alerts import AlertCommand, Answer, Silence
from contracts.codec import make_frame
from contracts.dead_letters import DeadLetter
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk, RiskUpdate, Rul
from contracts.topics import TOPICS
from contracts.workorders import Job, WorkOrder
from infra import cloud_events
from tools import describe_topics
from tools.describe_topics import asyncapi, main, record_schema, stored_schema

FRAME = make_frame(
    profile="truck-diesel",
    vehicle_id="V1",
    seq=1,
    start_ms=1_700_000_000_000,
    signals=[1, 26],
    offsets_ms=[0, 1_000],
    samples=[[50.0, 88.0], [51.0, 88.5]],
)
EVENT = VehicleEvent("default", "truck-diesel", "V1", 1_700_000_000_000, "fault_code", "P0217")
RISK = RiskUpdate(
    "default", "p", "V1", 1, "m1", [ModeRisk("pump", 0.1, 0.2, 0.3)], Rul(80.0, 60.0, 99.0)
)
COMMAND = AlertCommand("c1", "default", "V1", "a1", "acknowledge", "ann", 1)
MESSAGES = [
    ("telemetry", [FRAME, EVENT]),
    ("risk", [RISK]),
    ("risk", Tick("default", 1)),
    ("risk", Asked(COMMAND)),
    ("commands", COMMAND),
    ("dead-letters", DeadLetter("duplicate", "twice", "telemetry", 0, 7, 1, b"\x00\xff")),
]


def schema_of(topic):
    document = asyncapi()
    messages = document["components"]["messages"]
    among = [messages[name]["payload"] for name in document["channels"][topic]["messages"]]
    return {"anyOf": among, "components": document["components"]}


@pytest.mark.parametrize(("topic", "message"), MESSAGES)
def test_what_is_sent_is_what_is_described(topic, message):
    jsonschema_rs.validate(schema_of(topic), msgspec.to_builtins(message))


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("telemetry", [["frame", "default"]]),
        ("telemetry", [["event", "default", "p", "V1", 1, "explosion", ""]]),
        ("risk", [["default", "p", "V1", "soon", "m1", []]]),
        ("commands", {"command_id": "c1"}),
        ("dead-letters", {"reason": "a mood"}),
    ],
)
def test_other_messages_are_not(topic, message):
    assert not jsonschema_rs.is_valid(schema_of(topic), message)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Risk", "risk.scored"), ("Notice", "alert.opened"), ("Notice", "alert.raised")],
)
def test_headers_are_described_as_they_are_sent(name, kind):
    schema = asyncapi()["components"]["messages"][name]["headers"]
    sent = cloud_events.headers(kind, "/tenants/default", "V1-1-1", 1_700_000_000_123)
    told = {header: value.decode() for header, value in sent}
    assert set(schema["properties"]) == set(schema["required"]) == set(told)
    jsonschema_rs.validate(schema, told, validate_formats=True)
    for header in set(told) - {"ce_id"}:
        other = told | {header: "other"}
        assert not jsonschema_rs.is_valid(schema, other, validate_formats=True), header


def test_records_have_a_schema_of_their_own():
    jsonschema_rs.validate(record_schema(), msgspec.to_builtins([FRAME, EVENT]))
    titles = [place["title"] for place in record_schema()["$defs"]["Frame"]["prefixItems"]]
    assert titles == ["tag", *(field.name for field in msgspec.structs.fields(FRAME))]


def stored(name):
    return stored_schema() | {"anyOf": [{"$ref": f"#/$defs/{name}"}]}


JOB = Job("pump", "Coolant pump", "coolant pump", "a1", [("Look for leaks", 10)])
ORDER = WorkOrder(
    "o1", "t", "p", "V1", "Lyon", "planned", [JOB], 60, 2, 1, "room", 0, 0, "ann", 1, "e1"
)


@pytest.mark.parametrize(
    ("record", "other"),
    [
        (Silence("s1", "t", {"vehicle": "V*"}, 1, 2, "ann", "works"), {"matchers": ["V1"]}),
        (
            Answer("c1", "t", "V1", "a1", "resolve", "ann", 1, done=True, why=""),
            {"action": "forget"},
        ),
        (ORDER, {"state": "forgotten"}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_stored_is_what_is_described(record, other):
    schema, told = stored(type(record).__name__), msgspec.to_builtins(record)
    jsonschema_rs.validate(schema, told)
    assert not jsonschema_rs.is_valid(schema, told | other)
    for field in schema["$defs"][type(record).__name__]["required"]:
        assert not jsonschema_rs.is_valid(schema, {k: v for k, v in told.items() if k != field})


OURS = {"EncodedUpdate", "Signal"}
"""Neither sent nor stored: a faster way to write what is, and the catalogue's own entries."""


def test_every_record_of_the_contracts_has_a_schema():
    modules = [one.name for one in pkgutil.iter_modules(contracts.__path__, "contracts.")]
    found = {
        name
        for module in modules
        for name, kind in vars(import_module(module)).items()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and name[0] != "_"
    }
    assert found - OURS == {*asyncapi()["components"]["schemas"], *stored_schema()["$defs"]}


def test_every_topic_is_described_as_it_is_made():
    channels = asyncapi()["channels"]
    assert set(channels) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        kafka = channels[topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["retention.ms"] == topic.retention_ms


def test_the_documents_are_up_to_date(capsys):
    assert main(["--check"]) == 0, f"{capsys.readouterr().out}run python tools/describe_topics.py"


def test_a_stale_document_is_found_and_written_anew(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(describe_topics, "FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert "asyncapi.json is out of date" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
