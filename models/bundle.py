"""A bundle: all failure models of a profile, with the expectation that their features need."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Final, Protocol

import msgspec
import numpy as np
import xgboost as xgb

from contracts.batches import FeatureRows, Floats, RiskRows, UnusualRows
from contracts.errors import ModelError
from contracts.risk import ALERT_DAYS, HORIZONS_DAYS
from features.expectation import Expectation
from models.calibration import Calibration
from models.hazard import HazardModel, booster_of
from models.reference import REFERENCE_FILE, Reference
from models.unusual import USUAL_FILE, Usual
from models.view import View

NUMBERS_FILE: Final = "model.json"
EXPECTATION_FILE: Final = "expectation.bin"


class RulModel(Protocol):
    """What is asked of a model of remaining useful life (models/rul.py)."""

    def predict(self, values: Floats) -> Floats:
        """Value, low and high [n x 3] of feature rows [n x features]."""
        ...

    def to_files(self) -> Mapping[str, bytes]:
        """All that it consists of, by file name; names begin with `rul`."""
        ...


class _Mode(msgspec.Struct, frozen=True):
    name: str
    file: str
    intercept: tuple[float, ...]
    slope: tuple[float, ...]
    line: float
    view: View | None = None
    own: tuple[int, ...] = ()
    knots: tuple[float, ...] = ()
    bends: tuple[float, ...] = ()
    sudden: tuple[float, ...] = ()


class _Numbers(msgspec.Struct, frozen=True):
    profile: str
    feature_names: list[str]
    ends_days: list[float]
    modes: list[_Mode]
    rul_files: list[str]


@dataclass(frozen=True, eq=False)
class Bundle:
    """`profile` is its name; `lines` by mode: the 30-day risk at which an alert opens. `reference`
    says what it was trained on, `usual` what is normal (None: a bundle of before there were any).
    `trial`: rows [n x features] that it is tried on before use (models/trial.py), kept beside it.
    """

    profile: str
    feature_names: tuple[str, ...]
    expectation: Expectation
    models: tuple[HazardModel, ...]
    lines: Mapping[str, float]
    rul: RulModel | None = None
    reference: Reference | None = None
    usual: Usual | None = None
    trial: Floats | None = None

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """Names of the failure modes, in the profile's order."""
        return tuple(model.mode for model in self.models)

    @cached_property
    def id(self) -> str:
        """The profile and 10 hex digits of the SHA-256 of all files."""
        return bundle_id(self.profile, self.files)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """All that it consists of, by file name."""
        files = {EXPECTATION_FILE: self.expectation.to_bytes()}
        for model in self.models:
            if model.booster is not None:
                files[_file(model.mode)] = bytes(model.booster.save_raw("ubj"))
        if self.reference:
            files[REFERENCE_FILE] = self.reference.to_bytes()
        if self.usual:
            files[USUAL_FILE] = self.usual.to_bytes()
        rul = dict(self.rul.to_files()) if self.rul else {}
        files |= rul
        modes = [
            _Mode(
                model.mode,
                "" if model.booster is None else _file(model.mode),
                model.calibration.intercept,
                model.calibration.slope,
                self.lines[model.mode],
                model.view,
                model.own,
                model.calibration.knots,
                model.calibration.bends,
                model.calibration.sudden,
            )
            for model in self.models
        ]
        ends = list(self.models[0].ends_days) if self.models else []
        numbers = _Numbers(self.profile, list(self.feature_names), ends, modes, sorted(rul))
        files[NUMBERS_FILE] = msgspec.json.format(msgspec.json.encode(numbers), indent=1)
        return files

    def score(self, rows: FeatureRows) -> RiskRows:
        """Risk at 7, 30 and 90 days, and the RUL where there is a model of it."""
        values = np.ascontiguousarray(rows.values, np.float32)
        return RiskRows(
            self.profile,
            self.id,
            self.modes,
            rows.tenant,
            rows.vehicle_id,
            rows.time_ms,
            self.risk(values, HORIZONS_DAYS),
            None if self.rul is None else self.rul.predict(values),
        )

    def unusual(self, rows: FeatureRows) -> UnusualRows | None:
        """How unusual rows are, None where nothing is known of what is usual."""
        return None if self.usual is None else self.usual.rows(rows, self.id)

    def risk(self, values: Floats, days: Sequence[float]) -> Floats:
        """Probability [n x modes x horizons] of failure within so many days."""
        found = np.empty((len(values), len(self.models), len(days)), np.float32)
        for place, model in enumerate(self.models):
            found[:, place] = model.risk(model.margin(values), days)
        return found

    def contributions(self, mode: str, values: Floats) -> Floats:
        """What each feature adds [n x (features + 1)] to the log-odds of failing from wear about
        the 30th day (the last bin that begins before it); the last column is what speaks for
        itself.

        A row's sum is its log-odds. Where the calibration bends, all features of a row share in
        what that gives as they share in the margin.
        """
        model = self.models[self.modes.index(mode)]
        place = int(np.searchsorted(model.ends_days, ALERT_DAYS))
        place = min(place, len(model.ends_days) - 1)
        found = model.shares(values)
        added = found[:, :-1].sum(axis=1)
        usual = model.calibration.log_odds(found[:, -1])[:, place]
        odds = model.calibration.log_odds(added + found[:, -1])[:, place]
        share = np.divide(odds - usual, added, out=np.ones_like(odds), where=added != 0)
        found[:, :-1] *= share[:, None]
        found[:, -1] = usual
        return found


