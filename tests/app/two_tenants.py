"""Two tenants whose data says whose it is, so that a leak can be read off any answer."""

import hashlib
import time

import numpy as np

from contracts.alerts import Alert, Answer, Reason, Silence, Transition, WaitingCost
from contracts.batches import RiskRows, Summaries
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk
from contracts.workorders import Job, WorkOrder
from features.profile import builtin_profile
from infra.photos import Photos
from infra.workorders import WorkOrders

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


def order_id(tenant):
    return f"WO-{tenant}"


def silence_id(tenant):
    return f"silence-{tenant}"


def command_id(tenant):
    return f"command-{tenant}"


def photo(tenant):
    return b"\xff\xd8\xff" + mark(tenant).encode()


def known(tenant):
    """What stands for the holes of a path, by their names; `fill` makes all of it but keys and
    logins.
    """
    return {
        "key": vehicle(tenant),
        "alert_id": alert_id(tenant),
        "order_id": order_id(tenant),
        "silence_id": silence_id(tenant),
        "command_id": command_id(tenant),
        "photo": f"{hashlib.sha256(photo(tenant)).hexdigest()}.jpg",
        "login": f"someone@{tenant}",
    }


def fill(store, photos, tenant):
    """A vehicle with registration, frames, events, scores and an open alert; a work order, a
    silence, a command's answer and a photo.
    """
    own, said = vehicle(tenant), mark(tenant)
    profile = builtin_profile(PROFILE)
    mode = profile.modes[0]
    _fill_desk(store, tenant, mode)
    Photos(photos).save(tenant, photo(tenant))
    finding = {"photo": known(tenant)["photo"], "note": said}
    registration = {"vin": vin(tenant), "model": said, "depot": said}
    store.write_events(
        [
            VehicleEvent(
                tenant, PROFILE, own, NOW_MS - 90 * DAY, "registration", said, registration
            ),
            VehicleEvent(tenant, PROFILE, own, NOW_MS - DAY, "service", said, {"note": said}),
            VehicleEvent(tenant, PROFILE, own, NOW_MS - DAY, "finding", mode.name, finding),
        ]
    )
    modes = [mode.name for mode in profile.modes]
    risk = np.full((2, len(modes), 3), 0.3, dtype=np.float32)
    times = np.array([NOW_MS - DAY, NOW_MS - 60_000])
    store.write_risk(RiskRows(PROFILE, said, modes, [tenant] * 2, [own] * 2, times, risk, None))
    means = np.array([one.centre for one in profile.signals], dtype=np.float32)
    stats = np.broadcast_to(means[None, :, None], (2, len(means), 6)).copy()
    store.write_summaries(Summaries(PROFILE, [tenant] * 2, [own] * 2, times, np.arange(2), stats))
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


def _fill_desk(store, tenant, mode):
    own, said, alert = vehicle(tenant), mark(tenant), alert_id(tenant)
    job = Job(mode.name, said, said, alert, [(said, 20)])
    whose = (order_id(tenant), tenant, PROFILE, own, said)
    times = (NOW_MS + DAY, NOW_MS + DAY, said, NOW_MS, NOW_MS)
    WorkOrders(store.clickhouse).save(
        WorkOrder(*whose, "proposed", [job], 20, *times, said, 1, "e", said)
    )
    until = (NOW_MS - DAY, NOW_MS + DAY)
    quiet = Silence(silence_id(tenant), tenant, {"depot": said}, *until, said, said)
    store.write_silences([quiet])
    about = (command_id(tenant), tenant, own, alert, "acknowledge")
    store.write_answers([Answer(*about, said, NOW_MS, done=True, why=said)])
