"""The few numbers that say how the fleet is."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse
from infra.reads.asking import ASKS, PRICED, STANDING
from infra.reads.fleet import DAY_MS
from infra.reads.questions import Question, Rows, ask_together
from infra.reads.ranking import Policy

WARNED_DAYS = 90
_COURSE_DAYS = 30
"""How far back failures are counted, and how long before one an alert counts as a warning."""


@dataclass(frozen=True)
class AskingCount:
    """Vehicles with an alert that asks for somebody, by the worst of these; `newest_day` of them
    got one in the last 24 h. `at_stake` is the money of all standing alerts.
    """

    critical: int
    soon: int
    newest_day: int
    at_stake: float


@dataclass(frozen=True)
class VehicleCounts:
    """`silent_since_ms` is when the longest silent was heard last, `newest_ms` the newest score's
    event time; both 0 where there is none.
    """

    vehicles: int
    silent: int
    silent_since_ms: int
    newest_ms: int


@dataclass(frozen=True)
class Warned:
    """Failures of the last 90 days, how many had an alert before, and the median days between.
    `by_day`: of these, how many had come by the end of each of the last 30 days and now.
    """

    failures: int
    warned: int
    median_days: float | None
    by_day: list[int]


@dataclass(frozen=True)
class Choices:
    """Profiles, depots and models that the fleet has, in order."""

    profiles: list[str]
    depots: list[str]
    models: list[str]


@dataclass(frozen=True)
class Counts:
    """All numbers at once."""

    asking: AskingCount
    vehicles: VehicleCounts
    warned: Warned
    profiles: list[str]


def choices(store: ClickHouse, tenant: str) -> Choices:
    """What one can narrow the fleet to."""
    return Choices(*ask_together(store, profiles(tenant), depots(tenant), models(tenant)))


def all_counts(store: ClickHouse, tenant: str, policy: Policy) -> Counts:
    """The fleet's numbers at the policy's time."""
    return Counts(
        *ask_together(
            store,
            asking_count(tenant, policy.now_ms),
            vehicle_counts(tenant, policy),
            warned_count(tenant, policy.now_ms),
            profiles(tenant),
        )
    )


def asking_count(tenant: str, now_ms: int) -> Question[AskingCount]:
    """Who needs somebody, and what is at stake."""
    return Question(
        f"""
        SELECT countIf(worst = 'critical') AS critical, countIf(worst = 'soon') AS soon,
            countIf(young) AS day, sum(money) AS stake
        FROM (
            SELECT vehicle_id,
                argMaxIf(severity, indexOf(['soon', 'critical'], severity), {ASKS}) AS worst,
                max({ASKS} AND toUnixTimestamp64Milli(opened) >= %(since)s) AS young,
                sumIf(at_stake, {PRICED}) AS money
            FROM alerts FINAL WHERE tenant = %(tenant)s AND {STANDING}
            GROUP BY vehicle_id
        )
        """,  # noqa: S608 (constants of ours)
        {"tenant": tenant, "since": now_ms - DAY_MS, "now_ms": now_ms},
        lambda rows: AskingCount(*rows[0]),
    )


def vehicle_counts(tenant: str, policy: Policy) -> Question[VehicleCounts]:
    """Counts over every vehicle that is registered or scored."""
    return Question(
        """
        SELECT count() + (
                SELECT count() FROM vehicles FINAL
                WHERE tenant = %(tenant)s AND vehicle_id NOT IN (
                    SELECT vehicle_id FROM current_risk WHERE tenant = %(tenant)s)
            ) AS vehicles,
            countIf(silent) AS quiet, minIf(seen, silent) AS first, max(seen) AS newest
        FROM (
            SELECT toUnixTimestamp64Milli(time) AS seen,
                seen < %(now_ms)s - transform(profile, %(keys)s, %(values)s, toInt64(259200000))
                OR vehicle_id IN (
                    SELECT vehicle_id FROM alerts FINAL WHERE tenant = %(tenant)s
                        AND condition = 'signal_lost' AND state IN ('open', 'acknowledged')
                ) AS silent
            FROM current_risk FINAL WHERE tenant = %(tenant)s
        )
        """,
        {
            "tenant": tenant,
            "now_ms": policy.now_ms,
            "keys": list(policy.silent_ms) or [""],
            "values": list(policy.silent_ms.values()) or [0],
        },
        lambda rows: VehicleCounts(*(int(value) for value in rows[0])),
    )


def warned_count(tenant: str, now_ms: int) -> Question[Warned]:
    """How many of the failures of the last 90 days an alert announced."""
    return Question(
        """
        SELECT count() AS failures, countIf(lead > 0) AS warned,
            medianIf(lead, lead > 0) AS middle,
            groupArrayIf(intDiv(%(now)s - failed, %(day)s), lead > 0) AS ago
        FROM (
            SELECT f.vehicle_id, f.mode, f.failed,
                max(if(a.opened < f.failed AND a.opened >= f.failed - %(span)s,
                    f.failed - a.opened, 0)) AS lead
            FROM (
                SELECT vehicle_id, code AS mode, toUnixTimestamp64Milli(time) AS failed
                FROM events FINAL
                WHERE tenant = %(tenant)s AND kind = 'failure'
                    AND time >= fromUnixTimestamp64Milli(%(since)s)
            ) AS f LEFT JOIN (
                SELECT vehicle_id, mode, toUnixTimestamp64Milli(opened) AS opened
                FROM alerts FINAL WHERE tenant = %(tenant)s AND condition = 'risk'
            ) AS a USING (vehicle_id, mode)
            GROUP BY f.vehicle_id, f.mode, f.failed
        )
        """,
        {
            "tenant": tenant,
            "now": now_ms,
            "day": DAY_MS,
            "since": max(0, now_ms - WARNED_DAYS * DAY_MS),
            "span": WARNED_DAYS * DAY_MS,
        },
        _warned,
    )


def _warned(rows: Rows) -> Warned:
    failures, warned, lead, ago = rows[0]
    course = [sum(int(one) >= back for one in ago) for back in range(_COURSE_DAYS, -1, -1)]
    return Warned(int(failures), int(warned), lead / DAY_MS if warned else None, course)


def depots(tenant: str) -> Question[list[str]]:
    """Depots that vehicles are registered at."""
    return _registered(tenant, "depot")


def models(tenant: str) -> Question[list[str]]:
    """Models that vehicles are registered as."""
    return _registered(tenant, "model")


def _registered(tenant: str, column: str) -> Question[list[str]]:
    return Question(
        f"SELECT DISTINCT {column} FROM vehicles FINAL "  # noqa: S608 (columns of ours)
        f"WHERE tenant = %(tenant)s AND {column} != '' ORDER BY {column} LIMIT 1000",
        {"tenant": tenant},
        lambda rows: [row[0] for row in rows],
    )


def profiles(tenant: str) -> Question[list[str]]:
    """Profiles that vehicles are registered or scored under."""
    return Question(
        "SELECT DISTINCT profile FROM (SELECT profile FROM vehicles WHERE tenant = %(tenant)s "
        "UNION ALL SELECT profile FROM current_risk WHERE tenant = %(tenant)s) ORDER BY profile",
        {"tenant": tenant},
        lambda rows: [row[0] for row in rows],
    )
