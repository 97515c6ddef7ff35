"""What people call vehicles."""

from collections.abc import Sequence

from infra.clickhouse import ClickHouse
from infra.reads.questions import Question, ask

Names = dict[str, tuple[str, str, str]]
"""Plate, model and depot by vehicle."""


def names_of(store: ClickHouse, tenant: str, ids: Sequence[str]) -> Names:
    """Of the vehicles of these ids that are registered."""
    return ask(store, names(tenant, ids)) if ids else {}


def plates_of(store: ClickHouse, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """The plates of those that have one."""
    return {vehicle: plate for vehicle, (plate, *_) in names_of(store, tenant, ids).items()}


def depots_of(store: ClickHouse, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """The depots of those that are registered."""
    return {vehicle: depot for vehicle, (_, _, depot) in names_of(store, tenant, ids).items()}


def names(tenant: str, ids: Sequence[str]) -> Question[Names]:
    """Of the vehicles of these ids that are registered."""
    return Question(
        "SELECT vehicle_id, plate, model, depot FROM vehicles FINAL "
        "WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s",
        {"tenant": tenant, "ids": sorted(set(ids)) or [""]},
        lambda rows: {vehicle: (plate, model, depot) for vehicle, plate, model, depot in rows},
    )
