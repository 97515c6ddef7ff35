"""Feature rows, labels and scores as polars frames, for notebooks.

All three name their rows by `vehicle` and `time` (UTC), so that they join.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from contracts.batches import FeatureRows, Floats
from contracts.errors import ModelError
from contracts.records import VehicleEvent
from contracts.risk import HORIZONS_DAYS
from features.profile import Profile
from models.bundle import Bundle
from models.labels import courses, no_course
from models.outcome import came_within
from models.table import DAY_MS, in_use, label_rows

KEYS = ("vehicle", "time")
_TIME = pl.Datetime("ms", "UTC")


def features(rows: Iterable[FeatureRows]) -> pl.DataFrame:
    """Feature rows (features/replay.py), a column a feature, ordered by vehicle, then time. What
    is unknown is NaN. Raises ModelError where there is no row.
    """
    parts = [
        pl.DataFrame(
            {"vehicle": list(one.vehicle_id), "time": one.time_ms},
            schema={"vehicle": pl.String, "time": pl.Int64},
        ).hstack(pl.from_numpy(np.asarray(one.values), schema=list(one.names)))
        for one in rows
    ]
    if not parts:
        raise ModelError("no row is due in this history; replay more of it")
    return pl.concat(parts).with_columns(pl.col("time").cast(_TIME)).sort(KEYS)


def as_of(frame: pl.DataFrame, time_ms: int) -> pl.DataFrame:
    """Each vehicle's newest row at or before a time, as it was known then."""
    known = frame.filter(pl.col("time").cast(pl.Int64) <= time_ms)
    return known.group_by("vehicle", maintain_order=True).last()


def labels(
    frame: pl.DataFrame,
    profile: Profile,
    events: Iterable[VehicleEvent],
    until_ms: int,
    days: int = 30,
) -> pl.DataFrame:
    """Whether each mode fails within so many days of the rows of `frame`: a Boolean a mode, null
    where that isn't known at `until_ms`, or where the vehicle stood broken.

    `days` is one of the profile's hazard bins' ends; raises ModelError for another.
    """
    ends = [round(end / DAY_MS) for end in profile.hazard_bins_ms]
    if days not in ends:
        raise ModelError(f"{days} days is no bin of {profile.name}; there are {ends}")
    rows = frame.select(KEYS).sort(KEYS)
    time_ms = rows["time"].cast(pl.Int64).to_numpy()
    vehicle = rows["vehicle"].rle_id().cast(pl.Int64).to_numpy()
    known = [event for event in events if event.time_ms < until_ms]
    lives = courses(profile, known)
    nothing = no_course(profile)
    own = [lives.get(one, nothing) for one in rows["vehicle"].unique(maintain_order=True)]
    found = label_rows(profile, own, vehicle, time_ms, until_ms)
    useful = in_use(vehicle, time_ms, own)
    bins = ends.index(days) + 1
    columns = {
        mode.name: _flags(
            np.where(useful, came_within(profile, one, bins, time_ms, until_ms), np.nan)
        )
        for mode, one in zip(profile.modes, found, strict=True)
    }
    return rows.with_columns(**columns)


def scores(
    frame: pl.DataFrame, bundle: Bundle, days: Sequence[int] = HORIZONS_DAYS
) -> pl.DataFrame:
    """A row a vehicle, time and mode: the risk of failing within so many days, as `risk_30`.
    Raises ModelError where `frame` lacks a feature of the bundle.
    """
    lacking = [name for name in bundle.feature_names if name not in frame.columns]
    if lacking:
        raise ModelError(f"the frame lacks {lacking[0]} and {len(lacking) - 1} more features")
    values = frame.select(bundle.feature_names).to_numpy().astype(np.float32, order="C")
    risk = bundle.risk(values, days)
    parts = [
        frame.select(KEYS).with_columns(
            pl.lit(mode).alias("mode"),
            *(pl.Series(f"risk_{day}", risk[:, place, at]) for at, day in enumerate(days)),
        )
        for place, mode in enumerate(bundle.modes)
    ]
    return pl.concat(parts)


def _flags(came: Floats) -> pl.Series:
    return pl.Series(came).fill_nan(None) == 1
