"""carOBD and KIT: rows into frames of a minute."""

import numpy as np
import pytest

from contracts.codec import frame_arrays
from features.profile import builtin_profile
from features.summary import summarise
from ingest.adapters import carobd, kit_obd
from ingest.adapters.reading import UNDATED_MS, ReadOptions
from tests.ingest.adapters import logs

DAY_MS = 86_400_000


def test_a_frame_is_a_minute_of_a_drive(tmp_path):
    found = logs.read(carobd.read, tmp_path, "drive1.csv", logs.drive(130))
    assert [len(frame.offsets) // 2 for frame in found] == [60, 60, 10]
    assert [frame.start_ms for frame in found] == [
        carobd.FIRST_MS + minute * 60_000 for minute in range(3)
    ]
    assert {frame.vehicle_id for frame in found} == {"toyota-etios"}
    ids, offsets, samples = frame_arrays(found[0])
    assert ids.tolist() == [18, 20, 1, 26, 4]
    assert offsets.tolist() == list(range(0, 60_000, 1_000))
    assert samples[1].tolist() == [1.0, 801.0, 20.0, 88.0, 1010.0]


def test_drives_stand_a_day_apart_in_the_order_of_their_numbers(tmp_path):
    for name in ("drive11.csv", "drive2.csv"):
        (tmp_path / name).write_bytes(logs.drive(11 if name == "drive11.csv" else 2))
    (tmp_path / "README.md").write_text("no drive")
    found = list(carobd.read(tmp_path, ReadOptions(vehicle="mine")))
    assert [len(frame.offsets) // 2 for frame in found] == [2, 11]
    assert found[1].start_ms - found[0].start_ms == DAY_MS
    assert found[0].vehicle_id == "mine"


def test_rows_may_end_in_a_comma_or_not_and_a_bad_one_leaves_a_gap(tmp_path):
    rows = [
        b"0,800,20,88,101,45",
        b"1,800,20,88",
        b"2,800,20,88,101,45,",
        b"",
        b"4,800,20,88,101,45,",
    ]
    text = b"\n".join([logs.HEADER, *rows])
    found = logs.read(carobd.read, tmp_path, "live1.csv", text)
    _, offsets, _ = frame_arrays(logs.frames(found)[0])
    assert offsets.tolist() == [0, 2_000, 4_000]
    assert [(item.line, item.payload) for item in logs.refused(found)] == [
        (3, b"1,800,20,88"),
        (5, b""),
    ]


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"1,800,900,88,101,45,", "VEHICLE_SPEED is 900 km/h; possible is 0 to 350"),
        (b"1,inf,20,88,101,45,", "ENGINE_RPM is 'inf'"),
        (b"1,800,20,88,101,broken,", "ABSOLUTE_THROTTLE_B is 'broken'"),
        (b"1,800,20,88,101,45,7", "7 columns; the header has 6"),
        (b"1,800,20,\xb0,101,45,", "not UTF-8"),
    ],
)
def test_an_impossible_row_of_a_drive_is_refused(tmp_path, row, detail):
    text = logs.drive(2) + row + b"\n"
    found = logs.read(carobd.read, tmp_path, "drive1.csv", text)
    (item,) = logs.refused(found)
    assert (item.line, item.payload) == (4, row)
    assert detail in item.detail
    assert logs.samples(found) == 2


@pytest.mark.parametrize(
    "header",
    [
        logs.HEADER + b",FLUX_CAPACITOR ()",
        logs.HEADER + b",ENGINE_RPM ()",
        b"a,b",
        b"\xff\xfeE\x00N\x00",
    ],
)
def test_a_drive_with_other_columns_is_left_out_and_said(tmp_path, header):
    text = header + b"\n" + b"0,800,20,88,101,45,1,\n" * 3
    found = logs.read(carobd.read, tmp_path, "drive1.csv", text)
    (item,) = found
    assert (item.line, item.payload, item.last) == (1, header, True)


