"""What to replay and how, and what came of it."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.replay.checkpoint import Checkpoint
from app.replay.pace import Pace
from app.replay.run import Replay, moved
from app.settings import Settings
from infra.kafka import RecordProducer, ensure_topics
from infra.store import ClickHouseStore
from ingest.adapters.files import log_files
from ingest.adapters.formats import FORMATS, Format
from ingest.adapters.reading import ReadOptions


@dataclass(frozen=True)
class Job:
    """`speed` 0 is as fast as it goes; `start_ms` moves the first record there."""

    path: Path
    format: str
    options: ReadOptions
    speed: float = 0.0
    start_ms: int | None = None
    resume: bool = True

    @property
    def form(self) -> Format:
        """The format's adapter."""
        return FORMATS[self.format]

    def files(self) -> list[Path]:
        """The files that are read. Raises DataError when there are none."""
        return log_files(self.path, self.form.belongs)

    def left_out(self) -> list[str]:
        """Names of the folder's files that aren't of this format."""
        files = set(self.files())
        inside = self.path.iterdir() if self.path.is_dir() else ()
        return sorted(file.name for file in inside if file.is_file() and file not in files)


class Replayed(msgspec.Struct, frozen=True):
    """What the log held (`samples` in frames) and how much of it this run sent.

    `resumed_at` counts the items that earlier runs had sent; `complete` is False when the run was
    stopped; `left_out` are files of other formats.
    """

    format: str
    records: int
    frames: int
    samples: int
    events: int
    refused: dict[str, int]
    sent: int
    resumed_at: int
    complete: bool
    left_out: list[str]
    seconds: float


def run_job(settings: Settings, job: Job, stop: threading.Event) -> Replayed:
    """Send the log. Raises UnavailableError, DataError."""
    began = time.monotonic()
    kafka = settings.broker()
    where = (settings.kafka.bootstrap_servers, kafka.topic_prefix)
    options = job.options
    ways = (job.format, options.tenant, options.profile, options.vehicle, job.start_ms, *where)
    checkpoint = Checkpoint.of(settings.home / "replays", job.path, job.files(), *ways)
    skip = checkpoint.load().items if job.resume else 0
    ensure_topics(kafka)
    store = ClickHouseStore(settings.store())
    with RecordProducer(kafka, store.write_dead_letters) as sink:
        replay = Replay(sink, checkpoint, Pace(job.speed), skip, stop)
        items = job.form.read(job.path, options)
        complete = replay.run(items if job.start_ms is None else moved(items, job.start_ms))
    tally = replay.tally
    return Replayed(
        job.format,
        tally.records,
        tally.frames,
        tally.samples,
        tally.events,
        dict(tally.refused),
        replay.sent,
        skip,
        complete,
        job.left_out(),
        round(time.monotonic() - began, 2),
    )
