"""Messages of others: decoded with their units, refused with a reason, packed into frames."""

from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import signal_at
from contracts.codec import frame_arrays
from contracts.errors import DataError
from ingest.samples.columns import Columns, Vehicles
from ingest.samples.decode import Decoder
from ingest.samples.frames import MAX_CELLS, Whose, make_frames
from ingest.samples.mapping import Fields, SignalName, TopicMapping, layout, parse_gateway


class Message(NamedTuple):
    offset: int
    value: bytes
    partition: int = 3
    timestamp: int = 1_767_000_000_000


T = 1_767_323_045_000
COOLANT = "Powertrain.CombustionEngine.EngineCoolant.Temperature"
NAMES = [
    SignalName("Speed", "Speed"),
    SignalName("coolant_f", COOLANT, "degF"),
    SignalName("ambient", "Exterior.AirTemperature"),
]
LAYOUT = layout(NAMES)
WHOSE = Whose("default", "truck-diesel")


def decoder(**more):
    return Decoder(TopicMapping("theirs", "truck-diesel", **more), LAYOUT)


def read(decode, *values):
    raw = [one if isinstance(one, bytes) else msgspec.json.encode(one) for one in values]
    vehicles = Vehicles()
    messages = [Message(at, value) for at, value in enumerate(raw)]
    columns, letters = decode.columns(messages, vehicles)
    rows = zip(
        (vehicles.names[at] for at in columns.vehicle),
        columns.time_ms.tolist(),
        (LAYOUT.signals[at].path for at in columns.signal),
        columns.value.tolist(),
        strict=True,
    )
    return list(rows), [(letter.offset, letter.reason) for letter in letters], letters


def sample(**more):
    return {"vehicle_id": "V1", "ts": T, "signal": "Speed", "value": 50.5, **more}


def test_a_value_comes_in_the_catalogues_unit():
    rows, refused, _ = read(decoder(), sample(), sample(signal="coolant_f", value=212))
    assert refused == []
    assert rows[0] == ("V1", T, "Speed", 50.5)
    assert rows[1] == ("V1", T, COOLANT, pytest.approx(100.0))


@pytest.mark.parametrize(
    "time",
    [T, T / 1000, T * 1000, T * 1_000_000, "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00"],
)
def test_times_are_told_apart_by_their_size(time):
    for name in ("ts", "time"):
        given_ = sample()
        del given_["ts"]
        rows, refused, _ = read(decoder(), {**given_, name: time})
        assert (rows[0][1], refused) == (T, [])


def test_fields_go_by_the_names_of_the_file():
    fields = Fields("vin", "at", "what", "how_much")
    given_ = {"vin": "V1", "at": T, "what": "Speed", "how_much": 1.0, "ts": 5, "time": "x"}
    rows, refused, _ = read(decoder(fields=fields), given_)
    assert (rows, refused) == ([("V1", T, "Speed", 1.0)], [])


def test_a_row_of_values_is_as_many_samples():
    row = {"vehicle_id": "V1", "ts": T, "Speed": 10, "ambient": None, "coolant_f": 32.0, "x": "y"}
    rows, refused, _ = read(decoder(form="flat"), row)
    assert refused == []
    assert [(path, value) for _, _, path, value in rows] == [
        ("Speed", 10.0),
        (COOLANT, pytest.approx(0.0, abs=1e-5)),
    ]


POISON = [
    (b"", "undecodable"),
    (b"{", "undecodable"),
    (b"\xff\xfe", "undecodable"),
    (b"[]", "unknown_schema"),
    (b"1", "unknown_schema"),
    (b'{"vehicle_id": "V1"},{"vehicle_id": "V2"}', "undecodable"),
    (b"[" * 10_000, "unknown_schema"),
    ({}, "unknown_schema"),
    (sample(vehicle_id=7), "unknown_schema"),
    (sample(vehicle_id=""), "bad_vehicle"),
    (sample(vehicle_id="V\n"), "bad_vehicle"),
    (sample(vehicle_id="V" * 65), "bad_vehicle"),
    (sample(signal="Sped"), "unknown_signal"),
    (sample(signal=None), "unknown_schema"),
    (sample(value="fast"), "unknown_schema"),
    (sample(value=True), "unknown_schema"),
    (sample(value=5_000), "bad_value"),
    (sample(value=-1), "bad_value"),
    (b'{"vehicle_id":"V1","ts":1767323045000,"signal":"Speed","value":1e999}', "unknown_schema"),
    (b'{"vehicle_id":"V1","ts":1767323045000,"signal":"Speed","value":NaN}', "undecodable"),
    (sample(ts=None), "absurd_time"),
    (sample(ts="soon"), "absurd_time"),
    (sample(ts="2026-01-02T03:04:05"), "absurd_time"),
    (sample(ts=12), "absurd_time"),
    (sample(ts=-T), "absurd_time"),
    (sample(ts=10**30), "absurd_time"),
    (sample(ts="1999-12-31T23:59:59Z"), "absurd_time"),
]


@pytest.mark.parametrize(("poison", "reason"), POISON)
def test_poison_is_refused_and_its_neighbours_taken(poison, reason):
    rows, refused, letters = read(decoder(), sample(), poison, sample(value=51.0))
    assert [value for *_, value in rows] == [50.5, 51.0]
    assert refused == [(1, reason)]
    raw = poison if isinstance(poison, bytes) else msgspec.json.encode(poison)
    assert (letters[0].payload, letters[0].topic, letters[0].partition) == (raw, "theirs", 3)


