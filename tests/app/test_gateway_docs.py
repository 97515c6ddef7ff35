"""The examples of docs/gateway.md are files that a gateway takes, and messages that it reads."""

import re
from pathlib import Path

import pytest

from app.gateway.assembly import source_of
from features.profile import builtin_profile
from ingest.samples.columns import Vehicles
from ingest.samples.mapping import parse_gateway
from tests.ingest.samples.test_samples import Message

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "gateway.md").read_text()
FILES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
PROFILES = {"truck-diesel": builtin_profile("truck-diesel")}
MESSAGES = re.findall(r"takes `(\{.*?\})`", TEXT, re.DOTALL)


def test_there_is_an_example_of_each_form():
    topics = [topic for file in FILES for topic in parse_gateway(file.encode(), "doc").topics]
    assert [topic.form for topic in topics] == ["long", "flat"]


@pytest.mark.parametrize(
    ("file", "message", "values"),
    list(zip(FILES, MESSAGES, [[81.5], [80.4672, 90.0]], strict=True)),
)
def test_the_message_beside_it_is_read(file, message, values):
    (topic,) = parse_gateway(file.encode(), "doc").topics
    source, vehicles = source_of(topic, PROFILES, "default"), Vehicles()
    columns, letters = source.decoder.columns([Message(0, message.encode())], vehicles)
    assert letters == []
    assert columns.value.tolist() == pytest.approx(values, rel=1e-6)
    assert source.whose.tenant == (topic.tenant or "default")


@pytest.mark.parametrize("where", ["README.md", "docs/adapters.md"])
def test_it_is_found(where):
    assert "gateway.md" in (ROOT / where).read_text()
