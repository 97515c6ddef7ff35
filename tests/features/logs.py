"""A small profile, its records, and Hypothesis strategies for logs of them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from contracts.batches import FeatureRows
from contracts.codec import make_frame
from contracts.records import Frame, Record, VehicleEvent
from features.engine import Engine, Step
from features.expectation import Expectation
from features.profile import Profile, parse_profile
from features.state import PartitionState

START = 1_700_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR

SMALL_TOML = b"""
name = "small"
label = "small"
version = 1
frame_period = "15min"
score_interval = "6h"
half_lives = ["1h", "1d", "7d", "30d"]
baseline = "2d"

[[signals]]
path = "Speed"
label = "speed"
centre = 60
scale = 30
operating = true

[[signals]]
path = "Powertrain.CombustionEngine.EngineCoolant.Temperature"
label = "coolant"
centre = 88
scale = 6
high_limit = 100

[[signals]]
path = "LowVoltageBattery.CurrentVoltage"
label = "battery voltage"
centre = 13.5
scale = 0.5
low_limit = 12.5
high_limit = 15

[[modes]]
name = "overheating"
label = "overheats"
part = "coolant_pump"
consequence = 4
costs = { breakdown = 1000, planned_repair = 300, unneeded_check = 50 }
checks = [{ text = "Look at the coolant level", minutes = 5 }]

[[modes]]
name = "flat_battery"
label = "battery flat"
part = "battery"
consequence = 2
costs = { breakdown = 300, planned_repair = 150, unneeded_check = 20 }
checks = [{ text = "Measure the voltage", minutes = 5 }]

[[fault_codes]]
code = "P0217"
text = "engine too hot"
"""
PROFILE: Profile = parse_profile(SMALL_TOML, "small.toml")

EXPECTATION = Expectation(
    "small",
    tuple(signal.path for signal in PROFILE.signals),
    (0,),
    np.array([60, 88, 13.5], np.float32),
    np.array([30, 6, 0.5], np.float32),
    np.array([[55], [25], [-2], [2.5]], np.float32),
    np.array([[0, 0.1, -0.2], [0, 0.5, 0.3], [0, -0.1, 0.05]], np.float32),
    np.array([1, 0.6, 0.8], np.float32),
)
IDS = PROFILE.signal_ids


def engine() -> Engine:
    return Engine({"small": PROFILE}, {"small": EXPECTATION})


def frame(
    seq: int = 0,
    time_ms: int = START,
    samples: object = ((70.0, 88.0, 13.5),),
    vehicle: str = "V0001",
    **other: object,
) -> Frame:
    values = np.asarray(samples, np.float32)
    given = {"signals": IDS, "offsets_ms": 1_000 * np.arange(len(values)), "profile": "small"}
    return make_frame(
        vehicle_id=vehicle, seq=seq, start_ms=time_ms, samples=values, **(given | other)
    )


def event(kind: str, code: str = "", time_ms: int = START, vehicle: str = "V0001") -> VehicleEvent:
    return VehicleEvent("default", "small", vehicle, time_ms, kind, code)


def run(records: list[Record], cuts: list[int] | None = None) -> tuple[PartitionState, list[Step]]:
    """Step through records, in batches cut at these places."""
    machine, state = engine(), PartitionState()
    edges = [0, *sorted(cuts or []), len(records)]
    steps = []
    for start, stop in pairwise(edges):
        part = records[start:stop]
        steps.append(machine.step(state, part, [START + 10_000 * DAY] * len(part)))
    return state, steps


def rows_of(batches: list[FeatureRows]) -> dict[str, list[tuple[int, str, bytes]]]:
    """Rows by vehicle, in order, their values to the bit."""
    found: dict[str, list[tuple[int, str, bytes]]] = {}
    for batch in batches:
        for i, vehicle in enumerate(batch.vehicle_id):
            row = (int(batch.time_ms[i]), batch.trigger[i], batch.values[i].tobytes())
            found.setdefault(vehicle, []).append(row)
    return found


def step_rows(steps: list[Step]) -> dict[str, list[tuple[int, str, bytes]]]:
    return rows_of([batch for step in steps for batch in step.features])


def final_rows(state: PartitionState) -> tuple[list[str], np.ndarray]:
    """Every vehicle's feature vector as it stands, in order of vehicle."""
    room = state.profiles["small"]
    keys = sorted(room.rows)
    block = room.block(np.array([room.rows[key] for key in keys]))
    return [vehicle for _, vehicle in keys], engine().tools["small"].vector.values(block)


GAPS = (1_000, 900_000, 2 * HOUR, 7 * HOUR, DAY, 9 * DAY, 70 * DAY)
KINDS = ("fault_code", "fault_code", "replacement", "firmware", "service")
CODES = {
    "fault_code": ("P0217", "P9999"),
    "replacement": ("coolant_pump", "battery", "wheel"),
    "firmware": ("1.2", "1.3"),
    "service": ("oil",),
}


@dataclass(frozen=True)
class Log:
    """Records in order of time per vehicle; times of one vehicle all differ."""

    records: list[Record]


@st.composite
def logs(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, most: int = 24) -> Log:
    """Up to three vehicles; mostly frames, some with gaps and wild values, some events."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    vehicles = draw(st.integers(1, 3))
    wildness = draw(st.sampled_from([0.3, 1.0, 4.0]))
    holes = draw(st.sampled_from([0.0, 0.0, 0.3]))
    clock = {v: START + int(random.integers(DAY)) for v in range(vehicles)}
    numbers = dict.fromkeys(range(vehicles), 0)
    records: list[Record] = []
    plan = st.tuples(
        st.integers(0, vehicles - 1),
        st.integers(0, len(GAPS) - 1),
        st.integers(1, 12),
        st.integers(0, 9),
    )
    for vehicle, gap, times, what in draw(st.lists(plan, min_size=1, max_size=most)):
        clock[vehicle] += GAPS[gap] * times + 1
        name = f"V{vehicle:04d}"
        if what >= 8 and kinds:
            kind = kinds[int(random.integers(len(kinds)))]
            code = CODES[kind][int(random.integers(len(CODES[kind])))]
            records.append(event(kind, code, clock[vehicle], name))
            continue
        samples = _samples(random, wildness, holes)
        records.append(frame(numbers[vehicle], clock[vehicle], samples, name))
        numbers[vehicle] += 1
    return Log(records)


def _samples(random: np.random.Generator, wildness: float, holes: float) -> np.ndarray:
    count = int(random.choice([1, 3, 8]))
    noise = random.standard_normal((1, 3)) + 0.3 * random.standard_normal((count, 3))
    values = np.array([60, 88, 13.5]) + wildness * noise * [30, 6, 0.5]
    values = np.clip(values, [0, -60, 0], [350, 180, 60]).astype(np.float32)
    values[random.random(values.shape) < holes] = np.nan
    values[:, random.random(3) < holes] = np.nan
    if np.isnan(values).all():
        values[0, 0] = 50.0
    return values
