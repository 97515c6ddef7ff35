"""The petrol car: what its signals are when it is sound, and its eight ways to fail."""

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
INTAKE: Final = _ENGINE + "IntakeAirTemperature"
THROTTLE: Final = _ENGINE + "TPS"
MANIFOLD: Final = _ENGINE + "MAP"
TRIM_SHORT: Final = _ENGINE + "FuelTrim.ShortTerm"
TRIM_LONG: Final = _ENGINE + "FuelTrim.LongTerm"
TIMING: Final = _ENGINE + "TimingAdvance"
CATALYST: Final = _ENGINE + "CatalystTemperature"
ROUGH: Final = _ENGINE + "RoughRunning"
VOLTAGE: Final = "LowVoltageBattery.CurrentVoltage"
CRANKING: Final = "LowVoltageBattery.CrankingVoltage"
CURRENT: Final = "LowVoltageBattery.CurrentCurrent"
PADS: Final = _WHEEL + "Brake.PadWear"
DISC: Final = _WHEEL + "Brake.Temperature"
BEARING: Final = _WHEEL + "BearingVibration"

SIGNALS: Final = (
    SignalModel("Speed", 0.0, 0.0, 0.0, 9.0, "drive"),
    SignalModel("TripDuration", 0.0, 0.0, 0.0, 17.0, "drive"),
    SignalModel("Exterior.AirTemperature", 0.6, 0.3, 0.5, 0.2),
    SignalModel(_ENGINE + "Speed", 70.0, 10.0, 20.0, 260.0, "drive"),
    SignalModel(_ENGINE + "Load", 1.0, 0.3, 1.0, 9.0, "drive"),
    SignalModel(COOLANT, 1.3, 0.8, 1.2, 0.8),
    SignalModel(INTAKE, 1.6, 0.8, 1.5, 0.8),
    SignalModel(THROTTLE, 1.0, 0.4, 0.8, 4.0, "drive"),
    SignalModel(MANIFOLD, 1.8, 0.9, 1.4, 9.0, "drive"),
    SignalModel(TRIM_SHORT, 1.3, 0.5, 0.5, 2.6),
    SignalModel(TRIM_LONG, 0.9, 0.8, 1.4, 0.5),
    SignalModel(TIMING, 1.5, 0.6, 0.8, 5.0, "drive"),
    SignalModel(CATALYST, 16.0, 8.0, 14.0, 14.0, "drive"),
    SignalModel(ROUGH, 1.0, 0.5, 0.7, 1.6),
    SignalModel(VOLTAGE, 0.10, 0.05, 0.07, 0.09),
    SignalModel(CRANKING, 0.16, 0.08, 0.15, 0.0),
    SignalModel(CURRENT, 1.6, 0.7, 0.7, 2.4),
    SignalModel(PADS, 0.7, 0.5, 1.0, 0.2),
    SignalModel(DISC, 13.0, 6.0, 9.0, 18.0, "drive"),
    SignalModel(BEARING, 0.22, 0.11, 0.20, 0.25),
)


def levels(u: Usage, pads: Floats) -> Mapping[str, Floats]:
    """Healthy values by path."""
    warm, cold = u.warm, shapes.cold(u)
    rpm = 820 + 10.5 * u.speed + 900 * u.load + 120 * (1 - warm)
    return {
        "Speed": u.speed,
        "TripDuration": u.trip_s,
        "Exterior.AirTemperature": u.air,
        _ENGINE + "Speed": rpm,
        _ENGINE + "Load": 100 * u.load,
        COOLANT: u.soak_c + (87 + 5 * u.load + 0.06 * (u.air - 12) - u.soak_c) * warm,
        INTAKE: u.air + 20 * np.exp(-u.speed / 45) + 9 * warm + 6 * u.load,
        THROTTLE: 13 + 34 * u.load**1.3 + 0.02 * u.speed,
        MANIFOLD: 13 + 82 * u.load + 55 * np.maximum(u.load - 0.45, 0),
        TRIM_SHORT: 0.4 * u.drive,
        TRIM_LONG: 0.3 + 0.8 * cold - 1.2 * u.load,
        TIMING: 9 + 0.0065 * rpm - 21 * u.load - 2.5 * (1 - warm),
        CATALYST: u.soak_c + (310 + 1.4 * u.speed + 420 * u.load - u.soak_c) * warm,
        ROUGH: 9.5 - 0.0012 * rpm + 4 * (1 - warm) + 1.2 * u.roughness,
        VOLTAGE: 14.15 - 0.011 * (u.air - 12) - 0.22 * shapes.night_and_cold(u),
        CRANKING: 10.5 + 0.022 * np.minimum(u.soak_c - 15, 30),
        CURRENT: 1.5 + 9 * shapes.first_minutes(u) - 1.5 * cold,
        PADS: pads,
        DISC: u.air + 35 + 150 * u.braking * np.sqrt(0.3 + u.speed / 80) + 0.15 * u.speed,
        BEARING: 0.5 + 0.013 * u.speed + 1.1 * u.roughness,
    }


