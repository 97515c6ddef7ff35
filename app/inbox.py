"""Messages that wait for the pipeline: what arrives during one batch makes the next."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from typing import Final

from app.flow.message import Incoming

MAX_BYTES: Final = 24 * 1024 * 1024
"""Payloads that may wait, so that memory stays bounded however large the messages are."""


class Inbox:
    """Holds up to `limit` messages and about `MAX_BYTES`; who puts more waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Incoming] = deque()
        self._bytes = 0
        self._changed = asyncio.Condition()

    async def put(self, messages: Sequence[Incoming]) -> None:
        """Add messages, once there is room."""
        async with self._changed:
            await self._changed.wait_for(self._has_room)
            self._waiting.extend(messages)
            self._bytes += sum(len(message.payload) for message in messages)
            self._changed.notify_all()

    async def take(self) -> list[Incoming]:
        """All that wait, in order; waits for the first."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._waiting))
            found = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            self._changed.notify_all()
            return found

    async def drop(self, partitions: Collection[int]) -> None:
        """Forget messages of these partitions; who waited for room has it."""
        async with self._changed:
            kept = [message for message in self._waiting if message.partition not in partitions]
            self._waiting = deque(kept)
            self._bytes = sum(len(message.payload) for message in kept)
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)

    def _has_room(self) -> bool:
        return len(self._waiting) < self._limit and self._bytes < MAX_BYTES
