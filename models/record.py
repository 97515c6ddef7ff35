"""What is written down about a training run, beside the model."""

import msgspec

from models.alarms import Tally


class Factors(msgspec.Struct, frozen=True):
    """By how much the cumulative hazard within a horizon may be off, by bin of 30-day risk: the
    ends of its 90 % range over what was predicted, `low` at most 1 and `high` at least 1.
    """

    low: list[float]
    high: list[float]


class ModeCurves(msgspec.Struct, frozen=True):
    """How one mode's risk fared 30 days ahead, by trees that had not seen the vehicle.

    `predicted` to `events`: bins of risk with the share that failed and its 90 % range (`low`,
    `high`); `recall`, `precision`: points of their curve, best score first; `lead_days`: of every
    failure that an alert at the mode's line announced, shortest first, of `failures`; `learning`:
    by fold, the loss on vehicles left out after every `learning_step` rounds of boosting;
    `factors` by horizon in days (none in records of before they were kept).
    """

    predicted: list[float]
    observed: list[float]
    low: list[float]
    high: list[float]
    events: list[int]
    recall: list[float]
    precision: list[float]
    lead_days: list[float]
    failures: int
    learning: list[list[float]]
    learning_step: int
    factors: dict[str, Factors] = {}


class ModeRecord(msgspec.Struct, frozen=True):
    """One mode. `method`: "trees"; where there were too few failures "pooled", trees grown on all
    modes together, or "prior", the fleet's rate. Figures are by trees that had not seen the
    vehicle, 30 days ahead; None where all rows failed by then, or none. Where there is a figure,
    there are `curves`, but for records of before they were kept.
    """

    mode: str
    method: str
    failures: int
    rounds: list[int]
    loss: float
    auc: float | None
    average_precision: float | None
    expected_over_observed: float | None
    line: float
    note: str = ""
    curves: ModeCurves | None = None


class TrainingRecord(msgspec.Struct, frozen=True):
    """Where a model comes from. Times in Unix milliseconds. `tried` by mode: what each line would
    have come to on vehicles that the trees had not seen. `figures` and `parameters` whose names
    begin with `rul_` are of remaining life, where the profile has one.
    """

    profile: str
    profile_version: int
    tenant: str
    since_ms: int
    until_ms: int
    vehicles: int
    summaries: int
    rows: int
    parameters: dict[str, float | int | str]
    seed: int
    modes: list[ModeRecord]
    figures: dict[str, float] = {}
    tried: dict[str, list[Tally]] = {}
    notes: list[str] = []
    git: str = ""
    trained_ms: int = 0
    seconds: float = 0.0
