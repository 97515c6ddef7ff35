import os
from pathlib import Path

import fsspec
import pytest
from structlog.testing import capture_logs

from infra.snapshots import FolderSnapshots


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


@pytest.fixture
def snapshots(folder):
    return FolderSnapshots(str(folder))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_newest_comes_first_and_three_stay(snapshots, folder):
    for offset in (5, 9, 50, 100, 1000):
        snapshots.save(2, offset, b"state at %d" % offset)
    assert list(snapshots.load(2)) == [
        (1000, b"state at 1000"),
        (100, b"state at 100"),
        (50, b"state at 50"),
    ]
    assert len(files(folder)) == 3
    assert list(snapshots.load(3)) == []


def test_a_snapshot_is_never_overwritten(snapshots):
    snapshots.save(0, 7, b"first")
    snapshots.save(0, 7, b"second")
    assert list(snapshots.load(0)) == [(7, b"first")]


def test_an_empty_payload_is_a_payload(snapshots):
    snapshots.save(0, 0, b"")
    assert list(snapshots.load(0)) == [(0, b"")]


@pytest.mark.parametrize(
    ("harm", "damage"),
    [
        (lambda content: content[:0], "truncated"),
        (lambda content: content[:20], "truncated"),
        (lambda content: content[:-1], "checksum differs"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "checksum differs"),
        (lambda content: b"XXXX" + content[4:], "not a snapshot"),
        (lambda content: content[:4] + b"\x02" + content[5:], "version 2, not 1"),
    ],
)
def test_a_damaged_file_is_reported_and_its_predecessor_used(snapshots, folder, harm, damage):
    snapshots.save(0, 1, b"old")
    snapshots.save(0, 2, b"new")
    newest = files(folder)[-1]
    newest.write_bytes(harm(newest.read_bytes()))
    with capture_logs() as logs:
        assert list(snapshots.load(0)) == [(1, b"old")]
    assert [(log["path"], log["damage"]) for log in logs] == [(str(newest), damage)]


def test_a_damaged_file_is_replaced_by_a_new_save(snapshots, folder):
    snapshots.save(0, 2, b"state")
    files(folder)[0].write_bytes(b"torn")
    snapshots.save(0, 2, b"state")
    assert list(snapshots.load(0)) == [(2, b"state")]


def test_missing_and_foreign_files_dont_matter(snapshots, folder):
    snapshots.save(0, 1, b"old")
    snapshots.save(0, 2, b"new")
    for name in (".left-over.tmp", "notes.snapshot", "3.snapshot"):
        (folder / "00000" / name).write_bytes(b"half")
    files(folder)[-3].unlink()
    with capture_logs() as logs:
        assert list(snapshots.load(0)) == [(1, b"old")]
    assert logs == []


def test_damaged_files_ahead_dont_push_sound_ones_out(snapshots, folder):
    for offset in (100, 101, 102):
        snapshots.save(0, offset, b"ahead")
    for file in files(folder):
        file.write_bytes(b"torn")
    again = FolderSnapshots(str(folder))
    assert list(again.load(0)) == []
    for offset in (5, 6, 7, 8):
        again.save(0, offset, b"state")
    assert [offset for offset, _ in again.load(0)] == [8, 7, 6]
    again.save(0, 101, b"state")
    assert [offset for offset, _ in again.load(0)] == [101, 8, 7]
    again.save(0, 103, b"state")
    assert len(files(folder)) == 3, "the log came past the damaged ones"


def test_a_stalled_worker_that_saves_late_takes_nothing_from_its_successor(snapshots, folder):
    for offset in (20, 21, 22):
        snapshots.save(0, offset, b"successor")
    FolderSnapshots(str(folder)).save(0, 10, b"stalled")
    assert [offset for offset, _ in snapshots.load(0)] == [22, 21, 20, 10]
    snapshots.save(0, 23, b"successor")
    assert [offset for offset, _ in snapshots.load(0)] == [23, 22, 21]


def test_what_killed_workers_left_half_written_goes_after_a_while(snapshots, folder):
    snapshots.save(0, 1, b"x")
    old, young = (folder / "00000" / f".{digit * 32}.tmp" for digit in "ab")
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    snapshots.save(0, 2, b"x")
    assert not old.exists()
    assert young.exists(), "somebody may be writing it"


def test_a_write_that_fails_leaves_nothing_behind(snapshots, folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("infra.snapshots._sync", full)
    with pytest.raises(OSError, match="No space"):
        snapshots.save(0, 1, b"x")
    assert files(folder) == []


def test_a_replacement_is_the_newest_afterwards(snapshots):
    for offset in (5, 6, 7):
        snapshots.save(0, offset, b"old")
    snapshots.replace(0, 5, b"rebuilt")
    assert list(snapshots.load(0)) == [(5, b"rebuilt")]


def test_any_file_system_that_fsspec_reaches_will_do():
    memory = FolderSnapshots("memory://telltale")
    try:
        for offset in range(5):
            memory.save(0, offset, b"x")
        assert [offset for offset, _ in memory.load(0)] == [4, 3, 2]
    finally:
        fsspec.filesystem("memory").rm("/telltale", recursive=True)
