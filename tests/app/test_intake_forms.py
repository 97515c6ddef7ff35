"""Bodies of telemetry, apart from any server: forms, encodings, what is refused and why."""

import gzip
import re
from pathlib import Path

import cramjam
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.caller import Caller
from app.api.problems import ProblemError
from app.intake.acked import Acked
from app.intake.body import decompress
from app.intake.checks import check
from app.intake.forms import read_records
from contracts.codec import encode_message, make_frame
from contracts.records import VehicleEvent

NOW = 1_767_323_045_000
CALLER = Caller("default", "ingest", "gateway", "key:1", ("A*",))
FRAME = {
    "type": "frame",
    "vehicle_id": "A1",
    "profile": "truck-diesel",
    "seq": 7,
    "time": "2026-01-02T03:04:05Z",
    "signals": ["Speed", 3],
    "offsets_ms": [0, 1000],
    "samples": [[50.0, 12.5], [51.5, None]],
}
EVENT = {
    "type": "event",
    "vehicle_id": "A1",
    "profile": "truck-diesel",
    "time": NOW,
    "kind": "fault_code",
    "code": "SPN 110 FMI 0",
}


def read(*records, caller=CALLER):
    body = msgspec.json.encode({"records": records})
    found = read_records(body, "application/json", caller.tenant)
    check(found, caller, NOW + 1_000)
    return found


def test_the_body_that_the_documents_show_is_taken():
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    (shown,) = re.findall(r"/v1/telemetry\" -d '(\{.*?\})'\n", text, re.DOTALL)
    body = re.sub(r"'\$\(date [^)]*\)'", "2026-01-02T03:04:05Z", shown).encode()
    found = read_records(body, "application/json", "default")
    check(found, Caller("default", "ingest", "gateway", "key:1", ("V00*",)), NOW + 1_000)
    assert ([one.vehicle_id for one in found.records], found.refused) == (["V0001"] * 2, [])


def test_a_readable_frame_is_the_same_as_a_packed_one():
    (record,) = read(FRAME).records
    packed = make_frame(
        profile="truck-diesel",
        vehicle_id="A1",
        seq=7,
        start_ms=NOW,
        signals=[1, 3],
        offsets_ms=[0, 1000],
        samples=[[50.0, 12.5], [51.5, np.nan]],
    )
    assert record == packed
    body = encode_message([packed])
    (again,) = read_records(body, "application/msgpack", "default").records
    assert again == packed


def test_an_event_keeps_its_words():
    (record,) = read({**EVENT, "detail": {"note": "hot"}}).records
    assert record == VehicleEvent(
        "default", "truck-diesel", "A1", NOW, "fault_code", "SPN 110 FMI 0", {"note": "hot"}
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"vehicle_id": "B1"}, "foreign_vehicle"),
        ({"vehicle_id": ""}, "unknown_schema"),
        ({"vehicle_id": "A\x00"}, "bad_vehicle"),
        ({"vehicle_id": "A" * 65}, "unknown_schema"),
        ({"signals": ["Speed", "Sped"]}, "unknown_signal"),
        ({"signals": [1, 60_000]}, "unknown_signal"),
        ({"signals": [1, 1]}, "bad_shape"),
        ({"signals": [1]}, "bad_shape"),
        ({"samples": [[1.0], [1.0, 2.0]]}, "bad_shape"),
        ({"samples": []}, "bad_shape"),
        ({"samples": [[None, None], [None, None]]}, "bad_value"),
        ({"samples": [[5000.0, 1.0], [1.0, 1.0]]}, "bad_value"),
        ({"samples": [[1e39, 1.0], [1.0, 1.0]]}, "bad_value"),
        ({"offsets_ms": [1000, 0]}, "bad_shape"),
        ({"offsets_ms": [0, 60_001]}, "unknown_schema"),
        ({"offsets_ms": [0, 0.5]}, "unknown_schema"),
        ({"time": "yesterday"}, "bad_shape"),
        ({"time": "2026-01-02T03:04:05"}, "bad_shape"),
        ({"time": NOW + 700_000}, "future_time"),
        ({"time": 12}, "absurd_time"),
        ({"time": 1 << 62}, "absurd_time"),
        ({"seq": -1}, "unknown_schema"),
        ({"seq": 1 << 63}, "unknown_schema"),
        ({"tenant": "other"}, "unknown_schema"),
        ({"type": "picture"}, "unknown_schema"),
    ],
)
def test_a_bad_record_is_refused_and_the_good_one_beside_it_taken(change, reason):
    bad = {**FRAME, **change}
    found = read(bad, {**FRAME, "seq": 8})
    assert [one.seq for one in found.records] == [8]
    (refused,) = found.refused
    assert (refused.index, refused.reason) == (0, reason)
    assert refused.detail
    assert msgspec.json.decode(refused.payload) == msgspec.json.decode(msgspec.json.encode(bad))