def test_all_poison_at_once_loses_no_sample():
    mixed = [one for poison, _ in POISON for one in (sample(), poison)]
    rows, refused, _ = read(decoder(), *mixed)
    assert len(rows) == len(POISON)
    assert dict(refused) == {2 * at + 1: reason for at, (_, reason) in enumerate(POISON)}


def test_a_missing_value_is_no_sample_and_no_fault():
    assert read(decoder(), sample(value=None), sample())[:2] == ([("V1", T, "Speed", 50.5)], [])


def test_a_row_without_any_signal_is_refused():
    rows, refused, _ = read(decoder(form="flat"), {"vehicle_id": "V1", "ts": T, "lat": 4.5})
    assert (rows, refused) == ([], [(0, "unknown_signal")])


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_do_more_than_be_refused(values):
    for form in ("long", "flat"):
        rows, refused, _ = read(decoder(form=form), *values)
        assert len(rows) == 0
        assert {at for at, _ in refused} == set(range(len(values)))


_samples = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(T, T + 200_000) | st.integers(T, T + 5),
        st.integers(0, 2),
        st.floats(0, 100, width=32),
    ),
    min_size=1,
    max_size=60,
)


@given(_samples)
def test_frames_hold_every_sample_and_nothing_else(samples):
    names = ["A", "B", "C"]
    vehicle, time_ms, signal = (np.array([one[at] for one in samples]) for at in range(3))
    value = np.array([one[3] for one in samples], np.float32)
    frames = make_frames(Columns(vehicle, time_ms, signal, value), names, LAYOUT, WHOSE, 7)
    expected = {(names[v], t, LAYOUT.signals[s].id): x for v, t, s, x in samples}
    assert cells(frames) == expected
    numbers = [(frame.vehicle_id, frame.seq) for frame in frames]
    for name in names:
        own = [seq for vehicle_id, seq in numbers if vehicle_id == name]
        assert own == list(range(7, 7 + len(own)))
    for frame in frames:
        _, offsets, _ = frame_arrays(frame)
        assert (np.diff(offsets.astype(int)) > 0).all()
        assert frame.start_ms // 60_000 == (frame.start_ms + int(offsets[-1])) // 60_000


def cells(frames):
    """Every value of some frames by vehicle, time and signal; each stands once."""
    found = {}
    for frame in frames:
        signals, offsets, samples = frame_arrays(frame)
        for row, offset in enumerate(offsets.tolist()):
            for column, signal in enumerate(signals.tolist()):
                if not np.isnan(samples[row, column]):
                    key = (frame.vehicle_id, frame.start_ms + offset, signal)
                    assert key not in found
                    found[key] = float(samples[row, column])
    return found


def test_a_flood_within_a_minute_becomes_several_frames():
    count = 3 * (MAX_CELLS // 3) - 3
    columns = Columns(
        np.zeros(count, np.int64),
        T // 60_000 * 60_000 + np.arange(count) % 60_000,
        np.arange(count) % 3,
        np.ones(count, np.float32),
    )
    frames = make_frames(columns, ["V1"], LAYOUT, WHOSE, 1)
    assert len(frames) == 3
    assert [frame.seq for frame in frames] == [1, 2, 3]
    assert len(cells(frames)) == count
    assert max(len(frame.samples) for frame in frames) <= 4 * MAX_CELLS


def test_a_gateways_file_is_read():
    text = b"""
    [[topics]]
    name = "theirs"
    profile = "truck-diesel"
    form = "flat"
    fields = { vehicle = "vin", time = "at" }
    signals = [{ name = "coolant", path = "Speed", unit = "mph" }]
    """
    (topic,) = parse_gateway(text, "g.toml").topics
    assert (topic.fields.vehicle, topic.signals[0].unit) == ("vin", "mph")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"x", "g.toml: "),
        (b"topics = []", "at least one"),
        (b'[[topics]]\nname = "a"', "profile"),
        (b'[[topics]]\nname = "a"\nprofile = "p"\nform = "wide"', "form"),
        (b'[[topics]]\nname = "a"\nprofile = "p"\nsignal = 1', "signal"),
        (b'[[topics]]\nname="a"\nprofile="p"\n[[topics]]\nname="a"\nprofile="q"', "each name once"),
    ],
)
def test_a_mistake_in_a_gateways_file_says_where(text, sentence):
    with pytest.raises(DataError, match=sentence):
        parse_gateway(text, "g.toml")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([SignalName("a", "Sped")], "'Sped' is not in"),
        ([SignalName("a", "Speed", "furlong")], "furlong"),
        ([SignalName("a", "Speed"), SignalName("b", "Speed", "mph")], "two units"),
    ],
)
def test_a_mistake_in_signals_says_which(names, sentence):
    with pytest.raises(DataError, match=sentence):
        layout(names)


def test_two_fields_of_one_name_are_refused():
    fields = Fields(vehicle="x", signal="x")
    with pytest.raises(DataError, match="topic theirs"):
        decoder(fields=fields)


def test_units_are_as_the_catalogue_says():
    assert signal_at("Speed").unit == "km/h"
