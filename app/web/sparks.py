"""Sparklines as SVG: one line, or a line within the band that was expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_PAD = 2.0


@dataclass(frozen=True)
class Banded:
    """A signal's values with what was expected of them; None where nothing is known."""

    value: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def spark(values: Sequence[float], least: float = 0.0, width: int = 96, height: int = 24) -> Markup:
    """A line whose scale begins at 0 and ends at the highest value, at least `least`. It says
    what the number beside it says, so screen readers pass over it.
    """
    if len(values) < 2:
        return Markup("")
    low, top = min(0.0, *values), max(least, *values)
    place = _Place(len(values), low, top if top > low else low + 1, width, height)
    points = [place.at(number, value) for number, value in enumerate(values)]
    x, y = points[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<polyline points="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2"/></svg>'
    ).format(w=width, h=height, path=_path(points), x=x, y=y)


def band_spark(found: Banded, width: int = 128, height: int = 32) -> Markup:
    """A signal against its expected band; the scale holds both."""
    known = [one for one in (*found.value, *found.low, *found.high) if one is not None]
    if sum(one is not None for one in found.value) < 2:
        return Markup("")
    low, top = min(known), max(known)
    place = _Place(len(found.value), low, top if top > low else low + 1, width, height)
    line = [place.at(at, one) for at, one in enumerate(found.value) if one is not None]
    upper = [place.at(at, one) for at, one in enumerate(found.high) if one is not None]
    lower = [place.at(at, one) for at, one in enumerate(found.low) if one is not None]
    band = Markup('<polygon points="{}"/>').format(_path(upper + lower[::-1])) if upper else ""
    x, y = line[-1]
    return Markup(
        '<svg class="spark banded" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        'aria-hidden="true">{band}<polyline points="{path}"/>'
        '<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/></svg>'
    ).format(w=width, h=height, band=band, path=_path(line), x=x, y=y)


@dataclass(frozen=True)
class _Place:
    count: int
    low: float
    top: float
    width: int
    height: int

    def at(self, number: int, value: float) -> tuple[float, float]:
        x = _PAD + number * (self.width - 2 * _PAD) / max(1, self.count - 1)
        share = (value - self.low) / (self.top - self.low)
        return x, self.height - _PAD - (self.height - 2 * _PAD) * share


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
