"""`/display`: remembers language, units and theme in cookies."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from app.web.texts import LANGUAGES
from app.web.viewer import KEEP_S, THEMES, UNITS

router = APIRouter(include_in_schema=False)
Choice = Annotated[str, Form(max_length=20)]


@router.post("/display")
def choose(
    language: Choice = "",
    units: Choice = "",
    theme: Choice = "",
    back: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Keep the choices and go back to the page; what isn't known is left as it was."""
    response = RedirectResponse(own(back), 303)
    for name, value, known in (
        ("language", language, LANGUAGES),
        ("units", units, UNITS),
        ("theme", theme, THEMES),
    ):
        if value in known:
            response.set_cookie(name, value, max_age=KEEP_S, samesite="lax")
    return response


def own(address: str) -> str:
    """An address of ours: a page of another site is no way back."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and not parts.netloc and address.isprintable() else "/"
