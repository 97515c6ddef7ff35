"""The plots of reports. Each gives an SVG; axes in words, no title of its own."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter

from contracts.batches import Floats
from models.curves import Reliability
from models.reports.svg import BAND, COLOURS, INK, LINE, ONE, QUIET, TWO, drawing

_RISKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_MARKS = ("o", "s", "^", "D")
Pairs = Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]


def learning(curves: Sequence[Sequence[float]], chosen: int, what: str) -> str:
    """Error on units left out, after each round, a line a fold; `chosen` rounds are used."""
    with drawing(f"{what} on units left out, by rounds; {chosen} rounds are used") as canvas:
        axes = canvas.axes
        for curve in curves:
            axes.plot(np.arange(1, len(curve) + 1), curve, color=ONE, alpha=0.35, linewidth=1.2)
        shortest = min(len(curve) for curve in curves)
        mean = np.mean([curve[:shortest] for curve in curves], axis=0)
        axes.plot(np.arange(1, shortest + 1), mean, color=ONE, label="mean of folds")
        axes.axvline(chosen, color=TWO, linewidth=1.2, linestyle="--")
        axes.annotate(
            f"{chosen} rounds", (chosen, 1), (4, -4), textcoords="offset points",
            xycoords=("data", "axes fraction"), color=TWO, va="top",
        )  # fmt: skip
        low, high = min(map(min, curves)), float(mean[min(20, shortest - 1)])
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        axes.set(xlabel="rounds of boosting", ylabel=what)
    return canvas.svg


def reliability_diagram(found: Reliability, horizon: str) -> str:
    """Predicted against observed, with the range that chance leaves."""
    with drawing(f"Predicted against observed chance of failing within {horizon}") as canvas:
        axes = canvas.axes
        top = float(max(found.predicted.max(), found.observed.max(), 1e-3)) * 1.08
        axes.plot([0, top], [0, top], color=QUIET, linewidth=1, linestyle="--")
        spread = [found.observed - found.low, np.minimum(found.high, top) - found.observed]
        axes.errorbar(
            found.predicted, found.observed, np.maximum(spread, 0), color=ONE, fmt="o",
            markersize=5, linewidth=1.2,
        )  # fmt: skip
        axes.set(xlim=(0, top), ylim=(0, top), xlabel="predicted", ylabel="observed")
        _percent(axes, "xy", top)
    return canvas.svg


def reliability_points(modes: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Predicted against observed by mode: `predicted`, `observed`, `low`, `high` [bins] each."""
    with drawing("Predicted against observed chance of failing within 30 days, by mode") as canvas:
        axes = canvas.axes
        known = [max(*predicted, *observed) for predicted, observed, *_ in modes.values()]
        top = 1.08 * max(known, default=1.0)
        axes.plot([0, top], [0, top], color=QUIET, linewidth=1, linestyle="--")
        for place, (name, (x, y, low, high)) in enumerate(modes.items()):
            at, ends = np.asarray(y), np.minimum(high, top)
            spread = [np.maximum(at - np.asarray(low), 0), np.maximum(ends - at, 0)]
            axes.errorbar(
                x, y, spread, color=COLOURS[place % len(COLOURS)], fmt=_MARKS[place % len(_MARKS)],
                markersize=5, linewidth=1.0, label=name,
            )  # fmt: skip
        axes.set(xlim=(0, top), ylim=(0, top), xlabel="predicted", ylabel="observed")
        axes.legend(loc="upper left", fontsize=9.5)
        _percent(axes, "xy", top)
    return canvas.svg


def lines(curves: Pairs, axis: tuple[str, str]) -> str:
    """Lines by name; `axis`: labels of x and y."""
    with drawing(f"{axis[1]} by {axis[0]}") as canvas:
        _lines(canvas.axes, curves, step=False)
        canvas.axes.set(xlabel=axis[0], ylabel=axis[1])
    return canvas.svg


