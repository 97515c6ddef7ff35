"""A small fleet as worker and alerter would leave it in the store, ending at `now_ms`."""

import numpy as np

from contracts.alerts import Alert, Reason, Transition, WaitingCost
from contracts.batches import RiskRows, Summaries
from contracts.records import VehicleEvent
from contracts.risk import ModeRisk
from features.profile import builtin_profile
from infra.pulse import Reading, write_readings

MINUTE = 60_000
DAY = 86_400_000
MODELS = {
    "truck-diesel": ("Actros 1845", "XF 480", "Stralis 460"),
    "car-electric": ("e-Vito", "ID.4 Cargo", "Zoe Van"),
    "car-combustion": ("Sprinter 316", "Daily 35S", "Master L3"),
}
DEPOTS = ("Lyon", "Lille", "Metz", "Nice")
BAD = {
    "V0001": ("truck-diesel", "coolant_pump", "critical", 0.81),
    "V0002": ("car-electric", None, "soon", 0.46),
    "V0003": ("truck-diesel", "turbocharger", "soon", 0.39),
    "V0004": ("car-combustion", None, "watch", 0.18),
}
SILENT = "V0005"
LATE = "V0007"


def mode_of(vehicle):
    profile, mode, *_ = BAD[vehicle]
    return mode or builtin_profile(profile).modes[0].name


def profile_of(number):
    vehicle = f"V{number:04d}"
    return BAD[vehicle][0] if vehicle in BAD else tuple(MODELS)[number % 3]


def registration(number, now_ms, tenant="default"):
    name = profile_of(number)
    rng = np.random.default_rng(number)
    letters = "".join(rng.choice(list("ABCDEFGHJKLMNPRTVWXYZ"), 4))
    return VehicleEvent(
        tenant,
        name,
        f"V{number:04d}",
        now_ms - 400 * DAY,
        "registration",
        f"{letters[:2]}-{100 + number % 900}-{letters[2:]}",
        {
            "vin": f"WDB9066331S{100000 + number}",
            "model": MODELS[name][number % 3],
            "depot": DEPOTS[number % len(DEPOTS)],
        },
    )


def risk_rows(number, now_ms, days=30, tenant="default"):
    profile = builtin_profile(profile_of(number))
    vehicle = f"V{number:04d}"
    rng = np.random.default_rng(number)
    times = now_ms - np.arange(days)[::-1] * DAY - (4 * DAY if vehicle == SILENT else 60_000)
    r30 = np.abs(rng.normal(0.02, 0.012, (days, len(profile.modes))))
    if vehicle in BAD:
        at = [mode.name for mode in profile.modes].index(mode_of(vehicle))
        rise = np.clip((np.arange(days) - days + 14) / 13, 0, 1)
        r30[:, at] += (BAD[vehicle][3] - 0.02) * rise**1.4
    risk = np.stack([r30 * 0.4, r30, 1 - (1 - r30) ** 2.2], axis=2).clip(0, 1).astype(np.float32)
    modes = [mode.name for mode in profile.modes]
    ids = [vehicle] * days
    return RiskRows(profile.name, "m1", modes, [tenant] * days, ids, times, risk, None)


def alert(vehicle, now_ms, *, state="open", opened_days=6.0, alert_id="", tenant="default"):
    name, _, severity, risk_30 = BAD[vehicle]
    profile = builtin_profile(name)
    mode = profile.mode(mode_of(vehicle))
    signal = next(one for one in profile.signals if one.path == (mode.signals or [""])[0])
    return Alert(
        alert_id or f"a-{vehicle}-{mode.name}",
        tenant,
        name,
        vehicle,
        mode.name,
        "risk",
        state,
        severity,
        round(now_ms - opened_days * DAY),
        now_ms,
        now_ms if state == "resolved" else 0,
        ModeRisk(mode.name, risk_30 * 0.4, risk_30, min(1.0, risk_30 * 1.2)),
        None,
        "m1",
        [
            Reason(
                f"{signal.label.capitalize()} runs above what this load and weather explain, "
                "rising for 9 days",
                signal.path,
                signal.centre + 2 * signal.scale,
                signal.centre,
                signal.spec.unit,
                1.9,
            ),
            Reason("It climbs faster under load than in the first weeks", contribution=0.8),
            Reason("One of its fault codes came twice this week", contribution=0.4),
        ],
        mode.fault_codes[:1],
        [check.text for check in mode.checks],
        WaitingCost(risk_30 * mode.costs.breakdown, mode.costs.planned_repair, profile.currency),
    )


