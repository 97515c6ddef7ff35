"""How trees are best grown on this fleet: Optuna, on folds of training vehicles alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import optuna

from models.fit import Learner
from models.grow import Trees

_RANGES: Final[dict[str, Callable[[optuna.Trial], float]]] = {
    "max_depth": lambda trial: trial.suggest_int("max_depth", 2, 6),
    "min_child_weight": lambda trial: trial.suggest_float("min_child_weight", 1, 40, log=True),
    "reg_lambda": lambda trial: trial.suggest_float("reg_lambda", 1, 60, log=True),
    "subsample": lambda trial: trial.suggest_float("subsample", 0.3, 1.0),
    "colsample_bytree": lambda trial: trial.suggest_float("colsample_bytree", 0.05, 0.6, log=True),
    "foreign": lambda trial: trial.suggest_float("foreign", 0.01, 1.0, log=True),
}
"""What is searched. The defaults are the first trial, so tuning can't make things worse."""


def tune(
    learner: Learner, names: Sequence[str], trials: int, done: Callable[[float], None]
) -> tuple[Trees, dict[str, float]]:
    """The best of so many trials, and figures: loss of the defaults and of the best, relative to
    the fleet's rates. A trial that is worse than most after some modes is ended (median pruning).
    """
    trees = learner.trees
    modes = [learner.table.profile.mode(name) for name in names]

    def loss(trial: optuna.Trial) -> float:
        grown = replace(learner, trees=_suggest(trial, trees))
        found: list[float] = []
        for step, mode in enumerate(modes):
            found.append(grown.held_out_loss(mode))
            trial.report(float(np.mean(found)), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(found))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=trees.seed, n_startup_trials=5),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
    )
    study.enqueue_trial({name: getattr(trees, name) for name in _RANGES})
    study.optimize(
        loss, trials, callbacks=[lambda study, _: done(len(study.trials) / max(1, trials))]
    )
    pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
    figures = {
        "tuning_trials": float(len(study.trials)),
        "tuning_pruned": float(pruned),
        "tuning_loss_default": float(study.trials[0].value or 0.0),
        "tuning_loss_best": float(study.best_value),
    }
    best: dict[str, Any] = study.best_params
    return replace(trees, **best), figures


def _suggest(trial: optuna.Trial, trees: Trees) -> Trees:
    asked: dict[str, Any] = {name: ask(trial) for name, ask in _RANGES.items()}
    return replace(trees, **asked)