def grouped(
    names: Sequence[str],
    bars: Mapping[str, Sequence[float]],
    axis: tuple[str, float, float],
    height: float = 3.3,
) -> str:
    """Bars side by side, a group a name; `axis`: what they are, where it begins and ends."""
    what, low, high = axis
    with drawing(f"{what}: {', '.join(bars)}", height=height) as canvas:
        axes, place = canvas.axes, np.arange(len(names))
        wide = 0.8 / len(bars)
        for at, (name, values) in enumerate(bars.items()):
            shift = (at - (len(bars) - 1) / 2) * wide
            left = np.full(len(names), low)
            axes.barh(
                place + shift, np.nan_to_num(np.asarray(values) - low), wide * 0.9, left=left,
                color=COLOURS[at % len(COLOURS)], label=name,
            )  # fmt: skip
        axes.set(yticks=place, yticklabels=names, xlim=(low, high), xlabel=what)
        axes.tick_params(axis="y", labelcolor=INK)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        canvas.figure.legend(loc="outside upper left", ncols=len(bars), fontsize=9.5)
    return canvas.svg


def precision_recall_curve(curves: Pairs) -> str:
    """Precision against recall, a line each."""
    with drawing("Precision against recall") as canvas:
        _lines(canvas.axes, curves, step=True)
        canvas.axes.set(xlim=(0, 1.01), ylim=(0, 1.04))
        canvas.axes.set(xlabel="share of failures found (recall)", ylabel="share of alerts right")
        _percent(canvas.axes, "xy")
    return canvas.svg


