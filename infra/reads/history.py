"""What one vehicle's signals and events were."""

from dataclasses import dataclass

from contracts.batches import Floats, Ints
from contracts.records import EventKind
from infra.arrow_rows import matrix
from infra.clickhouse import ClickHouse
from infra.reads.questions import Question

MAX_FRAMES = 60_000
"""Newest frames that are read for one picture."""


@dataclass(frozen=True)
class Means:
    """Means of all signals: `time_ms` [frames], oldest first, `values` [frames x signals]."""

    time_ms: Ints
    values: Floats


@dataclass(frozen=True)
class Happening:
    """An event of a vehicle."""

    time_ms: int
    kind: EventKind
    code: str
    detail: dict[str, str]


def frame_means(
    store: ClickHouse, vehicle: tuple[str, str, str], since_ms: int, signals: int
) -> Means:
    """Means of the frames of (tenant, profile, vehicle id) since then, the newest 60,000.

    Frames of a profile version with another number of signals are left out.
    """
    tenant, profile, vehicle_id = vehicle
    table = store.arrow(
        """
        SELECT toUnixTimestamp64Milli(time) AS t, mean FROM summaries FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time >= fromUnixTimestamp64Milli(%(since)s) AND length(mean) = %(signals)s
        ORDER BY time DESC LIMIT %(limit)s
        """,
        tenant=tenant,
        profile=profile,
        vehicle=vehicle_id,
        since=since_ms,
        signals=signals,
        limit=MAX_FRAMES,
    )
    times: Ints = table.column("t").to_numpy()[::-1]
    return Means(times, matrix(table.column("mean"), signals)[::-1])


def happenings(
    vehicle: tuple[str, str, str], since_ms: int, limit: int = 500, kind: str = ""
) -> Question[list[Happening]]:
    """Events of (tenant, profile, vehicle id) since then, the newest first; of one `kind`, if it
    is given.
    """
    tenant, profile, vehicle_id = vehicle
    return Question(
        """
        SELECT toUnixTimestamp64Milli(time) AS at, kind, code, detail FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND time >= fromUnixTimestamp64Milli(%(since)s)
            AND (%(kind)s = '' OR kind = %(kind)s)
        ORDER BY time DESC, kind, code LIMIT %(limit)s
        """,
        {
            "tenant": tenant,
            "profile": profile,
            "vehicle": vehicle_id,
            "since": since_ms,
            "limit": limit,
            "kind": kind,
        },
        lambda rows: [Happening(at, kind, code, dict(detail)) for at, kind, code, detail in rows],
    )
