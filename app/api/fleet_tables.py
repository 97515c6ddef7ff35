"""`/api/fleet/export.*`: the fleet's vehicles all at once."""

from dataclasses import replace

import pyarrow as pa
from fastapi import APIRouter, Response

from app.api import words
from app.api.context import Context, Wired
from app.api.files import csv_file, parquet_file
from app.api.fleet import Wanted, whole_fleet
from app.fleet_export import table_of
from infra.reads.ranking import FleetFilter

router = APIRouter(prefix="/api/fleet", tags=["fleet"])
_MOST = 50_000


def fleet_table(context: Context, wanted: FleetFilter) -> pa.Table:
    """At most 50,000 of these vehicles, most money at stake first."""
    policy = words.policy(context.now_ms())
    return table_of(whole_fleet(context, replace(wanted, limit=_MOST), policy))


@router.get("/export.csv", response_class=Response)
def csv(context: Wired, wanted: Wanted) -> Response:
    """At most 50,000 vehicles for a spreadsheet, most money at stake first."""
    return csv_file("fleet", fleet_table(context, wanted))


@router.get("/export.parquet", response_class=Response)
def parquet(context: Wired, wanted: Wanted) -> Response:
    """At most 50,000 vehicles with their types, most money at stake first."""
    return parquet_file("fleet", fleet_table(context, wanted))
