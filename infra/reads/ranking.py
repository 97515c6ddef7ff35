"""Vehicles in order of money at stake, by current risk and alerts alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from infra.clickhouse import ClickHouse
from infra.reads.asking import ASKS, PRICED, STANDING


@dataclass(frozen=True)
class Policy:
    """What turns risk into money and silence into a state.

    `costs`: breakdown cost by "profile/mode"; `silent_ms`: by profile, how long a vehicle may say
    nothing. `now_ms` is the fleet's clock (event time).
    """

    costs: Mapping[str, float]
    silent_ms: Mapping[str, int]
    now_ms: int


Show = Literal["all", "needs", "silent", "staked"]


@dataclass(frozen=True)
class FleetFilter:
    """Which vehicles; empty means all. `show` keeps those with an alert that asks for somebody
    (needs), silent ones, or those whose alerts have money at stake (staked).

    `text` is part of a plate or vehicle id, a whole VIN or its last four. `after` is the place of
    the last vehicle of the page before: (at stake, vehicle).
    """

    profile: str = ""
    depot: str = ""
    model: str = ""
    mode: str = ""
    text: str = ""
    show: Show = "all"
    after: tuple[float, str] | None = None
    limit: int = 50


# Versions of a row share its key, so what is asked of the key goes first: costs are then worked out
# for those vehicles alone.
_SCORED = """
SELECT vehicle_id, profile AS named, toUnixTimestamp64Milli(time) AS seen, {stake} AS expected
FROM current_risk FINAL PREWHERE {keyed} WHERE {rest}
"""
# As a score's modes are few and its vehicles many, costs are looked up without a text a mode.
_STAKE = """if(profile = %(cost_of_{at})s, arrayMax(arrayMap(
    (mode, risk) -> if(%(mode)s IN ('', mode), risk, 0)
        * transform(mode, %(modes_{at})s, %(costs_{at})s, 0.), modes, risk_30)), 0.)
"""
_UNSCORED = """
UNION ALL SELECT vehicle_id, profile AS named, 0 AS seen, 0. AS expected
FROM vehicles FINAL WHERE {among} AND vehicle_id NOT IN (
    SELECT vehicle_id FROM current_risk WHERE tenant = %(tenant)s)
"""
_WANTED = f"({ASKS} AND %(mode)s IN ('', mode))"
# Of a vehicle's alerts the page names the worst: about a part before what is about its data; where
# those are shown who need somebody, one that asks before all that don't.
_ALERTED = f"""
SELECT vehicle_id, any(profile) AS told, countIf(condition = 'signal_lost') AS lost,
    countIf(condition = 'data_late') AS late, countIf(condition = 'risk') AS risks,
    countIf({PRICED}) AS priced, sumIf(at_stake, {PRICED}) AS money, countIf{_WANTED} AS asks,
    argMax(tuple(alert_id, mode, severity, condition), tuple(%(needs)s AND {_WANTED},
        indexOf(['data_late', 'signal_lost', 'risk'], condition),
        indexOf(['watch', 'soon', 'critical'], severity), at_stake, alert_id)) AS top
FROM alerts FINAL
WHERE {{among}} AND {STANDING}
    AND (%(mode)s = '' OR mode = %(mode)s OR condition != 'risk')
GROUP BY vehicle_id
"""  # noqa: S608 (constants of ours)

_SILENT_BEFORE = (
    "%(now_ms)s - transform(profile, %(silent_keys)s, %(silent_ms)s, toInt64(259200000))"
)

_QUIET = f"(lost > 0 OR (seen > 0 AND seen < {_SILENT_BEFORE}))"

# An alert about a part says more of a vehicle than its silence, and takes none of that away.
_RANKED = """
SELECT vehicle_id, if(named = '', told, named) AS profile,
    multiIf(top.4 = 'risk', top.3, {quiet}, 'silent', late > 0, 'late', seen = 0, 'unscored',
        'ok') AS state,
    top.2 AS mode, if(priced > 0, money, toFloat64(expected)) AS at_stake,
    seen AS seen_ms, top.1 AS alert_id, risks + lost + late AS alerts
FROM ({scored}) AS s FULL JOIN ({alerted}) AS a USING (vehicle_id)
WHERE {conditions}
ORDER BY at_stake DESC, vehicle_id LIMIT %(limit)s
"""

_SILENT = f"""
SELECT vehicle_id FROM current_risk FINAL
WHERE tenant = %(tenant)s AND toUnixTimestamp64Milli(time) < {_SILENT_BEFORE}
"""  # noqa: S608 (constants of ours)

# What alerts expect to lose outranks the scores, so of few only those are scored of whom no alert
# about a part says more.
_SCORED_FEW = f"""(vehicle_id IN %(silent)s OR vehicle_id IN (
    SELECT vehicle_id FROM alerts FINAL
    WHERE tenant = %(tenant)s AND {STANDING} AND condition != 'risk'))
