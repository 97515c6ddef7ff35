"""A model as a run of an MLflow store, in a local database."""

import hashlib
import sys

import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from app.cli.main import app
from app.settings import PREFIX
from contracts.errors import SettingsError, TelltaleError
from models.registry import Registry
from models.training import train
from tests.models.fleet import PROFILE, QUICK, history

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # in MLflow


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A home with a champion, and where its runs go."""
    home = tmp_path_factory.mktemp("home")
    registry = Registry(home / "models")
    bundle, record = train(history(24), PROFILE, QUICK)
    model = registry.save(bundle, record)
    registry.promote(model, "champion", "Ada", "the first", 1)
    return home, registry, model


@pytest.fixture
def telltale(kept, monkeypatch, tmp_path):
    home, *_ = kept
    monkeypatch.setenv(f"{PREFIX}HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(app, ["models", "export-mlflow", *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_a_model_becomes_a_run_with_its_figures_and_files_once(kept, telltale, tmp_path):
    _, registry, model = kept
    store = f"sqlite:///{tmp_path}/runs.db"
    told = telltale(model, "--to", store)
    client = MlflowClient(tracking_uri=store)
    place = client.get_experiment_by_name("telltale/small").experiment_id
    (run,) = client.search_runs([place])
    assert run.info.run_id in told
    record = registry.manifest(model).record
    assert run.data.params["max_depth"] == str(record.parameters["max_depth"])
    assert run.data.params["rows"] == str(record.rows)
    for mode in record.modes:
        assert run.data.metrics[f"{mode.mode}.auc"] == pytest.approx(mode.auc)
    assert run.data.tags["telltale.model"] == model
    assert run.data.tags["telltale.aliases"] == "champion"
    files = {one.path for one in client.list_artifacts(run.info.run_id, "model")}
    assert files == {
        "model/manifest.json",
        *(f"model/{one.name}" for one in registry.manifest(model).files),
    }
    taken = client.download_artifacts(run.info.run_id, "model", tmp_path)
    for one in registry.manifest(model).files:
        digest = hashlib.sha256((tmp_path / taken / one.name).read_bytes()).hexdigest()
        assert digest == one.sha256

    telltale("--profile", "small", "--to", store)
    assert len(client.search_runs([place])) == 1


def test_without_mlflow_it_says_how_to_get_it(telltale, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(SettingsError, match=r"telltale-fleet\[mlflow\]"):
        telltale("--profile", "small")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name a model"),
        (("none-1",), "no model 'none-1'"),
        (("--profile", "small", "--to", "gopher://nowhere"), "the MLflow store gopher"),
    ],
)
def test_mistakes_are_told_in_a_sentence(telltale, words, told):
    with pytest.raises(TelltaleError, match=told):
        telltale(*words)
