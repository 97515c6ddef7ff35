"""`/api/vehicles/{key}/cases`: what workshops found on vehicles with the same signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from app.api import words
from app.api.context import Context, Wired
from app.api.vehicles import Key, carded
from infra.reads.cards import Card
from infra.reads.cases import fleet_findings, leading, similar_cases
from infra.reads.vehicles import Registration

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


@dataclass(frozen=True)
class CaseView:
    """One finding on another vehicle. `same` names the leading signals of the alert before it that
    lead here too; `outcome` as workshops report it.
    """

    time_ms: int
    vehicle_id: str
    plate: str
    outcome: str
    note: str
    same: list[str]


@dataclass(frozen=True)
class ModeCases:
    """Findings about one failure mode: how often each outcome, and the likest of them."""

    mode: str
    label: str
    outcomes: dict[str, int]
    likest: list[CaseView]


@dataclass(frozen=True)
class CaseList:
    """A part each for the vehicle's active alerts; a mode that nobody has found is left out."""

    vehicle_id: str
    modes: list[ModeCases]


@router.get("/{key:path}/cases")
def cases(context: Wired, key: Key) -> CaseList:
    """What workshops found before where the same part was suspected, the likest first."""
    card = carded(context, key)
    return CaseList(card.found.vehicle_id, cases_of(context, card))


def cases_of(context: Context, card: Card) -> list[ModeCases]:
    """Similar cases of a vehicle's active alerts, in words."""
    modes = {one.mode: leading(one.reasons) for one in card.active if one.mode}
    return mode_cases(context, card.found, modes) if modes else []


def mode_cases(
    context: Context, found: Registration, modes: Mapping[str, Sequence[str]]
) -> list[ModeCases]:
    """Cases like a vehicle's, given the signals that lead by mode; modes without any are left
    out.
    """
    store, tenant = context.store, context.tenant
    findings = context.answers.findings.get(
        (tenant, found.profile), lambda: fleet_findings(store, tenant, found.profile)
    )
    place = (tenant, found.profile, found.vehicle_id)
    labels = words.signal_labels(found.profile)
    return [
        ModeCases(
            mode.mode,
            words.mode_label(found.profile, mode.mode),
            mode.outcomes,
            [
                CaseView(
                    case.time_ms,
                    case.vehicle_id,
                    case.plate,
                    case.outcome,
                    case.note,
                    [labels.get(path, path) for path in case.same],
                )
                for case in mode.likest
            ],
        )
        for mode in similar_cases(store, place, modes, findings)
    ]