"""  # noqa: S608 (constants of ours)
_SHOWN: Mapping[Show, str] = {
    "all": "1",
    "needs": "asks > 0",
    "silent": _QUIET,
    "staked": "priced > 0",
}

_REGISTERED = """vehicle_id IN (
    SELECT vehicle_id FROM vehicles FINAL WHERE tenant = %(tenant)s AND {conditions})
"""
_NAMED = """(positionCaseInsensitiveUTF8(vehicle_id, %(text)s) > 0
    OR positionCaseInsensitiveUTF8(plate, %(text)s) > 0
    OR vin_last4 = upperUTF8(%(text)s) OR (vin_hash = %(vin)s AND vin_hash != ''))
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
    nothing for too long (`silent_vehicles`); asked for only where those are shown.
    """
    given = _parameters(tenant, wanted, policy)
    given["vin"] = store.vins.hashed(tenant, wanted.text)
    given["silent"] = list(silent) or [""]
    found = _ranked(store, wanted, policy, given, whole=False)
    # Whoever was never scored has nothing at stake: he is looked for where the page gets there.
    if wanted.show != "all" or (len(found) == wanted.limit and found[-1].at_stake > 0):
        return found
    return _ranked(store, wanted, policy, given, whole=True)


def silent_vehicles(store: ClickHouse, tenant: str, policy: Policy) -> list[str]:
    """Vehicles whose newest score is older than their kind's may be; this reads the whole fleet."""
    given = _parameters(tenant, FleetFilter(), policy)
    return [row[0] for row in store.rows(_SILENT, **given)]


def _ranked(
    store: ClickHouse,
    wanted: FleetFilter,
    policy: Policy,
    given: Mapping[str, Any],
    *,
    whole: bool,
) -> list[Ranked]:
    sql = _ranking(wanted, len(_costs_by_profile(policy)), whole=whole)
    return [Ranked(*row) for row in store.rows(sql, **given)]


def _ranking(wanted: FleetFilter, profiles: int, *, whole: bool) -> str:
    """The SQL of one page; every value of `wanted` stays a parameter. The `whole` fleet has those
    vehicles too that were never scored and have no alert.
    """
    keyed, rest = ["tenant = %(tenant)s"], ["1"]
    if wanted.profile:
        rest.append("profile = %(profile)s")
    asked = {
        _NAMED: wanted.text,
        "depot = %(depot)s": wanted.depot,
        "model = %(model)s": wanted.model,
    }
    if any(asked.values()):
        registered = " AND ".join(sql for sql, value in asked.items() if value)
        keyed.append(_REGISTERED.format(conditions=registered))
    among = " AND ".join([*keyed, *rest])
    if wanted.mode:
        rest.append("has(modes, %(mode)s)")
    conditions = [_SHOWN[wanted.show]]
    if wanted.mode:
        conditions.append("(seen > 0 OR risks > 0)")
    if wanted.after:
        conditions.append(
            "(at_stake < %(after_money)s"
            " OR (at_stake = %(after_money)s AND vehicle_id > %(after_vehicle)s))"
        )
    if wanted.show != "all":
        keyed.append(_SCORED_FEW)
    stakes = " + ".join(_STAKE.format(at=at) for at in range(profiles)) or "0."
    sql = _SCORED.format(stake=stakes, keyed=" AND ".join(keyed), rest=" AND ".join(rest))
    if whole:
        sql += _UNSCORED.format(among=among)
    return _RANKED.format(
        quiet=_QUIET,
        scored=sql,
        alerted=_ALERTED.format(among=among),
        conditions=" AND ".join(conditions),
    )


def _costs_by_profile(policy: Policy) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for key, cost in policy.costs.items():
        profile, _, mode = key.partition("/")
        found.setdefault(profile, {})[mode] = float(cost)
    return found


def _parameters(tenant: str, wanted: FleetFilter, policy: Policy) -> dict[str, Any]:
    money, vehicle = wanted.after or (0.0, "")
    return {
        "tenant": tenant,
        "profile": wanted.profile,
        "depot": wanted.depot,
        "mode": wanted.mode,
        "text": wanted.text,
        "model": wanted.model,
        "needs": int(wanted.show == "needs"),
        "after_money": money,
        "after_vehicle": vehicle,
        "limit": wanted.limit,
        "now_ms": policy.now_ms,
        **_cost_parameters(policy),
        "silent_keys": list(policy.silent_ms) or [""],
        "silent_ms": list(policy.silent_ms.values()) or [0],
    }


def _cost_parameters(policy: Policy) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for at, (profile, costs) in enumerate(_costs_by_profile(policy).items()):
        given |= {
            f"cost_of_{at}": profile,
            f"modes_{at}": list(costs),
            f"costs_{at}": list(costs.values()),
        }
    return given
