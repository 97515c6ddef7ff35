"""What the filters offer, and what was chosen as an address says it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request

from app.api import words
from app.api.context import Context
from app.profiles import known_profiles
from app.web.render import viewer
from infra.reads import summary as counts


def choices(request: Request, context: Context) -> dict[str, list[tuple[str, str]]]:
    """Depots, kinds, models and parts that the fleet has, as (value, label)."""
    local = viewer(request).texts.local
    store, tenant = context.store, context.tenant
    found = context.answers.choices.get(tenant, lambda: counts.choices(store, tenant))
    present = [name for name in found.profiles if name in known_profiles()]
    modes = {
        mode.name: local(mode.label)
        for name in present
        if (profile := words.profile_of(name))
        for mode in profile.modes
    }
    return {
        "depot": [(name, name) for name in found.depots],
        "profile": [(name, local(words.profile_label(name))) for name in present],
        "model": [(name, name) for name in found.models],
        "mode": sorted(modes.items(), key=lambda one: one[1]),
    }


def query_of(chosen: Mapping[str, str], **other: str) -> str:
    """The query of an address with what was chosen, some of it changed."""
    return urlencode({key: value for key, value in {**chosen, **other}.items() if value})
