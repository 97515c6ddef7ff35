"""A small TCP proxy that can cut, hold and slow what passes: the network between two processes."""

import asyncio
import contextlib
import threading

_CHUNK = 64 * 1024


class Proxy:
    """Forwards a port of loopback to another; runs in a thread of its own.

    `cut`: connections are reset and new ones refused. `hold`: connections stay, nothing passes, and
    what was sent arrives after `heal`, as TCP's retransmission brings it. `slow`: what the server
    answers takes so many seconds more. `tls`: a context with which clients are served.
    """

    def __init__(self, target, port=0, tls=None):
        self.target, self.port, self._tls = target, port, tls
        self._delay = 0.0
        self._pairs = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{target}", daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def cut(self):
        self._do(self._cut())

    def hold(self):
        self._do(self._hold())

    def slow(self, seconds):
        self._delay = seconds

    def heal(self):
        self._delay = 0.0
        self._do(self._heal())

    def close(self):
        self._do(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work):
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._passes = asyncio.Event()
        self._passes.set()
        self._server = None
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(_end(asyncio.all_tasks(self._loop)))

    async def _listen(self):
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls, start_serving=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self):
        if self._server:
            self._server.close()
            self._server = None
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def _hold(self):
        self._passes.clear()

    async def _heal(self):
        self._passes.set()
        if self._server is None:
            await self._listen()

    async def _serve(self, reader, writer):
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, forth)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pump(reader, forth), self._pump(back, writer, slowed=True))
        finally:
            self._pairs.discard(pair)
            for one in pair:
                one.transport.abort()

    async def _pump(self, source, sink, *, slowed=False):
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                if slowed and self._delay:
                    await asyncio.sleep(self._delay)
                await self._passes.wait()
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError, RuntimeError):
            sink.close()


async def _end(tasks):
    """Cancel, and let the loop close what they had open."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.05)
