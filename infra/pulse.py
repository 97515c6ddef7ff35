"""How the platform went, a reading a minute, as stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from infra.clickhouse import ClickHouse
from infra.reads.questions import Question


@dataclass(frozen=True)
class Reading:
    """The platform at `time_ms` (the wall's clock): frames stored, messages that some group has not
    taken yet, the event time of the newest score (0 without one).
    """

    time_ms: int
    frames: int
    behind: int
    newest_ms: int


def write_readings(store: ClickHouse, taken: Sequence[Reading]) -> None:
    """Insert them and wait for the store's acknowledgement. Raises UnavailableError."""
    moment, count = pa.timestamp("ms", "UTC"), pa.uint64()
    store.insert(
        "pulse",
        pa.table(
            {
                "time": pa.array([one.time_ms for one in taken], moment),
                "frames": pa.array([one.frames for one in taken], count),
                "behind": pa.array([one.behind for one in taken], count),
                "newest": pa.array([one.newest_ms for one in taken], moment),
            }
        ),
    )


def readings(since_ms: int) -> Question[list[Reading]]:
    """The readings since then, the oldest first."""
    return Question(
        "SELECT toUnixTimestamp64Milli(time) AS at, frames, behind, "
        "toUnixTimestamp64Milli(newest) AS heard FROM pulse FINAL "
        "WHERE time >= fromUnixTimestamp64Milli(%(since)s) ORDER BY at",
        {"since": since_ms},
        lambda rows: [Reading(*(int(value) for value in row)) for row in rows],
    )


def newest_score(tenant: str) -> Question[tuple[int, str]]:
    """The event time of the tenant's newest score and its vehicle; (0, "") without one."""
    return Question(
        "SELECT toUnixTimestamp64Milli(max(time)) AS heard, argMax(vehicle_id, time) AS vehicle "
        "FROM current_risk WHERE tenant = %(tenant)s",
        {"tenant": tenant},
        lambda rows: (int(rows[0][0]), str(rows[0][1])),
    )
