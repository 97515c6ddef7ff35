"""Numbers and times as one viewer reads them."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from app.web.units import shown
from app.web.viewer import Viewer

NONE = "—"
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_DAY_S = 86_400


@dataclass(frozen=True)
class Formats:
    """The page's filters for one viewer."""

    viewer: Viewer

    def whole(self, value: float) -> str:
        """`1204` -> "1,204"."""
        return self.viewer.texts.whole(round(value))

    def money(self, value: float, currency: str) -> str:
        """`3900, "EUR"` -> "€3,900", in French "3 900 €"."""
        amount = self.whole(abs(value))
        sign = _SIGNS.get(currency, currency)
        less = "\u2212" if round(value) < 0 else ""
        if self.viewer.language == "fr":
            return f"{less}{amount}\u00a0{sign}"
        return f"{less}{sign}{amount}" if currency in _SIGNS else f"{less}{sign}\u00a0{amount}"

    def percent(self, value: float | None) -> str:
        """`0.812` -> "81 %"; below one "<1 %", nothing known "—"."""
        if value is None:
            return NONE
        return "<1\u00a0%" if value < 0.01 else f"{min(99, round(100 * value))}\u00a0%"

    def spread(self, low: float, high: float) -> str:
        """`0.2, 0.45` -> "20 to 45 %" with a dash; nothing where all of it is below one."""
        if high < 0.01:
            return ""
        ends = (min(99, round(100 * one)) for one in (low, high))
        return "\u2013".join(f"{one}" for one in ends) + "\u00a0%"

    def number(self, value: float | None, unit: str = "") -> str:
        """Three significant digits with the unit, as it is."""
        if value is None or not math.isfinite(value):
            return NONE
        digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
        text = self._decimals(f"{value:,.{min(digits, 3)}f}").replace("-", "\u2212")
        return f"{text}\u00a0{unit}".rstrip()

    def measure(self, value: float | None, unit: str = "") -> str:
        """Three significant digits of a metric value in the viewer's units."""
        if value is None or not math.isfinite(value):
            return NONE
        return self.number(*shown(value, unit, self.viewer.units))

    def span(self, milliseconds: float) -> str:
        """A length of time in its two largest units: "3 d 4 h", "12 min"."""
        seconds = max(0, int(milliseconds // 1000))
        days, rest = divmod(seconds, _DAY_S)
        hours, minutes = rest // 3600, rest % 3600 // 60
        day = self.viewer.texts("unit.day")
        if days:
            return f"{days} {day} {hours} h" if hours and days < 10 else f"{days} {day}"
        if hours:
            return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
        return f"{minutes} min" if minutes else f"{seconds} s"

    def when(self, milliseconds: int, style: str = "minute") -> Markup:
        """A <time> in the viewer's zone. `style`: minute (date and time), day, or ago (how long
        since; the page's script keeps it going).
        """
        if not milliseconds:
            return Markup(NONE)  # noqa: S704 (a constant)
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
        return Markup('<time datetime="{}" data-style="{}">{}</time>').format(
            moment.isoformat(timespec="seconds"), style, self.date(milliseconds, style)
        )

    def date(self, milliseconds: int, style: str = "minute") -> str:
        """A date as text: day ("25 Nov"), minute ("25 Nov, 03:28") or year ("25 Nov 2025")."""
        moment = datetime.fromtimestamp(milliseconds / 1000, self.viewer.clock)
        month = self.viewer.texts(f"month.{moment.month}")
        day = f"{month} {moment.day}" if self.viewer.tag == "en-US" else f"{moment.day} {month}"
        if style == "day":
            return day
        if style == "year":
            return f"{day} {moment.year}"
        comma = "" if self.viewer.language == "fr" else ","
        return f"{day}{comma} {moment:%H:%M}"

    def _decimals(self, text: str) -> str:
        if self.viewer.language != "fr":
            return text
        return text.replace(",", "\u202f").replace(".", ",")
