"""A browser's EventSource over a socket: reads `/api/stream` and hands on every event."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from benchmarks.served import Served

Heard = Callable[[str, bytes, float], None]
"""Takes an event's kind, its data, and when it came (monotonic seconds)."""
_LINE = 1 << 20


class Listener:
    """One connection, open until closed. `failed` says why it isn't any more."""

    def __init__(self, served: Served, number: int, heard: Heard, query: str = "") -> None:
        self._served, self._heard = served, heard
        self._headers = served.headers[number % len(served.headers)]
        self._path = f"/api/stream{query}"
        self._task: asyncio.Task[None] | None = None
        self.open = asyncio.Event()
        self.failed = ""

    async def start(self) -> None:
        """Returns once the server has begun to answer."""
        self._task = asyncio.create_task(self._run())
        await asyncio.wait_for(self.open.wait(), 60)

    async def close(self) -> None:
        """Hang up."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._served.port, limit=_LINE)
        try:
            told = {"Host": f"127.0.0.1:{self._served.port}", **self._headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            writer.write(f"GET {self._path} HTTP/1.1\r\n{lines}\r\n".encode())
            status = await reader.readline()
            if b" 200 " not in status:
                self.failed = status.decode()
            self.open.set()
            await self._read(reader)
            self.failed = self.failed or "the server hung up"
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """An event is sent as one chunk, so its lines are whole; chunk sizes start with none of
        the fields' names.
        """
        kind = ""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                self._heard(kind, line[6:], time.monotonic())
