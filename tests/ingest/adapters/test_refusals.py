"""Whatever the bytes: no exception, every row in a frame or refused, and frames that make sense."""

import gzip
import io

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from contracts.errors import DataError
from features.profile import builtin_profile
from features.summary import summarise
from ingest.adapters import lines, parquet
from ingest.adapters.formats import FORMATS, recognise
from ingest.adapters.reading import ReadOptions
from tests.ingest.adapters import logs
from tests.ingest.adapters.test_parquet import table

ODD = [b"", b"nan", b"inf", b"-1e400", b"1_0", b"\xff\xfe", b"\x00", b"9" * 700, b"1970-01-01"]
ODD += [b"2100-01-01", "\u0663".encode(), b",,,,", b'"', b" ", b"\r", b"\n", b"-0", b"99:99"]
LONGEST = 500
few = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def short_lines(monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", LONGEST)


@st.composite
def torn(draw, text):
    """The text with pieces put in, left out or doubled."""
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 40))
        piece = draw(st.sampled_from(ODD) | st.binary(max_size=8))
        text = draw(
            st.sampled_from(
                [
                    text[:at] + piece + text[at + length :],
                    text[:at] + text[at:][:200] + text[at:],
                    text[:at],
                ]
            )
        )
    return text


def lines_of(text):
    return text.count(b"\n") + (not text.endswith(b"\n") and bool(text))


@pytest.mark.parametrize("name", logs.SAMPLES)
@given(data=st.data())
@few
def test_torn_logs_lose_nothing(tmp_path, name, data):
    file, whole, read = logs.SAMPLES[name]
    text = data.draw(torn(whole))
    found = logs.read(read, tmp_path, file, text)
    headed = 0 if name == "cmapss" else 1
    refused = logs.refused(found)
    if any(item.last for item in refused):
        assert refused[-1].line == 1
    else:
        assert logs.samples(found) + len(refused) == lines_of(text) - headed
    sound(name, found)


@pytest.mark.parametrize("name", logs.SAMPLES)
@given(text=st.binary(max_size=300))
@few
def test_any_bytes_are_read_or_refused(tmp_path, name, text):
    file, _, read = logs.SAMPLES[name]
    found = logs.read(read, tmp_path, file, text)
    assert [type(item).__name__ for item in found] == ["Unreadable"] * len(found)


@given(data=st.data())
@few
def test_torn_gzip_gives_what_it_has(tmp_path, data):
    file, whole, read = logs.SAMPLES["carobd"]
    torn_bytes = data.draw(torn(gzip.compress(whole)))
    found = logs.read(read, tmp_path, file, torn_bytes)
    assert logs.refused(found) or logs.samples(found) >= 70
    sound("carobd", found)


@given(data=st.data())
@few
def test_torn_parquet_never_raises(tmp_path, data):
    whole = io.BytesIO()
    table(40).write_parquet(whole)
    file = tmp_path / "log.parquet"
    file.write_bytes(data.draw(torn(whole.getvalue())))
    found = list(parquet.read(file, ReadOptions(profile="car-electric")))
    assert logs.refused(found) or logs.samples(found) == 80


@given(text=st.binary(max_size=400), name=st.sampled_from(["a.csv", "train_FD1.txt", "x.gz"]))
@few
def test_recognising_never_raises_anything_else(tmp_path, text, name):
    file = tmp_path / name
    file.write_bytes(text)
    try:
        assert recognise(file) in FORMATS
    except DataError as error:
        assert name in str(error)  # noqa: PT017 (either is right)


def sound(name, found):
    """The engine itself has nothing against the frames."""
    profile = {"cmapss": "turbofan", "machines": "machine"}.get(name, "car-combustion")
    assert summarise(builtin_profile(profile), logs.frames(found))[2] == []
    for frame in logs.frames(found):
        assert frame.seq > 0
        assert 0 < len(frame.vehicle_id) <= 64
