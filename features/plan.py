"""A profile and its expectation as the arrays that the engine computes with."""

from dataclasses import dataclass, field

import numpy as np

from contracts.batches import Doubles, Flags, Floats, Ints, Summaries
from contracts.errors import ModelError
from features.expectation import Expectation
from features.moments import TERMS
from features.profile import Profile

VALUE_LIMIT = 50.0
"""Standardised values are cut off here, so that a broken sensor can't drown a vehicle's memory."""


@dataclass(frozen=True)
class Plan:
    """K signals, H half-lives: `half_lives_ms` [H]; limits [K] in the signals' units, infinite
    where the profile has none; `band` [K] healthy standard deviations in units.
    """

    profile: Profile
    expectation: Expectation
    half_lives_ms: Doubles
    low_limit: Floats
    high_limit: Floats
    band: Floats
    parts: dict[str, int]
    codes: dict[str, int] = field(repr=False)

    @property
    def signals(self) -> int:
        """How many signals the profile has."""
        return len(self.band)


@dataclass(frozen=True)
class Batch:
    """Frames ready to be added: `value` [n, K] standardised, NaN = missing; `terms` [n, 4, K] see
    moments; `spread` [n, K] the standard deviation within the frame; `out` [n] whether a value is
    out of its band.
    """

    time_ms: Ints
    seq: Ints
    value: Floats
    terms: Floats
    spread: Floats
    out: Flags

    def take(self, rows: Ints | slice) -> "Batch":
        """Some of the frames."""
        return Batch(
            self.time_ms[rows],
            self.seq[rows],
            self.value[rows],
            self.terms[rows],
            self.spread[rows],
            self.out[rows],
        )


def make_plan(profile: Profile, expectation: Expectation | None = None) -> Plan:
    """The plan; without an expectation the neutral one. Raises ModelError for a foreign one."""
    expectation = expectation or Expectation.neutral(profile)
    if expectation.paths != tuple(signal.path for signal in profile.signals):
        raise ModelError(
            f"expectation {expectation.id} was fitted on other signals than profile "
            f"{profile.name} has now; train it again"
        )
    low = [-np.inf if s.low_limit is None else s.low_limit for s in profile.signals]
    high = [np.inf if s.high_limit is None else s.high_limit for s in profile.signals]
    return Plan(
        profile,
        expectation,
        np.array(profile.half_lives_ms, np.float64),
        np.array(low, np.float32),
        np.array(high, np.float32),
        expectation.band,
        {part: index for index, part in enumerate(profile.parts)},
        profile.code_index,
    )


def prepare(plan: Plan, frames: Summaries, rows: Ints | slice) -> Batch:
    """Standardise some frames' statistics. Elementwise: a frame's result depends on it alone."""
    stats = frames.stats[rows]
    value = plan.expectation.residuals(np.ascontiguousarray(stats[:, :, 1]))
    np.clip(value, -VALUE_LIMIT, VALUE_LIMIT, out=value)
    present = ~np.isnan(value)
    terms = np.empty((len(value), TERMS, plan.signals), np.float32)
    terms[:, 0] = present
    terms[:, 1] = np.where(present, value, np.float32(0.0))
    np.square(terms[:, 1], out=terms[:, 2])
    terms[:, 3] = (stats[:, :, 3] < plan.low_limit) | (stats[:, :, 4] > plan.high_limit)
    spread = np.minimum(stats[:, :, 2] / plan.band, np.float32(VALUE_LIMIT))
    out = np.any(np.abs(terms[:, 1]) > plan.profile.surprise, axis=1)
    return Batch(frames.time_ms[rows], frames.seq[rows], value, terms, spread, out)
