"""Vehicles in order of money at stake, by current risk and alerts alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.clickhouse import ClickHouse


@dataclass(frozen=True)
class Policy:
    """What turns risk into money and silence into a state.

    `costs`: breakdown cost by "profile/mode"; `silent_ms`: by profile, how long a vehicle may say
    nothing. `now_ms` is the fleet's clock (event time).
    """

    costs: Mapping[str, float]
    silent_ms: Mapping[str, int]
    now_ms: int


@dataclass(frozen=True)
class FleetFilter:
    """Which vehicles; empty means all. `needs` keeps those with an active alert or silent, `silent`
    the latter alone.

    `text` is part of a plate or vehicle id, a whole VIN or its last four. `after` is the place of
    the last vehicle of the page before: (at stake, vehicle).
    """

    profile: str = ""
    depot: str = ""
    mode: str = ""
    text: str = ""
    needs: bool = False
    after: tuple[float, str] | None = None
    limit: int = 50
    silent: bool = False


_EXPECTED = """
SELECT vehicle_id, max(stake) AS expected, max(seen) AS seen_ms, max(named) AS profile FROM (
    SELECT vehicle_id, toUnixTimestamp64Milli(time) AS seen, profile AS named,
        risk_30 * transform(concat(profile, '/', mode), %(cost_keys)s, %(costs)s, 0.) AS stake
    FROM risk_current FINAL WHERE {scored}
    UNION ALL
    SELECT vehicle_id, 0 AS seen, profile AS named, 0. AS stake FROM {others}
) GROUP BY vehicle_id
"""
_STANDING = "state IN ('open', 'acknowledged')"

_ALERTED = f"""
SELECT vehicle_id, countIf(condition = 'risk') AS risks, countIf(condition = 'signal_lost') AS lost,
    sumIf(at_stake, condition = 'risk') AS money,
    argMax(tuple(alert_id, mode, severity), tuple(condition = 'risk',
        indexOf(['watch', 'soon', 'critical'], severity), at_stake, alert_id)) AS top
FROM alerts FINAL
WHERE tenant = %(tenant)s AND {_STANDING}
    AND (%(mode)s = '' OR mode = %(mode)s OR condition = 'signal_lost')
GROUP BY vehicle_id
"""  # noqa: S608 (constants of ours)

_SILENT_BEFORE = (
    "%(now_ms)s - transform(profile, %(silent_keys)s, %(silent_ms)s, toInt64(259200000))"
)

_RANKED = """
SELECT vehicle_id, s.profile AS profile,
    multiIf(a.risks > 0, a.top.3, a.lost > 0 OR (seen_ms > 0 AND seen_ms < {silent_before}),
        'silent', seen_ms = 0, 'unscored', 'ok') AS state,
    a.top.2 AS mode, if(a.risks > 0, a.money, toFloat64(s.expected)) AS at_stake,
    s.seen_ms AS seen_ms, a.top.1 AS alert_id, a.risks + a.lost AS alerts
FROM ({expected}) AS s LEFT JOIN ({alerted}) AS a USING (vehicle_id)
WHERE {conditions}
ORDER BY at_stake DESC, vehicle_id LIMIT %(limit)s
"""

_SILENT = f"""
SELECT vehicle_id FROM (
    SELECT vehicle_id, toUnixTimestamp64Milli(max(time)) AS seen_ms, any(profile) AS profile
    FROM risk_current WHERE tenant = %(tenant)s GROUP BY vehicle_id)
WHERE seen_ms < {_SILENT_BEFORE}
"""  # noqa: S608 (constants of ours)

# What alerts expect to lose outranks the scores, so of those who need someone only the silent are
# scored.
_SCORED_SILENT = f"""(vehicle_id IN %(silent)s OR vehicle_id IN (
    SELECT vehicle_id FROM alerts FINAL
    WHERE tenant = %(tenant)s AND {_STANDING} AND condition = 'signal_lost'))
