"""What people call vehicles."""

from collections.abc import Sequence

from infra.clickhouse import ClickHouse


def names_of(store: ClickHouse, tenant: str, ids: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Plate, model and depot of the vehicles of these ids that are registered."""
    if not ids:
        return {}
    rows = store.rows(
        "SELECT vehicle_id, plate, model, depot FROM vehicles FINAL "
        "WHERE tenant = %(tenant)s AND vehicle_id IN %(ids)s",
        tenant=tenant,
        ids=sorted(set(ids)),
    )
    return {vehicle: (plate, model, depot) for vehicle, plate, model, depot in rows}
