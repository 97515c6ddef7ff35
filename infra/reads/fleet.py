"""The fleet in order of money at stake, and its counts, from current risk and alerts alone."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from contracts.alerts import Alert
from infra.clickhouse import ClickHouse
from infra.reads.alerts import alerts_named
from infra.reads.questions import Question, Rows, ask_together
from infra.reads.ranking import FleetFilter, Policy, Ranked, rank

DAY_MS = 86_400_000
_PART = 5_000
_Number = float | None
_Numbers = tuple[_Number, _Number, _Number, _Number, _Number, _Number]
_Scores = dict[str, _Numbers]
_UNSCORED: _Numbers = (None, None, None, None, None, None)


@dataclass(frozen=True)
class FleetRow:
    """A vehicle as ranked: `state` is critical, soon, watch, silent, late, ok or unscored.

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


def fleet_rows(
    store: ClickHouse, tenant: str, wanted: FleetFilter, policy: Policy, silent: Sequence[str]
) -> tuple[list[FleetRow], dict[str, Alert]]:
    """The next `limit` vehicles, most money at stake first, and by id the alerts that they name;
    `silent` as for `rank`.

    Ranked on few narrow columns first; the rest is read for the rows of the page alone.
    """
    ranked = rank(store, tenant, wanted, policy, silent)
    return _told(store, tenant, ranked, _mode_of(wanted.mode, policy)) if ranked else ([], {})


def fleet_parts(
    store: ClickHouse, tenant: str, wanted: FleetFilter, policy: Policy, silent: Sequence[str]
) -> Iterator[tuple[list[FleetRow], dict[str, Alert]]]:
    """The same part by part, where they are many: ranked once, so that none comes twice or is left
    out while risks change.
    """
    ranked = rank(store, tenant, wanted, policy, silent)
    for first in range(0, len(ranked), _PART):
        part = ranked[first : first + _PART]
        yield _told(store, tenant, part, _mode_of(wanted.mode, policy))


def _told(
    store: ClickHouse,
    tenant: str,
    ranked: Sequence[Ranked],
    mode_of: Callable[[Ranked, _Scores], str],
) -> tuple[list[FleetRow], dict[str, Alert]]:
    ids = [one.vehicle_id for one in ranked]
    known, (scores, seen), alerts = ask_together(
        store,
        _registrations(tenant, ids),
        _scores(tenant, ids),
        alerts_named(tenant, [one.alert_id for one in ranked if one.alert_id]),
    )
    nothing = ("",) * 5
    rows = [
        _row(
            replace(one, seen_ms=max(one.seen_ms, seen.get(one.vehicle_id, 0))),
            known.get(one.vehicle_id, nothing),
            scores.get(one.vehicle_id, {}),
            mode_of,
        )
        for one in ranked
    ]
    return rows, alerts


def _registrations(tenant: str, ids: Sequence[str]) -> Question[dict[str, tuple[str, ...]]]:
    """Plate, VIN, model and depot by vehicle."""
    return Question(
        "SELECT vehicle_id, plate, vin_last4, vin_sealed, model, depot FROM vehicles FINAL "
        "WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s",
        {"tenant": tenant, "ids": list(ids)},
        lambda rows: {vehicle: tuple(rest) for vehicle, *rest in rows},
    )


def _scores(tenant: str, ids: Sequence[str]) -> Question[tuple[dict[str, _Scores], dict[str, int]]]:
    """Risk at 7, 30 and 90 days and RUL with its bounds, by vehicle and mode; by vehicle the event
    time of its newest score.
    """
    return Question(
        "SELECT vehicle_id, toUnixTimestamp64Milli(time) AS at, modes, risk_7, risk_30, risk_90, "
        "rul, rul_low, rul_high "
        "FROM current_risk FINAL WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s",
        {"tenant": tenant, "ids": list(ids)},
        _by_mode,
    )


def _by_mode(rows: Rows) -> tuple[dict[str, _Scores], dict[str, int]]:
    found: dict[str, _Scores] = {}
    seen: dict[str, int] = {}
    for vehicle, time_ms, modes, r7, r30, r90, rul, low, high in rows:
        life = finite(rul), finite(low), finite(high)
        found[vehicle] = {
            mode: (finite(d7), finite(d30), finite(d90), *life)
            for mode, d7, d30, d90 in zip(modes, r7, r30, r90, strict=True)
        }
        seen[vehicle] = time_ms
    return found, seen


def _mode_of(asked: str, policy: Policy) -> Callable[[Ranked, _Scores], str]:
    """Which mode a row shows: the alert's, the one asked for, or the one that costs most."""

    def choose(one: Ranked, scores: _Scores) -> str:
        def stake(mode: str) -> float:
            return (scores[mode][1] or 0.0) * policy.costs.get(f"{one.profile}/{mode}", 0.0)

        return one.mode or asked or max(sorted(scores), key=stake, default="")

    return choose


def _row(
    one: Ranked,
    known: tuple[str, ...],
    scores: _Scores,
    mode_of: Callable[[Ranked, _Scores], str],
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


def finite(value: float | None) -> float | None:
    """The number, or None where the store holds NaN for "none"."""
    return None if value is None or not math.isfinite(value) else float(value)


def clock_ms(store: ClickHouse, tenant: str) -> int:
    """Event time of the newest score, 0 without any."""
    rows = store.rows(
        "SELECT toUnixTimestamp64Milli(max(time)) FROM current_risk WHERE tenant = %(tenant)s",
        tenant=tenant,
    )
    return int(rows[0][0])