"""  # noqa: S608 (constants of ours)

_MATCHING = """vehicle_id IN (
    SELECT vehicle_id FROM vehicles FINAL WHERE tenant = %(tenant)s
        AND (%(depot)s = '' OR depot = %(depot)s)
        AND (%(text)s = '' OR positionCaseInsensitiveUTF8(vehicle_id, %(text)s) > 0
            OR positionCaseInsensitiveUTF8(plate, %(text)s) > 0
            OR vin_last4 = upperUTF8(%(text)s) OR (vin_hash = %(vin)s AND vin_hash != '')))
"""


@dataclass(frozen=True)
class Ranked:
    """A vehicle's place; `seen_ms` is 0 where only its alerts were asked."""

    vehicle_id: str
    profile: str
    state: str
    mode: str
    at_stake: float
    seen_ms: int
    alert_id: str
    alerts: int


def rank(
    store: ClickHouse, tenant: str, wanted: FleetFilter, policy: Policy, silent: Sequence[str]
) -> list[Ranked]:
    """The next `limit` vehicles, most money at stake first. `silent` are those that have said
    nothing for too long (`silent_vehicles`); asked for only by those who need someone.
    """
    given = _parameters(tenant, wanted, policy)
    given["vin"] = store.vins.hashed(tenant, wanted.text)
    given["silent"] = list(silent) or [""]
    return [Ranked(*row) for row in store.rows(_ranking(wanted), **given)]


def silent_vehicles(store: ClickHouse, tenant: str, policy: Policy) -> list[str]:
    """Vehicles whose newest score is older than their kind's may be; this reads the whole fleet."""
    given = _parameters(tenant, FleetFilter(), policy)
    return [row[0] for row in store.rows(_SILENT, **given)]


def _ranking(wanted: FleetFilter) -> str:
    """The SQL of one page; every value of `wanted` stays a parameter."""
    among = ["tenant = %(tenant)s"]
    if wanted.profile:
        among.append("profile = %(profile)s")
    if wanted.text or wanted.depot:
        among.append(_MATCHING)
    scored = [*among, "mode = %(mode)s"] if wanted.mode else among
    conditions = ["1"]
    if wanted.mode:
        conditions.append("(s.seen_ms > 0 OR a.risks > 0)")
        conditions.append("(a.risks > 0 OR state != 'silent' OR NOT %(needs)s)")
    if wanted.after:
        conditions.append(
            "(at_stake < %(after_money)s"
            " OR (at_stake = %(after_money)s AND vehicle_id > %(after_vehicle)s))"
        )
    if wanted.needs:
        conditions.append("state IN ('critical', 'soon', 'watch', 'silent')")
    if wanted.silent:
        conditions.append("state = 'silent'")
    if wanted.needs or wanted.silent:
        scored = [*scored, _SCORED_SILENT]
        others = f"alerts FINAL WHERE {' AND '.join([*among, _STANDING])}"
    else:
        others = f"vehicles WHERE {' AND '.join(among)}"
    return _RANKED.format(
        silent_before=_SILENT_BEFORE,
        expected=_EXPECTED.format(scored=" AND ".join(scored), others=others),
        alerted=_ALERTED,
        conditions=" AND ".join(conditions),
    )


def _parameters(tenant: str, wanted: FleetFilter, policy: Policy) -> dict[str, Any]:
    money, vehicle = wanted.after or (0.0, "")
    return {
        "tenant": tenant,
        "profile": wanted.profile,
        "depot": wanted.depot,
        "mode": wanted.mode,
        "text": wanted.text,
        "needs": int(wanted.needs),
        "after_money": money,
        "after_vehicle": vehicle,
        "limit": wanted.limit,
        "now_ms": policy.now_ms,
        "cost_keys": list(policy.costs) or [""],
        "costs": [float(cost) for cost in policy.costs.values()] or [0.0],
        "silent_keys": list(policy.silent_ms) or [""],
        "silent_ms": list(policy.silent_ms.values()) or [0],
    }
