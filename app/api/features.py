"""`/api/vehicles/{key}/features`: what a vehicle was scored by."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query

from app.api.context import Wired
from app.api.problems import unknown
from app.api.risk import POINTS, Since
from app.api.vehicles import Key, registered
from infra.reads.features import feature_vectors
from infra.reads.fleet import DAY_MS

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])
Name = Annotated[str, Query(min_length=1, max_length=200)]


@dataclass(frozen=True)
class Features:
    """Vectors as scored, oldest first: `values` [rows x names], None = missing. A name says what
    is computed of which signal over which span.
    """

    vehicle_id: str
    since_ms: int
    names: list[str]
    time_ms: list[int]
    values: list[list[float | None]]


@router.get("/{key:path}/features")
def features(
    context: Wired,
    key: Key,
    name: Annotated[
        list[Name], Query(max_length=100, description="Features; all, where none is named")
    ] = [],  # noqa: B006 (never changed)
    since: Since = None,
    rows: Annotated[int, Query(ge=1, le=POINTS, description="Newest scores at most")] = 1,
) -> Features:
    """The newest feature vectors of a vehicle, as the model saw them."""
    found = registered(context, key)
    start = context.now_ms() - 90 * DAY_MS if since is None else since
    vehicle = (context.tenant, found.profile, found.vehicle_id)
    vectors = feature_vectors(context.store, vehicle, start, rows)
    wanted = name or list(vectors.names)
    places = {one: place for place, one in enumerate(vectors.names)}
    strange = [one for one in wanted if vectors.names and one not in places]
    if strange:
        detail = f"{found.profile} has no feature {strange[0]!r}; ask without names for all."
        raise unknown("feature", strange[0], detail)
    columns = vectors.values[:, [places[one] for one in wanted if one in places]]
    values = [
        [value if known else None for value, known in zip(row, fine, strict=True)]
        for row, fine in zip(columns.tolist(), np.isfinite(columns).tolist(), strict=True)
    ]
    return Features(found.vehicle_id, start, wanted, vectors.time_ms.tolist(), values)