def lead_times(leads: npt.ArrayLike, unit: str) -> str:
    """How long before the failure the alert came."""
    values = np.asarray(leads, np.float64)
    with drawing(f"Lead time before {values.size} failures, in {unit}") as canvas:
        axes = canvas.axes
        if values.size:
            axes.hist(values, bins=min(20, max(5, values.size // 3)), color=ONE, rwidth=0.92)
            middle = float(np.median(values))
            axes.axvline(middle, color=TWO, linewidth=1.4, linestyle="--")
            axes.annotate(
                f"median {middle:.3g}", (middle, 1), (4, -4), textcoords="offset points",
                xycoords=("data", "axes fraction"), color=TWO, va="top",
            )  # fmt: skip
        else:
            _nothing(axes, "no failure was announced")
        axes.set(xlabel=f"{unit} before the failure", ylabel="failures")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return canvas.svg


def cost_curve(
    thresholds: npt.ArrayLike,
    costs: npt.ArrayLike,
    others: Mapping[str, float],
    axis: tuple[str, str],
    *,
    log: bool,
) -> str:
    """Cost by threshold, with what other policies cost; `axis`: labels of x and y. `log`: the
    thresholds are probabilities, and low ones matter.
    """
    x, y = np.asarray(thresholds, np.float64), np.asarray(costs, np.float64)
    best = int(y.argmin())
    least = f"least at {x[best]:.0%}" if log else f"least at {x[best]:.3g}"
    with drawing(f"{axis[1]} by {axis[0]}; {least}") as canvas:
        axes = canvas.axes
        axes.plot(x, y, color=ONE)
        axes.plot(x[best], y[best], "o", color=ONE)
        axes.annotate(
            least, (x[best], y[best]), (0, 9), textcoords="offset points",
            color=INK, ha="center",
        )  # fmt: skip
        for place, (name, value) in enumerate(others.items()):
            colour = COLOURS[1 + place % 3]
            axes.axhline(value, color=colour, linewidth=1.3, linestyle="--")
            axes.annotate(
                name, (1, value), (-2, 3), xycoords=("axes fraction", "data"),
                textcoords="offset points", color=colour, ha="right",
            )  # fmt: skip
        top = max([*others.values(), float(np.quantile(y, 0.9))])
        axes.set(xlabel=axis[0], ylabel=axis[1], ylim=(0, top * 1.15))
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(FixedLocator([t for t in _RISKS if x[0] <= t <= x[-1]]))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return canvas.svg


def gain_curve(curves: Pairs, x_label: str) -> str:
    """Share of failures found by share of work."""
    with drawing("Share of failures found, by checks made") as canvas:
        _lines(canvas.axes, curves, step=False)
        canvas.axes.set(ylim=(0, 1.04), xlabel=x_label, ylabel="failures found before they came")
        _percent(canvas.axes, "y")
    return canvas.svg


def importance(features: Sequence[tuple[str, float]]) -> str:
    """Features in words with their share, greatest first."""
    names = [name for name, _ in reversed(features)]
    shares = [share for _, share in reversed(features)]
    with drawing("Most important features", height=0.4 + 0.29 * max(len(names), 4)) as canvas:
        canvas.axes.barh(names, shares, color=ONE, height=0.62)
        canvas.axes.grid(visible=False, axis="y")
        canvas.axes.tick_params(axis="y", labelcolor=INK, labelsize=9.5)
        canvas.axes.spines["left"].set_visible(False)
        canvas.axes.set_xlabel("share of what the model says", loc="right")
        _percent(canvas.axes, "x", max(shares, default=1.0))
    return canvas.svg


def intervals(predicted: Floats, actual: Floats, what: str) -> str:
    """Predicted values with their bounds [n x 3] against actual [n], in order of the actual."""
    order = np.argsort(actual, kind="stable")
    place = np.arange(len(order))
    value, low, high = predicted[order].T
    with drawing(f"Predicted {what} with its 90 % interval against the true one") as canvas:
        axes = canvas.axes
        axes.vlines(place, low, high, color=BAND, linewidth=max(0.8, 300 / len(order) * 0.8))
        axes.plot(place, value, "o", color=ONE, markersize=2.6, label="predicted, 90 % interval")
        axes.plot(place, actual[order], color=TWO, linewidth=1.4, label="true")
        axes.set(xlabel="units, shortest true life first", ylabel=what)
        axes.grid(visible=False, axis="x")
        axes.legend(loc="upper left")
    return canvas.svg


def band(
    x: npt.ArrayLike, bounds: npt.ArrayLike, actual: npt.ArrayLike, axis: tuple[str, str]
) -> str:
    """An estimate with its bounds [n x 3] over `x`, and the truth."""
    place, values = np.asarray(x), np.asarray(bounds)
    with drawing(f"Estimated {axis[1]} with its 90 % interval over {axis[0]}") as canvas:
        axes = canvas.axes
        axes.fill_between(place, values[:, 1], values[:, 2], color=BAND, linewidth=0)
        axes.plot(place, values[:, 0], color=ONE, label="estimate, 90 % interval")
        axes.plot(place, actual, color=TWO, linewidth=1.4, label="measured")
        axes.set(xlabel=axis[0], ylabel=axis[1])
        axes.legend(loc="lower left")
    return canvas.svg


def errors(x: npt.ArrayLike, error: npt.ArrayLike, axis: tuple[str, str]) -> str:
    """Errors over `x`, around none."""
    with drawing(f"Error in {axis[1]} over {axis[0]}") as canvas:
        canvas.axes.axhline(0, color=QUIET, linewidth=1, linestyle="--")
        canvas.axes.plot(x, error, "o", color=ONE, markersize=3)
        canvas.axes.set(xlabel=axis[0], ylabel=axis[1])
    return canvas.svg


def shares(names: Sequence[str], promised: Sequence[float], held: Sequence[float]) -> str:
    """Promised against observed coverage, side by side."""
    with drawing("Promised and observed coverage", height=2.6) as canvas:
        axes, place = canvas.axes, np.arange(len(names))
        axes.bar(place - 0.19, promised, 0.36, color=LINE, label="promised")
        axes.bar(place + 0.19, held, 0.36, color=ONE, label="observed")
        axes.set(xticks=place, xticklabels=names, ylim=(0, 1.05))
        axes.grid(visible=False, axis="x")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1)
        _percent(axes, "y")
    return canvas.svg


def _lines(axes: Axes, curves: Pairs, *, step: bool) -> None:
    for place, (name, (x, y)) in enumerate(curves.items()):
        style = "steps-post" if step else "default"
        axes.plot(
            x, y, color=COLOURS[place % len(COLOURS)], drawstyle=style, label=name,
            linewidth=2.0 if place == 0 else 1.3,
        )  # fmt: skip
    if len(curves) > 1:
        axes.legend(loc="best", fontsize=9.5)


def _percent(axes: Axes, which: str, top: float = 1.0) -> None:
    decimals = 0 if top > 0.05 else 1 if top > 0.005 else 2
    for letter, one in (("x", axes.xaxis), ("y", axes.yaxis)):
        if letter in which:
            one.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def _nothing(axes: Axes, text: str) -> None:
    axes.annotate(text, (0.5, 0.5), xycoords="axes fraction", ha="center", color=QUIET)
