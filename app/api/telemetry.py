"""`POST /v1/telemetry`: what devices and gateways send."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Request

from app.access.caller import Caller
from app.intake.body import read_body
from app.intake.forms import MSGPACK_TYPES, EventForm, FrameForm
from app.intake.intake import Intake

router = APIRouter(prefix="/v1", tags=["telemetry"])


@dataclass(frozen=True)
class RefusedView:
    """A record that was not taken: its place in the request, and why. It is a dead letter now,
    unless there were too many.
    """

    index: int
    vehicle_id: str
    reason: str
    detail: str


@dataclass(frozen=True)
class TakenView:
    """`accepted` records are in Kafka; `duplicates` were there already; `withheld` of the refused
    were more in a minute than become dead letters.
    """

    accepted: int
    duplicates: int
    refused: list[RefusedView]
    withheld: int = 0


def _schema() -> dict[str, Any]:
    """The bodies that are taken, for the API's description."""
    (frame, event), parts = msgspec.json.schema_components(
        [FrameForm, EventForm], ref_template="#/components/schemas/{name}"
    )
    records = {
        "type": "array",
        "minItems": 1,
        "maxItems": 4_096,
        "items": {"anyOf": [frame, event]},
    }
    form = {
        "type": "object",
        "additionalProperties": False,
        "required": ["records"],
        "properties": {"records": records},
        "$defs": parts,
    }
    told = msgspec.json.encode(form).decode().replace("#/components/schemas/", "#/$defs/")
    packed = {"type": "string", "contentMediaType": "application/msgpack"}
    content = {name: {"schema": packed} for name in sorted(MSGPACK_TYPES)}
    return {
        "required": True,
        "content": {"application/json": {"schema": msgspec.json.decode(told)}, **content},
    }


@router.post("/telemetry", status_code=202, openapi_extra={"requestBody": _schema()})
async def telemetry(
    request: Request,
    content_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> TakenView:
    """Take records of vehicles. Answered once Kafka has them; a request that is sent again counts
    once. Records that make no sense are refused one by one, and the rest is taken. The header
    Content-Encoding may say gzip or zstd.
    """
    intake: Intake = request.app.state.intake
    caller: Caller = request.state.caller
    body = await read_body(request.stream(), intake.settings.ingest.max_body_bytes)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = await intake.take(body, media_type, content_encoding.strip().lower(), caller)
    refused = [
        RefusedView(one.index, one.vehicle_id, one.reason, one.detail) for one in taken.refused
    ]
    return TakenView(taken.accepted, taken.duplicates, refused, taken.withheld)
