"""Plots as inline SVG in the page's colours: they follow its light and dark."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK: Final = "#010101"
QUIET: Final = "#020202"
LINE: Final = "#030303"
ONE: Final = "#040404"
TWO: Final = "#050505"
THREE: Final = "#060606"
FOUR: Final = "#070707"
BAND: Final = "#080808"
COLOURS: Final = (ONE, TWO, THREE, FOUR)
_VARIABLES: Final = {
    INK: "ink",
    QUIET: "quiet",
    LINE: "line",
    ONE: "one",
    TWO: "two",
    THREE: "three",
    FOUR: "four",
    BAND: "band",
}
"""Colours that stand for the page's variables; nothing else may use them."""
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "telltale",
    "font.family": "sans-serif",
    "font.size": 10.5,
    "text.color": QUIET,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


class Canvas:
    """What is being drawn; `svg` is there once the drawing is done."""

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self.figure, self.axes = figure, axes
        self.svg = ""


@contextmanager
def drawing(label: str, width: float = 5.4, height: float = 3.3) -> Iterator[Canvas]:
    """A plot; `label` says in words what it shows, for those who can't see it."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        canvas = Canvas(figure, figure.add_subplot())
        yield canvas
        canvas.svg = _inline(figure, label)


def _inline(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for colour, name in _VARIABLES.items():
        text = text.replace(colour, f"var(--{name})")
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", text)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    said = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg", f'<svg role="img" aria-label="{said}"', 1)
