"""What workshops found before, on this kind of vehicle."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.clickhouse import ClickHouse

SHOWN = 4
"""Cases that are told one by one."""


@dataclass(frozen=True)
class Case:
    """One finding about a failure mode."""

    time_ms: int
    vehicle_id: str
    plate: str
    mode: str
    outcome: str
    note: str


@dataclass(frozen=True)
class Cases:
    """Findings about one mode: how often each outcome, and the newest of them."""

    mode: str
    outcomes: dict[str, int]
    newest: list[Case]


def similar_cases(
    store: ClickHouse, vehicle: tuple[str, str, str], modes: Sequence[str]
) -> list[Cases]:
    """Findings about `modes` on other vehicles of the profile of (tenant, profile, vehicle id);
    modes without any are left out.
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
    newest = store.rows(
        """
        SELECT toUnixTimestamp64Milli(e.time) AS at, e.vehicle_id, v.plate, e.code,
            e.detail['outcome'] AS outcome, e.detail['note']
        FROM events AS e FINAL LEFT JOIN (
            SELECT vehicle_id, plate FROM vehicles FINAL WHERE tenant = %(tenant)s
        ) AS v USING (vehicle_id)
        WHERE e.tenant = %(tenant)s AND e.profile = %(profile)s AND e.kind = 'finding'
            AND e.code IN %(modes)s AND e.vehicle_id != %(vehicle)s AND outcome != ''
        ORDER BY at DESC LIMIT %(shown)s BY e.code
        """,
        **given,
        shown=SHOWN,
    )
    cases = [Case(int(at), *rest) for at, *rest in newest]
    found = []
    for mode in modes:
        outcomes = {outcome: int(count) for code, outcome, count in counted if code == mode}
        if outcomes:
            found.append(Cases(mode, outcomes, [one for one in cases if one.mode == mode]))
    return found
