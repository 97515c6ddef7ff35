import asyncio
from collections.abc import Coroutine
from typing import Any

from app.flow.message import Incoming
from app.inbox import Inbox


def _message(partition: int, offset: int) -> Incoming:
    return Incoming(partition, offset, 0, b"x")


async def _full(late: Incoming) -> tuple[Inbox, asyncio.Task[None]]:
    """An inbox with room for one message that has one, and who waits to put another."""
    inbox = Inbox(1)
    await inbox.put([_message(0, 1)])
    more = asyncio.create_task(inbox.put([late]))
    await asyncio.sleep(0.05)
    assert not more.done()
    return inbox, more


def _done_in_time(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 5))


def test_what_waits_is_taken_in_order_and_at_once() -> None:
    async def story() -> None:
        inbox = Inbox(2)
        first, second = _message(0, 1), _message(1, 7)
        await inbox.put([first])
        await inbox.put([second])
        assert await inbox.take() == [first, second]
        assert len(inbox) == 0

    _done_in_time(story())


def test_who_puts_into_a_full_inbox_waits_until_it_was_taken() -> None:
    async def story() -> None:
        inbox, more = await _full(_message(0, 2))
        assert [one.offset for one in await inbox.take()] == [1]
        await more
        assert [one.offset for one in await inbox.take()] == [2]

    _done_in_time(story())


def test_who_waits_for_room_goes_on_when_a_partition_is_lost() -> None:
    # Otherwise nothing would be left to take, and nobody would ever put again.
    async def story() -> None:
        inbox, more = await _full(_message(3, 2))
        await inbox.drop([0])
        await more
        assert await inbox.take() == [_message(3, 2)]

    _done_in_time(story())
