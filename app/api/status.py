"""`/api/status`, `/metrics`, `/healthz`: how the platform itself is."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.api.context import Context, Wired
from app.cli.status import Status, gather

router = APIRouter(tags=["status"])


@dataclass(frozen=True)
class ProcessView:
    """A running process of this home."""

    name: str
    pid: int
    address: str
    memory_mb: int


@dataclass(frozen=True)
class TopicView:
    """A topic: messages that it holds and lag by consumer group."""

    topic: str
    messages: int
    lag: dict[str, int]


@dataclass(frozen=True)
class StatusView:
    """Everything that runs and is stored; `problems` says what couldn't be asked, and why."""

    processes: list[ProcessView]
    topics: list[TopicView]
    tables: dict[str, int]
    dead_letters: dict[str, int]
    champions: dict[str, str]
    problems: list[str]


@dataclass(frozen=True)
class Health:
    """This process answers."""

    status: str


def status_view(context: Context) -> StatusView:
    """What `telltale status` tells."""
    found: Status = gather(context.settings)
    return StatusView(
        [ProcessView(one.name, one.pid, one.address, one.memory_mb) for one in found.processes],
        [TopicView(one.topic, one.messages, one.lag) for one in found.topics],
        found.tables,
        found.dead_letters,
        found.champions,
        found.problems,
    )


@router.get("/api/status")
def status(context: Wired) -> StatusView:
    """Processes, topics with lag, rows by table, dead letters by reason, champions."""
    return status_view(context)


@router.get("/healthz")
def healthz() -> Health:
    """Whether the API answers; it asks nobody else."""
    return Health("ok")


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    text = generate_latest(request.app.state.metrics.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
