"""The electric car: what its signals are when it is sound, and its seven ways to fail."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from contracts.batches import Floats
from ingest.simulator import shapes
from ingest.simulator.kinds import Code, Kind, ModeModel, SignalModel, Symptom
from ingest.simulator.usage import Usage

_MOTOR: Final = "Powertrain.ElectricMotor.Front."
_PACK: Final = "Powertrain.TractionBattery."
_WHEEL: Final = "Chassis.Axle.Row1.Wheel.Left."
PACK_VOLTAGE: Final = _PACK + "CurrentVoltage"
PACK_CURRENT: Final = _PACK + "CurrentCurrent"
SPREAD: Final = _PACK + "CellVoltage.Spread"
PACK_HEAT: Final = _PACK + "Temperature.Average"
HEALTH: Final = _PACK + "StateOfHealth"
INSULATION: Final = _PACK + "InsulationResistance"
MOTOR_HEAT: Final = _MOTOR + "Temperature"
COOLANT: Final = _MOTOR + "EngineCoolant.Temperature"
VIBRATION: Final = _MOTOR + "Vibration"
CONVERTER_HEAT: Final = _PACK + "DCDC.Temperature"
VOLTAGE: Final = "LowVoltageBattery.CurrentVoltage"
CURRENT: Final = "LowVoltageBattery.CurrentCurrent"
PADS: Final = _WHEEL + "Brake.PadWear"
DISC: Final = _WHEEL + "Brake.Temperature"
ENERGY: Final = "Powertrain.EnergyConsumption"

SIGNALS: Final = (
    SignalModel("Speed", 0.0, 0.0, 0.0, 9.0, "drive"),
    SignalModel("TripDuration", 0.0, 0.0, 0.0, 17.0, "drive"),
    SignalModel("Exterior.AirTemperature", 0.6, 0.3, 0.5, 0.2),
    SignalModel("Exterior.Humidity", 2.0, 1.0, 2.0, 0.5),
    SignalModel(_MOTOR + "Torque", 3.0, 1.0, 2.0, 28.0, "drive"),
    SignalModel(_PACK + "StateOfCharge.Current", 0.3, 0.2, 0.6, 0.3),
    SignalModel(PACK_VOLTAGE, 2.2, 1.1, 1.6, 4.0, "drive"),
    SignalModel(PACK_CURRENT, 4.0, 1.2, 2.0, 35.0, "drive"),
    SignalModel(SPREAD, 0.0030, 0.0014, 0.0022, 0.0025),
    SignalModel(PACK_HEAT, 1.2, 0.7, 0.8, 0.2),
    SignalModel(HEALTH, 0.8, 0.6, 1.4, 0.1),
    SignalModel(INSULATION, 260.0, 150.0, 260.0, 60.0),
    SignalModel(MOTOR_HEAT, 2.8, 1.5, 2.2, 2.2, "drive"),
    SignalModel(COOLANT, 1.5, 0.9, 1.2, 0.8),
    SignalModel(VIBRATION, 0.20, 0.10, 0.17, 0.22),
    SignalModel(CONVERTER_HEAT, 2.2, 1.2, 1.8, 1.2),
    SignalModel(VOLTAGE, 0.10, 0.05, 0.07, 0.08),
    SignalModel(CURRENT, 1.2, 0.6, 0.5, 1.6),
    SignalModel(PADS, 0.6, 0.5, 1.0, 0.2),
    SignalModel(DISC, 8.0, 4.0, 5.0, 9.0, "drive"),
    SignalModel(ENERGY, 1.1, 0.5, 0.7, 5.0, "drive"),
)


def levels(u: Usage, pads: Floats) -> Mapping[str, Floats]:
    """Healthy values by path."""
    cold, warm = shapes.cold(u), u.warm
    chill = np.abs(u.air - 20) / 20
    current = 14 + 190 * u.load + 8 * chill
    coolant = u.air + (16 + 30 * u.load + 0.35 * (25 - u.air)) * warm
    return {
        "Speed": u.speed,
        "TripDuration": u.trip_s,
        "Exterior.AirTemperature": u.air,
        "Exterior.Humidity": u.humidity,
        _MOTOR + "Torque": 12 + 175 * u.load,
        _PACK + "StateOfCharge.Current": u.charge,
        PACK_VOLTAGE: 338 + 0.55 * u.charge - 0.07 * current * (1 + 0.4 * cold),
        PACK_CURRENT: -current,
        SPREAD: 0.009 + 0.022 * u.load * (1 + 0.4 * cold) + 0.005 * np.exp(-u.charge / 18),
        PACK_HEAT: 21 + 0.42 * (u.air - 12) + 9 * u.load * warm,
        HEALTH: 94 - 0.6 * cold + 0.015 * (u.charge - 60),
        INSULATION: 3_900 - 1_000 * shapes.damp(u) - 14 * u.air,
        MOTOR_HEAT: coolant + (10 + 62 * u.load) * warm,
        COOLANT: coolant,
        VIBRATION: 0.5 + 0.009 * u.speed + 1.3 * u.load + 0.5 * u.roughness,
        CONVERTER_HEAT: coolant + 9 + 4 * chill,
        VOLTAGE: 14.0 - 0.009 * (u.air - 12) - 0.16 * chill,
        CURRENT: 0.8 + 5 * shapes.first_minutes(u) - 0.8 * chill,
        PADS: pads,
        DISC: u.air + 22 + 62 * u.braking * np.sqrt(0.3 + u.speed / 80) + 0.1 * u.speed,
        ENERGY: 9 + 0.05 * u.speed + 16 * u.load + 4 * chill + 3 * (1 - warm) * cold,
    }


PACK: Final = ModeModel(
    "traction_battery",
    "traction battery",
    (
        Symptom(SPREAD, 0.012, shapes.deep_current),
        Symptom(HEALTH, -2.7, shapes.always),
        Symptom(PACK_VOLTAGE, -8.3, shapes.deep_current),
        Symptom(PACK_HEAT, 3.6, shapes.deep_current),
        Symptom(ENERGY, 1.5, shapes.always),
    ),
    (Code("P0A80", 0.75, 0.06), Code("P0B3B", 0.6, 0.06)),
    shapes.hot_work,
    calendar=0.4,
    repair_hours=70.0,
)
BEARING: Final = ModeModel(
    "drive_unit_bearing",
    "drive unit",
    (
        Symptom(VIBRATION, 0.58, lambda u: 0.3 + 0.5 * shapes.fast(u) + 0.4 * shapes.pulling(u)),
        Symptom(MOTOR_HEAT, 16.0, shapes.fast),
        Symptom(ENERGY, 3.9, shapes.fast),
        Symptom(COOLANT, 5.8, shapes.fast),
    ),
    (Code("P0A90", 0.7, 0.06),),
    shapes.work,
    repair_hours=48.0,
)
PUMP: Final = ModeModel(
    "drive_cooling_pump",
    "drive coolant pump",
    (
        Symptom(COOLANT, 11.0, shapes.hot_climb),
        Symptom(MOTOR_HEAT, 20.0, shapes.hot_climb),
        Symptom(CONVERTER_HEAT, 12.0, shapes.heat),
        Symptom(PACK_HEAT, 3.9, shapes.heat),
    ),
    (Code("P0A93", 0.7, 0.08), Code("P0C73", 0.65, 0.07)),
    shapes.hot_work,
    repair_hours=30.0,
)
LEAK: Final = ModeModel(
    "insulation",
    "high-voltage wiring",
    (
        Symptom(INSULATION, -1_000.0, lambda u: 0.2 + 0.9 * shapes.damp(u)),
        Symptom(SPREAD, 0.011, shapes.damp),
        Symptom(ENERGY, 2.4, shapes.damp),
    ),
    (Code("P0AA6", 0.65, 0.1),),
    shapes.damp_work,
    calendar=0.3,
    repair_hours=40.0,
)
CONVERTER: Final = ModeModel(
    "dcdc_converter",
    "DC/DC converter",
    (
        Symptom(VOLTAGE, -0.42, lambda u: 0.4 + 0.6 * shapes.cold(u)),
        Symptom(CONVERTER_HEAT, 12.0, lambda u: 0.5 + 0.5 * shapes.heat(u)),
        Symptom(CURRENT, -4.6, shapes.night_and_cold),
        Symptom(ENERGY, 1.5, shapes.always),
    ),
    (Code("P0A94", 0.65, 0.08), Code("P0562", 0.7, 0.06)),
    shapes.hot_work,
    repair_hours=30.0,
)
BATTERY: Final = ModeModel(
    "battery_12v",
    "battery",
    (
        Symptom(CURRENT, 4.0, lambda u: 0.35 + 0.9 * shapes.first_minutes(u)),
        Symptom(VOLTAGE, -0.49, lambda u: 0.3 + 0.9 * shapes.first_minutes(u)),
        Symptom(CONVERTER_HEAT, 10.0, shapes.first_minutes),
    ),
    (Code("B1318", 0.6, 0.08), Code("P0562", 0.75, 0.06)),
    shapes.battery_stress,
    calendar=0.5,
    repair_hours=5.0,
)
BRAKE: Final = ModeModel(
    "brake_front",
    "front brake",
    (
        Symptom(DISC, 26.0, shapes.rubbing),
        Symptom(PADS, 7.5, shapes.always),
        Symptom(ENERGY, 2.5, shapes.rubbing),
    ),
    (Code("C1140", 0.7, 0.05),),
    shapes.damp_work,
    repair_hours=12.0,
    renewal_days=780.0,
)

ELECTRIC: Final = Kind(
    name="car-electric",
    signals=SIGNALS,
    modes=(PACK, BEARING, PUMP, LEAK, CONVERTER, BATTERY, BRAKE),
    levels=levels,
    routes=(2.4, 1.6, 1.0),
    slot_hours=(6.5, 11.5, 16.5),
    slot_share=0.72,
    trip_frames=3.0,
    trip_most=16,
    weekend_share=0.72,
    route_speeds=(29.0, 60.0, 104.0),
    top_speed=150.0,
    models=("City 40", "Compact 58", "Van 75"),
    recalibrated=(HEALTH, SPREAD, ENERGY),
    service_days=380.0,
)
