"""The fleet in order of money at stake, and its counts, from current risk and alerts alone."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.clickhouse import ClickHouse

DAY_MS = 86_400_000


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


@dataclass(frozen=True)
class FleetRow:
    """A vehicle as ranked: `state` is critical, soon, watch, silent, ok or unscored.

    `mode` is the alert's, else the one that costs most; risks are probabilities, None without a
    score; `seen_ms` is 0 without one.
    """

    vehicle_id: str
    profile: str
    plate: str
    vin_last4: str
    vin_sealed: str
    model: str
    depot: str
    state: str
    mode: str
    risk_7: float | None
    risk_30: float | None
    risk_90: float | None
    rul: float | None
    rul_low: float | None
    rul_high: float | None
    at_stake: float
    seen_ms: int
    alert_id: str
    alerts: int


_EXPECTED = """
SELECT vehicle_id, max(stake) AS expected, max(seen) AS seen_ms, max(named) AS profile FROM (
    SELECT vehicle_id, toUnixTimestamp64Milli(time) AS seen, profile AS named,
        risk_30 * transform(concat(profile, '/', mode), %(cost_keys)s, %(costs)s, 0.) AS stake
    FROM risk_current FINAL WHERE {scored}
    UNION ALL
    SELECT vehicle_id, 0 AS seen, profile AS named, 0. AS stake FROM vehicles WHERE {registered}
) GROUP BY vehicle_id
"""

_ALERTED = """
SELECT vehicle_id, countIf(condition = 'risk') AS risks, countIf(condition = 'signal_lost') AS lost,
    sumIf(at_stake, condition = 'risk') AS money,
    argMax(tuple(alert_id, mode, severity), tuple(condition = 'risk',
        indexOf(['watch', 'soon', 'critical'], severity), at_stake, alert_id)) AS top
FROM alerts FINAL
WHERE tenant = %(tenant)s AND state IN ('open', 'acknowledged')
    AND (%(mode)s = '' OR mode = %(mode)s OR condition = 'signal_lost')
GROUP BY vehicle_id
"""

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

_NEEDING = f"""
SELECT vehicle_id FROM alerts FINAL
WHERE tenant = %(tenant)s AND state IN ('open', 'acknowledged')
UNION DISTINCT
SELECT vehicle_id FROM (
    SELECT vehicle_id, toUnixTimestamp64Milli(max(time)) AS seen_ms, any(profile) AS profile
    FROM risk_current WHERE tenant = %(tenant)s GROUP BY vehicle_id)
WHERE seen_ms < {_SILENT_BEFORE}
"""  # noqa: S608 (constants of ours)

_MATCHING = """vehicle_id IN (
    SELECT vehicle_id FROM vehicles FINAL WHERE tenant = %(tenant)s
        AND (%(depot)s = '' OR depot = %(depot)s)
        AND (%(text)s = '' OR positionCaseInsensitiveUTF8(vehicle_id, %(text)s) > 0
            OR positionCaseInsensitiveUTF8(plate, %(text)s) > 0
            OR vin_last4 = upperUTF8(%(text)s) OR (vin_hash = %(vin)s AND vin_hash != '')))
