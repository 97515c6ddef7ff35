import gzip

import pytest

from ingest.adapters.lines import MAX_LINE, Line, read_lines
from ingest.adapters.reading import ReadOptions, Unreadable


def lines_of(tmp_path, raw):
    file = tmp_path / "log"
    file.write_bytes(raw)
    return list(read_lines(file, ReadOptions()))


def test_lines_are_counted_from_one_and_lose_their_ends(tmp_path):
    assert lines_of(tmp_path, b"a\r\n\nb\n") == [Line(1, b"a"), Line(2, b""), Line(3, b"b")]
    assert lines_of(tmp_path, b"a\nb") == [Line(1, b"a"), Line(2, b"b")]


def test_gzip_is_told_by_its_content_not_its_name(tmp_path):
    assert lines_of(tmp_path, gzip.compress(b"a\nb\n")) == [Line(1, b"a"), Line(2, b"b")]


def test_lines_longer_than_a_chunk_are_whole(tmp_path):
    long = b"x" * (MAX_LINE - 1)
    assert lines_of(tmp_path, b"a\n" + long + b"\nb\n") == [
        Line(1, b"a"),
        Line(2, long),
        Line(3, b"b"),
    ]


def test_an_overlong_line_is_cut_and_said_and_the_next_is_read(tmp_path):
    cut, rest = lines_of(tmp_path, b"x" * (3 * MAX_LINE) + b"\nb")
    assert cut == Unreadable("log", 1, cut.detail, b"x" * MAX_LINE)
    assert f"{3 * MAX_LINE} bytes" in cut.detail
    assert rest == Line(2, b"b")


def test_an_empty_file_is_said(tmp_path):
    (found,) = lines_of(tmp_path, b"")
    assert (found.line, found.detail, found.last) == (1, "the file is empty", True)


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_cut_gzip_gives_every_whole_line_and_then_what_was_left(tmp_path, kept):
    text = b"".join(b"%d,%d\n" % (i, i * i % 9_973) for i in range(5_000))
    packed = gzip.compress(text)
    *lines, last = lines_of(tmp_path, packed[: int(len(packed) * kept)])
    assert len(lines) > 100
    assert text.startswith(b"".join(line.raw + b"\n" for line in lines) + last.payload)
    assert (last.line, last.last) == (len(lines) + 1, True)
    assert "cut" in last.detail


def test_a_damaged_gzip_is_said(tmp_path):
    packed = bytearray(gzip.compress(b"some lines\n" * 50))
    packed[-6] ^= 1
    *_, last = lines_of(tmp_path, bytes(packed))
    assert last.last
    assert "damaged" in last.detail


def test_a_file_that_is_not_there_is_said(tmp_path):
    (found,) = read_lines(tmp_path / "none", ReadOptions())
    assert found.last
    assert "No such file" in found.detail


def test_bytes_are_told_as_they_are_taken_in(tmp_path):
    told = []
    file = tmp_path / "log"
    file.write_bytes(b"line\n" * 40_000)
    list(read_lines(file, ReadOptions(on_bytes=told.append)))
    assert sum(told) == 200_000
    assert len(told) > 1
