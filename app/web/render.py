"""Templates to pages, in the viewer's language and units."""

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as PageContext

from alerts.units import inner
from app.access.caller import Caller
from app.access.rules import rule_of
from app.web import sparks
from app.web.formats import Formats
from app.web.units import CONVERSIONS, retold
from app.web.viewer import Viewer, viewer_of

MENU = (
    ("fleet", "/"),
    ("alerts", "/alerts"),
    ("workorders", "/workorders"),
    ("lab", "/lab"),
    ("system", "/status"),
)
_FORMATS = ("whole", "money", "percent", "spread", "number", "measure", "span", "when", "date")


def viewer(request: Request) -> Viewer:
    """Who looks."""
    return viewer_of(request.cookies, request.headers.get("accept-language", ""))


def render(request: Request, name: str, code: int = 200, /, **values: object) -> HTMLResponse:
    """A page or a part of one. `section` names the entry of the menu that is lit."""
    looks = viewer(request)
    caller: Caller | None = getattr(request.state, "caller", None)

    def may(method: str, path: str) -> bool:
        return caller is not None and caller.role in rule_of(method, path).roles

    given: dict[str, Any] = {
        "section": "",
        "q": "",
        "viewer": looks,
        "t": looks.texts,
        "formats": Formats(looks),
        "path": request.url.path,
        "caller": caller,
        "menu": [entry for entry in MENU if may("GET", entry[1])],
        "may": may,
        **values,
    }
    html = _templates().get_template(name).render(given)
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(html, code, headers)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("app.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in _FORMATS:
        environment.filters[name] = _by_viewer(name)
    environment.filters["local"] = _local
    environment.filters["spark"] = sparks.spark
    environment.filters["band_spark"] = sparks.band_spark
    environment.filters["segment"] = lambda text: quote(text, safe="")
    environment.filters["inner"] = inner
    environment.filters["outer"] = _outer
    environment.globals["script_words"] = _script_words
    return environment


def _by_viewer(name: str) -> Callable[..., object]:
    @pass_context
    def apply(context: PageContext, *given: object) -> object:
        return getattr(context["formats"], name)(*given)

    return apply


@pass_context
def _local(context: PageContext, english: str) -> str:
    looks: Viewer = context["viewer"]
    return looks.texts.local(retold(english, looks.units))


def _outer(text: str) -> str:
    """As it begins a line: "oil pressure" -> "Oil pressure"."""
    return text[:1].upper() + text[1:]


def _script_words(looks: Viewer) -> str:
    """What the scripts need: their texts and the viewer's units, as JSON."""
    texts = {
        key.removeprefix("script."): text
        for key, text in looks.texts.words.items()
        if key.startswith("script.")
    }
    given = {"words": texts, "units": CONVERSIONS[looks.units]}
    return msgspec.json.encode(given).decode()
