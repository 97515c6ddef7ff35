"""`/api/vehicles/{key}/battery`: how much a traction battery still holds, by its charges."""

from dataclasses import dataclass

from fastapi import APIRouter

from app.api import words
from app.api.context import Context, Wired
from app.api.vehicles import Key, registered
from contracts.errors import ModelError
from infra.reads.charging import charging
from infra.reads.questions import ask
from infra.reads.vehicles import Registration
from models.pack import PackHealth, alike, charges_of, pack_health

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"])


@dataclass(frozen=True)
class StateOfHealth:
    """Percent of what the first charges, from `first_ms` on, say was new; `low` to `high` hold it
    nine times in ten. Above 100 only with a `reason`. Told by the newest charges, the last at
    `last_ms`. Times are Unix ms.
    """

    percent: float
    low: float
    high: float
    reason: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class BatteryView:
    """`charges` alike were seen; fewer than six can't tell the `health`, and `why` says so."""

    vehicle_id: str
    health: StateOfHealth | None
    charges: int
    why: str


@router.get("/{key:path}/battery")
def battery(context: Wired, key: Key) -> BatteryView:
    """The state of health of a vehicle's traction battery."""
    return battery_of(context, registered(context, key))


def battery_of(context: Context, found: Registration) -> BatteryView:
    """What the charges of a vehicle tell of its traction battery."""
    profile = words.profile_of(found.profile)
    if profile is None or profile.battery is None:
        why = f"{words.profile_label(found.profile)}: its profile names no traction battery."
        return BatteryView(found.vehicle_id, None, 0, why)
    pack, paths = profile.battery, [signal.path for signal in profile.signals]
    places = (paths.index(pack.voltage), paths.index(pack.current))
    vehicle = (context.tenant, profile.name, found.vehicle_id)
    seen = ask(context.store, charging(vehicle, places, len(paths), pack.part))
    charges = alike(charges_of(seen.time_ms, seen.volts / pack.cells_in_series, seen.amps))
    try:
        told, why = _health(pack_health(charges)), ""
    except ModelError as error:
        told, why = None, f"Its health can't be told yet: {error}."
    return BatteryView(found.vehicle_id, told, len(charges), why)


def _health(found: PackHealth) -> StateOfHealth:
    told = found.estimate
    return StateOfHealth(
        told.value, told.low, told.high, told.reason, found.first_ms, found.last_ms
    )
