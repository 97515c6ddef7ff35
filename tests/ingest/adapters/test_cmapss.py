import numpy as np
import pytest

from contracts.codec import frame_arrays
from contracts.errors import DataError
from features.profile import builtin_profile
from ingest.adapters.cmapss import CYCLE_MS, MODE, fits, read
from ingest.adapters.reading import UNDATED_MS, ReadOptions
from tests.ingest.adapters import logs


def items(tmp_path, text, name="train_FD009.txt", **more):
    return logs.read(read, tmp_path, name, text, **more)


def test_a_cycle_is_a_frame_and_the_last_one_of_a_training_run_a_failure(tmp_path):
    found = items(tmp_path, logs.turbofan(3, 1), gz=True)
    assert [type(item).__name__ for item in found] == [
        *["Frame"] * 3,
        "VehicleEvent",
        "Frame",
        "VehicleEvent",
    ]
    failure = logs.events(found)[0]
    assert (failure.vehicle_id, failure.kind, failure.code) == ("FD009-train-001", "failure", MODE)
    assert failure.time_ms == UNDATED_MS + 2 * CYCLE_MS == found[2].start_ms
    assert [frame.start_ms // 1_000 for frame in logs.frames(found)] == [
        frame.seq for frame in logs.frames(found)
    ]


def test_the_failure_is_one_of_the_profiles_modes_and_the_frame_has_its_signals(tmp_path):
    profile = builtin_profile("turbofan")
    assert profile.mode(MODE)
    ids, _, samples = frame_arrays(items(tmp_path, logs.turbofan(1))[0])
    assert ids.tolist() == list(profile.signal_ids)
    assert samples[0, [0, 3, 4, 23]] == pytest.approx(np.float32([0.0, 518.67, 641.82, 23.419]))


def test_a_test_run_is_cut_before_its_failure(tmp_path):
    found = items(tmp_path, logs.turbofan(2, 2), "test_FD009.txt")
    assert [frame.vehicle_id for frame in found] == ["FD009-test-001"] * 2 + ["FD009-test-002"] * 2


def test_a_run_whose_file_was_cut_has_not_failed(tmp_path):
    file = tmp_path / "train_FD009.txt.gz"
    whole = items(tmp_path, logs.turbofan(200, 200), gz=True)
    file.write_bytes(file.read_bytes()[:-20])
    cut = list(read(file, ReadOptions()))
    assert len(logs.events(whole)) == 2
    assert len(logs.events(cut)) < 2
    assert cut[-1].last


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"1 2 3", "3 columns; a row has 26"),
        (b"", "0 columns"),
        (logs.turbofan_row(1, 1), "cycle 1 of unit 1 follows its cycle 1"),
        (logs.turbofan_row(1, 0), "cycle is '0'"),
        (logs.turbofan_row("x", 2), "unit is 'x'"),
        (logs.turbofan_row(1, 2, "nan"), "Altitude is 'nan'"),
        (logs.turbofan_row(1, 2, "101"), "Altitude is 101 kft; possible is -5 to 100"),
        (b"\xff" + logs.turbofan_row(1, 2), "not UTF-8"),
    ],
)
def test_a_bad_row_is_refused_with_its_place_and_bytes(tmp_path, row, detail):
    text = logs.turbofan_row(1, 1) + b"\n" + row + b"\n" + logs.turbofan_row(1, 3) + b"\n"
    found = items(tmp_path, text, "test_FD009.txt")
    assert [type(item).__name__ for item in found] == ["Frame", "Unreadable", "Frame"]
    assert (found[1].file, found[1].line, found[1].payload) == ("test_FD009.txt", 2, row)
    assert detail in found[1].detail


def test_a_unit_that_comes_back_after_its_end_is_refused(tmp_path):
    text = logs.turbofan(2, 2) + logs.turbofan_row(1, 3)
    found = items(tmp_path, text)
    assert [item.detail for item in logs.refused(found)] == [
        "unit 1 goes on after another one began"
    ]
    assert len(logs.events(found)) == 2


def test_a_folder_holds_several_runs_but_no_answers(tmp_path):
    for name in ("train_FD010.txt", "train_FD009.txt", "test_FD009.txt", "RUL_FD009.txt"):
        (tmp_path / name).write_bytes(logs.turbofan(1))
    found = logs.frames(read(tmp_path, ReadOptions()))
    assert [frame.vehicle_id for frame in found] == [
        "FD009-test-001",
        "FD009-train-001",
        "FD010-train-001",
    ]
    assert fits(tmp_path / "train_FD009.txt")
    assert not fits(tmp_path / "RUL_FD009.txt")


def test_a_folder_without_runs_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no file of this format"):
        list(read(tmp_path, ReadOptions()))
    with pytest.raises(DataError, match="no such file or folder"):
        list(read(tmp_path / "none", ReadOptions()))
