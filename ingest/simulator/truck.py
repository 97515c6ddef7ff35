"""The diesel truck: what its signals are when it is sound, and its nine ways to fail."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from contracts.batches import Floats
from ingest.simulator import shapes
from ingest.simulator.kinds import Code, Kind, ModeModel, SignalModel, Symptom
from ingest.simulator.usage import Usage

_ENGINE: Final = "Powertrain.CombustionEngine."
_WHEEL: Final = "Chassis.Axle.Row1.Wheel.Left."
COOLANT: Final = _ENGINE + "EngineCoolant.Temperature"
OIL: Final = _ENGINE + "EOP"
RAIL: Final = _ENGINE + "RailPressure"
ROUGH: Final = _ENGINE + "RoughRunning"
BOOST: Final = _ENGINE + "BoostPressure"
EXHAUST: Final = _ENGINE + "ExhaustTemperature"
FUEL: Final = "Powertrain.FuelSystem.InstantConsumption"
FILTER: Final = _ENGINE + "DieselParticulateFilter.DeltaPressure"
NOX_BEFORE: Final = _ENGINE + "NOxBeforeCatalyst"
NOX_AFTER: Final = _ENGINE + "NOxAfterCatalyst"
VOLTAGE: Final = "LowVoltageBattery.CurrentVoltage"
CRANKING: Final = "LowVoltageBattery.CrankingVoltage"
PADS: Final = _WHEEL + "Brake.PadWear"
DISC: Final = _WHEEL + "Brake.Temperature"
BEARING: Final = _WHEEL + "BearingVibration"

SIGNALS: Final = (
    SignalModel("Speed", 0.0, 0.0, 0.0, 7.0, "drive"),
    SignalModel("TripDuration", 0.0, 0.0, 0.0, 17.0, "drive"),
    SignalModel("Exterior.AirTemperature", 0.6, 0.3, 0.5, 0.2),
    SignalModel(_ENGINE + "Speed", 40.0, 8.0, 12.0, 110.0, "drive"),
    SignalModel(_ENGINE + "Torque", 30.0, 10.0, 25.0, 230.0, "drive"),
    SignalModel(COOLANT, 1.1, 0.7, 1.0, 0.7),
    SignalModel(OIL, 14.0, 7.0, 14.0, 12.0),
    SignalModel(RAIL, 2_600.0, 1_200.0, 1_800.0, 9_000.0, "drive"),
    SignalModel(ROUGH, 0.8, 0.4, 0.6, 1.2),
    SignalModel(BOOST, 7.0, 3.5, 5.0, 22.0, "drive"),
    SignalModel(EXHAUST, 15.0, 8.0, 11.0, 24.0, "drive"),
    SignalModel(FUEL, 2.4, 0.7, 1.1, 9.0, "drive"),
    SignalModel(FILTER, 420.0, 330.0, 260.0, 900.0, "drive"),
    SignalModel(NOX_BEFORE, 45.0, 25.0, 30.0, 90.0, "drive"),
    SignalModel(NOX_AFTER, 14.0, 8.0, 8.0, 12.0),
    SignalModel(VOLTAGE, 0.15, 0.08, 0.10, 0.12),
    SignalModel(CRANKING, 0.28, 0.15, 0.25, 0.0),
    SignalModel(PADS, 0.7, 0.5, 1.0, 0.2),
    SignalModel(DISC, 15.0, 7.0, 10.0, 20.0, "drive"),
    SignalModel(BEARING, 0.25, 0.13, 0.22, 0.28),
)


def levels(u: Usage, pads: Floats) -> Mapping[str, Floats]:
    """Healthy values by path."""
    warm, cold = u.warm, shapes.cold(u)
    rpm = 780 + 3.2 * u.speed + 560 * u.load
    torque = 2_300 * u.load
    before = 230 + 1_350 * u.load - 4 * u.air
    unlit = np.exp(-u.trip_s * (0.4 + u.load) / 500)
    flow = (0.3 + u.load) * rpm / 1_250
    return {
        "Speed": u.speed,
        "TripDuration": u.trip_s,
        "Exterior.AirTemperature": u.air,
        _ENGINE + "Speed": rpm,
        _ENGINE + "Torque": torque,
        COOLANT: u.soak_c + (84 + 6 * u.load + 0.07 * (u.air - 12) - u.soak_c) * warm,
        OIL: 150 + 0.17 * rpm + 60 * (1 - warm),
        RAIL: 62_000 + 115_000 * u.load - 30_000 * u.load**2,
        ROUGH: 7.5 - 0.0015 * rpm + 3 * (1 - warm) + 0.8 * u.roughness,
        BOOST: 102 + 250 * u.load**1.15 + 8 * u.drive * u.load,
        EXHAUST: u.soak_c + (215 + 520 * u.load + 0.4 * u.air - u.soak_c) * warm,
        FUEL: 7 + 50 * u.load + 5 * u.payload + 0.07 * np.maximum(60 - u.speed, 0) + 1.2 * cold,
        FILTER: 900 + 5_200 * flow,
        NOX_BEFORE: before,
        NOX_AFTER: before * (0.055 + 0.28 * unlit),
        VOLTAGE: 28.3 - 0.016 * (u.air - 12) - 0.3 * shapes.night_and_cold(u),
        CRANKING: 21.2 + 0.035 * np.minimum(u.soak_c - 15, 30),
        PADS: pads,
        DISC: u.air + 40 + 210 * u.braking * np.sqrt(0.3 + u.speed / 80) + 0.2 * u.speed,
        BEARING: 0.7 + 0.016 * u.speed + 1.2 * u.roughness + 0.3 * u.payload,
    }


INJECTOR: Final = ModeModel(
    "injector",
    "injectors",
    (
        Symptom(ROUGH, 2.2, lambda u: 0.4 + 0.7 * shapes.idling(u)),
        Symptom(RAIL, -10_500.0, shapes.pulling),
        Symptom(EXHAUST, 54.0, shapes.pulling),
        Symptom(FUEL, 5.2, shapes.pulling),
    ),
    (
        Code("SPN 651 FMI 7", 0.65, 0.07),
        Code("SPN 1322 FMI 31", 0.6, 0.06),
        Code("SPN 157 FMI 18", 0.75, 0.05),
    ),
    shapes.work,
    repair_hours=30.0,
)
TURBO: Final = ModeModel(
    "turbocharger",
    "turbocharger",
    (
        Symptom(BOOST, -28.0, shapes.pulling),
        Symptom(EXHAUST, 63.0, shapes.pulling),
        Symptom(FUEL, 5.4, shapes.pulling),
        Symptom(FILTER, 750.0, shapes.pulling),
    ),
    (Code("SPN 102 FMI 18", 0.6, 0.1), Code("SPN 641 FMI 7", 0.75, 0.06)),
    shapes.hot_work,
    repair_hours=48.0,
)
FILTER_CLOGGED: Final = ModeModel(
    "dpf",
    "particulate filter",
    (
        Symptom(FILTER, 1_700.0, lambda u: 0.35 + 0.85 * shapes.pulling(u)),
        Symptom(EXHAUST, 56.0, shapes.pulling),
        Symptom(FUEL, 4.1, shapes.always),
        Symptom(BOOST, -30.0, shapes.pulling),
    ),
    (Code("SPN 3251 FMI 0", 0.65, 0.1), Code("SPN 3719 FMI 16", 0.6, 0.08)),
    shapes.town_work,
    repair_hours=20.0,
)
CATALYST: Final = ModeModel(
    "scr",
    "dosing unit",
    (
        Symptom(NOX_AFTER, 54.0, lambda u: 0.3 + 0.8 * shapes.pulling(u)),
        Symptom(NOX_AFTER, 60.0, shapes.first_minutes),
        Symptom(NOX_BEFORE, 140.0, shapes.always),
        Symptom(FUEL, 2.1, shapes.always),
    ),
    (Code("SPN 4364 FMI 18", 0.6, 0.12), Code("SPN 3226 FMI 0", 0.8, 0.05)),
    shapes.town_work,
    repair_hours=22.0,
)
PUMP: Final = ModeModel(
    "coolant_pump",
    "coolant pump",
    (
        Symptom(COOLANT, 12.0, shapes.hot_climb),
        Symptom(OIL, -54.0, shapes.hot_climb),
        Symptom(FUEL, 4.8, shapes.hot_climb),
    ),
    (Code("SPN 110 FMI 0", 0.7, 0.12), Code("SPN 111 FMI 1", 0.7, 0.05)),
    shapes.hot_work,
    repair_hours=36.0,
)
ALTERNATOR: Final = ModeModel(
    "alternator",
    "alternator",
    (
        Symptom(VOLTAGE, -0.58, shapes.night_and_cold),
        Symptom(CRANKING, -0.9, shapes.always),
        Symptom(ROUGH, 2.8, shapes.idling),
        Symptom(FUEL, 2.2, shapes.always),
    ),
    (Code("SPN 167 FMI 1", 0.65, 0.1), Code("SPN 168 FMI 18", 0.6, 0.06)),
    shapes.hot_work,
    repair_hours=24.0,
)
BATTERY: Final = ModeModel(
    "battery_24v",
    "batteries",
    (
        Symptom(CRANKING, -1.0, lambda u: 0.45 + 0.65 * shapes.cold(u)),
        Symptom(VOLTAGE, -0.83, shapes.first_minutes),
        Symptom(ROUGH, 3.7, shapes.first_minutes),
    ),
    (Code("SPN 168 FMI 18", 0.6, 0.07), Code("SPN 168 FMI 1", 0.8, 0.06)),
    shapes.battery_stress,
    calendar=0.5,
    repair_hours=6.0,
)
BRAKE: Final = ModeModel(
    "brake_front",
    "front brake",
    (
        Symptom(DISC, 79.0, shapes.rubbing),
        Symptom(PADS, 9.0, shapes.always),
        Symptom(BEARING, 0.75, shapes.fast),
        Symptom(FUEL, 2.4, shapes.rubbing),
    ),
    (Code("SPN 1099 FMI 18", 0.7, 0.06),),
    shapes.brake_work,
    repair_hours=14.0,
    onset_days=960.0,
    renewal_days=520.0,
)
WHEEL_BEARING: Final = ModeModel(
    "wheel_bearing",
    "front wheel bearing",
    (
        Symptom(BEARING, 0.89, lambda u: shapes.fast(u) ** 1.5),
        Symptom(DISC, 67.0, shapes.fast),
        Symptom(FUEL, 2.4, shapes.fast),
    ),
    (Code("SPN 904 FMI 2", 0.7, 0.06),),
    shapes.rolling,
    repair_hours=18.0,
)

TRUCK: Final = Kind(
    name="truck-diesel",
    signals=SIGNALS,
    modes=(
        INJECTOR,
        TURBO,
        FILTER_CLOGGED,
        CATALYST,
        PUMP,
        ALTERNATOR,
        BATTERY,
        BRAKE,
        WHEEL_BEARING,
    ),
    levels=levels,
    routes=(0.8, 1.4, 3.0),
    slot_hours=(4.5, 12.5),
    slot_share=0.85,
    trip_frames=5.5,
    trip_most=26,
    weekend_share=0.15,
    route_speeds=(27.0, 56.0, 81.0),
    top_speed=92.0,
    models=("Tractor 4x2", "Rigid 6x2", "Tractor 6x4"),
    recalibrated=(BOOST, NOX_AFTER, RAIL),
    service_days=200.0,
    speed_spread=0.6,
    payload_pull=0.3,
    odometer_scale=4.0,
)
