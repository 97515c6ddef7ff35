"""Asking something of an alert, and waiting for what the alerter answers."""

import time
from collections.abc import Callable
from typing import Final

from contracts.alerts import Answer

_EVERY_S: Final = 0.1


def wait_for_answer(
    find: Callable[[], Answer | None],
    limit_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer | None:
    """The answer, or None when none came within `limit_s`. Raises what `find` raises."""
    end = clock() + limit_s
    while True:
        answer = find()
        if answer is not None or clock() >= end:
            return answer
        sleep(min(_EVERY_S, max(0.0, end - clock())))
