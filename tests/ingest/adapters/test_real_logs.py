"""The public data sets, whole: every row is in a frame or refused."""

import gzip
from collections import Counter

import pytest

from ingest.adapters import carobd, cmapss, kit_obd, machines
from ingest.adapters.formats import recognise
from ingest.adapters.reading import ReadOptions
from tests.ingest.adapters import logs

pytestmark = pytest.mark.data


def rows_of(folder):
    """Lines below the headers."""
    return sum(gzip.open(file).read().count(b"\n") - 1 for file in folder.glob("*.csv.gz"))


@pytest.mark.parametrize(
    ("name", "frames", "units", "failures"),
    [
        ("train_FD001", 20_631, 100, 100),
        ("test_FD001", 13_096, 100, 0),
        ("train_FD002", 53_759, 260, 260),
        ("test_FD002", 33_991, 259, 0),
    ],
)
def test_every_cycle_of_cmapss_is_a_frame(data_dir, name, frames, units, failures):
    file = data_dir / "cmapss" / f"{name}.txt.gz"
    found = list(cmapss.read(file, ReadOptions()))
    assert logs.kinds(found) == Counter(Frame=frames, failure=failures)
    assert len({item.vehicle_id for item in found}) == units
    assert recognise(data_dir / "cmapss") == "cmapss"


def test_every_row_of_the_machine_tables_is_a_record(data_dir):
    folder = data_dir / "azure_pdm"
    found = list(machines.read(folder, ReadOptions()))
    assert recognise(folder) == "machines"
    assert logs.kinds(found) == Counter(
        Frame=25_920, fault_code=114, replacement=129, failure=22, registration=12
    )
    newest = {}
    for item in found:
        time_ms = getattr(item, "start_ms", None) or item.time_ms
        assert time_ms >= newest.get(item.vehicle_id, 0)
        newest[item.vehicle_id] = time_ms


def test_every_row_of_carobd_is_in_a_frame_or_refused(data_dir):
    folder = data_dir / "carobd"
    found = list(carobd.read(folder, ReadOptions()))
    assert recognise(folder) == "carobd"
    assert (len(logs.frames(found)), logs.samples(found)) == (2_571, 152_312)
    assert [(item.file, item.line) for item in logs.refused(found)] == [
        ("idle2.csv.gz", 1_227),
        ("live17.csv.gz", 3_793),
        ("ufpe18.csv.gz", 2_273),
    ]
    assert logs.samples(found) + len(logs.refused(found)) == rows_of(folder)


def test_every_row_of_kit_is_in_a_frame_also_of_the_drive_with_a_measurement_error(data_dir):
    folder = data_dir / "kit_obd"
    found = list(kit_obd.read(folder, ReadOptions()))
    assert recognise(folder) == "kit-obd"
    assert (len(logs.frames(found)), logs.samples(found)) == (591, 394_278)
    assert logs.refused(found) == []
    assert rows_of(folder) == 394_278
