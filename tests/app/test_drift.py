"""Drift on a real store: quiet where nothing changed, told to data scientists where it did."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.cli.up import PARTS, chores
from app.lab.watch import watch
from app.notifier import Notifier, Outside
from app.settings import PREFIX
from contracts.batches import Summaries
from contracts.errors import DataError
from features.replay import replay
from features.state import PartitionState
from infra.notify.config import load_config
from infra.notify.outbox import outbox_in
from infra.notify.send import send
from infra.reads.drift import last_looked, stored_drift
from infra.store import ClickHouseStore
from models.registry import Registry
from models.training import Options, train
from tests.app.serving import serve
from tests.app.test_worker import environment
from tests.features.logs import DAY, PROFILE, SMALL_TOML, START
from tests.infra.test_notify import SECRET, Receiver, listening
from tests.models.fleet import QUICK, history

RUNNER = CliRunner()
pytestmark = pytest.mark.stack
MIDDLE = START + 150 * DAY
COOLANT = 1
HOUR = 3_600_000
NOW = START + 240 * DAY
FAR = 4_000_000_000_000
"""After any wall clock."""


@pytest.fixture(scope="module")
def trained():
    """A fleet's history, and a champion of its first 150 days."""
    memory = history(30)
    return memory, train(
        memory, PROFILE, Options(tenant="default", trees=QUICK.trees, until_ms=MIDDLE)
    )


def stream(settings, memory, bundle, record, *, shift=0.0, lost=False, after=START + 215 * DAY):
    """What the worker would have written; from a day on all coolant runs hotter, or is gone."""
    store = ClickHouseStore(settings.store())
    vehicles = memory.vehicles("default", "small")
    read = memory.summaries("default", "small", vehicles, 0, 1 << 60)
    stats = read.stats.copy()
    stats[read.time_ms >= after, COOLANT, 1] += shift
    if lost:
        stats[read.time_ms >= after, COOLANT] = [0, *[float("nan")] * 5]
    changed = Summaries(**{**vars(read), "stats": stats})
    events = memory.events("default", "small", vehicles, 0, 1 << 60)
    store.write_summaries(changed)
    store.write_events(events)
    for rows in replay(PROFILE, bundle.expectation, changed, events, PartitionState()):
        store.write_features(rows)
        store.write_risk(bundle.score(rows))
    registry = Registry(settings.models_dir)
    registry.promote(registry.save(bundle, record), "champion", "Ada", "first", 1)
    return settings


