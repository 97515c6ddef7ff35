"""Numbers and times as people read them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup, escape

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_DAY_S = 86_400


def money(value: float, currency: str) -> str:
    """`3900, "EUR"` -> "€3,900"."""
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{sign}{value:,.0f}"


def percent(value: float | None) -> str:
    """`0.812` -> "81 %"; below one "<1 %", nothing known "—"."""
    if value is None:
        return "—"
    return "<1 %" if value < 0.01 else f"{min(99, round(100 * value))} %"


def number(value: float | None, unit: str = "") -> str:
    """Three significant digits with the unit."""
    if value is None or not math.isfinite(value):
        return "—"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{min(digits, 3)}f}"
    return f"{text} {unit}".rstrip()


def span(milliseconds: float) -> str:
    """A length of time in its two largest units: "3 d 4 h", "12 min"."""
    seconds = max(0, int(milliseconds // 1000))
    days, rest = divmod(seconds, _DAY_S)
    hours, minutes = rest // 3600, rest % 3600 // 60
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def when(milliseconds: int, style: str = "minute") -> Markup:
    """A <time> in UTC that the page's script rewrites in the viewer's zone.

    `style`: minute (date and time), day, or ago (how long since).
    """
    if not milliseconds:
        return Markup("—")
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    shown = f"{moment:%d %b}" if style == "day" else f"{moment:%d %b %H:%M} UTC"
    return Markup('<time datetime="{}" data-style="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), style, shown
    )


def spark(values: Sequence[float], width: int = 96, height: int = 24) -> Markup:
    """A sparkline; the scale begins at 0 and ends at the highest value, at least 5 %."""
    if len(values) < 2:
        return Markup('<span class="quiet">—</span>')
    top = max(0.05, *values)
    step = (width - 4) / (len(values) - 1)
    points = [
        (2 + at * step, height - 2 - (height - 4) * value / top) for at, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    label = f"from {percent(values[0])} to {percent(values[-1])}"
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="{label}"><polyline points="{path}"/><circle cx="{x}" cy="{y}" r="2"/></svg>'
    ).format(w=width, h=height, label=escape(label), path=path, x=f"{x:.1f}", y=f"{y:.1f}")
