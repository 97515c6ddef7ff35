"""Faust's Kafka consumer, which hands a message on without tasks where there is room for it."""

import inspect
from collections.abc import Coroutine, Generator
from typing import Any

from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP
from mode.services import WaitResults


class Begun:
    """A coroutine that has run as far as it could without waiting. Raises what it raises there;
    to await it is to wait for the rest.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._waits_for: Any = None
        self.done = False
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration:
            self.done = True

    def __await__(self) -> Generator[Any, Any, Any]:
        waits_for = self._waits_for
        while True:
            refused: BaseException | None = None
            answer = None
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001 (a cancellation above all)
                refused = error
            try:
                go_on = self._coroutine
                waits_for = go_on.throw(refused) if refused else go_on.send(answer)
            except StopIteration as end:
                return end.value


class QuickConsumer(Consumer):  # type: ignore[misc]  # faust is untyped here
    """To notice a rebalance while a stream has no room, Faust makes four tasks for every message
    that it hands on. Mostly there is room, and handing on is done before one could begin.

    A partition whose stream is nearly full stays among those that are asked for: the stream has
    one queue for all of them, whose end is waited for anyway. Faust would leave the partition
    out, and find it again only after the log brought something of another one.
    """

    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: who hands on waits for room."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing: no partition was left out."""

    async def wait_first(self, *waited: Any, timeout: Any = None) -> WaitResults:  # noqa: ANN401, ASYNC109 (as Faust has it)
        """What ends first of `waited`; the first of several begins at once."""
        first, *others = waited
        if not others or not all(map(inspect.iscoroutine, waited)):
            return await super().wait_first(*waited, timeout=timeout)
        begun: Begun | None = None
        try:
            begun = Begun(first)
        finally:
            if begun is None or begun.done:
                for one in others:
                    one.close()
        if begun.done:
            return WaitResults([first], [None], stopped=False)
        return await super().wait_first(begun, *others, timeout=timeout)
