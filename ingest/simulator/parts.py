"""Parts: how long one stays sound, how its defect grows, when it breaks. All in exposure.

The delay-time model (Christer, 1982): a sound time, then a time from defect to failure.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.batches import Doubles, Floats
from ingest.simulator.kinds import GROWTH_POWER, ModeModel

ONSET_SHAPE: Final = 1.8
"""Weibull shape of the sound time: parts age."""
GROWTH_SPREAD: Final = 0.2
"""Spread (of the logarithm) of the growth time between parts."""
STRENGTH_SPREAD: Final = 0.2
"""Spread (of the logarithm) of the severity at which a part breaks; nobody can see it."""
MUTE_SHARE: Final = 0.35
"""Share of parts whose defect never sets a fault code."""
_EXPRESSION: Final = 1.3
"""Median of how strongly symptoms show, times their size."""
_EXPRESSION_SPREAD: Final = 0.3
_RENEWAL_SPREAD: Final = 0.15
_HISTORY_DAYS: Final = 60.0
_SEVEREST: Final = 1.8


@dataclass(frozen=True, eq=False)
class Part:
    """One part in place. Exposures count from the vehicle's first day: `installed` (below 0 for
    parts that came with it), `onset` of the defect, `shock` and `renewal` when those would
    strike. `growth` is the exposure from onset to severity 1, `strength` the severity at which it
    breaks, `expression` how strongly each symptom shows in this part.
    """

    installed: float
    onset: float
    growth: float
    strength: float
    shock: float
    renewal: float
    mute: bool
    expression: Floats

    @property
    def worn_out(self) -> float:
        """Exposure at which wear breaks the part."""
        return self.onset + float(self.growth * self.strength ** (1 / GROWTH_POWER))

    def severity(self, exposure: Doubles) -> Doubles:
        """Severity of the defect, 0 while the part is sound."""
        grown = np.maximum(exposure - self.onset, 0) / self.growth
        return np.minimum(grown**GROWTH_POWER, _SEVEREST)


def new_part(mode: ModeModel, rng: np.random.Generator, exposure: float) -> Part:
    """A part fitted at `exposure`."""
    return _draw(mode, rng, exposure, sound_until=exposure)


def first_part(mode: ModeModel, rng: np.random.Generator) -> Part:
    """The part a vehicle brings along: of some age, perhaps with a young defect."""
    oldest = 0.9 * (mode.renewal_days or mode.onset_days)
    while True:
        installed = -float(rng.uniform(0, oldest))
        part = _draw(mode, rng, installed, sound_until=max(installed, -_HISTORY_DAYS))
        if part.worn_out > 0 and part.renewal > 0:
            return part


def _draw(mode: ModeModel, rng: np.random.Generator, installed: float, sound_until: float) -> Part:
    scale = mode.onset_days
    survived = ((sound_until - installed) / scale) ** ONSET_SHAPE
    sound = scale * float(survived + rng.exponential()) ** (1 / ONSET_SHAPE)
    renewal = mode.renewal_days * float(rng.lognormal(0, _RENEWAL_SPREAD))
    return Part(
        installed=installed,
        onset=installed + sound,
        growth=mode.growth_days * float(rng.lognormal(0, GROWTH_SPREAD)),
        strength=float(rng.lognormal(0, STRENGTH_SPREAD)),
        shock=max(installed, 0.0) + float(rng.exponential(1_000 / mode.shocks)),
        renewal=installed + renewal if renewal else np.inf,
        mute=bool(rng.random() < MUTE_SHARE),
        expression=rng.lognormal(
            np.log(_EXPRESSION), _EXPRESSION_SPREAD, len(mode.symptoms)
        ).astype(np.float32),
    )
