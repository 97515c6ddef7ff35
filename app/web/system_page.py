"""`/status`: how the platform itself is."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.api.context import Context, Wired
from app.api.dead_letters import DeadLetters, dead_letters
from app.api.pulse import reading_of
from app.api.status import StatusView, status_view
from app.web.answering import Text, answered
from app.web.pulse import SHOWN_MS, courses
from app.web.render import render
from contracts.errors import TelltaleError
from infra.pulse import Reading, newest_score, readings
from infra.reads.questions import ask_together
from infra.run_files import last, running

router = APIRouter(include_in_schema=False)
_SHOWN = 20


@dataclass(frozen=True)
class Part:
    """A process of this home: `runs` says whether it does, since `began_ms`; memory in MB."""

    name: str
    address: str
    memory_mb: int
    runs: bool
    began_ms: int


@dataclass(frozen=True)
class Stored:
    """What the store knows: what was refused, the readings of the last hour, and the newest score's
    event time with its vehicle.
    """

    letters: DeadLetters
    readings: list[Reading]
    newest_ms: int
    newest_of: str


@router.get("/status")
def status_html(request: Request, context: Wired, part: Text = "") -> Response:
    """How the platform itself is; `part=live` gives only what changes."""

    def work() -> Response:
        template = "_status_live.html" if part == "live" else "status.html"
        return render(request, template, **_shown(context))

    return answered(request, work)


def _shown(context: Context) -> dict[str, Any]:
    status, now_ms = status_view(context), context.wall_ms()
    stored = _stored(context, now_ms)
    counts, parts = stored.letters.counts, _parts(context, status)
    now = reading_of(status, now_ms, stored.newest_ms)
    return {
        "section": "system",
        "status": status,
        "parts": parts,
        "running": sum(one.runs for one in parts),
        "courses": courses(stored.readings, now),
        "behind": now.behind,
        "letters": stored.letters,
        "refused": sum(one.letters for one in counts),
        "refused_today": sum(one.since for one in counts),
        "refused_by_hour": [
            sum(hour) for hour in zip(*(one.by_hour for one in counts), strict=True)
        ],
        "newest_ms": stored.newest_ms,
        "newest_of": stored.newest_of,
        "now_ms": now_ms,
    }


def _stored(context: Context, now_ms: int) -> Stored:
    """What the store knows; nothing while it is away, which the status says."""
    try:
        kept, newest = ask_together(
            context.store, readings(now_ms - SHOWN_MS), newest_score(context.tenant)
        )
        return Stored(dead_letters(context, limit=_SHOWN), kept, *newest)
    except TelltaleError:
        return Stored(DeadLetters([], []), [], 0, "")


def _parts(context: Context, status: StatusView) -> list[Part]:
    """Every process that was started from this home, also those that have ended."""
    alive = {one.name: one for one in status.processes}
    names = {path.stem for path in (context.settings.home / "run").glob("*.json")} | set(alive)
    parts = []
    for name in sorted(names):
        entry = last(context.settings.home, name)
        began_ms = round(1_000 * entry.started) if entry else 0
        if name in alive:
            one = alive[name]
            parts.append(Part(name, one.address, one.memory_mb, runs=True, began_ms=began_ms))
        elif entry and not running(context.settings.home, name):
            parts.append(Part(name, "", 0, runs=False, began_ms=began_ms))
    return parts
