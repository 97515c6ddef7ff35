"""carOBD drives: one row a second, 27 OBD-II values without dates; every row may end in a comma.

Each file is a drive of one car. Drives stand one a day at 08:00, in the order of their names; a
row's place in its file is its second, so a row that can't be read leaves a gap of one. The car
counts as `car-combustion` (a petrol engine without turbo).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ingest.adapters.cells import RowError, numbers, text_of
from ingest.adapters.columns import Column, Columns
from ingest.adapters.files import has_suffix, log_files
from ingest.adapters.framer import Framer
from ingest.adapters.lines import Line, first_line, read_lines
from ingest.adapters.reading import UNDATED_MS, Item, ReadOptions, Unreadable
from ingest.units import converter

PROFILE: Final = "car-combustion"
VEHICLE: Final = "toyota-etios"
DAY_MS: Final = 86_400_000
FIRST_MS: Final = UNDATED_MS + 8 * 3_600_000
_ENGINE: Final = "Powertrain.CombustionEngine."
_SIGNALS: Final = (
    Column("ENGINE_RUN_TIME", "TripDuration"),
    Column("ENGINE_RPM", f"{_ENGINE}Speed"),
    Column("VEHICLE_SPEED", "Speed"),
    Column("THROTTLE", f"{_ENGINE}TPS"),
    Column("ENGINE_LOAD", f"{_ENGINE}Load"),
    Column("COOLANT_TEMPERATURE", f"{_ENGINE}EngineCoolant.Temperature"),
    Column("LONG_TERM_FUEL_TRIM_BANK_1", f"{_ENGINE}FuelTrim.LongTerm"),
    Column("SHORT_TERM_FUEL_TRIM_BANK_1", f"{_ENGINE}FuelTrim.ShortTerm"),
    Column("INTAKE_MANIFOLD_PRESSURE", f"{_ENGINE}MAP"),
    Column("FUEL_TANK", "Powertrain.FuelSystem.RelativeLevel"),
    Column("PEDAL_D", "Chassis.Accelerator.PedalPosition"),
    Column("FUEL_AIR_COMMANDED_EQUIV_RATIO", f"{_ENGINE}EquivalenceRatio"),
    Column("ABSOLUTE_BAROMETRIC_PRESSURE", "Exterior.AirPressure", converter("kPa", "hPa")),
    Column("INTAKE_AIR_TEMP", f"{_ENGINE}IntakeAirTemperature"),
    Column("TIMING_ADVANCE", f"{_ENGINE}TimingAdvance"),
    Column("CATALYST_TEMPERATURE_BANK1_SENSOR1", f"{_ENGINE}CatalystTemperature"),
    Column("CATALYST_TEMPERATURE_BANK1_SENSOR2", f"{_ENGINE}CatalystTemperature2"),
    Column("CONTROL_MODULE_VOLTAGE", "LowVoltageBattery.CurrentVoltage"),
    Column("COMMANDED_EVAPORATIVE_PURGE", f"{_ENGINE}EvaporativePurge"),
)
_UNUSED: Final = (
    "ABSOLUTE_THROTTLE_B",
    "PEDAL_E",
    "COMMANDED_THROTTLE_ACTUATOR",
    "RELATIVE_THROTTLE_POSITION",
    "TIME_RUN_WITH_MIL_ON",
    "TIME_SINCE_TROUBLE_CODES_CLEARED",
    "DISTANCE_TRAVELED_WITH_MIL_ON",
    "WARM_UPS_SINCE_CODES_CLEARED",
)
"""Known, but no signal of the catalogue: second sensors of what is there, and counters."""
_KNOWN: Final = {column.name: column for column in _SIGNALS}
_OTHERWISE: Final = {
    "ENGINE_RUN_TINE": "ENGINE_RUN_TIME",
    "FUEL_TANK_LEVEL_INPUT": "FUEL_TANK",
    "ACCELERATOR_PEDAL_POSITION_D": "PEDAL_D",
    "ACCELERATOR_PEDAL_POSITION_E": "PEDAL_E",
    "INTAKE_AIR_TEMPERATURE": "INTAKE_AIR_TEMP",
}
"""Names as the files and their description spell them."""
belongs = has_suffix(".csv")


def fits(path: Path) -> bool:
    """Whether a file is a drive, by its header."""
    line = first_line(path)
    return isinstance(line, Line) and b"ENGINE_RPM" in line.raw and b"ENGINE_RUN_TI" in line.raw


def read(path: Path, options: ReadOptions) -> Iterator[Item]:
    """Frames of one car from the file or the folder's files."""
    for day, file in enumerate(log_files(path, belongs)):
        yield from _drive(file, options, FIRST_MS + day * DAY_MS)


def _drive(file: Path, options: ReadOptions, start_ms: int) -> Iterator[Item]:
    header: _Header | None = None
    framer: Framer | None = None
    for line in read_lines(file, options):
        if isinstance(line, Unreadable):
            yield replace(line, last=line.last or header is None)
            if header is None:
                return
            continue
        try:
            if header is None or framer is None:
                header = _Header(text_of(line.raw))
                framer = _framer(options, header.columns)
                continue
            values = header.values(text_of(line.raw))
            yield from framer.add(start_ms + (line.number - 2) * 1_000, values)
        except RowError as error:
            yield Unreadable(file.name, line.number, str(error), line.raw, last=header is None)
            if header is None:
                return
    if framer is not None:
        yield from framer.flush()


def _framer(options: ReadOptions, columns: Columns) -> Framer:
    whose = (options.tenant, options.profile or PROFILE, options.vehicle or VEHICLE)
    return Framer(*whose, columns.ids)


class _Header:
    """What the columns of a file hold. Raises RowError for one that isn't known."""

    def __init__(self, text: str) -> None:
        names = [_name(cell) for cell in _cells(text.removeprefix("\ufeff"))]
        strange = [name for name in names if name not in _KNOWN and name not in _UNUSED]
        doubled = {name for name in names if names.count(name) > 1}
        if strange or doubled or not _KNOWN.keys() & set(names):
            found = ", ".join(strange or sorted(doubled) or ["nothing"])[:200]
            raise RowError(f"columns that carOBD doesn't have, or has once: {found}; file left out")
        self.names = names
        self.used = [place for place, name in enumerate(names) if name in _KNOWN]
        self.columns = Columns([_KNOWN[names[place]] for place in self.used])

    def values(self, text: str) -> list[float]:
        """The signals of a row. Raises RowError."""
        cells = _cells(text)
        if len(cells) != len(self.names):
            raise RowError(f"{len(cells)} columns; the header has {len(self.names)}")
        found = numbers(cells, self.names)
        return self.columns.convert([found[place] for place in self.used])


def _cells(text: str) -> list[str]:
    cells = text.split(",")
    return cells if cells[-1].strip() else cells[:-1]


def _name(cell: str) -> str:
    name = cell.replace("()", "").strip()
    return _OTHERWISE.get(name, name)
