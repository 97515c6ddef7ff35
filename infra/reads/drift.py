"""What a model's use looked like, week by week; and what was found when that was looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from infra.arrow_rows import matrix, names_id, times
from infra.clickhouse import ClickHouse
from models.drift import Measure, Week
from models.judging import ScoredPair
from models.reference import WEEK_MS

ROWS = 20_000
"""Rows of a week that are read; of a larger fleet only some vehicles, by the hash of their id."""
_WEEK = (
    "tenant = %(tenant)s AND profile = %(profile)s "
    "AND time >= fromUnixTimestamp64Milli(%(since)s) "
    "AND time < fromUnixTimestamp64Milli(%(until)s) "
)
_SOME = "AND cityHash64(vehicle_id) %% %(every)s = 0 "


@dataclass(frozen=True)
class Use:
    """A model in use: its profile's history in a tenant, and the columns that it takes."""

    tenant: str
    profile: str
    model: str
    names: Sequence[str]


@dataclass(frozen=True)
class Found:
    """What was found of a model, when it was last looked at (`looked_ms`)."""

    model: str
    looked_ms: int
    measure: Measure


def read_week(store: ClickHouse, use: Use, week_ms: int, span: tuple[int, int]) -> Week:
    """Features as scored and risk by the model, of each vehicle the first row of a day, as far as
    the week lies within the span.
    """
    place = {
        "tenant": use.tenant,
        "profile": use.profile,
        "since": max(week_ms, span[0]),
        "until": min(week_ms + WEEK_MS, span[1]),
    }
    ((vehicles,),) = store.rows(
        f"SELECT uniqExact(vehicle_id) FROM features WHERE {_WEEK}",  # noqa: S608 (ours)
        **place,
    )
    place["every"] = max(1, -(-7 * int(vehicles) // ROWS))
    rows = store.arrow(
        "SELECT vehicle_id, values FROM features FINAL "  # noqa: S608 (ours)
        f"WHERE {_WEEK}{_SOME}AND names_id = %(names)s ORDER BY vehicle_id, time "
        "LIMIT 1 BY vehicle_id, toDate(time)",
        names=names_id(use.names),
        **place,
    )
    scored = _scored(store, use, place)
    return Week(
        week_ms,
        matrix(rows.column("values"), len(use.names)),
        len(set(rows.column("vehicle_id").to_pylist())),
        scored.modes[0],
        scored.risk[0],
        len(set(scored.vehicle_id)),
    )


def matured_rows(store: ClickHouse, use: Use, since_ms: int, until_ms: int) -> ScoredPair:
    """The model's own rows of that time, as both sides of a pair: by vehicle, then time; of each
    vehicle the first of a day, of a larger fleet only some vehicles.
    """
    place = {
        "tenant": use.tenant,
        "profile": use.profile,
        "since": since_ms,
        "until": until_ms,
    }
    ((rows,),) = store.rows(
        "SELECT uniqExact(vehicle_id, toDate(time)) FROM risk "  # noqa: S608 (ours)
        f"WHERE {_WEEK}AND model = %(model)s",
        model=use.model,
        **place,
    )
    return _scored(store, use, place | {"every": max(1, -(-int(rows) // (20 * ROWS)))})


def _scored(store: ClickHouse, use: Use, place: Mapping[str, object]) -> ScoredPair:
    table = store.arrow(
        "SELECT vehicle_id, toUnixTimestamp64Milli(time) AS at, modes, risk_30 "  # noqa: S608
        f"FROM risk FINAL WHERE {_WEEK}{_SOME}AND model = %(model)s ORDER BY vehicle_id, time "
        "LIMIT 1 BY vehicle_id, toDate(time)",
        model=use.model,
        **place,
    )
    modes = tuple(table.column("modes")[0].as_py()) if table.num_rows else ()
    risk = matrix(table.column("risk_30"), len(modes))
    return ScoredPair(
        table.column("vehicle_id").to_pylist(),
        table.column("at").to_numpy().astype(np.int64),
        (modes, modes),
        (risk, risk),
    )


def missing_shares(
    store: ClickHouse, tenant: str, profile: str, since_ms: int, until_ms: int
) -> list[float]:
    """Share of frames without each signal, in the profile's order; empty without frames. Of a
    larger fleet some vehicles tell it.
    """
    place = {"tenant": tenant, "profile": profile, "since": since_ms, "until": until_ms}
    ((vehicles,),) = store.rows(
        f"SELECT uniqExact(vehicle_id) FROM summaries WHERE {_WEEK}",  # noqa: S608 (ours)
        **place,
    )
    rows = store.rows(
        "SELECT avgForEach(arrayMap(one -> one = 0, count)) FROM summaries "  # noqa: S608 (ours)
        f"WHERE {_WEEK}{_SOME}",
        every=max(1, int(vehicles) // 1_000),
        **place,
    )
    return [float(share) for share in rows[0][0]]


def write_drift(store: ClickHouse, use: Use, measures: Sequence[Measure], looked_ms: int) -> None:
    """Rows of `drift`."""
    count = len(measures)
    store.insert(
        "drift",
        pa.table(
            {
                "tenant": [use.tenant] * count,
                "profile": [use.profile] * count,
                "model": [use.model] * count,
                "week": times([one.week_ms for one in measures]),
                **{name: [getattr(one, name) for one in measures] for name in _COLUMNS},
                "looked": times([looked_ms] * count),
            }
        ),
    )


def last_looked(store: ClickHouse, tenant: str, profile: str, model: str) -> int:
    """When the model was last looked at in the tenant (Unix milliseconds), 0 for never."""
    ((looked,),) = store.rows(
        "SELECT toUnixTimestamp64Milli(max(looked)) FROM drift "
        "WHERE tenant = %(tenant)s AND profile = %(profile)s AND model = %(model)s",
        tenant=tenant,
        profile=profile,
        model=model,
    )
    return int(looked)


def stored_drift(store: ClickHouse, tenant: str, profile: str, weeks: int) -> list[Found]:
    """What was found of a profile's models, the newest weeks of each, oldest first."""
    rows = store.rows(
        """
        SELECT model, toUnixTimestamp64Milli(looked), toUnixTimestamp64Milli(week) AS at, kind,
            subject, value, low, high, drifted
        FROM drift FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND (model, week) IN (
            SELECT model, week FROM drift WHERE tenant = %(tenant)s AND profile = %(profile)s
            GROUP BY model, week ORDER BY week DESC LIMIT %(weeks)s BY model)
        ORDER BY model, at, kind, subject
        """,
        tenant=tenant,
        profile=profile,
        weeks=weeks,
    )
    return [
        Found(
            model, int(looked), Measure(int(week), kind, subject, value, low, high, bool(drifted))
        )
        for model, looked, week, kind, subject, value, low, high, drifted in rows
    ]


_COLUMNS = ("kind", "subject", "value", "low", "high", "drifted")
