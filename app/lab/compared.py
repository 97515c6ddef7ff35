"""Two models on the history that neither was trained on, as commands and pages tell it."""

import msgspec

from contracts.errors import DataError
from features.profile import Profile
from infra.reads.scored import scored_by_both
from infra.store import ClickHouseStore
from models.compare import Comparison, Difference, compare
from models.judging import judge_scored
from models.table import Scope


class NotScoredError(DataError):
    """No row was scored by both models."""


class Compared(msgspec.Struct, frozen=True):
    """Two models on the history that neither was trained on. `verdict`: a model, or
    "no difference"; `scored` says who scored the rows: "live" the worker, "replay" the command.
    """

    first: str
    second: str
    since_ms: int
    rows: int
    vehicles: int
    failures: int
    verdict: str
    figures: list[Difference]
    scored: str = "replay"


def compared(
    models: tuple[str, str], since_ms: int, done: Comparison, scored: str = "replay"
) -> Compared:
    """The comparison with the models' names."""
    first, second = models
    verdict = {"first": first, "second": second}.get(done.verdict, done.verdict)
    figures = [done.log_loss, done.average_precision]
    return Compared(
        first,
        second,
        since_ms,
        done.rows,
        done.vehicles,
        done.failures,
        verdict,
        figures,
        scored,
    )


def compare_live(
    store: ClickHouseStore, profile: Profile, models: tuple[str, str], scope: Scope
) -> Compared:
    """On the rows that the worker had both of them score. Raises NotScoredError where there are
    none, DataError where nothing is known of what became of them.
    """
    scored = scored_by_both(store.clickhouse, scope.tenant, profile.name, models, scope.since_ms)
    if not len(scored):
        raise NotScoredError(
            f"no row was scored by both {models[0]} and {models[1]} since both were trained; "
            "make one of them champion, the other shadow, and let data stream"
        )
    judged = judge_scored(store, profile, scored, scope.tenant, scope.until_ms)
    return compared(models, scope.since_ms, compare(judged), "live")
