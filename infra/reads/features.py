"""The feature vectors that a vehicle was scored by."""

from dataclasses import dataclass

import numpy as np

from contracts.batches import Floats, Ints
from infra.arrow_rows import matrix
from infra.clickhouse import ClickHouse


@dataclass(frozen=True)
class Vectors:
    """`values` [rows x names] as scored, oldest first, missing ones NaN; `time_ms` [rows]."""

    names: tuple[str, ...]
    time_ms: Ints
    values: Floats


def feature_vectors(
    store: ClickHouse, vehicle: tuple[str, str, str], since_ms: int, rows: int
) -> Vectors:
    """The newest `rows` of (tenant, profile, vehicle id) since then. Those whose columns were
    others than the newest row's are left out.
    """
    tenant, profile, vehicle_id = vehicle
    table = store.arrow(
        """
        SELECT toUnixTimestamp64Milli(time) AS t, names_id, values FROM features FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
        ORDER BY time DESC, trigger LIMIT %(rows)s
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        since=since_ms,
        rows=rows,
    )
    if not len(table):
        return Vectors((), np.empty(0, np.int64), np.empty((0, 0), np.float32))
    ids = table.column("names_id").to_pylist()
    names = _names(store, ids[0])
    alike = table.filter([one == ids[0] for one in ids])
    times: Ints = alike.column("t").to_numpy()[::-1]
    return Vectors(names, times, matrix(alike.column("values"), len(names))[::-1])


def _names(store: ClickHouse, names_id: str) -> tuple[str, ...]:
    found = store.rows("SELECT names FROM feature_names FINAL WHERE names_id = %(id)s", id=names_id)
    return tuple(found[0][0])
