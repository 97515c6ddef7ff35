"""Writes what travels on the topics and what the store keeps as AsyncAPI and JSON Schema, from the
types themselves.

python tools/describe_topics.py            write docs/asyncapi/
python tools/describe_topics.py --check    exit code 1 when what is written there is out of date
"""

import argparse
import inspect
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import msgspec

from contracts import (
    access,
    alert_log,
    alerts,
    dead_letters,
    notices,
    records,
    risk,
    workorders,
)
from contracts.topics import TOPICS, Topic
from infra import cloud_events

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "asyncapi"


class Told(NamedTuple):
    """A message: its topic, name and type, and what it holds. One that is a CloudEvent has `kinds`,
    the ends of its types.
    """

    topic: str
    name: str
    type: Any
    holds: str
    kinds: tuple[str, ...] = ()


_STEPS: Final = tuple(f"alert.{step}" for step in get_args(alerts.Step) if step)
MESSAGES: Final = (
    Told("telemetry", "Records", list[records.Record], "frames and events of vehicles"),
    Told("risk", "Risk", list[risk.RiskUpdate], "risk of scored vehicles", ("risk.scored",)),
    Told("risk", "Note", alert_log.Note, "what else changes alerts, for the alerter alone"),
    Told("commands", "Command", alerts.AlertCommand, "what people ask of alerts"),
    Told("alerts", "Notice", notices.Notice, "every change of an alert", _STEPS),
    Told("dead-letters", "Refused", dead_letters.DeadLetter, "what was refused, with its bytes"),
)
STORED: Final = (
    records.VehicleEvent,
    alerts.Alert,
    alerts.Transition,
    alerts.Silence,
    alerts.Answer,
    workorders.WorkOrder,
    dead_letters.Withheld,
    notices.DriftNotice,
    access.ApiKey,
    access.User,
    access.Session,
    access.Deed,
)
"""What the store and the notifier's outbox keep, one record a row."""
_RECEIVED: Final = frozenset({"telemetry", "commands"})
"""Topics that Telltale reads; it writes the others."""
_PREFIX: Final = "#/components/schemas/"
_OWN: Final = "#/$defs/"
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_MODULES: Final = (records, risk, alerts, alert_log, notices, dead_letters, workorders, access)
_ABOUT: Final = (
    "Messages are msgpack. A schema of type array with `prefixItems` is a struct whose fields "
    "stand in that order, without names; `title` gives each field's name. Strings of format "
    "binary are msgpack's bin. Topic names may carry a prefix of the installation. Headers, where "
    "there are some, are those of CloudEvents 1.0 (its Kafka binding, binary mode)."
)
_KEPT: Final = (
    "A record that is kept, as JSON. Alerts and work orders stand so in the column `body` of their "
    "tables; the other tables have columns of their own, times as timestamps. A schema of "
    "type array with `prefixItems` is a struct whose fields stand in that order, without names."
)


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bodies, schemas = _schemas()
    channels = {topic.name: _channel(topic) for topic in TOPICS}
    messages = {
        told.name: {"title": told.name, "summary": told.holds, **_headers(told), "payload": body}
        for told, body in zip(MESSAGES, bodies, strict=True)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Telltale's topics",
            "version": project["version"],
            "description": _ABOUT,
            "license": {"name": project["license"]},
        },
        "defaultContentType": "application/msgpack",
        "channels": channels,
        "operations": dict(map(_operation, TOPICS)),
        "components": {"messages": messages, "schemas": schemas},
    }


def record_schema() -> dict[str, Any]:
    """JSON Schema of a `telemetry` message, on its own."""
    (body,), schemas = msgspec.json.schema_components(
        [list[records.Record]], ref_template=_OWN + "{name}"
    )
    return {
        "$schema": _DRAFT,
        "title": "A telemetry message",
        "description": _ABOUT,
        **body,
        "$defs": _readable(schemas),
    }


def stored_schema() -> dict[str, Any]:
    """JSON Schema of every record that is kept; each stands under its name in `$defs`."""
    bodies, schemas = msgspec.json.schema_components(STORED, ref_template=_OWN + "{name}")
    return {
        "$schema": _DRAFT,
        "title": "A stored record",
        "description": _KEPT,
        "anyOf": list(bodies),
        "$defs": _readable(schemas),
    }


def _schemas() -> tuple[tuple[Any, ...], dict[str, Any]]:
    types = [told.type for told in MESSAGES]
    bodies, schemas = msgspec.json.schema_components(types, ref_template=_PREFIX + "{name}")
    return bodies, _readable(schemas)


def _readable(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """With field names at the places of arrays, plain descriptions, and bytes as bytes."""
    types = {name: getattr(module, name) for module in _MODULES for name in dir(module)}
    found = json.loads(
        json.dumps(schemas).replace('"contentEncoding": "base64"', '"format": "binary"')
    )
    for name, schema in found.items():
        schema["description"] = inspect.cleandoc(schema.get("description", ""))
        if "prefixItems" in schema:
            fields = [field.name for field in msgspec.structs.fields(types[name])]
            places = schema["prefixItems"]
            tags = ["tag"] * (len(places) - len(fields))
            for place, title in zip(places, [*tags, *fields], strict=True):
                place["title"] = title
    return dict(sorted(found.items()))


def _headers(told: Told) -> dict[str, Any]:
    """The attributes of a CloudEvent as Kafka headers (infra/cloud_events.py); none of others."""
    if not told.kinds:
        return {}
    about: dict[str, Any] = {
        "ce_specversion": {"const": "1.0"},
        "ce_type": {"enum": [f"{cloud_events.PREFIX}{kind}" for kind in told.kinds]},
        "ce_source": {"pattern": "^/tenants/.+", "description": "the tenant of the first vehicle"},
        "ce_id": {"description": "unique within the source"},
        "ce_time": {"format": "date-time", "description": "event time"},
        "content-type": {"const": "application/msgpack"},
    }
    properties = {name: {"type": "string", **schema} for name, schema in about.items()}
    return {"headers": {"type": "object", "required": list(about), "properties": properties}}


def _operation(topic: Topic) -> tuple[str, dict[str, Any]]:
    action = "receive" if topic.name in _RECEIVED else "send"
    channel = {"$ref": f"#/channels/{topic.name}"}
    return f"{action}-{topic.name}", {"action": action, "channel": channel, "summary": topic.holds}


def _channel(topic: Topic) -> dict[str, Any]:
    names = [told.name for told in MESSAGES if told.topic == topic.name]
    return {
        "address": topic.name,
        "description": topic.holds,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": int(topic.config["max.message.bytes"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def documents() -> dict[str, str]:
    """Text by file name."""
    made = {
        "asyncapi.json": asyncapi(),
        "telemetry.schema.json": record_schema(),
        "stored.schema.json": stored_schema(),
    }
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    check = parser.parse_args(arguments).check
    stale = [
        name
        for name, text in documents().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text
    ]
    if not check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (FOLDER / name).write_text(documents()[name])
    if stale:
        print(
            *(f"docs/asyncapi/{name} {'is out of date' if check else 'written'}" for name in stale)
        )
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
