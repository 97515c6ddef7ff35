"""Tells people of alerts: changes come from the `alerts` topic, go through the outbox, and out.

What came in is committed once the outbox has it; a change that comes twice is known there.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import structlog

from alerts.message import Message, message_of
from alerts.routing import Entry, entries
from contracts.errors import UnavailableError
from contracts.notices import decode_notice
from features.profile import Profile
from infra.notify.config import Config, Target
from infra.notify.outbox import KEPT_MS, Delivery, Outbox
from infra.notify.send import Sent
from infra.topic_reader import Sent as Incoming

GROUP: Final = "telltale-notifier"
FIRST_LOOK_MS: Final = 3_600_000
"""How old a change may be that a notifier tells of when it runs for the first time."""
GIVE_UP_MS: Final = 3 * 86_400_000
"""A receiver that hasn't answered for three days is given up."""
_FIRST_MS: Final = 5_000
_LONGEST_MS: Final = 3_600_000
_IDLE_S: Final = 0.25
_FORGET_MS: Final = 3_600_000
_THREADS: Final = 8

_log = structlog.get_logger(__name__)


class Notices(Protocol):
    """The `alerts` topic, read as a member of a group (infra/topic_reader.py)."""

    def poll(self) -> Sequence[Incoming]:
        """What came since. Raises UnavailableError."""
        ...

    def commit(self) -> None:
        """All that was polled is dealt with. Raises UnavailableError."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


Send = Callable[[Target, str, Message], Sent]
"""Sends one message once: target, the delivery's id, what it says."""


@dataclass(frozen=True)
class Outside:
    """What the notifier reaches. `wall_ms` is the wall's clock: people live by it. `profiles` by
    name say what parts are called.
    """

    notices: Notices
    outbox: Outbox
    send: Send
    wall_ms: Callable[[], int]
    profiles: Mapping[str, Profile]
    base_url: str = ""


class Notifier:
    """Runs until `stop` is set: one thread takes changes in, others send."""

    def __init__(self, config: Config, outside: Outside, stop: threading.Event) -> None:
        self._config, self._outside, self._stop = config, outside, stop
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="notify")
        self._busy: set[str] = set()
        self._forgot_ms = 0
        self._intake = threading.Thread(target=self._take_in, name="intake", daemon=True)

    def run(self) -> None:
        """Until told to stop; what is being sent is waited for."""
        self._intake.start()
        while not self._stop.wait(_IDLE_S):
            self.turn()
        self._pool.shutdown()
        self._intake.join()
        self._outside.notices.close()

    def take_in(self) -> int:
        """Route what came; how many changes that were. Raises UnavailableError."""
        found = self._outside.notices.poll()
        if not found:
            return 0
        now_ms = self._outside.wall_ms()
        due: list[Entry] = []
        for one in found:
            try:
                notice = decode_notice(one.payload)
            except msgspec.DecodeError as error:
                _log.error("a change can't be read and is not told", reason=str(error))
                continue
            due += entries(notice, self._config.routes, now_ms)
        self._outside.outbox.add(due)
        self._outside.notices.commit()
        return len(found)

    def turn(self) -> None:
        """Send what is due, a message a target at a time."""
        now_ms, outbox = self._outside.wall_ms(), self._outside.outbox
        outbox.gather(now_ms)
        for delivery in outbox.due(now_ms, tuple(self._busy)):
            self._busy.add(delivery.target)
            self._pool.submit(self._try, delivery)
        if now_ms - self._forgot_ms > _FORGET_MS:
            self._forgot_ms = now_ms
            outbox.forget(now_ms - KEPT_MS)

    def _take_in(self) -> None:
        while not self._stop.is_set():
            try:
                self.take_in()
            except UnavailableError as error:
                _log.warning("changes can't be read; trying again", reason=str(error))
                self._outside.notices.close()
                self._stop.wait(1.0)

    def _try(self, delivery: Delivery) -> None:
        try:
            self.deliver(delivery)
        except Exception as error:  # noqa: BLE001 (one message must not end the others)
            _log.error("a message could not be sent", target=delivery.target, exc_info=error)
            later = self._outside.wall_ms() + _LONGEST_MS
            self._outside.outbox.again(delivery.delivery_id, repr(error), later)
        finally:
            self._busy.discard(delivery.target)

    def deliver(self, delivery: Delivery) -> None:
        """One try of one delivery."""
        outbox, identity = self._outside.outbox, delivery.delivery_id
        target = self._config.target(delivery.target)
        if target is None:
            outbox.give_up(identity, "its target is not configured any more")
            return
        outside = self._outside
        message = message_of(outbox.notices(identity), outside.base_url, outside.profiles)
        sent = outside.send(target, identity, message)
        now_ms = self._outside.wall_ms()
        if sent.answered:
            outbox.answered(identity, sent.detail)
        elif sent.gone or now_ms - delivery.made_ms >= GIVE_UP_MS:
            _log.error("given up", target=target.name, reason=sent.detail)
            outbox.give_up(identity, sent.detail)
        else:
            wait_ms = max(backoff_ms(delivery.tries), round(1_000 * sent.wait_s))
            _log.warning("not taken; trying again", target=target.name, reason=sent.detail)
            outbox.again(identity, sent.detail, now_ms + wait_ms)


def backoff_ms(tries: int) -> int:
    """5 s, 10 s, 20 s ... up to an hour."""
    return int(min(_LONGEST_MS, _FIRST_MS * 2 ** min(tries, 20)))


def wall_ms() -> int:
    """Now, Unix milliseconds."""
    return time.time_ns() // 1_000_000
