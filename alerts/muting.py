"""Whether an alert is kept quiet: by a silence, or because its parent fault explains it."""

from collections.abc import Mapping
from typing import NamedTuple

from alerts.severity import RANK
from alerts.silences import silence_of
from alerts.state import Tenant, Vehicle
from alerts.units import inner
from contracts.alerts import Alert
from features.profile import Mode

LOUD = "nothing keeps it quiet any more"


class Cause(NamedTuple):
    """Who made alerts be looked at again; `why` are the words for those that become loud."""

    actor: str
    why: str = LOUD


def muted_by(
    tenant: Tenant, vehicle: Vehicle, alert: Alert, modes: Mapping[str, Mode], now_ms: int
) -> tuple[str, str]:
    """The id of the silence or parent alert that mutes it, and why; ("", "") for none. `modes` are
    those of its profile, by name.
    """
    silence = silence_of(tenant.silences.values(), alert, now_ms)
    if silence:
        given = tenant.silences[silence]
        return silence, f"silenced by {given.actor}: {given.why or 'no reason given'}"
    mode = modes.get(alert.mode)
    for parent in mode.parents if mode and alert.condition == "risk" else ():
        track = vehicle.tracks.get(parent)
        if track and track.alert and _explains(track.alert, alert):
            return track.alert.alert_id, f"explained by {inner(modes[parent].label)}"
    return "", ""


def _explains(parent: Alert, child: Alert) -> bool:
    """Only what people are told of, and as urgently, speaks for another."""
    told = parent.severity != "watch" and not parent.muted_by
    return told and RANK[parent.severity] >= RANK[child.severity]
