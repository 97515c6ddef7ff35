"""Two tenants whose data says whose it is, so that a leak can be read off any answer."""

import time

import numpy as np

from contracts.alerts import Alert, Reason, Transition, WaitingCost
from contracts.batches import RiskRows, Summaries
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk
from features.profile import builtin_profile

NOW_MS = time.time_ns() // 1_000_000
DAY = 86_400_000
PROFILE = "truck-diesel"


def mark(tenant):
    """A text that stands in everything of this tenant."""
    return f"secret-of-{tenant}"


def vehicle(tenant):
    return f"{tenant}-vehicle"


def alert_id(tenant):
    return f"alert-{tenant}"


def vin(tenant):
    return {"default": "WDB9066331S100001", "other": "VF1KZ1A0646000777"}[tenant]


def fill(store, tenant):
    """A vehicle with registration, frames, events, scores and an open alert."""
    own, said = vehicle(tenant), mark(tenant)
    profile = builtin_profile(PROFILE)
    registration = {"vin": vin(tenant), "model": said, "depot": said}
    store.write_events(
        [
            VehicleEvent(
                tenant, PROFILE, own, NOW_MS - 90 * DAY, "registration", said, registration
            ),
            VehicleEvent(tenant, PROFILE, own, NOW_MS - DAY, "service", said, {"note": said}),
        ]
    )
    modes = [mode.name for mode in profile.modes]
    risk = np.full((2, len(modes), 3), 0.3, dtype=np.float32)
    times = np.array([NOW_MS - DAY, NOW_MS - 60_000])
    store.write_risk(RiskRows(PROFILE, said, modes, [tenant] * 2, [own] * 2, times, risk, None))
    means = np.array([one.centre for one in profile.signals], dtype=np.float32)
    stats = np.broadcast_to(means[None, :, None], (2, len(means), 6)).copy()
    store.write_summaries(Summaries(PROFILE, [tenant] * 2, [own] * 2, times, np.arange(2), stats))
    mode = profile.modes[0]
    alert = Alert(
        alert_id(tenant),
        tenant,
        PROFILE,
        own,
        mode.name,
        "risk",
        "open",
        "soon",
        NOW_MS - DAY,
        NOW_MS - 60_000,
        0,
        ModeRisk(mode.name, 0.1, 0.3, 0.5),
        None,
        said,
        [Reason(said)],
        [],
        [],
        WaitingCost(100.0, 10.0, "EUR"),
        depot=said,
    )
    change = Transition(
        alert.alert_id, tenant, own, mode.name, alert.opened_ms, "alerter", "pending", "open", said
    )
    store.write_alerts([alert], [change])
