"""Named points of a batch at which a worker does something bad to itself.

`FAULTS_POINT` = "point:pass:deed", e.g. "after the store's ack:7:kill": at the seventh pass.
"""

import os
import signal
import sys
import time

from app import assembly, worker
from app.flow import partition
from app.flow.partition import Partition
from app.flow.settle import Settlement
from infra.snapshots import FolderSnapshots

AFTER_DECODE = "after decode"
AFTER_FEATURES = "after features"
AFTER_STORE = "after the store's ack"
AFTER_RISK = "after the risk publish"
DURING_SNAPSHOT = "during the snapshot"
AFTER_SNAPSHOT = "after the snapshot"
AFTER_ACK = "after the ack"
POINTS = (
    AFTER_DECODE,
    AFTER_FEATURES,
    AFTER_STORE,
    AFTER_RISK,
    DURING_SNAPSHOT,
    AFTER_SNAPSHOT,
    AFTER_ACK,
)

DEEDS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "freeze": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "hang": lambda: time.sleep(3_600),
}


class _Trap:
    def __init__(self, text):
        self.point, passes, deed = text.split(":")
        self.left, self.deed = int(passes), DEEDS[deed]

    def passed(self, point):
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                sys.stderr.write(f"trap: {point}\n")
                sys.stderr.flush()
                self.deed()


def _after(trap, point, work):
    def done(*given, **named):
        found = work(*given, **named)
        trap.passed(point)
        return found

    return done


def set_trap(text):
    """Wrap the pieces of the batch so that the deed is done at its point."""
    trap = _Trap(text)
    partition.decode = _after(trap, AFTER_DECODE, partition.decode)
    Partition.apply = _after(trap, AFTER_FEATURES, Partition.apply)
    Settlement._write = _after(trap, AFTER_STORE, Settlement._write)
    Settlement._publish = _after(trap, AFTER_RISK, Settlement._publish)
    FolderSnapshots.save = _after(trap, AFTER_SNAPSHOT, FolderSnapshots.save)
    _halve_writes(trap)
    commit = worker.commit

    async def committed(*given):
        found = await commit(*given)
        trap.passed(AFTER_ACK)
        return found

    worker.commit = committed


def _halve_writes(trap):
    """The deed of `DURING_SNAPSHOT` finds half of the file written."""

    class Halved(FolderSnapshots):
        def _write(self, folder, path, payload):
            if trap.point == DURING_SNAPSHOT and trap.left == 1:
                self._files.makedirs(folder, exist_ok=True)
                with self._files.open(f"{folder}/.half.tmp", "wb") as file:
                    file.write(payload[: len(payload) // 2])
            trap.passed(DURING_SNAPSHOT)
            super()._write(folder, path, payload)

    assembly.FolderSnapshots = Halved