def signal_lost(vehicle, number, now_ms):
    reasons = [Reason("Last seen in Nice, risk before the silence 4 %")]
    return _contact("signal_lost", f"lost-{vehicle}", vehicle, number, now_ms, reasons)


def data_late(vehicle, number, now_ms):
    return _contact("data_late", f"late-{vehicle}", vehicle, number, now_ms, [])


def _contact(condition, alert_id, vehicle, number, now_ms, reasons):
    profile = profile_of(number)
    return Alert(
        alert_id,
        "default",
        profile,
        vehicle,
        "",
        condition,
        "open",
        "watch",
        now_ms - DAY,
        now_ms,
        0,
        ModeRisk("", 0, 0, 0),
        None,
        "m1",
        reasons,
        [],
        [],
        WaitingCost(0, 0, ""),
    )


def summaries(number, now_ms, days=60, per_day=6):
    """Frames whose signals follow the seasons; a bad vehicle's first signal of its mode drifts."""
    profile = builtin_profile(profile_of(number))
    vehicle = f"V{number:04d}"
    rng = np.random.default_rng(number)
    count = days * per_day
    at = np.arange(count)
    wave = np.sin(at / per_day / 9)[:, None]
    scaled = 0.5 * wave + rng.normal(0, 0.25, (count, len(profile.signals)))
    if vehicle in BAD:
        path = profile.mode(mode_of(vehicle)).signals[0]
        drift = np.clip((at - count + 14 * per_day) / (13 * per_day), 0, 1)
        scaled[:, [one.path for one in profile.signals].index(path)] += 3 * drift
    centre = np.array([one.centre for one in profile.signals])
    scale = np.array([one.scale for one in profile.signals])
    mean = (scaled * scale + centre).astype(np.float32)
    stats = np.stack([np.full_like(mean, 30), mean, mean * 0.02, mean, mean, mean], axis=2)
    times = now_ms - (count - at) * (DAY // per_day)
    return Summaries(profile.name, ["default"] * count, [vehicle] * count, times, at, stats)


def events(vehicle, now_ms):
    name = BAD[vehicle][0]
    profile = builtin_profile(name)
    mode = profile.mode(mode_of(vehicle))

    def one(days, kind, code, **detail):
        return VehicleEvent("default", name, vehicle, now_ms - days * DAY, kind, code, detail)

    return [
        one(52, "service", "oil and filters"),
        one(31, "firmware", "4.2"),
        one(3, "fault_code", mode.fault_codes[0]),
        one(1, "fault_code", mode.fault_codes[0]),
    ]


def readings(now_ms):
    """The platform's last hour: it catches up, and what it stores gets younger."""
    return [
        Reading(
            now_ms - ago * MINUTE,
            1_440 - 12 * ago,
            2 * ago,
            now_ms - ago * MINUTE - 30_000 - ago * 1_000,
        )
        for ago in range(60, 0, -1)
    ]


def fill(store, now_ms, count=24):
    """Registrations, risk, frames, events and alerts of `count` vehicles, and the last hour of the
    platform.
    """
    write_readings(store.clickhouse, readings(now_ms))
    numbers = range(1, count + 1)
    store.write_events([registration(number, now_ms) for number in numbers])
    for number in numbers:
        store.write_risk(risk_rows(number, now_ms))
    for number in range(1, 5):
        store.write_summaries(summaries(number, now_ms))
        store.write_events(events(f"V{number:04d}", now_ms))
    alerts = [alert(vehicle, now_ms) for vehicle in BAD]
    alerts += [signal_lost(SILENT, 5, now_ms), data_late(LATE, 7, now_ms)]
    changes = [
        Transition(a.alert_id, a.tenant, a.vehicle_id, a.mode, a.opened_ms, "alerter", *step)
        for a in alerts
        for step in (
            ("none", "pending", "risk above the line"),
            ("pending", "open", "it stayed there"),
        )
    ]
    store.write_alerts(alerts, changes)
    history = [
        VehicleEvent("default", profile_of(9), "V0009", now_ms - 20 * DAY, "failure", "x", {}),
        VehicleEvent("default", "truck-diesel", "V0001", now_ms - 50 * DAY, "failure", "scr", {}),
    ]
    store.write_events(history)
