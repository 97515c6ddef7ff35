"""What workshops found before, on this kind of vehicle, the likest cases first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from contracts.alerts import Reason
from infra.clickhouse import ClickHouse
from infra.reads.names import names
from infra.reads.questions import Question, Rows, ask, ask_together

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


Signs = Mapping[tuple[str, str], Sequence[tuple[int, tuple[str, ...]]]]
"""When alerts opened and what led them, by vehicle and mode."""


def similar_cases(
    store: ClickHouse, vehicle: tuple[str, str, str], modes: Mapping[str, Sequence[str]]
) -> list[Cases]:
    """Findings about `modes` (the signals that lead now, by mode) on other vehicles of the profile
    of (tenant, profile, vehicle id); modes without any are left out.

    The likest share most leading signals; among equals confirmed ones come first, then the newest.
    """
    if not modes:
        return []
    tenant = vehicle[0]
    findings = ask(store, _findings(vehicle, list(modes)))
    if not findings:
        return []
    told = [case for mode in modes for case in _newest(findings, mode)]
    vehicles = sorted({case.vehicle_id for case in told})
    known, signs = ask_together(
        store, names(tenant, vehicles), _signs(tenant, vehicles, list(modes))
    )
    found = []
    for mode, now in modes.items():
        own = [
            _beside(replace(case, plate=known.get(case.vehicle_id, ("",))[0]), signs, now)
            for case in told
            if case.mode == mode
        ]
        own.sort(key=lambda one: (-len(one.same), one.outcome != "confirmed_part", -one.time_ms))
        if own:
            found.append(Cases(mode, _outcomes(findings, mode), own[:SHOWN]))
    return found


def _findings(
    vehicle: tuple[str, str, str], modes: Sequence[str]
) -> Question[list[tuple[Case, int]]]:
    """The newest findings of each mode and outcome, and how many there are of it."""
    tenant, profile, vehicle_id = vehicle
    return Question(
        """
        SELECT toUnixTimestamp64Milli(time) AS at, vehicle_id, code, detail['outcome'] AS outcome,
            detail['note'] AS note, count() OVER (PARTITION BY code, outcome) AS findings
        FROM events FINAL
        WHERE tenant = %(tenant)s AND profile = %(profile)s AND kind = 'finding'
            AND code IN %(modes)s AND vehicle_id != %(vehicle)s AND outcome != ''
        ORDER BY at DESC, vehicle_id LIMIT %(most)s BY code, outcome
        """,
        {
            "tenant": tenant,
            "profile": profile,
            "vehicle": vehicle_id,
            "modes": list(modes),
            "most": _LOOKED_AT,
        },
        lambda rows: [
            (Case(int(at), vehicle, "", mode, outcome, note), int(count))
            for at, vehicle, mode, outcome, note, count in rows
        ],
    )


def _newest(findings: Sequence[tuple[Case, int]], mode: str) -> list[Case]:
    return [case for case, _ in findings if case.mode == mode][:_LOOKED_AT]


def _outcomes(findings: Sequence[tuple[Case, int]], mode: str) -> dict[str, int]:
    """How often each outcome, the most first."""
    counts = {case.outcome: count for case, count in findings if case.mode == mode}
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


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
