"""`/api/fleets`: which kinds of vehicles there are, where, and what can fail in them."""

from dataclasses import dataclass

from fastapi import APIRouter

from app.api import words
from app.api.context import Wired
from infra.reads.summary import choices

router = APIRouter(prefix="/api/fleets", tags=["fleet"])


@dataclass(frozen=True)
class FailureMode:
    """What can fail, by the name that findings and filters take."""

    mode: str
    label: str


@dataclass(frozen=True)
class Fleet:
    """The vehicles of one profile."""

    profile: str
    label: str
    modes: list[FailureMode]


@dataclass(frozen=True)
class Fleets:
    """What the tenant has; a name of each is what filters take."""

    fleets: list[Fleet]
    depots: list[str]


@router.get("")
def fleets(context: Wired) -> Fleets:
    """Kinds of vehicles with their failure modes, and depots."""
    store, tenant = context.store, context.tenant
    found = context.answers.choices.get(tenant, lambda: choices(store, tenant))
    return Fleets([_fleet(name) for name in found.profiles], list(found.depots))


def _fleet(name: str) -> Fleet:
    profile = words.profile_of(name)
    modes = profile.modes if profile else ()
    return Fleet(name, words.profile_label(name), [FailureMode(m.name, m.label) for m in modes])