def test_the_phone_log_has_its_date_from_its_name_and_its_units_from_the_header(tmp_path):
    text = logs.KIT_HEADER.replace("Â°C".encode(), "°F".encode())
    text += b"\n07:16:30.444,212,,\n07:16:30.535,212,20.0,\n07:16:30.625,212,20.0,14.5\n"
    found = logs.read(kit_obd.read, tmp_path, "2017-07-05_Leon.csv", text)
    (frame,) = found
    ids, offsets, samples = frame_arrays(frame)
    assert frame.start_ms == 1_499_238_990_444
    assert ids.tolist() == [26, 1]
    assert offsets.tolist() == [0, 91, 181]
    assert samples == pytest.approx(np.array([[100, np.nan], [100, 20], [100, 20]]), nan_ok=True)


def test_a_log_without_a_date_begins_where_undated_ones_do(tmp_path):
    found = logs.read(kit_obd.read, tmp_path, "log.csv", logs.phone_log(2))
    assert found[0].start_ms // DAY_MS == UNDATED_MS // DAY_MS


def test_a_drive_may_pass_midnight(tmp_path):
    text = logs.KIT_HEADER + b"\n23:59:59.900,31,1,1\n00:00:00.100,31,2,1\n00:00:00.200,31,,\n"
    (frame,) = logs.read(kit_obd.read, tmp_path, "2017-07-05.csv", text)
    assert frame_arrays(frame)[1].tolist() == [0, 200, 300]


def test_a_row_older_than_the_one_before_begins_another_frame(tmp_path):
    text = logs.KIT_HEADER + b"\n07:00:01.000,31,1,1\n07:00:00.900,31,2,1\n07:00:01.100,31,3,1\n"
    found = logs.read(kit_obd.read, tmp_path, "2017-07-05.csv", text)
    assert [len(frame.offsets) // 2 for frame in found] == [1, 2]
    assert found[1].seq == found[0].seq + 1


def test_a_flood_of_rows_at_one_time_is_split(tmp_path):
    text = logs.KIT_HEADER + b"\n07:00:01.000,31,1,1" * 4_500
    found = logs.read(kit_obd.read, tmp_path, "2017-07-05.csv", text)
    assert [len(frame.offsets) // 2 for frame in found] == [2_000, 2_000, 500]
    assert len({frame.seq for frame in found}) == 3


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"25:00:00,31,1,1", "Time is '25:00:00', which is no time of day"),
        (b"07:20:00.000,31,1", "3 columns; the header has 4"),
        (b"07:20:00.000,,,", "no value in the row"),
        (b"07:20:00.000,3l,1,1", "Engine Coolant Temperature [\u00c2\u00b0C] is '3l'"),
        (b"07:20:00.000,31,inf,1", "is 'inf'"),
        (b"07:20:00.000,31,999,1", "Vehicle Speed Sensor is 999 km/h"),
    ],
)
def test_an_impossible_row_of_a_phone_log_is_refused(tmp_path, row, detail):
    text = logs.phone_log(5) + row + b"\n" + b"07:20:01.000,31,1,1\n"
    found = logs.read(kit_obd.read, tmp_path, "2017-07-05.csv", text)
    (item,) = logs.refused(found)
    assert (item.line, item.payload) == (8, row)
    assert detail in item.detail
    assert logs.samples(found) == 7


@pytest.mark.parametrize(
    "header",
    [
        b"Time,Oil Temperature [C]",
        b"Time,Engine RPM [furlong]",
        b"Time,Engine RPM",
        b"Time",
        b"Zeit,Engine RPM [RPM]",
        b"Time,Engine RPM [RPM],Engine RPM [RPM]",
    ],
)
def test_a_phone_log_with_other_columns_or_units_is_left_out_and_said(tmp_path, header):
    found = logs.read(kit_obd.read, tmp_path, "log.csv", header + b"\n07:00:00.000,1\n")
    (item,) = found
    assert (item.line, item.last) == (1, True)
    assert "file left out" in item.detail


def test_the_engine_takes_what_adapters_make(tmp_path):
    profile = builtin_profile("car-combustion")
    for name, text, read in (
        ("drive1.csv", logs.drive(100), carobd.read),
        ("2017-07-05.csv", logs.phone_log(100), kit_obd.read),
    ):
        found = logs.read(read, tmp_path, name, text)
        summaries, _, bad = summarise(profile, logs.frames(found))
        assert bad == []
        assert summaries.stats[:, 0, 0].sum() >= 100
