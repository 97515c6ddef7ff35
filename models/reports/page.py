"""A report as HTML: title, figures, sections with a plot and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


@dataclass(frozen=True)
class Fact:
    """One figure: what it is, its value as text, and what it is held against."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A plot (SVG) with its title and what a reader should see in it."""

    title: str
    text: str
    svg: str


@dataclass(frozen=True)
class Report:
    """`lead` says what was learnt from what and judged on what; `command` brings it back."""

    title: str
    lead: str
    command: str
    facts: Sequence[Fact]
    sections: Sequence[Section]


def render(report: Report) -> str:
    """One HTML document that needs nothing else. SVG must be our own (models/reports/svg.py)."""
    sections = [
        {"title": one.title, "text": one.text, "svg": Markup(_own_ids(one.svg, place))}  # noqa: S704
        for place, one in enumerate(report.sections)
    ]
    return _template().render(report=report, sections=sections)


def _own_ids(svg: str, place: int) -> str:
    """Ids in a document must be unique; every plot's begin with its place."""
    for mark in (' id="', "url(#", 'href="#'):
        svg = svg.replace(mark, f"{mark}s{place}-")
    return svg


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("models.reports", "."), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html.jinja")
