"""Figures of models of a simulated fleet on fresh vehicles."""

import msgspec

from models.evaluation.ranges import RangeFigures
from models.evaluation.tenths import Tenth
from models.evaluation.toy import ToyFigures


class ModeFigures(msgspec.Struct, frozen=True):
    """One failure mode 30 days ahead, on fresh vehicles. `tenths` by predicted risk, lowest first;
    only those with at least 20 failures count.
    """

    events: int
    auc: float
    oracle_auc: float
    average_precision: float
    oracle_average_precision: float
    best_single_feature_ap: float
    best_single_feature: str
    fault_code_rule_ap: float
    age_rule_ap: float
    expected_over_observed: float
    tenths: list[Tenth]


class FleetFigures(msgspec.Struct, frozen=True):
    """Figures of a profile by mode. `methods` of a mode: trees, or what stood in for them.
    `tenths_honest` of `tenths_judged` tenths of all modes have 0.8 to 1.25 times as many failures
    expected as came; by the oracle's expectation of the same rows it were `tenths_honest_oracle`.
    `ranges` of risk by horizon in days. `toy` is None where it was not asked for.
    """

    profile: str
    train_vehicles: int
    fresh_vehicles: int
    days: int
    seeds: tuple[int, int]
    modes: dict[str, ModeFigures]
    methods: dict[str, str]
    tenths_judged: int
    tenths_honest: int
    tenths_honest_oracle: int
    ranges: dict[str, RangeFigures]
    toy: ToyFigures | None = None
