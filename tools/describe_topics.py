"""Writes what travels on the topics as AsyncAPI and JSON Schema, from the types themselves.

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
from typing import Any, Final

import msgspec

from contracts import alert_log, alerts, dead_letters, notices, records, risk
from contracts.topics import TOPICS, Topic

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "asyncapi"
MESSAGES: Final[Mapping[str, tuple[str, Any, str, str]]] = {
    "telemetry": ("Records", list[records.Record], "receive", "frames and events of vehicles"),
    "risk": (
        "AlertLog",
        list[risk.RiskUpdate] | alert_log.Note,
        "send",
        "risk of scored vehicles, and between them what else changes alerts",
    ),
    "commands": ("Command", alerts.AlertCommand, "receive", "what people ask of alerts"),
    "alerts": ("Notice", notices.Notice, "send", "every change of an alert"),
    "dead-letters": (
        "Refused",
        dead_letters.DeadLetter,
        "send",
        "what was refused, with its bytes",
    ),
}
"""Of each topic: its message's name and type, what Telltale does with it, and what it holds."""
_PREFIX: Final = "#/components/schemas/"
_MODULES: Final = (records, risk, alerts, alert_log, notices, dead_letters)
_ABOUT: Final = (
    "Messages are msgpack. A schema of type array with `prefixItems` is a struct whose fields "
    "stand in that order, without names; `title` gives each field's name. Strings of format "
    "binary are msgpack's bin. Topic names may carry a prefix of the installation."
)


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bodies, schemas = _schemas()
    channels = {topic.name: _channel(topic) for topic in TOPICS}
    messages = {
        name: {"title": name, "summary": holds, "payload": body}
        for (name, _, _, holds), body in zip(MESSAGES.values(), bodies, strict=True)
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
        "operations": {
            f"{action}-{topic}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic}"},
                "summary": holds,
            }
            for topic, (_, _, action, holds) in MESSAGES.items()
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def record_schema() -> dict[str, Any]:
    """JSON Schema of a `telemetry` message, on its own."""
    (body,), schemas = msgspec.json.schema_components(
        [list[records.Record]], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A telemetry message",
        "description": _ABOUT,
        **body,
        "$defs": _readable(schemas),
    }


def _schemas() -> tuple[tuple[Any, ...], dict[str, Any]]:
    types = [type_ for _, type_, _, _ in MESSAGES.values()]
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


def _channel(topic: Topic) -> dict[str, Any]:
    name = MESSAGES[topic.name][0]
    return {
        "address": topic.name,
        "description": topic.holds,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
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
    made = {"asyncapi.json": asyncapi(), "telemetry.schema.json": record_schema()}
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
