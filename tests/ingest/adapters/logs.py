"""Small logs of every format, as bytes, and what comes out of an adapter."""

import gzip
from collections import Counter

from contracts.records import Frame, VehicleEvent
from ingest.adapters import carobd, cmapss, kit_obd, machines
from ingest.adapters.reading import ReadOptions, Unreadable

HEADER = (
    b"ENGINE_RUN_TINE (),ENGINE_RPM (),VEHICLE_SPEED (),COOLANT_TEMPERATURE (),"
    b"ABSOLUTE_BAROMETRIC_PRESSURE (),ABSOLUTE_THROTTLE_B ()"
)
KIT_HEADER = (
    "Time,Engine Coolant Temperature [Â°C],Vehicle Speed Sensor [km/h],"
    "Accelerator Pedal Position E [%]"
).encode()
TABLES = {
    "PdM_telemetry.csv": b"datetime,machineID,volt,rotate,pressure,vibration\n"
    b"2015-01-01 06:00:00,1,176.2,418.5,113.0,45.0\n"
    b"2015-01-01 07:00:00,1,162.8,402.7,95.4,43.4\n"
    b"2015-01-01 06:00:00,2,170.0,440.0,99.0,40.0\n",
    "PdM_errors.csv": b"datetime,machineID,errorID\n2015-01-01 07:00:00,1,error1\n",
    "PdM_maint.csv": b"datetime,machineID,comp\n2014-06-01 06:00:00,1,comp2\n"
    b"2015-01-01 07:00:00,1,comp4\n",
    "PdM_failures.csv": b"datetime,machineID,failure\n2015-01-01 07:00:00,1,comp4\n",
    "PdM_machines.csv": b"machineID,model,age\n1,model3,18\n2,model4,7\n",
}


def turbofan_row(unit, cycle, first="0.0"):
    values = "0.0 100.0 518.67 641.82 1589.7 1400.6 14.62 21.61 554.36 2388.06 9046.19 1.3 47.47"
    rest = "521.66 2388.02 8138.62 8.4195 0.03 392 2388 100.0 39.06 23.419"
    return f"{unit} {cycle} {first} {values} {rest}  ".encode()


def turbofan(*lives):
    """Units that last so many cycles."""
    rows = [turbofan_row(u, c) for u, life in enumerate(lives, 1) for c in range(1, life + 1)]
    return b"\n".join(rows) + b"\n"


def drive(rows):
    lines = [HEADER, *(f"{i},{800 + i}.0,20,88,101,45,".encode() for i in range(rows))]
    return b"\r\n".join(lines) + b"\r\n"


def phone_log(rows):
    lines = [KIT_HEADER, b"07:16:30.000,31,,"]
    clock = ((17 + i // 600, i % 600 / 10, i % 90) for i in range(rows))
    lines += [b"07:%02d:%06.3f,31,%d.0,14.1" % parts for parts in clock]
    return b"\n".join(lines) + b"\n"


SAMPLES = {
    "cmapss": ("train_FD009.txt", turbofan(3, 2), cmapss.read),
    "machines": ("PdM_telemetry.csv", TABLES["PdM_telemetry.csv"], machines.read),
    "carobd": ("drive1.csv", drive(70), carobd.read),
    "kit-obd": ("2017-07-05_car.csv", phone_log(50), kit_obd.read),
}


def read(adapter, folder, name, text, *, gz=False, **options):
    """Items of one file with these bytes."""
    file = folder / (name + ".gz" * gz)
    file.write_bytes(gzip.compress(text) if gz else text)
    return list(adapter(file, ReadOptions(**options)))


def frames(items):
    return [item for item in items if isinstance(item, Frame)]


def events(items):
    return [item for item in items if isinstance(item, VehicleEvent)]


def refused(items):
    return [item for item in items if isinstance(item, Unreadable)]


def samples(items):
    return sum(len(frame.offsets) // 2 for frame in frames(items))


def kinds(items):
    return Counter(getattr(item, "kind", type(item).__name__) for item in items)
