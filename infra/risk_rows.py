"""What models said, as Arrow tables in the tables' own columns."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from contracts.batches import RiskRows, UnusualRows
from infra.arrow_rows import Table, keys, lists, times

_HORIZONS = ("risk_7", "risk_30", "risk_90")
_RUL = ("rul", "rul_low", "rul_high")


def risk_table(rows: RiskRows) -> Table:
    """Rows of `risk`."""
    modes = pa.array(list(rows.modes) * len(rows), pa.string())
    columns = keys(rows) | {
        "model": [rows.model] * len(rows),
        "modes": pa.FixedSizeListArray.from_arrays(modes, max(1, len(rows.modes))),
        **{name: lists(rows.risk[:, :, at]) for at, name in enumerate(_HORIZONS)},
        **dict(zip(_RUL, _rul(rows).T, strict=True)),
    }
    return pa.table(columns)


def risk_current_table(rows: RiskRows) -> Table:
    """Rows of `risk_current`: the newest of each vehicle in the batch, one a mode."""
    newest = _newest(rows)
    count = len(rows.modes)
    flat = np.repeat(newest, count)
    tenants, vehicles = pa.array(list(rows.tenant)), pa.array(list(rows.vehicle_id))
    columns = {
        "tenant": tenants.take(pa.array(flat)),
        "vehicle_id": vehicles.take(pa.array(flat)),
        "mode": list(rows.modes) * len(newest),
        "profile": [rows.profile] * len(flat),
        "time": times(rows.time_ms[flat]),
        "model": [rows.model] * len(flat),
        **{name: rows.risk[newest][:, :, at].ravel() for at, name in enumerate(_HORIZONS)},
        **dict(zip(_RUL, _rul(rows)[flat].T, strict=True)),
    }
    return pa.table(columns)


def unusual_table(rows: UnusualRows) -> Table:
    """Rows of `unusual`: of each row the three signals that make it so."""
    place = np.argsort(-rows.parts, axis=1, kind="stable")[:, :3]
    names = np.array([*rows.signals, ""])[place]
    columns = keys(rows) | {
        "model": [rows.model] * len(rows),
        "score": rows.score,
        "rank": rows.rank,
        "signals": names.tolist(),
        "distances": np.take_along_axis(rows.parts, place, axis=1).tolist(),
    }
    return pa.table(columns)


def _newest(rows: RiskRows) -> npt.NDArray[np.int64]:
    frame = pl.DataFrame(
        {"tenant": list(rows.tenant), "vehicle": list(rows.vehicle_id), "time": rows.time_ms}
    ).with_row_index("at")
    newest = frame.sort("time", "at").unique(["tenant", "vehicle"], keep="last")
    return newest["at"].sort().to_numpy().astype(np.int64)


def _rul(rows: RiskRows) -> npt.NDArray[np.float32]:
    if rows.rul is None:
        return np.full((len(rows), 3), np.nan, dtype=np.float32)
    return np.asarray(rows.rul, dtype=np.float32)
