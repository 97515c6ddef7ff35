"""What workshops found before, on this kind of vehicle, the likest cases first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from contracts.alerts import Reason
from infra.clickhouse import ClickHouse

SHOWN = 4
"""Cases that are told one by one."""
LEADING = 3
"""So many of an alert's reasons count as its signs."""
_LOOKED_AT = 60
"""The newest findings of a mode, among which the likest are."""
_BEFORE_MS = 120 * 86_400_000
"""An alert this long before a finding may have led to it."""


class _Body(msgspec.Struct, frozen=True):
    """What is read of an alert's body."""

    reasons: list[Reason]


_decoder = msgspec.json.Decoder(_Body)


@dataclass(frozen=True)
class Case:
    """One finding about a failure mode. `same`: leading signals (VSS paths) of the alert that led
    to it which lead here too.
    """

    time_ms: int
    vehicle_id: str
    plate: str
    mode: str
    outcome: str
    note: str
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cases:
    """Findings about one mode: how often each outcome, and the likest of them."""

    mode: str
    outcomes: dict[str, int]
    likest: list[Case]


def leading(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """The signals that lead, strongest first as the reasons stand."""
    return tuple(dict.fromkeys(one.signal for one in reasons[:LEADING] if one.signal))


def similar_cases(
    store: ClickHouse, vehicle: tuple[str, str, str], modes: Mapping[str, Sequence[str]]
) -> list[Cases]:
    """Findings about `modes` (the signals that lead now, by mode) on other vehicles of the profile
    of (tenant, profile, vehicle id); modes without any are left out.

    The likest share most leading signals; among equals confirmed ones come first, then the newest.
    """
    if not modes:
        return []
    tenant, profile, vehicle_id = vehicle
    given = {"tenant": tenant, "profile": profile, "vehicle": vehicle_id, "modes": list(modes)}
    counted = store.rows(
        """
        SELECT code, detail['outcome'] AS outcome, count() FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND kind = 'finding'
            AND code IN %(modes)s AND vehicle_id != %(vehicle)s AND outcome != ''
        GROUP BY code, outcome ORDER BY count() DESC, outcome
        """,
        **given,
    )
    cases = _newest(store, given)
    signs = _signs(store, tenant, cases)
    found = []
    for mode, now in modes.items():
        outcomes = {outcome: int(count) for code, outcome, count in counted if code == mode}
        own = [_beside(one, signs, now) for one in cases if one.mode == mode]
        own.sort(key=lambda one: (-len(one.same), one.outcome != "confirmed_part", -one.time_ms))
        if outcomes:
            found.append(Cases(mode, outcomes, own[:SHOWN]))
    return found


def _newest(store: ClickHouse, given: Mapping[str, Any]) -> list[Case]:
    rows = store.rows(
        """
        SELECT toUnixTimestamp64Milli(e.time) AS at, e.vehicle_id, v.plate, e.code,
            e.detail['outcome'] AS outcome, e.detail['note']
        FROM events AS e FINAL LEFT JOIN (
            SELECT vehicle_id, plate FROM vehicles FINAL WHERE tenant = %(tenant)s
        ) AS v USING (vehicle_id)
        WHERE e.tenant = %(tenant)s AND e.profile = %(profile)s AND e.kind = 'finding'
            AND e.code IN %(modes)s AND e.vehicle_id != %(vehicle)s AND outcome != ''
        ORDER BY at DESC LIMIT %(most)s BY e.code
        """,
        **given,
        most=_LOOKED_AT,
    )
    return [Case(int(at), *rest) for at, *rest in rows]


Signs = Mapping[tuple[str, str], Sequence[tuple[int, tuple[str, ...]]]]
"""When alerts opened and what led them, by vehicle and mode."""


def _signs(store: ClickHouse, tenant: str, cases: Sequence[Case]) -> Signs:
    if not cases:
        return {}
    rows = store.rows(
        """
        SELECT vehicle_id, mode, toUnixTimestamp64Milli(opened), body FROM alerts FINAL
        WHERE tenant = %(tenant)s AND vehicle_id IN %(vehicles)s AND mode IN %(modes)s
        ORDER BY opened
        """,
        tenant=tenant,
        vehicles=sorted({one.vehicle_id for one in cases}),
        modes=sorted({one.mode for one in cases}),
    )
    found: dict[tuple[str, str], list[tuple[int, tuple[str, ...]]]] = {}
    for vehicle, mode, opened, body in rows:
        own = (int(opened), leading(_decoder.decode(body).reasons))
        found.setdefault((vehicle, mode), []).append(own)
    return found


def _beside(case: Case, signs: Signs, now: Sequence[str]) -> Case:
    """The case with the signs that it shares, by the last alert before it."""
    before = [
        own
        for opened, own in signs.get((case.vehicle_id, case.mode), ())
        if case.time_ms - _BEFORE_MS <= opened <= case.time_ms
    ]
    same = tuple(one for one in before[-1] if one in now) if before else ()
    return replace(case, same=same)
