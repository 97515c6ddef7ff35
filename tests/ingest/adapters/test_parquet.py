from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from contracts.codec import frame_arrays
from ingest.adapters.parquet import fits, read
from ingest.adapters.reading import ReadOptions
from tests.ingest.adapters import logs

START = datetime(2024, 3, 1, 8, tzinfo=UTC)
VOLTAGE = "LowVoltageBattery.CurrentVoltage"


def table(rows=90, vehicles=("a", "b"), **columns):
    """Rows of several vehicles, mixed, a second apart."""
    count = rows * len(vehicles)
    given = {
        "vehicle_id": list(vehicles) * rows,
        "time": [START + timedelta(seconds=i // len(vehicles)) for i in range(count)],
        "Speed": np.arange(count) % 50.0,
    }
    return pl.DataFrame(given | columns)


def items(tmp_path, frame, **options):
    file = tmp_path / "log.parquet"
    frame.write_parquet(file)
    return list(read(file, ReadOptions(**({"profile": "car-electric"} | options))))


def test_rows_of_mixed_vehicles_become_frames_of_each(tmp_path):
    found = items(tmp_path, table())
    assert sorted((frame.vehicle_id, len(frame.offsets) // 2) for frame in found) == [
        *[("a", 30), ("a", 60)],
        *[("b", 30), ("b", 60)],
    ]
    first = next(frame for frame in found if frame.vehicle_id == "b")
    ids, offsets, samples = frame_arrays(first)
    assert ids.tolist() == [1]
    assert first.start_ms == round(START.timestamp() * 1_000)
    assert offsets[:2].tolist() == [0, 1_000]
    assert samples[:3, 0].tolist() == [1.0, 3.0, 5.0]


def test_every_row_is_in_a_frame_across_batches(tmp_path):
    found = items(tmp_path, table(rows=9_000))
    assert logs.samples(found) == 18_000
    assert logs.refused(found) == []


def test_a_row_with_a_kind_is_an_event_in_its_place(tmp_path):
    frame = table(3, ("a",), kind=[None, "fault_code", None], code=[None, "P0217", None])
    speed = pl.when(pl.col("kind").is_null()).then(pl.col("Speed"))
    found = items(tmp_path, frame.with_columns(speed))
    assert [getattr(item, "code", "frame") for item in found] == ["frame", "P0217", "frame"]
    assert found[1].time_ms == found[0].start_ms + 1_000


def test_a_profile_column_wins(tmp_path):
    found = items(tmp_path, table(2, ("a", "b"), profile=["truck-diesel", None] * 2))
    assert {frame.vehicle_id: frame.profile for frame in found} == {
        "a": "truck-diesel",
        "b": "car-electric",
    }


def test_missing_values_are_nan(tmp_path):
    found = items(tmp_path, table(2, ("a",), **{VOLTAGE: [None, 12.5]}))
    assert np.isnan(frame_arrays(found[0])[2][0, 1])


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"Speed": [1.0, 999.0]}, "Speed is 999 km/h; possible is 0 to 350"),
        ({"Speed": [1.0, float("inf")]}, "Speed is inf"),
        ({"Speed": [1.0, None]}, "no value in the row"),
        ({"vehicle_id": ["a", None]}, "vehicle_id or time is empty"),
        ({"time": [START, datetime(1970, 1, 1, tzinfo=UTC)]}, "not between the years"),
        ({"time": [START, datetime(2100, 1, 1, tzinfo=UTC)]}, "not between the years"),
        ({"kind": [None, "explosion"], "code": [None, ""]}, "kind is 'explosion'; there are"),
        ({"kind": [None, "service"], "code": [None, ""]}, "belong into another row"),
    ],
)
def test_a_bad_row_is_refused_with_its_content(tmp_path, changed, detail):
    found = items(tmp_path, table(2, ("a",), **changed))
    (item,) = logs.refused(found)
    assert item.line == 2
    assert detail in item.detail
    assert b'"time_ms":' in item.payload
    assert logs.samples(found) == 1


def test_without_any_profile_every_row_is_refused(tmp_path):
    found = items(tmp_path, table(2, ("a",)), profile="")
    assert [item.detail for item in found] == ["no profile in the row; name one by --profile"] * 2


@pytest.mark.parametrize(
    ("frame", "detail"),
    [
        (table().drop("time"), "column time is missing"),
        (table().rename({"Speed": "Velocity"}), "column Velocity is no signal"),
        (table(1, ("a",), Speed=["fast"]), "Speed (large_string): signals are numbers"),
        (table(1, ("a",), time=["2024-03-01"]), "time (large_string)"),
        (table().head(0), "it has no rows"),
    ],
)
def test_a_file_of_another_shape_is_left_out_and_said(tmp_path, frame, detail):
    (item,) = items(tmp_path, frame)
    assert item.last
    assert detail in item.detail


@pytest.mark.parametrize("kept", [0, 3, 700, -1])
def test_a_cut_file_is_said(tmp_path, kept):
    file = tmp_path / "log.parquet"
    table().write_parquet(file)
    file.write_bytes(file.read_bytes()[:kept])
    (item,) = read(file, ReadOptions(profile="car-electric"))
    assert item.last
    assert item.payload == file.read_bytes()[:1_024]


def test_bytes_are_told_and_files_are_known_by_their_content(tmp_path):
    told = []
    items(tmp_path, table(rows=9_000), on_bytes=told.append)
    file = tmp_path / "log.parquet"
    assert sum(told) == file.stat().st_size
    assert fits(file)
    file.write_bytes(b"vehicle_id,time\n")
    assert not fits(file)
