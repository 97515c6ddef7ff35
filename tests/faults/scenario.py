"""A scenario by name, and how several lanes of one run side by side."""

import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.faults.ground import Ground
from tests.faults.outcome import Outcome
from tests.faults.size import Size


@dataclass(frozen=True)
class Scenario:
    """`run(ground, size)` gives the rows of the table. `alone`: it harms broker or store, so that
    nothing else may run on the ground meanwhile.
    """

    name: str
    run: Callable[[Ground, Size], list[Outcome]]
    alone: bool = False
    short: bool = True

    def play(self, ground, size):
        """Run it; what it raises is a complaint of its row."""
        began = time.monotonic()
        try:
            outcomes = self.run(ground, size)
        except Exception as error:  # noqa: BLE001 (a row, not the end of the table)
            text = "".join(traceback.format_exception(error)[-3:])
            outcomes = [Outcome(self.name, complaints=[f"{error!r} {text}"])]
        for outcome in outcomes:
            outcome.took_s = time.monotonic() - began
        return outcomes


def each(works, names):
    """Run lanes at the same time; a row of each. What one raises is a complaint of its row."""
    rows = []
    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(work) for work in works]
        for future, name in zip(futures, names, strict=True):
            try:
                rows.append(future.result())
            except Exception as error:  # noqa: BLE001 (as above)
                text = "".join(traceback.format_exception(error)[-2:])
                rows.append(Outcome(name, complaints=[f"{error!r} {text}"]))
    return rows


def side_by_side(name, works):
    """Run lanes at the same time; one row of them all."""
    whole = Outcome(name)
    for outcome in each(works, [name] * len(works)):
        whole.limit_s = outcome.limit_s
        whole.add(outcome)
    return whole
