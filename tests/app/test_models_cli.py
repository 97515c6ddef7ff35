"""Training, promotion and thresholds as a person does them, on a real store."""

import getpass
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from app.champion import Champions
from app.cli.main import app
from app.settings import PREFIX
from contracts.errors import TelltaleError
from infra.store import ClickHouseStore
from models.registry import Registry
from tests.features.logs import SMALL_TOML
from tests.models.fleet import SCOPE, history

RUNNER = CliRunner()
pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def fleet(stack, tmp_path_factory):
    """A store with a small fleet's history, and a folder with its profile."""
    settings = stack.fresh()
    store = ClickHouseStore(settings.store())
    memory = history(24)
    vehicles = memory.vehicles("default", "small")
    store.write_summaries(memory.summaries("default", "small", vehicles, 0, 1 << 60))
    store.write_events(memory.events("default", "small", vehicles, 0, 1 << 60))
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "small.toml").write_bytes(SMALL_TOML)
    return settings, folder


@pytest.fixture
def telltale(fleet, monkeypatch):
    """Runs a command in this fleet's home; its JSON."""
    settings, folder = fleet
    monkeypatch.setenv(f"{PREFIX}HOME", str(settings.home))
    for name, value in settings.store().model_dump().items():
        if name in {"url", "database", "user", "password"}:
            secret = getattr(value, "get_secret_value", lambda value=value: value)()
            monkeypatch.setenv(f"{PREFIX}CLICKHOUSE__{name.upper()}", str(secret))

    def run(*words, profiles=False):
        given = [*words, *(["--profile-dir", str(folder)] if profiles else [])]
        done = RUNNER.invoke(app, given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return run


def test_the_store_answers_as_history_in_memory_does(fleet):
    settings, _ = fleet
    store, memory = ClickHouseStore(settings.store()), history(24)
    assert store.span("default", "small") == memory.span("default", "small")
    assert store.span("default", "other") == (0, 0)
    wanted = memory.summaries("default", "small", ["V0003"], SCOPE.since_ms, SCOPE.until_ms)
    found = store.summaries("default", "small", ["V0003"], SCOPE.since_ms, SCOPE.until_ms)
    assert (found.time_ms == wanted.time_ms).all()
    assert np.array_equal(found.stats, wanted.stats, equal_nan=True)


def test_the_life_of_a_model(fleet, telltale):
    settings, _ = fleet
    registry = Registry(settings.models_dir)
    train = ("train", "--profile", "small", "--json")
    first = telltale(*train, profiles=True)
    assert first["promoted"] is True
    assert registry.champion("small") == first["model"]
    assert first["record"]["vehicles"] == 24
    assert {one["method"] for one in first["record"]["modes"]} == {"trees"}

    champions = Champions(registry, ["small"])
    assert champions.refresh()["small"].bundle.id == first["model"]
    # The first of a profile is champion; what comes later has to prove itself.
    second = telltale(*train, "--seed", "2", profiles=True)
    assert (second["promoted"], registry.champion("small")) == (False, first["model"])
    said = telltale("train", "--profile", "small", "--seed", "2", profiles=True)
    said = " ".join(said.split())
    assert f"`telltale models promote {second['model']} --alias shadow`" in said
    assert "`telltale models compare --profile small --live`" in said
    assert [one.actor for one in registry.history("small")] == [getpass.getuser()]
    # A new champion needs no new state: what signals should be is taken over.
    assert len({registry.manifest(one["model"]).expectation for one in (first, second)}) == 1

    listed = telltale("models", "list", "--profile", "small", "--json")
    assert [(one["model"], one["aliases"]) for one in listed] == [
        (first["model"], ["champion"]),
        (second["model"], []),
    ]
    ada = ("--actor", "Ada", "--reason")
    telltale("models", "promote", second["model"], *ada, "try", "--json")
    assert champions.refresh()["small"].bundle.id == second["model"]
    told = telltale("models", "rollback", "small", *ada, "noisy", "--json")
    assert told == {"model": first["model"], "alias": "champion"}
    assert champions.refresh()["small"].bundle.id == first["model"]
    telltale("models", "promote", second["model"], "--alias", "shadow", "--reason", "try again")
    said = telltale("models", "withdraw", "small", "--alias", "shadow", "--reason", "seen enough")
    assert (f"{second['model']} is shadow no more" in said, registry.shadow("small")) == (
        True,
        None,
    )
    last = registry.history("small")[-1]
    assert (last.action, last.actor) == ("withdraw", getpass.getuser())
    shown = telltale("models", "show", first["model"], "--json")
    assert [one["action"] for one in shown["history"]] == ["promote", "promote", "roll back"]
    assert telltale("status", "--json")["champions"]["small"] == first["model"]

    fewer = telltale("thresholds", "--profile", "small", "--capacity", "1", "--json", profiles=True)
    policies = {one["name"]: one for one in fewer["policies"]}
    assert policies["nothing"]["saved_a_year"] == 0
    assert policies["capacity"]["alerts_a_week"] <= 1
    assert policies["costs"]["saved_a_year"] >= policies["capacity"]["saved_a_year"] - 1e-6
    drawn = telltale("thresholds", "--profile", "small", "--use", "costs", "--json", profiles=True)
    bundle = champions.refresh()["small"].bundle
    assert bundle.id == drawn["champion"] != first["model"]
    assert bundle.lines == policies["costs"]["lines"]
    deeds = telltale("audit", "--json")["deeds"]
    me = f"{getpass.getuser()} (command line)"
    keys = ("actor", "action", "target", "detail")
    assert [tuple(one[key] for key in keys) for one in reversed(deeds)] == [
        (me, "model promoted", first["model"], "champion: newly trained"),
        ("Ada", "model promoted", second["model"], "champion: try"),
        ("Ada", "model rolled back", first["model"], "noisy"),
        (me, "model promoted", second["model"], "shadow: try again"),
        (me, "model withdrawn", second["model"], "shadow: seen enough"),
        (me, "model promoted", drawn["champion"], "champion: lines by costs"),
    ]
    forced = telltale(*train, "--seed", "2", "--promote", profiles=True)
    assert forced["promoted"] is True
    assert registry.champion("small") == second["model"]


def test_a_backtest_tells_what_a_models_alerts_would_have_come_to(telltale):
    model = telltale(
        *("train", "--profile", "small", "--until", "2024-03-01", "--no-promote", "--json"),
        profiles=True,
    )["model"]
    days = ("--from", "2024-03-02", "--to", "2024-05-10", "--model", model)
    card = telltale("backtest", "--profile", "small", *days, "--json", profiles=True)
    assert (card["model"], card["vehicles"], card["notes"]) == (model, 24, [])
    assert card["failures"] > 10
    ours, doing_nothing = card["telltale"], card["doing_nothing"]
    assert ours["alerts"] > 0
    assert 0 < ours["precision"] <= 1
    leads = list(ours["recall_by_lead"].values())
    assert leads == sorted(leads, reverse=True)
    for policy in ("telltale", "fault_code_rule", "fixed_interval"):
        money = card[policy]["money"]
        assert money["saved"] == pytest.approx(doing_nothing - money["cost"])
    flattered = ("--from", "2024-02-01", "--to", "2024-03-01", "--model", model)
    told = telltale("backtest", "--profile", "small", *flattered, profiles=True)
    assert "what it says of them flatters it" in " ".join(told.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("train", "--profile", "boat"), "no profile 'boat'"),
        (("train", "--profile", "car-electric"), "no history of profile car-electric"),
        (("train", "--profile", "car-electric", "--since", "soon"), "write it like 2025-01-31"),
        (("train", "--profile", "car-electric", "--dask", "nowhere"), "Dask scheduler"),
        (("models", "show", "none-1"), "no model 'none-1'"),
        (("models", "promote", "none-1"), "no model 'none-1'"),
        (("models", "rollback", "car-electric"), "no champion before"),
        (("models", "withdraw", "car-electric"), "has no shadow"),
        (("thresholds", "--profile", "car-electric"), "no champion"),
        (("backtest", "--profile", "car-electric"), "no champion"),
        (("backtest", "--profile", "car-electric", "--model", "none-1"), "no model 'none-1'"),
    ],
)
def test_mistakes_are_told_in_a_sentence(telltale, words, told):
    assert telltale
    with pytest.raises(TelltaleError, match=told):
        RUNNER.invoke(app, words, catch_exceptions=False)
