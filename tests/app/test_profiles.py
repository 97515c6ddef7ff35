"""Profiles of one's own: one setting, and every process knows them."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from app.api import words
from app.cli.up import plan
from app.profiles import known_profiles, load_profiles
from app.settings import load_settings
from app.web.choices import choices
from contracts.errors import SettingsError
from infra.kafka_clients import open_admin, open_producer
from infra.store import ClickHouseStore
from tests.app.test_gateway import T
from tests.app.test_gateway_live import frames_of
from tests.app.test_up import environment
from tests.features.logs import SMALL_TOML


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of the setting, with one profile."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "small.toml").write_bytes(SMALL_TOML)
    monkeypatch.setenv("TELLTALE_PROFILES", str(own))
    known_profiles.cache_clear()
    words._constants.cache_clear()
    yield own
    known_profiles.cache_clear()
    words._constants.cache_clear()


def test_the_settings_folder_is_beside_the_built_in_ones(folder):
    found = load_profiles(load_settings())
    assert {"small", "truck-diesel"} <= set(found)
    (folder / "truck.toml").write_bytes(SMALL_TOML.replace(b'"small"', b'"truck-diesel"'))
    assert load_profiles(load_settings())["truck-diesel"].label == "truck-diesel"


@pytest.mark.usefixtures("folder")
def test_a_commands_own_folder_is_taken_instead(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.toml").write_bytes(SMALL_TOML.replace(b'"small"', b'"mine"'))
    found = load_profiles(load_settings(), other)
    assert "mine" in found
    assert "small" not in found


def test_a_folder_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("TELLTALE_PROFILES", "/no/such")
    with pytest.raises(SettingsError, match="TELLTALE_PROFILES"):
        load_settings()


@pytest.mark.usefixtures("folder")
def test_texts_and_costs_know_it():
    assert words.profile_of("small").name == "small"
    assert "small" in words.policy(0).silent_ms


@pytest.mark.usefixtures("folder")
def test_the_filters_of_the_pages_offer_it(monkeypatch):
    shown = SimpleNamespace(texts=SimpleNamespace(local=str))
    monkeypatch.setattr("app.web.choices.viewer", lambda _request: shown)
    found = SimpleNamespace(profiles=["small", "unheard-of"], depots=[], models=[])
    kept = SimpleNamespace(choices=SimpleNamespace(get=lambda *_: found))
    offered = choices(None, SimpleNamespace(store=None, tenant="default", answers=kept))
    assert offered["profile"] == [("small", "small")]


@pytest.mark.stack
def test_the_gateway_and_the_store_take_it(stack, folder):
    settings = stack.fresh()
    kafka, topic = settings.broker(), f"{settings.kafka.topic_prefix}rows"
    with open_admin(kafka) as admin:
        admin.create_topics(
            {topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True
        )
    producer = open_producer(kafka)
    row = {"vehicle_id": "S1", "ts": T, "speed": 50}
    producer.send(topic, json.dumps(row).encode(), b"S1")
    producer.flush(30)
    producer.close()
    file = settings.home / "gateway.toml"
    file.write_text(f'[[topics]]\nname = "{topic}"\nprofile = "small"\nform = "flat"\n')
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "gateway", str(file), "--once-idle", "1"],
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [frame.profile for frame in frames_of(kafka)] == ["small"]
    (service,) = plan(settings.model_copy(update={"profiles": folder}), ("store",))
    assert service.start() is None
    assert ClickHouseStore(settings.store()).clickhouse.rows("SELECT * FROM small_summaries") == []
