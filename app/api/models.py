"""`/api/models`: what the registry holds, who is champion, and decisions about it."""

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from app.api import words
from app.api.context import Context, Wired
from app.api.given import Body
from app.api.problems import ProblemError
from contracts.errors import ModelError
from models.manifest import Manifest
from models.record import ModeRecord
from models.registry import ALIASES, Alias, Decision, Registry, Trial

router = APIRouter(prefix="/api/models", tags=["models"])


@dataclass(frozen=True)
class ModeFigures:
    """How well a model ranks one failure mode, by trees that had not seen the vehicle, 30 days
    ahead; None where nothing failed. `line` is the risk at which an alert opens.
    """

    mode: str
    label: str
    method: str
    failures: int
    auc: float | None
    average_precision: float | None
    expected_over_observed: float | None
    line: float | None
    note: str


@dataclass(frozen=True)
class ModelView:
    """A model of the registry: what it learnt from, how good it is, which aliases it has."""

    model: str
    profile: str
    profile_label: str
    aliases: list[str]
    trained_ms: int
    seconds: float
    since_ms: int
    until_ms: int
    vehicles: int
    rows: int
    failures: int
    seed: int
    git: str
    figures: dict[str, float]
    notes: list[str]
    modes: list[ModeFigures]


@dataclass(frozen=True)
class DecisionView:
    """Who gave which alias to which model, when and why; "" took it away."""

    time_ms: int
    profile: str
    action: str
    alias: str
    model: str
    before: str
    actor: str
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """A model's folder that can't be listed, and why."""

    profile: str
    model: str
    reason: str


@dataclass(frozen=True)
class ModelList:
    """Models, the newest training first, the decisions, the newest first, and folders of models
    that can't be listed.
    """

    models: list[ModelView]
    decisions: list[DecisionView]
    left_out: list[LeftOut]


class Reasoned(Body):
    """Who decides, and why: a decision without a reason is refused."""

    reason: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]
    actor: str = Field(default="dashboard", min_length=1, max_length=100)


class Promotion(Reasoned):
    """Which alias the model gets."""

    alias: Alias = "champion"


class RollBack(Reasoned):
    """Whose champion goes back to the one before."""

    profile: str = Field(min_length=1, max_length=100)


class Withdrawal(Reasoned):
    """Which trial of a profile ends."""

    profile: str = Field(min_length=1, max_length=100)
    alias: Trial = "shadow"


@router.get("")
def models(context: Wired, profile: Annotated[str, Query(max_length=100)] = "") -> ModelList:
    """What the registry holds, of one profile or of all."""
    registry = registry_of(context)
    found, damaged = registry.survey(profile)
    profiles = sorted({one.profile for one in found})
    decisions = [one for name in profiles for one in registry.history(name)]
    decisions.sort(key=lambda one: -one.time_ms)
    return ModelList(
        [_view(registry, one) for one in found[::-1]],
        [_decision(one) for one in decisions],
        [LeftOut(whose, model, why) for (whose, model), why in damaged.items()],
    )


@router.post("/rollback")
def roll_back(context: Wired, given: RollBack) -> DecisionView:
    """Make the champion before the present one champion again; workers take it up in seconds."""
    registry = registry_of(context)
    who = context.who.signs(given.actor)
    try:
        registry.roll_back(given.profile, who, given.reason, context.wall_ms())
    except ModelError as error:
        raise _refused(error) from None
    return _decision(registry.history(given.profile)[-1])


@router.post("/withdraw")
def withdraw(context: Wired, given: Withdrawal) -> DecisionView:
    """Take an alias away; workers stop scoring with a shadow in seconds."""
    registry = registry_of(context)
    who = context.who.signs(given.actor)
    try:
        registry.withdraw(given.profile, given.alias, who, given.reason, context.wall_ms())
    except ModelError as error:
        raise _refused(error) from None
    return _decision(registry.history(given.profile)[-1])


@router.get("/{model}")
def model(context: Wired, model: str) -> ModelView:
    """One model."""
    registry = registry_of(context)
    return _view(registry, manifest_of(registry, model))


@router.post("/{model}/promote")
def promote(context: Wired, model: str, given: Promotion) -> DecisionView:
    """Give a model an alias, once it has proved that it loads; workers take it up in seconds."""
    registry = registry_of(context)
    found = manifest_of(registry, model)
    who = context.who.signs(given.actor)
    try:
        registry.promote(model, given.alias, who, given.reason, context.wall_ms())
    except ModelError as error:
        raise _refused(error) from None
    return _decision(registry.history(found.profile)[-1])


def registry_of(context: Context) -> Registry:
    """The installation's registry."""
    return Registry(context.settings.models_dir)


def manifest_of(registry: Registry, model: str) -> Manifest:
    """The model's manifest. Raises ProblemError."""
    try:
        return registry.manifest(model)
    except ModelError as error:
        raise ProblemError(
            404, "unknown-model", "Unknown model", f"{error}.", model=model
        ) from None


def _refused(error: ModelError) -> ProblemError:
    return ProblemError(409, "refused", "Not done", f"It was not done: {error}.")


def _view(registry: Registry, found: Manifest) -> ModelView:
    record = found.record
    aliases = [one for one in sorted(ALIASES) if registry.alias(found.profile, one) == found.id]
    return ModelView(
        found.id,
        found.profile,
        words.profile_label(found.profile),
        aliases,
        record.trained_ms,
        record.seconds,
        record.since_ms,
        record.until_ms,
        record.vehicles,
        record.rows,
        sum(one.failures for one in record.modes),
        record.seed,
        record.git,
        {name: value for name, value in record.figures.items() if math.isfinite(value)},
        record.notes,
        [_figures(found.profile, one) for one in record.modes],
    )


def _figures(profile: str, one: ModeRecord) -> ModeFigures:
    return ModeFigures(
        one.mode,
        words.mode_label(profile, one.mode),
        one.method,
        one.failures,
        one.auc,
        one.average_precision,
        one.expected_over_observed,
        _known(one.line),
        one.note,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _decision(one: Decision) -> DecisionView:
    return DecisionView(
        one.time_ms,
        one.profile,
        one.action,
        one.alias,
        one.bundle,
        one.before,
        one.actor,
        one.reason,
    )
