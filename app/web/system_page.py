"""`/status`: how the platform itself is."""

from dataclasses import dataclass
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api.context import Context, Wired
from app.api.dead_letters import DeadLetters, dead_letters
from app.api.status import StatusView, status_view
from app.web.answering import Text, answered
from app.web.pulse import Pulse, behind
from app.web.render import render
from contracts.errors import TelltaleError
from infra.run_files import last, running

router = APIRouter(include_in_schema=False)
_SHOWN = 20


@dataclass(frozen=True)
class Part:
    """A process of this home: `runs` says whether it does; memory in MB."""

    name: str
    address: str
    memory_mb: int
    runs: bool


@router.get("/status")
def status_html(request: Request, context: Wired, part: Text = "") -> Response:
    """How the platform itself is; `part=live` gives only what changes."""

    def work() -> Response:
        template = "_status_live.html" if part == "live" else "status.html"
        return render(request, template, **_shown(request, context))

    return answered(request, work)


def _shown(request: Request, context: Context) -> dict[str, Any]:
    status = status_view(context)
    pulse = _pulse(request)
    pulse.read(status)
    letters, newest = _stored(context)
    parts = _parts(context, status)
    return {
        "section": "system",
        "status": status,
        "parts": parts,
        "running": sum(one.runs for one in parts),
        "rates": pulse.rates(),
        "lags": pulse.lags(),
        "behind": behind(status),
        "letters": letters,
        "refused": sum(one.letters for one in letters.counts),
        "refused_today": sum(one.since for one in letters.counts),
        "newest_ms": newest,
        "now_ms": context.wall_ms(),
    }


def _stored(context: Context) -> tuple[DeadLetters, int]:
    """What the store knows; nothing while it is away, which the status says."""
    try:
        return dead_letters(context, limit=_SHOWN), context.summary().data_ms
    except TelltaleError:
        return DeadLetters([], []), 0


def _parts(context: Context, status: StatusView) -> list[Part]:
    """Every process that was started from this home, also those that have ended."""
    alive = {one.name: one for one in status.processes}
    names = {path.stem for path in (context.settings.home / "run").glob("*.json")} | set(alive)
    parts = []
    for name in sorted(names):
        if name in alive:
            parts.append(Part(name, alive[name].address, alive[name].memory_mb, runs=True))
        elif last(context.settings.home, name) and not running(context.settings.home, name):
            parts.append(Part(name, "", 0, runs=False))
    return parts


def _pulse(request: Request) -> Pulse:
    """The readings of this process."""
    state = request.app.state
    if not hasattr(state, "pulse"):
        state.pulse = Pulse()
    return cast("Pulse", state.pulse)