def test_a_packed_record_of_another_tenant_is_refused():
    frame = make_frame(
        tenant="other",
        profile="truck-diesel",
        vehicle_id="A1",
        seq=1,
        start_ms=NOW,
        signals=[1],
        offsets_ms=[0],
        samples=[[1.0]],
    )
    found = read_records(encode_message([frame]), "application/msgpack", "default")
    check(found, CALLER, NOW)
    assert found.records == []
    assert [one.reason for one in found.refused] == ["foreign_vehicle"]


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "application/json", 400),
        (b"[1", "application/json", 400),
        (b'{"records": 1}', "application/json", 400),
        (b'{"records": []}', "application/json", 422),
        (b'{"records": [], "more": 1}', "application/json", 400),
        (b"\xc1", "application/msgpack", 400),
        (b"\x90", "application/msgpack", 422),
        (b"\x81\x01\x02", "application/msgpack", 400),
        (b"a,b\n", "text/csv", 415),
        (msgspec.json.encode({"records": [1] * 4_097}), "application/json", 413),
        (b"[" * 100_000, "application/json", 400),
    ],
)
def test_a_body_that_cant_be_taken_apart_is_a_problem(body, media_type, status):
    with pytest.raises(ProblemError) as caught:
        read_records(body, media_type, "default")
    assert caught.value.status == status


def test_a_record_that_isnt_text_is_refused_alone():
    body = b'{"records": ["\xff", %s]}' % msgspec.json.encode(FRAME)
    found = read_records(body, "application/json", "default")
    assert len(found.records) == 1
    assert found.refused[0].payload == b'"\xff"'


def taken(body, media_type):
    """What is left of a body after all checks; a status where it is refused as a whole."""
    try:
        found = read_records(body, media_type, "default")
    except ProblemError as problem:
        return problem.status
    check(found, CALLER, NOW)
    return found


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/msgpack"]))
def test_no_body_does_more_than_be_refused(body, media_type):
    found = taken(body, media_type)
    assert not isinstance(found, int) or found in {400, 413, 422}


_word = st.text("aZ0 \x00\u00fc\u2028", max_size=6)
_leaf = st.none() | st.booleans() | st.integers() | st.floats() | _word
_json = _leaf | st.lists(_leaf, max_size=3) | st.lists(st.lists(_leaf, max_size=2), max_size=3)


@given(st.dictionaries(st.sampled_from([*FRAME, "kind", "code", "detail"]), _json, max_size=4))
def test_no_record_does_more_than_be_refused(change):
    for whole in (FRAME, EVENT):
        found = read({**whole, **change})
        assert len(found.records) + len(found.refused) == 1
        if found.records:
            encode_message(found.records)


@pytest.mark.parametrize("text", ["\ud800", "A\ud800"])
def test_half_a_character_is_refused(text):
    body = b'{"records": [%s]}' % msgspec.json.encode(FRAME).replace(
        b'"A1"', b'"A' + text[-1].encode("unicode_escape") + b'"'
    )
    found = taken(body, "application/json")
    assert found == 400 or found.records == []


PLAIN = msgspec.json.encode({"records": [FRAME]})


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", PLAIN),
        ("identity", PLAIN),
        ("gzip", gzip.compress(PLAIN)),
        ("zstd", bytes(cramjam.zstd.compress(PLAIN))),
    ],
)
def test_encodings_are_undone(encoding, packed):
    assert decompress(packed, encoding, 10_000) == PLAIN


def test_a_body_that_shrank_to_almost_nothing_is_undone():
    big = b"a" * 1_000_000
    for encoding, packed in (
        ("gzip", gzip.compress(big)),
        ("zstd", bytes(cramjam.zstd.compress(big))),
    ):
        assert decompress(packed, encoding, 1_000_000) == big


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("br", PLAIN, 415),
        ("gzip", PLAIN, 400),
        ("gzip", gzip.compress(PLAIN)[:-9], 400),
        ("gzip", gzip.compress(PLAIN) + b"more", 400),
        ("gzip", gzip.compress(b"a" * 100_001), 413),
        ("zstd", PLAIN, 400),
        ("zstd", bytes(cramjam.zstd.compress(PLAIN))[:-9], 400),
        ("zstd", bytes(cramjam.zstd.compress(b"a" * 100_001)), 413),
        ("zstd", bytes(cramjam.zstd.compress(np.random.default_rng(1).bytes(100_001))), 413),
        ("gzip", b"", 400),
        ("zstd", b"", 400),
    ],
)
def test_a_body_that_is_damaged_or_grows_too_large_is_a_problem(encoding, body, status):
    with pytest.raises(ProblemError) as caught:
        decompress(body, encoding, 100_000)
    assert caught.value.status == status


def test_what_was_acknowledged_is_known_until_it_is_forgotten():
    acked = Acked(kept=2)
    records = [read({**FRAME, "seq": seq}).records[0] for seq in (1, 2, 3)]
    acked.add(records)
    assert [acked.has(record) for record in records] == [False, True, True]
