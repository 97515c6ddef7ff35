"""What models said, as Arrow tables in the tables' own columns."""

import numpy as np
import pyarrow as pa

from contracts.batches import Floats, RiskRows, UnusualRows
from infra.arrow_rows import Table, keys, lists

_HORIZONS = ("risk_7", "risk_30", "risk_90")
_RUL = ("rul", "rul_low", "rul_high")


def risk_table(rows: RiskRows) -> Table:
    """Rows of `risk`."""
    places = np.tile(np.arange(len(rows.modes)), len(rows))
    modes = pa.array(rows.modes, pa.string()).take(pa.array(places))
    columns = keys(rows) | {
        "model": pa.repeat(rows.model, len(rows)),
        "modes": pa.FixedSizeListArray.from_arrays(modes, max(1, len(rows.modes))),
        **{name: lists(rows.risk[:, :, at]) for at, name in enumerate(_HORIZONS)},
        **dict(zip(_RUL, _rul(rows).T, strict=True)),
    }
    return pa.table(columns)


def unusual_table(rows: UnusualRows) -> Table:
    """Rows of `unusual`: of each row the three signals that make it so."""
    place = np.argsort(-rows.parts, axis=1, kind="stable")[:, :3]
    names = np.array([*rows.signals, ""])[place]
    columns = keys(rows) | {
        "model": pa.repeat(rows.model, len(rows)),
        "score": rows.score,
        "rank": rows.rank,
        "signals": names.tolist(),
        "distances": np.take_along_axis(rows.parts, place, axis=1).tolist(),
    }
    return pa.table(columns)


def _rul(rows: RiskRows) -> Floats:
    if rows.rul is None:
        return np.full((len(rows), 3), np.nan, dtype=np.float32)
    return np.asarray(rows.rul, dtype=np.float32)
