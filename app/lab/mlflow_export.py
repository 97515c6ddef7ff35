"""A model of the registry as a run of an MLflow tracking store: parameters, figures, files.

MLflow is an optional extra (`pip install telltale-fleet[mlflow]`); the registry stays what decides.
"""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from contracts.errors import SettingsError, UnavailableError
from models.manifest import Manifest, read_files
from models.record import TrainingRecord

_FIGURES: Final = ("auc", "average_precision", "expected_over_observed", "line", "loss", "failures")
_TAG: Final = "telltale.model"


def export(folder: Path, manifest: Manifest, aliases: list[str], to: str) -> str:
    """Write the model in `folder` to the tracking store at `to`; the run's id. One that is there
    already is left as it is, but for its aliases. Raises SettingsError without MLflow,
    UnavailableError where the store refuses.
    """
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 (optional, and slow to import)
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "MLflow isn't installed; install it with `pip install telltale-fleet[mlflow]`"
        ) from None
    try:
        client = MlflowClient(tracking_uri=to)
        run = _found(client, manifest) or _written(client, folder, manifest)
        client.set_tag(run, "telltale.aliases", ", ".join(aliases))
    except MlflowException as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(f"the MLflow store {to} refuses: {reason}") from error
    return run


def _experiment(client: Any, profile: str) -> str:  # noqa: ANN401 (mlflow, optional)
    name = f"telltale/{profile}"
    known = client.get_experiment_by_name(name)
    return str(known.experiment_id if known else client.create_experiment(name))


def _found(client: Any, manifest: Manifest) -> str | None:  # noqa: ANN401 (mlflow, optional)
    """The finished run of this model, if it was exported before."""
    place = _experiment(client, manifest.profile)
    asked = f"tags.`{_TAG}` = '{manifest.id}' AND attributes.status = 'FINISHED'"
    runs = client.search_runs([place], asked, max_results=1)
    return str(runs[0].info.run_id) if runs else None


def _written(client: Any, folder: Path, manifest: Manifest) -> str:  # noqa: ANN401 (mlflow, optional)
    record = manifest.record
    place = _experiment(client, manifest.profile)
    tags = {_TAG: manifest.id, "telltale.git": record.git, "telltale.tenant": record.tenant}
    run = client.create_run(place, start_time=record.trained_ms, tags=tags, run_name=manifest.id)
    name = str(run.info.run_id)
    for key, value in _parameters(record):
        client.log_param(name, key, value)
    for key, figure in _metrics(record):
        client.log_metric(name, key, figure, timestamp=record.trained_ms)
    with tempfile.TemporaryDirectory() as draft:
        for file, payload in read_files(folder, manifest).items():
            Path(draft, file).write_bytes(payload)
        Path(draft, "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
        client.log_artifacts(name, draft, "model")
    ended = record.trained_ms + round(1_000 * record.seconds)
    client.set_terminated(name, "FINISHED", end_time=ended)
    return name


def _parameters(record: TrainingRecord) -> Iterator[tuple[str, object]]:
    yield from record.parameters.items()
    for name in (
        "seed",
        "profile_version",
        "since_ms",
        "until_ms",
        "vehicles",
        "summaries",
        "rows",
    ):
        if name not in record.parameters:
            yield name, getattr(record, name)


def _metrics(record: TrainingRecord) -> Iterator[tuple[str, float]]:
    """Figures of the whole and by mode; MLflow takes no infinite ones."""
    for name, value in record.figures.items():
        if math.isfinite(value):
            yield name, value
    for mode in record.modes:
        for name in _FIGURES:
            value = getattr(mode, name)
            if value is not None and math.isfinite(value):
                yield f"{mode.mode}.{name}", float(value)