def bundle_id(profile: str, files: Mapping[str, bytes]) -> str:
    """The id of a bundle with these files."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return f"{profile}-{whole.hexdigest()[:10]}"


def bundle_of(files: Mapping[str, bytes], trial: Floats | None = None) -> Bundle:
    """The inverse of `Bundle.files`, which must be intact; `trial` as kept. Raises ModelError."""
    try:
        numbers = msgspec.json.decode(files[NUMBERS_FILE], type=_Numbers)
        expectation = Expectation.from_bytes(files[EXPECTATION_FILE])
        models = tuple(
            HazardModel(
                one.name,
                tuple(numbers.ends_days),
                Calibration(one.intercept, one.slope, one.knots, one.bends, one.sudden),
                booster_of(files[one.file]) if one.file else None,
                one.view,
                one.own,
            )
            for one in numbers.modes
        )
    except (msgspec.DecodeError, KeyError, xgb.core.XGBoostError) as error:
        raise ModelError(f"the model can't be read ({error}); train it again") from error
    bundle = Bundle(
        numbers.profile,
        tuple(numbers.feature_names),
        expectation,
        models,
        {one.name: one.line for one in numbers.modes},
        _rul({name: files[name] for name in numbers.rul_files}),
        _reference(files, len(numbers.feature_names)),
        _usual(files, len(numbers.feature_names)),
        trial,
    )
    bundle.__dict__["id"] = bundle_id(numbers.profile, files)
    bundle.__dict__["files"] = dict(files)
    return bundle


def _rul(files: Mapping[str, bytes]) -> RulModel | None:
    if not files:
        return None
    found: RulModel = import_module("models.rul").from_files(files)
    return found


def _reference(files: Mapping[str, bytes], features: int) -> Reference | None:
    if REFERENCE_FILE not in files:
        return None
    found = Reference.from_bytes(files[REFERENCE_FILE])
    if len(found.features.usual) != features:
        raise ModelError("the reference is of other features than the model; train it again")
    return found


def _usual(files: Mapping[str, bytes], features: int) -> Usual | None:
    return Usual.from_bytes(files[USUAL_FILE], features) if USUAL_FILE in files else None


def _file(mode: str) -> str:
    return f"mode-{mode}.ubj"
