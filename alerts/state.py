"""What the pipeline remembers: a function of the alert log up to an offset."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from alerts.budget import Spent
from contracts.alerts import Alert, Silence

VERSION: Final = 1
"""Grows whenever the meaning of the state changes; older snapshots are then refused."""
LOST: Final = "!signal_lost"
LATE: Final = "!data_late"
"""Keys of tracks that aren't about a failure mode."""


class Track(msgspec.Struct):
    """One condition of a vehicle on its way to an alert, in one, or quiet after one.

    `above` scores in a row were at or above the line since `above_ms`; `below_ms` is the first
    score of those in a row that were low enough to close. `told_ms`, `told_risk`: of the score
    whose reasons were asked for last. Times are 0 for none.
    """

    above: int = 0
    above_ms: int = 0
    below_ms: int = 0
    quiet_until_ms: int = 0
    told_ms: int = 0
    told_risk: float = 0.0
    alert: Alert | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember."""
        return self.alert is None and not self.above and not self.quiet_until_ms


class Vehicle(msgspec.Struct):
    """`scored_ms`: event time of the newest score; `heard_ms`: the fleet's clock when it came.

    `settled_ms` by mode: when its part was last replaced, failed or looked at; scores and events up
    to then are over and done with.
    """

    tenant: str
    vehicle_id: str
    profile: str
    depot: str = ""
    scored_ms: int = 0
    heard_ms: int = 0
    settled_ms: dict[str, int] = {}
    tracks: dict[str, Track] = {}


class Tenant(msgspec.Struct):
    """A tenant's vehicles of this partition, and its clock (event time).

    `data_ms` is the newest score's event time, `data_broker_ms` the broker's time when it came;
    the clock may be ahead of it, because others told what time it is.
    """

    name: str
    now_ms: int = 0
    data_ms: int = 0
    data_broker_ms: int = 0
    wake_ms: int = 0
    look_ms: int = 0
    spent: Spent = msgspec.field(default_factory=Spent)
    vehicles: dict[str, Vehicle] = {}
    silences: dict[str, Silence] = {}


class Place(NamedTuple):
    """Where an alert or what may become one stands."""

    tenant: Tenant
    vehicle: Vehicle
    key: str

    @property
    def track(self) -> Track:
        """The track there; a new one where there was none."""
        found = self.vehicle.tracks.get(self.key)
        if found is None:
            found = self.vehicle.tracks[self.key] = Track()
        return found


class _Image(msgspec.Struct, array_like=True):
    version: int
    tenants: list[Tenant]
    closed: list[Alert]
    answered: list[str]
    standing: list[str]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Image)


class State:
    """Everything of one partition. `closed` holds alerts that were resolved lately, `answered` the
    commands that were applied lately, oldest first.
    """

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.closed: dict[str, Alert] = {}
        self.answered: dict[str, None] = {}
        self.places: dict[str, Place] = {}

    def tenant(self, name: str) -> Tenant:
        """The tenant of this name, new if need be."""
        found = self.tenants.get(name)
        if found is None:
            found = self.tenants[name] = Tenant(name)
        return found

    def active(self, tenant: str) -> Iterator[tuple[Place, Alert]]:
        """Alerts that are not resolved, in the order in which they opened."""
        for place in list(self.places.values()):
            alert = place.track.alert
            if alert is not None and place.tenant.name == tenant:
                yield place, alert

    def adopt(self, alert: Alert) -> None:
        """Go on with an alert that stands in the store, where its history is lost. Scores up to its
        last change are taken for known.
        """
        tenant = self.tenant(alert.tenant)
        vehicle = tenant.vehicles.get(alert.vehicle_id)
        if vehicle is None:
            vehicle = Vehicle(alert.tenant, alert.vehicle_id, alert.profile, alert.depot)
            tenant.vehicles[alert.vehicle_id] = vehicle
        vehicle.scored_ms = vehicle.heard_ms = max(vehicle.scored_ms, alert.updated_ms)
        tenant.now_ms = max(tenant.now_ms, alert.updated_ms)
        key = alert.mode or f"!{alert.condition}"
        vehicle.tracks[key] = Track(alert=alert)
        self.places[alert.alert_id] = Place(tenant, vehicle, key)

    def to_bytes(self) -> bytes:
        """The whole, the same for the same state."""
        image = _Image(
            VERSION,
            list(self.tenants.values()),
            list(self.closed.values()),
            list(self.answered),
            list(self.places),
        )
        return _encoder.encode(image)

    @classmethod
    def from_bytes(cls, payload: bytes) -> "State":
        """The inverse. Raises msgspec.DecodeError."""
        image = _decoder.decode(payload)
        if image.version != VERSION:
            raise msgspec.DecodeError(f"alert state of version {image.version}, not {VERSION}")
        state = cls()
        state.tenants = {one.name: one for one in image.tenants}
        state.closed = {one.alert_id: one for one in image.closed}
        state.answered = dict.fromkeys(image.answered)
        found = {
            track.alert.alert_id: Place(tenant, vehicle, key)
            for tenant in image.tenants
            for vehicle in tenant.vehicles.values()
            for key, track in vehicle.tracks.items()
            if track.alert is not None
        }
        # In the order in which they opened: what is due at one moment is done in that order.
        state.places = {alert_id: found[alert_id] for alert_id in image.standing}
        return state