@pytest.fixture
def telltale(monkeypatch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "small.toml").write_bytes(SMALL_TOML)

    def run(settings, *words, notify=None):
        monkeypatch.setenv(f"{PREFIX}HOME", str(settings.home))
        for name, value in settings.store().model_dump().items():
            if name in {"url", "database", "user", "password"}:
                secret = getattr(value, "get_secret_value", lambda value=value: value)()
                monkeypatch.setenv(f"{PREFIX}CLICKHOUSE__{name.upper()}", str(secret))
        if notify:
            monkeypatch.setenv(f"{PREFIX}NOTIFY__FILE", str(notify))
            monkeypatch.setenv(f"{PREFIX}NOTIFY__ALLOW_INTERNAL", "1")
        given = ("drift", "--profile", "small", "--profile-dir", str(folder), *words)
        done = RUNNER.invoke(app, given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return run


def targets(folder, url):
    """The notifier's file: fleet managers hear of alerts, data scientists of drift."""
    both = (
        f'[[targets]]\nname = "{name}"\nwebhook = "{url}"\nsecret_env = "HOOK_SECRET"\n'
        for name in ("managers", "science")
    )
    file = folder / "notify.toml"
    file.write_text(f'lab = ["science"]\n{"".join(both)}[[routes]]\ntarget = "managers"\n')
    return file


def deliver(settings, file, now_ms):
    """What a notifier would send by then; the ids of all deliveries that there ever were."""
    with contextlib.closing(outbox_in(settings.home)) as outbox:
        outside = Outside(None, outbox, partial(send, allow_internal=True), lambda: now_ms, {})
        notifier = Notifier(load_config(file), outside, threading.Event())
        outbox.gather(now_ms)
        for delivery in outbox.due(now_ms):
            notifier.deliver(delivery)
        return [(one.delivery_id, one.target, one.state) for one in outbox.listed()]


def looked(settings, model):
    store = ClickHouseStore(settings.store())
    return last_looked(store.clickhouse, "default", "small", model)


def test_where_nothing_changed_nobody_is_told(stack, trained, telltale):
    memory, (bundle, record) = trained
    settings = stream(stack.fresh(), memory, bundle, record)
    found = telltale(settings, "--json")
    assert found["drifted"] == []
    assert (found["weeks"], found["since_ms"]) == (12, MIDDLE)
    kinds = {one["kind"] for one in found["measures"]}
    assert kinds >= {"feature", "score", "missing"}
    assert "Nothing has drifted" in telltale(settings)


def test_a_planted_shift_is_found_shown_and_told_once(
    stack, trained, telltale, tmp_path, monkeypatch
):
    memory, (bundle, record) = trained
    settings = stream(stack.fresh(), memory, bundle, record, shift=25.0)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    receiver = Receiver(204)
    with listening(receiver) as url:
        file = targets(tmp_path, url)
        report = tmp_path / "report"
        found = telltale(settings, "--json", "--report", str(report), notify=file)
        assert found["told"] == ["science"]
        deliver(settings, file, FAR)
        again = telltale(settings, "--json", notify=file)
        assert again["drifted"] == found["drifted"]
        assert again["told"] == []
        deliver(settings, file, FAR + HOUR)
    assert len(receiver.got) == 1
    received = json.loads(receiver.got[0][1])
    assert received["type"] == "model.drifted"
    said = received["data"]
    assert said["title"].startswith(f"Drift: {bundle.id}")
    assert "coolant" in said["text"]
    subjects = {one["subject"] for one in found["drifted"]}
    assert "engine_coolant_temperature.mean_1d" in subjects
    assert not any(one.startswith(("speed", "low_voltage")) for one in subjects)
    assert any("coolant" in text for text in found["texts"])
    page = (report / "drift-small.html").read_text()
    assert page.count("<svg") == 4
    assert "coolant, mean over 1 day" in page

    with serve(settings) as address:
        shown = httpx.get(f"{address}/api/drift", params={"profile": "small"}).json()
    (one,) = shown["models"]
    assert one["model"] == bundle.id
    assert {each["subject"] for each in one["drifted"]} == subjects
    assert len(one["weeks"]) == 12
    assert one["weeks"][-1]["furthest"] > 1
    assert all(week["drifted"] == 0 for week in one["weeks"][:7])


def test_a_signal_that_is_gone_is_told_by_its_name(stack, trained, telltale):
    memory, (bundle, record) = trained
    settings = stream(stack.fresh(), memory, bundle, record, lost=True)
    found = telltale(settings, "--json")
    gone = [one for one in found["drifted"] if one["kind"] == "missing"]
    assert [one["value"] for one in gone] == [1.0]
    assert any(text.startswith("coolant: 100% of frames lack it") for text in found["texts"])


def test_what_can_not_be_judged_is_said(stack, trained, telltale):
    memory, (bundle, record) = trained
    settings = stack.fresh()
    with pytest.raises(DataError, match="no champion"):
        telltale(settings)
    store = ClickHouseStore(settings.store())
    registry = Registry(settings.models_dir)
    bare = registry.save(replace(bundle, reference=None), record)
    registry.promote(bare, "champion", "Ada", "old", 1)
    with pytest.raises(DataError, match="keeps nothing of what it was trained on"):
        telltale(settings)
    registry.promote(registry.save(bundle, record), "champion", "Ada", "new", 2)
    with pytest.raises(DataError, match="came since"):
        telltale(settings)
    vehicles = memory.vehicles("default", "small")
    store.write_summaries(memory.summaries("default", "small", vehicles, 0, 1 << 60))
    with pytest.raises(DataError, match="are the workers running"):
        telltale(settings)


def test_a_look_is_due_once_a_day_and_waits_for_data(stack, trained):
    memory, (bundle, record) = trained
    settings = stack.fresh()
    profiles = {"small": PROFILE}
    assert watch(settings, profiles, NOW) == {}
    registry = Registry(settings.models_dir)
    registry.promote(registry.save(bundle, record), "champion", "Ada", "first", 1)
    assert "came since" in watch(settings, profiles, NOW)["small"]
    assert looked(settings, bundle.id) == 0
    stream(settings, memory, bundle, record)
    assert watch(settings, profiles, NOW)["small"].startswith("0 figures")
    assert watch(settings, profiles, NOW + 23 * HOUR) == {}
    assert looked(settings, bundle.id) == NOW
    assert watch(settings, profiles, NOW + 24 * HOUR)["small"].startswith("0 figures")
    assert looked(settings, bundle.id) == NOW + 24 * HOUR


def test_the_look_that_up_starts_knows_a_profile_of_ones_own(stack, trained, tmp_path):
    memory, (bundle, record) = trained
    settings = stream(stack.fresh(), memory, bundle, record)
    (tmp_path / "small.toml").write_bytes(SMALL_TOML)
    given = environment(settings, TELLTALE_PROFILES=str(tmp_path))
    subprocess.run([sys.executable, "-m", "app.lab.watch"], env=given, check=True, timeout=60)
    assert looked(settings, bundle.id) > NOW


DYING = """
import os, signal
import app.drift
from app.lab.watch import watch
from app.settings import load_settings
from tests.features.logs import PROFILE
app.drift.write_drift = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
watch(load_settings(), {{"small": PROFILE}}, {now})
"""


def test_a_kill_between_outbox_and_table_loses_nothing_and_tells_nothing_twice(
    stack, trained, tmp_path, monkeypatch
):
    memory, (bundle, record) = trained
    settings = stream(stack.fresh(), memory, bundle, record, shift=25.0)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    receiver = Receiver(204)
    with listening(receiver) as url:
        file = targets(tmp_path, url)
        notify = settings.notify.model_copy(update={"file": file})
        settings = settings.model_copy(update={"notify": notify})
        line = [sys.executable, "-c", DYING.format(now=NOW)]
        given = environment(settings, TELLTALE_NOTIFY__FILE=str(file))
        died = subprocess.run(line, env=given, check=False, timeout=60)
        assert died.returncode == -signal.SIGKILL
        assert looked(settings, bundle.id) == 0
        first = deliver(settings, file, NOW)
        assert [(target, state) for _, target, state in first] == [("science", "answered")]

        watch(settings, {"small": PROFILE}, NOW + HOUR)
        assert looked(settings, bundle.id) == NOW + HOUR
        watch(settings, {"small": PROFILE}, NOW + 25 * HOUR)
        assert looked(settings, bundle.id) == NOW + 25 * HOUR
        assert deliver(settings, file, NOW + 25 * HOUR) == first
    assert len(receiver.got) == 1
    said = json.loads(receiver.got[0][1])["data"]
    stored = stored_drift(ClickHouseStore(settings.store()).clickhouse, "default", "small", 1)
    drifted = [one for one in stored if one.measure.drifted]
    assert said["title"] == f"Drift: {bundle.id}, {len(drifted)} figures"


def test_up_starts_the_look_as_a_process_of_its_own(stack, monkeypatch):
    settings = stack.fresh()
    for name, value in environment(settings).items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    (chore,) = chores(settings, PARTS)
    assert chore.every_s == 3_600
    child = chore.start()
    assert child.wait() == 0, child.last_words()
    assert chores(settings, ("store", "api")) == []
    never = settings.model_copy(
        update={"drift": settings.drift.model_copy(update={"every_hours": 0.0})}
    )
    assert chores(never, PARTS) == []
