"""Workers with one mistake each. The harness that doesn't catch them proves nothing."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

import faust.streams
from faust.types import TP

import app.assembly
import app.worker
import features.sequence
import infra.snapshots
from app.flow.keeper import Keeper
from app.flow.order import Cursor
from app.flow.settle import Settlement
from app.flow.trail import Trail
from app.worker import Worker

_COMMIT_S = 0.2
"""Shorter than the time between snapshots, so that the commit is ahead of them."""


@dataclass(frozen=True)
class Mutant:
    """`become` puts the mistake into the worker's process."""

    name: str
    become: Callable[[], None]


def _ack_before_store():
    """The store's acknowledgement isn't waited for."""
    settle = Settlement.settle

    def settle_later(self, effects):
        threading.Timer(1.5, settle, (self, effects)).start()

    Settlement.settle = settle_later


def _plain_take():
    """Faust acknowledges what it handed out, as `Stream.take` does, and commits it by its timer."""
    create = app.assembly.create_app
    held = faust.streams.Stream.noack_take

    async def take(self, most, within):
        async for events in held(self, most, within):
            try:
                yield events
            finally:
                for event in events:
                    await self.ack(event)

    def acked_topic(app, name):
        return app.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

    def prompt_app(*given):
        made = create(*given)
        made.conf.broker_commit_interval = _COMMIT_S
        return made

    faust.streams.Stream.noack_take = take
    app.assembly.create_app = prompt_app
    app.assembly.raw_topic = acked_topic


def _snapshot_after_ack():
    """What is applied is committed, and saved only then."""

    async def save_late(self):
        offsets = self._pipeline.next_offsets()
        if offsets and not self._app.rebalancing:
            await app.worker.commit(self._app, self._name, offsets)
        await self._in_thread(self._pipeline.snapshot)

    Worker._snapshot = save_late


def _shifted(by):
    start = Cursor.__init__

    def shifted(self, next_offset):
        start(self, max(0, next_offset + by) if next_offset else 0)

    Cursor.__init__ = shifted


def _seek_under_flow():
    """The consumer is set to where a snapshot goes on while messages flow, and the log itself isn't
    read: what was fetched meanwhile makes Faust drop what it fetches again.
    """
    start, restore = Worker.__init__, Keeper._restore
    workers = []

    def remembered(self, *given):
        start(self, *given)
        workers.append((self, asyncio.get_running_loop()))

    def set_back(self, number):
        held = restore(self, number)
        worker, loop = workers[-1]
        following = held.partition.cursor.next
        if following:
            work = worker._app.consumer.seek(TP(worker._name, number), following)
            asyncio.run_coroutine_threadsafe(work, loop)
        return held

    Worker.__init__ = remembered
    Keeper._restore = set_back
    Keeper._catch_up = lambda *_: None


def _no_anti_replay():
    """A sequence number that was applied is applied again."""
    accept = features.sequence.accept

    def accept_all(windows, numbers):
        return accept(windows, numbers) * 0

    features.sequence.accept = accept_all


def _unchecked_snapshot():
    """A snapshot is believed unread."""
    infra.snapshots._damage = lambda _: ""


def _eager_commit():
    """The newest snapshot is committed at once: if it is damaged, nothing covers the commit."""

    def saved(self, next_offset):
        self.newest = next_offset
        return self._advance(next_offset)

    Trail.saved = saved


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        Mutant("ack before the store's ack", _ack_before_store),
        Mutant("plain take()", _plain_take),
        Mutant("snapshot after the ack", _snapshot_after_ack),
        Mutant("skips one too many", lambda: _shifted(1)),
        Mutant("skips one too few", lambda: _shifted(-1)),
        Mutant("seek under flow", _seek_under_flow),
        Mutant("no anti-replay", _no_anti_replay),
        Mutant("snapshot believed unchecked", _unchecked_snapshot),
        Mutant("commit without trailing", _eager_commit),
    )
}