"""


@dataclass(frozen=True)
class _Ranked:
    vehicle_id: str
    profile: str
    state: str
    mode: str
    at_stake: float
    seen_ms: int
    alert_id: str
    alerts: int


def fleet_rows(
    store: ClickHouse, tenant: str, wanted: FleetFilter, policy: Policy
) -> list[FleetRow]:
    """The next `limit` vehicles, most money at stake first.

    Ranked on few narrow columns first; the rest is read for the rows of the page alone.
    """
    given = _parameters(tenant, wanted, policy)
    given["vin"] = store.vins.hashed(tenant, wanted.text)
    if wanted.needs or wanted.silent:
        # Asked first: by their ids, the few that need someone are found through the index.
        given["needing"] = [row[0] for row in store.rows(_NEEDING, **given)] or [""]
    rows = store.rows(_ranking(wanted), **given)
    ranked = [_Ranked(*row) for row in rows]
    ids = [one.vehicle_id for one in ranked]
    known = _registrations(store, tenant, ids)
    scores = _scores(store, tenant, ids)
    nothing = ("",) * 5
    chosen = _mode_of(wanted.mode, policy)
    return [
        _row(one, known.get(one.vehicle_id, nothing), scores.get(one.vehicle_id, {}), chosen)
        for one in ranked
    ]


def _ranking(wanted: FleetFilter) -> str:
    """The SQL of one page; every value of `wanted` stays a parameter."""
    among = ["tenant = %(tenant)s"]
    if wanted.profile:
        among.append("profile = %(profile)s")
    if wanted.needs or wanted.silent:
        among.append("vehicle_id IN %(needing)s")
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
    expected = _EXPECTED.format(scored=" AND ".join(scored), registered=" AND ".join(among))
    return _RANKED.format(
        silent_before=_SILENT_BEFORE,
        expected=expected,
        alerted=_ALERTED,
        conditions=" AND ".join(conditions),
    )


def _registrations(
    store: ClickHouse, tenant: str, ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Plate, VIN, model and depot by vehicle."""
    if not ids:
        return {}
    rows = store.rows(
        "SELECT vehicle_id, plate, vin_last4, vin_sealed, model, depot FROM vehicles FINAL "
        "WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s",
        tenant=tenant,
        ids=list(ids),
    )
    return {vehicle: tuple(rest) for vehicle, *rest in rows}


_Number = float | None
_Numbers = tuple[_Number, _Number, _Number, _Number, _Number, _Number]
_Scores = dict[str, _Numbers]
_UNSCORED: _Numbers = (None, None, None, None, None, None)


def _scores(store: ClickHouse, tenant: str, ids: Sequence[str]) -> dict[str, _Scores]:
    """Risk at 7, 30 and 90 days and RUL with its bounds, by vehicle and mode."""
    found: dict[str, _Scores] = {}
    if not ids:
        return found
    rows = store.rows(
        "SELECT vehicle_id, mode, risk_7, risk_30, risk_90, rul, rul_low, rul_high "
        "FROM risk_current FINAL WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s",
        tenant=tenant,
        ids=list(ids),
    )
    for vehicle, mode, r7, r30, r90, rul, low, high in rows:
        numbers = finite(r7), finite(r30), finite(r90), finite(rul), finite(low), finite(high)
        found.setdefault(vehicle, {})[mode] = numbers
    return found


def _mode_of(asked: str, policy: Policy) -> Callable[[_Ranked, _Scores], str]:
    """Which mode a row shows: the alert's, the one asked for, or the one that costs most."""

    def choose(one: _Ranked, scores: _Scores) -> str:
        def stake(mode: str) -> float:
            return (scores[mode][1] or 0.0) * policy.costs.get(f"{one.profile}/{mode}", 0.0)

        return one.mode or asked or max(sorted(scores), key=stake, default="")

    return choose


def _row(
    one: _Ranked,
    known: tuple[str, ...],
    scores: _Scores,
    mode_of: Callable[[_Ranked, _Scores], str],
) -> FleetRow:
    mode = mode_of(one, scores)
    plate, vin_last4, vin_sealed, model, depot = known
    return FleetRow(
        one.vehicle_id,
        one.profile,
        plate,
        vin_last4,
        vin_sealed,
        model,
        depot,
        one.state,
        mode,
        *scores.get(mode, _UNSCORED),
        one.at_stake,
        one.seen_ms,
        one.alert_id,
        one.alerts,
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


def finite(value: float | None) -> float | None:
    """The number, or None where the store holds NaN for "none"."""
    return None if value is None or not math.isfinite(value) else float(value)


def clock_ms(store: ClickHouse, tenant: str) -> int:
    """Event time of the newest score, 0 without any."""
    rows = store.rows(
        "SELECT toUnixTimestamp64Milli(max(time)) FROM risk_current WHERE tenant = %(tenant)s",
        tenant=tenant,
    )
    return int(rows[0][0])
