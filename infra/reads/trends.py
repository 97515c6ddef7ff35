"""How the fleet's numbers went, a value a day."""

from dataclasses import dataclass

from infra.clickhouse import ClickHouse
from infra.reads.asking import ASKS, CALLS, PRICED, STANDING
from infra.reads.fleet import DAY_MS
from infra.reads.ranking import Policy

SAMPLE = 2_000
"""Vehicles whose whole risk history is read for one curve; larger fleets are sampled."""


@dataclass(frozen=True)
class Trends:
    """Per day, oldest first, the last one now: vehicles with an alert that asked for somebody, the
    money at stake and vehicles with a lost signal. Each alert counts at its newest amount and
    severity, and not at all while it is quiet now.
    """

    need_you: list[int]
    at_stake: list[float]
    silent: list[int]


@dataclass(frozen=True)
class ExpectedCost:
    """What breakdowns within the next 30 days were expected to cost, by day, oldest first.

    `money` is for the whole fleet; where it was larger than `sampled` vehicles, the sample's sum
    is scaled up to `vehicles`.
    """

    time_ms: list[int]
    money: list[float]
    sampled: int
    vehicles: int


@dataclass(frozen=True)
class Depot:
    """One depot; `need_you` are vehicles with an alert that asks for somebody, `at_stake` is what
    its standing alerts expect to lose within 30 days.
    """

    depot: str
    vehicles: int
    need_you: int
    silent: int
    at_stake: float


def alert_trends(store: ClickHouse, tenant: str, now_ms: int, days: int) -> Trends:
    """The fleet's alerts on each of the last `days` days and now."""
    rows = store.rows(
        f"""
        WITH %(now_ms)s - back * %(day)s AS moment
        SELECT back, uniqExactIf(vehicle_id, calls AND raised <= moment AND taken > moment),
            sumIf(at_stake, priced), uniqExactIf(vehicle_id, condition = 'signal_lost')
        FROM (
            SELECT vehicle_id, condition, at_stake, {CALLS} AS calls, {PRICED} AS priced,
                toUnixTimestamp64Milli(opened) AS since,
                greatest(since, JSONExtractInt(body, 'raised_ms')) AS raised,
                if(state = 'resolved', JSONExtractInt(body, 'resolved_ms'), %(ever)s) AS until,
                multiIf(state = 'open', until, acted > 0, least(acted, until, %(now_ms)s),
                    state = 'acknowledged', since, until) AS taken
            FROM alerts FINAL LEFT JOIN (
                SELECT alert_id, toUnixTimestamp64Milli(max(time)) AS acted
                FROM alert_transitions
                WHERE tenant = %(tenant)s AND after = 'acknowledged' GROUP BY alert_id
            ) AS acts USING (alert_id)
            WHERE tenant = %(tenant)s AND state IN ('open', 'acknowledged', 'resolved')
        ) ARRAY JOIN range(%(days)s + 1) AS back
        WHERE since <= moment AND until > moment
        GROUP BY back
        """,  # noqa: S608 (constants of ours)
        tenant=tenant,
        now_ms=now_ms,
        day=DAY_MS,
        days=days,
        ever=1 << 62,
    )
    found = {int(back): rest for back, *rest in rows}
    series = [found.get(back, [0, 0.0, 0]) for back in range(days, -1, -1)]
    return Trends(
        [int(vehicles) for vehicles, _, _ in series],
        [float(money) for _, money, _ in series],
        [int(lost) for _, _, lost in series],
    )


def expected_cost(store: ClickHouse, tenant: str, policy: Policy, days: int) -> ExpectedCost:
    """The fleet's risk as money, for each of the last `days` days of its clock."""
    every = _sampling(store, tenant)
    rows = store.rows(
        """
        WITH among AS (
            SELECT DISTINCT vehicle_id FROM current_risk
            WHERE tenant = %(tenant)s AND cityHash64(vehicle_id) %% %(every)s = 0)
        SELECT day, sum(stake), uniqExact(vehicle_id) FROM (
            SELECT vehicle_id, intDiv(toUnixTimestamp64Milli(time), %(day)s) AS day,
                arraySum((mode, risk) -> risk
                    * transform(concat(profile, '/', mode), %(keys)s, %(costs)s, 0.),
                    modes, risk_30) AS stake
            FROM risk FINAL
            WHERE tenant = %(tenant)s AND vehicle_id IN among
                AND time >= fromUnixTimestamp64Milli(%(since)s)
            ORDER BY vehicle_id, time DESC LIMIT 1 BY vehicle_id, day
        ) GROUP BY day ORDER BY day
        """,
        tenant=tenant,
        every=every,
        day=DAY_MS,
        keys=list(policy.costs) or [""],
        costs=[float(cost) for cost in policy.costs.values()] or [0.0],
        since=max(0, policy.now_ms - days * DAY_MS),
    )
    times = [int(day) * DAY_MS + DAY_MS // 2 for day, _, _ in rows]
    largest = max((int(count) for _, _, count in rows), default=0)
    return ExpectedCost(
        times, [float(stake) * every for _, stake, _ in rows], largest, largest * every
    )


def depots(store: ClickHouse, tenant: str, policy: Policy) -> list[Depot]:
    """Every depot, most money at stake first."""
    rows = store.rows(
        f"""
        SELECT depot, count(), countIf(asked), countIf(lost), sum(money) FROM (
            SELECT v.depot AS depot, a.asks > 0 AS asked, toFloat64(a.money) AS money,
                a.losses > 0 OR (r.seen > 0 AND r.seen < %(now_ms)s
                    - transform(v.profile, %(keys)s, %(values)s, toInt64(259200000))) AS lost
            FROM (SELECT vehicle_id, depot, profile FROM vehicles FINAL
                  WHERE tenant = %(tenant)s AND depot != '') AS v
            LEFT JOIN (
                SELECT vehicle_id, countIf({ASKS}) AS asks,
                    countIf(condition = 'signal_lost') AS losses, sumIf(at_stake, {PRICED}) AS money
                FROM alerts FINAL WHERE tenant = %(tenant)s AND {STANDING}
                GROUP BY vehicle_id) AS a USING (vehicle_id)
            LEFT JOIN (
                SELECT vehicle_id, toUnixTimestamp64Milli(max(time)) AS seen FROM current_risk
                WHERE tenant = %(tenant)s GROUP BY vehicle_id) AS r USING (vehicle_id)
        ) GROUP BY depot ORDER BY sum(money) DESC, depot LIMIT 200
        """,  # noqa: S608 (constants of ours)
        tenant=tenant,
        now_ms=policy.now_ms,
        keys=list(policy.silent_ms) or [""],
        values=list(policy.silent_ms.values()) or [0],
    )
    return [Depot(depot, int(n), int(a), int(s), float(money)) for depot, n, a, s, money in rows]


def _sampling(store: ClickHouse, tenant: str) -> int:
    """One vehicle in how many is read."""
    rows = store.rows(
        "SELECT uniqExact(vehicle_id) FROM current_risk WHERE tenant = %(tenant)s", tenant=tenant
    )
    return max(1, round(int(rows[0][0]) / SAMPLE))
