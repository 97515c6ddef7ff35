"""`/api/vehicles/{key}/photos`: what the workshop saw, beside what it found."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from app.api.context import Context, Wired
from app.api.problems import ProblemError
from app.api.vehicles import Key, registered
from contracts.errors import DataError
from infra.photos import Photos
from infra.reads.history import Happening, happenings
from infra.reads.questions import ask
from infra.reads.vehicles import Registration

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


@dataclass(frozen=True)
class PhotoName:
    """What a finding names the photo by."""

    photo: str


@router.post("/{key:path}/photos", status_code=201)
def keep_photo(
    context: Wired,
    key: Key,
    payload: Annotated[
        bytes, Body(media_type="image/*", min_length=1, description="JPEG, PNG or WebP")
    ],
) -> PhotoName:
    """Keep a photo for a finding that follows."""
    registered(context, key)
    try:
        return PhotoName(photos_of(context).save(context.tenant, payload))
    except DataError as error:
        raise ProblemError(415, "no-photo", "Not kept", f"It was not kept: {error}.") from None


@router.get("/{key:path}/photos")
def photos(context: Wired, key: Key) -> list[PhotoName]:
    """The photos that findings name, the newest first."""
    told = findings_of(context, registered(context, key))
    return [PhotoName(one.detail["photo"]) for one in told if one.detail.get("photo")]


@router.get("/{key:path}/photos/{photo}", response_class=Response)
def photo(context: Wired, key: Key, photo: Annotated[str, Path(max_length=100)]) -> Response:
    """A photo."""
    registered(context, key)
    found = photos_of(context).find(context.tenant, photo)
    if found is None:
        detail = f"No photo has the name {photo!r}."
        raise ProblemError(404, "unknown-photo", "Unknown photo", detail, photo=photo)
    payload, media = found
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(payload, media_type=media, headers=headers)


def findings_of(context: Context, found: Registration, limit: int = 500) -> list[Happening]:
    """What was found of this vehicle, the newest first."""
    vehicle = (context.tenant, found.profile, found.vehicle_id)
    return ask(context.store, happenings(vehicle, 0, limit, kind="finding"))


def photos_of(context: Context) -> Photos:
    """The photos of this home."""
    return Photos(context.settings.home / "photos")
