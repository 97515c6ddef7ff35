"""What workshops found before, on this kind of vehicle, the likest cases first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from contracts.alerts import Reason
from infra.clickhouse import ClickHouse
from infra.reads.names import names
from infra.reads.questions import Question, Rows, ask_together

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
class Findings:
    """What workshops found about one mode: `newest` of each outcome first, and how often each."""

    newest: list[Case]
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Cases:
    """Findings about one mode: how often each outcome, and the likest of them."""

    mode: str
    outcomes: dict[str, int]
    likest: list[Case]


def leading(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """The signals that lead, strongest first as the reasons stand."""
    return tuple(dict.fromkeys(one.signal for one in reasons[:LEADING] if one.signal))


Signs = Mapping[tuple[str, str], Sequence[tuple[int, tuple[str, ...]]]]
"""When alerts opened and what led them, by vehicle and mode."""


def fleet_findings(store: ClickHouse, tenant: str, profile: str) -> dict[str, Findings]:
    """What was found on a whole fleet, by mode. This reads every event of the profile."""
    rows = store.rows(
        """
        SELECT toUnixTimestamp64Milli(time) AS at, vehicle_id, code, detail['outcome'] AS outcome,
            detail['note'] AS note, count() OVER (PARTITION BY code, outcome) AS findings
        FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND kind = 'finding' AND outcome != ''
        ORDER BY at DESC, vehicle_id LIMIT %(most)s BY code, outcome
        """,
        tenant=tenant,
        profile=profile,
        most=_LOOKED_AT,
    )
    found: dict[str, Findings] = {}
    for at, vehicle, mode, outcome, note, count in rows:
        of_mode = found.setdefault(mode, Findings([], {}))
        of_mode.newest.append(Case(int(at), vehicle, "", mode, outcome, note))
        of_mode.outcomes[outcome] = int(count)
    return found


def similar_cases(
    store: ClickHouse,
    vehicle: tuple[str, str, str],
    modes: Mapping[str, Sequence[str]],
    findings: Mapping[str, Findings],
) -> list[Cases]:
    """Findings about `modes` (the signals that lead now, by mode) on other vehicles than (tenant,
    profile, vehicle id), among the fleet's `findings`; modes without any are left out.

    The likest share most leading signals; among equals confirmed ones come first, then the newest.
    """
    tenant, _, vehicle_id = vehicle
    told = {
        mode: [one for one in findings[mode].newest if one.vehicle_id != vehicle_id][:_LOOKED_AT]
        for mode in modes
        if mode in findings
    }
    vehicles = sorted({one.vehicle_id for cases in told.values() for one in cases})
    if not vehicles:
        return []
    known, signs, own = ask_together(
        store,
        names(tenant, vehicles),
        _signs(tenant, vehicles, list(told)),
        _own_outcomes(vehicle, list(told)),
    )
    found = []
    for mode, cases in told.items():
        likest = [
            _beside(replace(one, plate=known.get(one.vehicle_id, ("",))[0]), signs, modes[mode])
            for one in cases
        ]
        likest.sort(key=lambda one: (-len(one.same), one.outcome != "confirmed_part", -one.time_ms))
        outcomes = Counter(findings[mode].outcomes)
        outcomes.subtract(own.get(mode, {}))
        if likest:
            found.append(Cases(mode, _most_first(outcomes), likest[:SHOWN]))
    return found


def _own_outcomes(
    vehicle: tuple[str, str, str], modes: Sequence[str]
) -> Question[dict[str, dict[str, int]]]:
    """How often each outcome was found on the vehicle itself, by mode."""
    tenant, profile, vehicle_id = vehicle
    return Question(
        """
        SELECT code, detail['outcome'] AS outcome, count() AS findings FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND vehicle_id = %(vehicle)s
            AND kind = 'finding' AND code IN %(modes)s GROUP BY code, outcome
        """,
        {"tenant": tenant, "profile": profile, "vehicle": vehicle_id, "modes": list(modes)},
        _by_outcome,
    )


def _by_outcome(rows: Rows) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for mode, outcome, count in rows:
        found.setdefault(mode, {})[outcome] = int(count)
    return found


def _most_first(outcomes: Mapping[str, int]) -> dict[str, int]:
    known = [one for one in outcomes.items() if one[1] > 0]
    return dict(sorted(known, key=lambda one: (-one[1], one[0])))


def _signs(tenant: str, vehicles: Sequence[str], modes: Sequence[str]) -> Question[Signs]:
    return Question(
        """
        SELECT vehicle_id, mode, toUnixTimestamp64Milli(opened) AS at, body FROM alerts FINAL
        WHERE tenant = %(tenant)s AND vehicle_id IN %(vehicles)s AND mode IN %(modes)s
        ORDER BY at
        """,
        {"tenant": tenant, "vehicles": list(vehicles), "modes": list(modes)},
        _by_alert,
    )


def _by_alert(rows: Rows) -> Signs:
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
