"""Bytes on the wire: golden ones, and whatever else may come."""

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from contracts.codec import (
    MAX_MESSAGE_BYTES,
    MAX_RECORDS,
    DecodeError,
    decode_message,
    encode_message,
    frame_arrays,
    make_frame,
)
from contracts.records import Frame, VehicleEvent
from contracts.risk import ModeRisk, RiskUpdate, Rul, decode_risk, encode_risk

START = 1_700_000_000_000
EVENT = VehicleEvent(
    "acme", "truck-diesel", "V1", START + 1, "fault_code", "SPN 110 FMI 0", {"lamp": "red"}
)
RISK = RiskUpdate(
    "acme",
    "truck-diesel",
    "V1",
    START,
    "m1",
    [ModeRisk("scr", 0.125, 0.25, 0.5)],
    Rul(80.0, 60.0, 99.5),
)
GOLDEN = bytes.fromhex(
    "9299a56672616d65a764656661756c74ac747275636b2d64696573656ca2563103cf0000018bcfe5"
    "6800c40401001a00c4040000d007c410000048420000b04200004e420000c07f98a56576656e74a4"
    "61636d65ac747275636b2d64696573656ca25631cf0000018bcfe56801aa6661756c745f636f6465"
    "ad53504e2031313020464d49203081a46c616d70a3726564"
)
GOLDEN_RISK = bytes.fromhex(
    "9197a461636d65ac747275636b2d64696573656ca25631cf0000018bcfe56800a26d319194a37363"
    "72cb3fc0000000000000cb3fd0000000000000cb3fe000000000000093cb4054000000000000cb40"
    "4e000000000000cb4058e00000000000"
)


def frame(**changed):
    given = {
        "profile": "truck-diesel",
        "vehicle_id": "V1",
        "seq": 3,
        "start_ms": START,
        "signals": [1, 26],
        "offsets_ms": [0, 2_000],
        "samples": [[50, 88], [51.5, np.nan]],
    }
    return make_frame(**(given | changed))


def test_golden_bytes_stay_what_they_are():
    assert encode_message([frame(), EVENT]) == GOLDEN
    assert decode_message(GOLDEN) == [frame(), EVENT]
    assert encode_risk([RISK]) == GOLDEN_RISK
    assert decode_risk(GOLDEN_RISK) == [RISK]


def test_a_frames_arrays_come_back():
    signals, offsets, samples = frame_arrays(frame())
    assert (signals.tolist(), offsets.tolist()) == ([1, 26], [0, 2_000])
    np.testing.assert_array_equal(samples, np.float32([[50, 88], [51.5, np.nan]]))
    assert samples.dtype == np.float32


def test_records_without_new_fields_are_read_by_their_defaults():
    old = msgspec.msgpack.encode([["event", "acme", "p", "V1", START, "service", "oil"]])
    assert decode_message(old) == [VehicleEvent("acme", "p", "V1", START, "service", "oil")]


@pytest.mark.parametrize("samples", [[[1.0]], [[1.0, 2.0]], np.zeros((2, 3))])
def test_a_frame_that_does_not_fit_is_not_made(samples):
    with pytest.raises(ValueError, match="samples are"):
        frame(samples=samples)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "undecodable"),
        (b"\xc1", "undecodable"),
        (GOLDEN[:-1], "undecodable"),
        (GOLDEN + b"\x00", "undecodable"),
        (b"\x91" * 100_000, "unknown_schema"),
        (b"\x91\x97\xa5frame\xa1\xff", "unknown_schema"),
        (b"{}", "unknown_schema"),
        (msgspec.json.encode([EVENT]), "unknown_schema"),
        (msgspec.msgpack.encode({"frames": []}), "unknown_schema"),
        (msgspec.msgpack.encode([["ship", 1]]), "unknown_schema"),
        (msgspec.msgpack.encode([["frame", "t"]]), "unknown_schema"),
        (msgspec.msgpack.encode([["event", "t", "p", "V", 1, "explosion", ""]]), "unknown_schema"),
        (msgspec.msgpack.encode([["event", "t", "p", "V", 1.5, "service", ""]]), "unknown_schema"),
        (msgspec.msgpack.encode([None]), "unknown_schema"),
        (b"\x90" + bytes(MAX_MESSAGE_BYTES), "oversized"),
        (msgspec.msgpack.encode([EVENT] * (MAX_RECORDS + 1)), "oversized"),
    ],
)
def test_what_can_not_be_decoded_has_a_reason(payload, reason):
    with pytest.raises(DecodeError) as caught:
        decode_message(payload)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_a_message_is_not_made_larger_than_it_may_be():
    assert len(decode_message(encode_message([EVENT] * MAX_RECORDS))) == MAX_RECORDS
    with pytest.raises(ValueError, match="at most 4096"):
        encode_message([EVENT] * (MAX_RECORDS + 1))


@given(st.binary(max_size=200) | st.builds(lambda at, by: GOLDEN[:at] + by + GOLDEN[at + len(by) :],
       st.integers(0, len(GOLDEN)), st.binary(max_size=4)))  # fmt: skip
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_records_or_a_decode_error(payload):
    try:
        records = decode_message(payload)
    except DecodeError as error:
        assert error.detail  # noqa: PT017 (either is right)
        return
    for record in records:
        assert isinstance(record, Frame | VehicleEvent)
        if isinstance(record, Frame):
            try:
                frame_arrays(record)
            except DecodeError as error:
                assert error.reason == "bad_shape"  # noqa: PT017 (either is right)