BATTERY: Final = ModeModel(
    "battery_12v",
    "battery",
    (
        Symptom(CRANKING, -0.53, lambda u: 0.45 + 0.65 * shapes.cold(u)),
        Symptom(CURRENT, 12.0, shapes.first_minutes),
        Symptom(VOLTAGE, -0.59, shapes.first_minutes),
        Symptom(ROUGH, 3.9, shapes.first_minutes),
    ),
    (Code("B1318", 0.6, 0.08), Code("P0562", 0.75, 0.06)),
    shapes.battery_stress,
    calendar=0.5,
    repair_hours=5.0,
)
ALTERNATOR: Final = ModeModel(
    "alternator",
    "alternator",
    (
        Symptom(VOLTAGE, -0.38, shapes.night_and_cold),
        Symptom(CURRENT, -7.8, shapes.night_and_cold),
        Symptom(CRANKING, -0.65, shapes.always),
        Symptom(TRIM_SHORT, 2.6, shapes.always),
        Symptom(ROUGH, 1.8, shapes.idling),
    ),
    (Code("P0562", 0.6, 0.1), Code("P0622", 0.7, 0.08)),
    shapes.hot_work,
)
PUMP: Final = ModeModel(
    "coolant_pump",
    "coolant pump",
    (
        Symptom(COOLANT, 15.0, shapes.hot_climb),
        Symptom(TIMING, -8.5, shapes.hot_climb),
        Symptom(INTAKE, 12.0, shapes.hot_climb),
        Symptom(COOLANT, 2.6, shapes.always),
        Symptom(TRIM_LONG, -1.6, shapes.pulling),
    ),
    (Code("P0217", 0.7, 0.12), Code("P0480", 0.75, 0.05)),
    shapes.hot_work,
    repair_hours=40.0,
)
THERMOSTAT: Final = ModeModel(
    "thermostat",
    "thermostat",
    (
        Symptom(COOLANT, -14.0, shapes.cool_cruise),
        Symptom(TRIM_LONG, 5.5, lambda u: 0.3 + 0.7 * shapes.cold(u)),
        Symptom(ROUGH, 9.1, shapes.first_minutes),
        Symptom(INTAKE, -5.2, lambda u: 0.3 + 0.7 * shapes.cold(u)),
    ),
    (Code("P0128", 0.55, 0.15),),
    shapes.town_work,
    repair_hours=16.0,
)
INJECTOR: Final = ModeModel(
    "injector",
    "injectors",
    (
        Symptom(TRIM_LONG, 5.0, lambda u: 0.45 + 0.75 * shapes.idling(u)),
        Symptom(TRIM_SHORT, 3.9, shapes.always),
        Symptom(ROUGH, 5.2, lambda u: 0.4 + 0.7 * shapes.idling(u)),
        Symptom(CATALYST, 78.0, shapes.pulling),
    ),
    (Code("P0171", 0.6, 0.08), Code("P0300", 0.65, 0.06), Code("P0301", 0.75, 0.06)),
    shapes.town_work,
    repair_hours=26.0,
)
TURBO: Final = ModeModel(
    "turbocharger",
    "turbocharger",
    (
        Symptom(MANIFOLD, -8.4, shapes.pulling),
        Symptom(THROTTLE, 4.2, shapes.pulling),
        Symptom(CATALYST, 65.0, shapes.pulling),
    ),
    (Code("P0299", 0.6, 0.12), Code("P0234", 0.8, 0.04)),
    shapes.hot_work,
    repair_hours=50.0,
)
BRAKE: Final = ModeModel(
    "brake_front",
    "front brake",
    (
        Symptom(DISC, 50.0, shapes.rubbing),
        Symptom(PADS, 8.0, shapes.always),
        Symptom(BEARING, 0.85, shapes.fast),
        Symptom(THROTTLE, 2.6, shapes.rubbing),
    ),
    (Code("C1140", 0.7, 0.05),),
    shapes.brake_work,
    repair_hours=12.0,
    renewal_days=620.0,
)
WHEEL_BEARING: Final = ModeModel(
    "wheel_bearing",
    "front wheel bearing",
    (
        Symptom(BEARING, 0.95, lambda u: shapes.fast(u) ** 1.5),
        Symptom(DISC, 65.0, shapes.fast),
        Symptom(THROTTLE, 3.0, shapes.fast),
    ),
    (Code("C0035", 0.7, 0.06),),
    shapes.rolling,
    repair_hours=14.0,
)

PETROL: Final = Kind(
    name="car-combustion",
    signals=SIGNALS,
    modes=(BATTERY, ALTERNATOR, PUMP, THERMOSTAT, INJECTOR, TURBO, BRAKE, WHEEL_BEARING),
    levels=levels,
    routes=(2.2, 1.6, 1.2),
    slot_hours=(6.5, 11.5, 16.5),
    slot_share=0.72,
    trip_frames=3.0,
    trip_most=16,
    weekend_share=0.72,
    route_speeds=(29.0, 62.0, 108.0),
    top_speed=170.0,
    models=("Compact 1.4 T", "Estate 1.5 T", "Van 1.6 T"),
    recalibrated=(TRIM_LONG, TIMING, VOLTAGE),
    service_days=330.0,
)
