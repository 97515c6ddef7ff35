"""What models said of vehicles, row by row, as the worker wrote it: champions and shadows."""

import numpy as np

from contracts.batches import Floats
from infra.arrow_rows import matrix
from infra.clickhouse import ClickHouse
from models.judging import ScoredPair
from models.table import DAY_MS


def scored_by_both(
    store: ClickHouse, tenant: str, profile: str, models: tuple[str, str], since_ms: int
) -> ScoredPair:
    """Rows since then that both models scored, whichever was champion: of each vehicle the first
    of a day, by vehicle, then time.
    """
    table = store.arrow(
        f"""
        SELECT vehicle_id, toUnixTimestamp64Milli(time) AS at, a.modes AS first_modes,
            b.modes AS second_modes, a.risk_30 AS first, b.risk_30 AS second
        FROM ({_rows_of("first")}) AS a INNER JOIN ({_rows_of("second")}) AS b
            USING (vehicle_id, time)
        ORDER BY vehicle_id, at LIMIT 1 BY vehicle_id, intDiv(at, {DAY_MS})
        """,  # noqa: S608 (ours)
        tenant=tenant,
        profile=profile,
        first=models[0],
        second=models[1],
        since=since_ms,
    )
    modes, risk = zip(*(_risk(table, name) for name in ("first", "second")), strict=True)
    return ScoredPair(
        table.column("vehicle_id").to_pylist(),
        table.column("at").to_numpy().astype(np.int64),
        (modes[0], modes[1]),
        (risk[0], risk[1]),
    )


def _rows_of(model: str) -> str:
    """All rows of a model, as champion or as shadow."""
    parts = (
        f"SELECT vehicle_id, time, modes, risk_30 FROM {table} FINAL "  # noqa: S608 (ours)
        "WHERE tenant = %(tenant)s AND profile = %(profile)s "
        f"AND model = %({model})s AND time >= fromUnixTimestamp64Milli(%(since)s)"
        for table in ("risk", "risk_shadow")
    )
    return " UNION DISTINCT ".join(parts)


def _risk(table: object, name: str) -> tuple[tuple[str, ...], Floats]:
    """A model's modes, the same in all of its rows, and its risk [n x modes]."""
    column = table.column(name)  # type: ignore[attr-defined]
    if not len(column):
        return (), np.empty((0, 0), np.float32)
    modes = tuple(table.column(f"{name}_modes")[0].as_py())  # type: ignore[attr-defined]
    return modes, matrix(column, len(modes))
