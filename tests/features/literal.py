"""The features as the definition says, slowly: closed-form weighted sums in polars, float64."""

import numpy as np
import polars as pl

from contracts.batches import Summaries
from contracts.records import VehicleEvent
from features.profile import Profile

DAY = 86_400_000


def literal_features(
    profile: Profile, expected: np.ndarray, sd: np.ndarray, frames: Summaries, events: list
) -> dict[str, float]:
    """Feature by name for one vehicle as of its newest record, given in order of time.

    `expected` [n, K] and `sd` [K] standardise the frames' means.
    """
    times = [*frames.time_ms.tolist(), *(event.time_ms for event in events)]
    newest, first = max(times), min(times)
    found: dict[str, float] = {}
    for index, signal in enumerate(profile.signals):
        stats = frames.stats[:, index].astype(np.float64)
        value = np.clip((stats[:, 1] - expected[:, index]) / sd[index], -50, 50)
        table = pl.DataFrame(
            {
                "t": frames.time_ms,
                "x": pl.Series(value, nan_to_null=True),
                "low": stats[:, 3],
                "high": stats[:, 4],
            }
        )
        for name, number in _signal(profile, index, table, newest, events).items():
            found[f"{signal.column}.{name}"] = number
        if len(frames):
            found[f"{signal.column}.now"] = float(value[-1])
            found[f"{signal.column}.spread"] = float(np.minimum(50.0, stats[-1, 2] / sd[index]))
    return found | _vehicle(profile, frames, events, newest, first)


def _signal(
    profile: Profile, index: int, table: pl.DataFrame, newest: int, events: list
) -> dict[str, float]:
    signal, found, means = profile.signals[index], {}, []
    over = pl.lit(value=False)
    if signal.low_limit is not None:
        over |= pl.col("low") < signal.low_limit
    if signal.high_limit is not None:
        over |= pl.col("high") > signal.high_limit
    for life, half_life in zip(profile.half_lives, profile.half_lives_ms, strict=True):
        every = table.with_columns(u=(pl.col("t") - newest) / half_life)
        every = every.with_columns(w=2.0 ** pl.col("u"))
        known = every.filter(pl.col("x").is_not_null())
        weight = known["w"].sum()
        seen = weight > 1e-18
        x, u, w = pl.col("x"), pl.col("u"), pl.col("w") / weight
        known = known.with_columns(mean=(w * x).sum(), middle=(w * u).sum())
        dx, du = x - pl.col("mean"), u - pl.col("middle")
        row = known.select(
            mean=pl.col("mean").first(),
            std=(w * dx * dx).sum().sqrt(),
            slope=(pl.col("w") * dx * du).sum() / ((pl.col("w") * du * du).sum() + 0.05),
            over=(w * over).sum(),
        ).row(0, named=True)
        for name, number in row.items():
            found[f"{name}_{life}"] = number if seen else np.nan
        means.append(found[f"mean_{life}"])
        total = every["w"].sum()
        found[f"missing_{life}"] = 1 - weight / total if total > 1e-18 else np.nan
    lives = profile.half_lives
    found[f"mean_{lives[0]}_less_{lives[2]}"] = means[0] - means[2]
    found[f"mean_{lives[1]}_less_new"] = means[1] - _baseline(profile, table, events)
    return found


def _baseline(profile: Profile, table: pl.DataFrame, events: list) -> float:
    reset = max((e.time_ms for e in events if e.kind == "firmware"), default=0)
    since = table.filter(pl.col("t") >= reset).with_columns(b=pl.col("t") // profile.baseline_ms)
    kept = since["b"].unique().sort().head(2)
    mean = since.filter(pl.col("b").is_in(kept.to_list()))["x"].mean()
    return np.nan if mean is None else mean


def _vehicle(
    profile: Profile, frames: Summaries, events: list[VehicleEvent], newest: int, first: int
) -> dict[str, float]:
    found = {}
    hours = profile.frame_period_ms / 3_600_000
    codes = [e for e in events if e.kind == "fault_code"]
    for index in (1, 3):
        life, half_life = profile.half_lives[index], profile.half_lives_ms[index]
        for name in (*profile.code_index, "other_codes"):
            of_name = [e for e in codes if _listed(profile, e.code) == name]
            count = sum(2.0 ** ((e.time_ms - newest) / half_life) for e in of_name)
            found[f"{name}.count_{life}"] = count
    for part in profile.parts:
        new = max(
            (e.time_ms for e in events if (e.kind, e.code) == ("replacement", part)), default=first
        )
        found[f"{part}.age_days"] = (newest - new) / DAY
        found[f"{part}.use_hours"] = float((frames.time_ms >= new).sum() * hours)
    found["vehicle.age_days"] = (newest - first) / DAY
    found["vehicle.use_hours"] = len(frames) * hours
    firmware = max((e.time_ms for e in events if e.kind == "firmware"), default=None)
    found["vehicle.firmware_days"] = np.nan if firmware is None else (newest - firmware) / DAY
    lags = (newest - frames.time_ms) / profile.half_lives_ms[1]
    found[f"vehicle.frames_{profile.half_lives[1]}"] = float((2.0**-lags).sum())
    return found


def _listed(profile: Profile, code: str) -> str:
    return code if code in profile.code_index else "other_codes"
