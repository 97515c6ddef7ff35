"""Takes what devices send: checks, sends, waits for the broker; says when it is too much."""

import asyncio
import itertools
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from anyio.to_thread import run_sync

from app.access.caller import Caller
from app.access.limits import Buckets
from app.api.kept import Kept
from app.api.problems import ProblemError, too_many
from app.intake.acked import Acked
from app.intake.body import decompress
from app.intake.checks import check
from app.intake.forms import Read, Refused, read_records
from app.intake.ration import Ration
from app.settings import Settings
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from contracts.topics import TELEMETRY, WORKER_GROUP
from infra.acked_producer import MAX_WAITING_BYTES, AckedProducer
from infra.kafka import RecordProducer
from infra.offsets import group_lag
from infra.store import ClickHouseStore

SOURCE = "POST /v1/telemetry"
"""What dead letters of this door name as their topic."""
_BURST = 4
_PATIENCE_S = 2.0
_BEHIND_S = 10.0
_FULL_S = 1.0
_AWAY_S = 5.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Taken:
    """What became of a request's records; `withheld` of the refused got no dead letter."""

    accepted: int
    duplicates: int
    refused: list[Refused]
    withheld: int = 0


@dataclass
class Intake:
    """See the module."""

    settings: Settings
    wall_ms: Callable[[], int]
    on_withheld: Callable[[int], None] = lambda _: None
    _acked: Acked = field(default_factory=Acked)
    # However old: a broker that hangs must hold up who asks for it, not every sender.
    _lag: Kept[int] = field(default_factory=lambda: Kept(2.0, math.inf))
    _ration: Ration = field(default_factory=Ration)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _producer: AckedProducer | None = None
    _refuser: RecordProducer | None = None
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _away: tuple[float, str] = (-math.inf, "")

    def __post_init__(self) -> None:
        rate = self.settings.ingest.records_per_s
        self._buckets = Buckets(rate, rate * _BURST)

    async def take(self, body: bytes, media_type: str, encoding: str, caller: Caller) -> Taken:
        """Send what is sound and wait until the broker has it; refuse the rest.

        Raises ProblemError (400, 413, 415, 422 for the request, 403 or 422 where no record is
        taken, 429 where it is too much now) and UnavailableError. A device that is not answered
        with success sends the same again: what has arrived is a duplicate then.
        """
        await run_sync(self._check_pressure)
        read = await run_sync(self._read, body, media_type, encoding, caller)
        new = [record for record in read.records if not self._acked.has(record)]
        if new:
            producer = await run_sync(self._open_producer)
            await asyncio.wrap_future(producer.send(new))
            self._acked.add(new)
        withheld = 0
        if read.refused:
            withheld = await run_sync(self._dead_letter, read.refused, caller.credential)
        if not read.records:
            raise _all_refused(read.refused, withheld)
        return Taken(len(new), len(read.records) - len(new), read.refused, withheld)

    def close(self) -> None:
        """Send what waits, and close."""
        with self._lock:
            for part in (self._producer, self._refuser):
                if part is not None:
                    part.close()
            self._producer = self._refuser = None

    def _read(self, body: bytes, media_type: str, encoding: str, caller: Caller) -> Read:
        plain = decompress(body, encoding, self.settings.ingest.max_decoded_bytes)
        read = read_records(plain, media_type, caller.tenant)
        count = len(read.records) + len(read.refused)
        wait_s = self._buckets.take(caller.credential, time.monotonic(), count)
        if wait_s:
            raise too_many(
                "More records than this key may send; send the same again later.", wait_s
            )
        check(read, caller, self.wall_ms())
        return read

    def _check_pressure(self) -> None:
        """Raises ProblemError (429) while broker or workers can't keep up."""
        if self._producer and self._producer.waiting_bytes > MAX_WAITING_BYTES:
            raise too_many("The broker is slow; send the same again in a moment.", _FULL_S)
        limit = self.settings.ingest.max_lag
        lag = self._lag.get("", self._ask_lag)
        if lag > limit:
            detail = f"The stream is {lag:,} messages behind (at most {limit:,}); send later."
            raise too_many(detail, _BEHIND_S)

    def _ask_lag(self) -> int:
        """Without a broker 0: who sends will hear of it, and those after him needn't ask again."""
        try:
            return group_lag(self.settings.broker(), WORKER_GROUP, TELEMETRY)
        except UnavailableError:
            return 0

    def _open_producer(self) -> AckedProducer:
        with self._lock:
            if self._producer is None:
                self._producer = self._opened()
            return self._producer

    def _opened(self) -> AckedProducer:
        """One sender finds out that the broker is away; those who waited for him hear it at once,
        or each would hold a thread for as long as he did.
        """
        since, why = self._away
        if time.monotonic() - since < _AWAY_S:
            raise UnavailableError(why)
        try:
            return AckedProducer(self.settings.broker())
        except UnavailableError as error:
            self._away = (time.monotonic(), str(error))
            raise

    def _dead_letter(self, refused: list[Refused], key: str) -> int:
        """Keep what was refused; its sender is told of it as well. How many were too many."""
        now_ms = self.wall_ms()
        kept = self._ration.share(key, refused, now_ms)
        withheld = len(refused) - len(kept)
        if withheld:
            self.on_withheld(withheld)
        if not kept:
            return withheld
        with self._lock:
            if self._refuser is None:
                self._refuser = RecordProducer(self.settings.broker(), self._note_letters)
            for one in kept:
                # A number of its own: letters of one place and reason would replace each other.
                number = now_ms * 1_000 + next(self._numbers) % 1_000
                where = f"record {one.index}, vehicle {one.vehicle_id!r}: {one.detail}"
                self._refuser.refuse(
                    DeadLetter(one.reason, where, SOURCE, 0, number, now_ms, one.payload)
                )
            self._refuser.flush()
        return withheld

    def _note_letters(self, letters: Sequence[DeadLetter]) -> None:
        try:
            ClickHouseStore(self.settings.store(), _PATIENCE_S).write_dead_letters(letters)
        except UnavailableError as error:
            # The letters are safe in Kafka; only their count in the store is late.
            _log.warning("rows of dead letters not stored", reason=str(error))


def _all_refused(refused: list[Refused], withheld: int) -> ProblemError:
    foreign = all(one.reason == "foreign_vehicle" for one in refused)
    errors = [
        {"where": f"records[{one.index}]", "what": f"{one.reason}: {one.detail}"} for one in refused
    ]
    detail = f"None of the {len(refused)} records was taken; the first: {errors[0]['what']}."
    if withheld:
        detail += f" {withheld} were too many to be kept as dead letters."
    if foreign:
        return ProblemError(403, "forbidden", "Not your vehicles", detail, errors=errors)
    return ProblemError(422, "bad-request", "Records not understood", detail, errors=errors)
