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
    for offset in (5, 100, 9, 1000, 50):
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
    (folder / "00000" / ".left-over.tmp").write_bytes(b"half")
    files(folder)[-1].unlink()
    assert list(snapshots.load(0)) == [(1, b"old")]


def test_any_file_system_that_fsspec_reaches_will_do():
    memory = FolderSnapshots("memory://telltale")
    try:
        for offset in range(5):
            memory.save(0, offset, b"x")
        assert [offset for offset, _ in memory.load(0)] == [4, 3, 2]
    finally:
        fsspec.filesystem("memory").rm("/telltale", recursive=True)
