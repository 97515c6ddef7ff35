"""Records that are refused, each with its reason."""

import numpy as np
import pytest

from contracts.records import Frame, VehicleEvent
from features.state import PartitionState
from tests.features.logs import HOUR, START, engine, event, frame, run

BAD = [
    (frame(profile="submarine"), "unknown_profile", "submarine"),
    (VehicleEvent("d", "x", "V", START, "service", ""), "unknown_profile", "no profile 'x'"),
    (frame(signals=[1, 26, 999]), "unknown_signal", "999"),
    (frame(signals=[1, 26, 26]), "bad_shape", "twice"),
    (Frame("default", "small", "V", 0, START, b"", b"", b""), "bad_shape", "signal ids"),
    (Frame("default", "small", "V", 0, START, b"\x01", b"\0\0", b"\0" * 4), "bad_shape", "two"),
    (Frame("default", "small", "V", 0, START, b"\x01\0", b"\0", b"\0" * 4), "bad_shape", "two"),
    (
        Frame("default", "small", "V", 0, START, b"\x01\0", b"\0\0", b"\0" * 5),
        "bad_shape",
        "take 4",
    ),
    (frame(samples=((1, 2, 3), (1, 2, 3)), offsets_ms=[5, 4]), "bad_shape", "must not fall"),
    (frame(offsets_ms=[60_001]), "bad_shape", "60000 ms"),
    (frame(samples=((np.inf, 88, 13),)), "bad_value", "Speed"),
    (frame(samples=((50, 88, 13), (50, -np.inf, 13))), "bad_value", "EngineCoolant"),
    (frame(samples=((50, 181, 13),)), "bad_value", "possible is -60 to 180"),
    (frame(samples=((np.nan, np.nan, np.nan),)), "bad_value", "finite"),
    (frame(samples=((np.nan,),), signals=[29]), "bad_value", "finite"),
    (frame(seq=-1), "bad_value", "sequence numbers"),
    (frame(seq=2**63), "bad_value", "sequence numbers"),
    (frame(vehicle=""), "bad_vehicle", "1 to 64"),
    (frame(vehicle="V" * 65), "bad_vehicle", "1 to 64"),
    (frame(vehicle="V\n1"), "bad_vehicle", "printable"),
    (frame(tenant="\ud800"), "bad_vehicle", "tenant"),
    (event("service", vehicle="\0"), "bad_vehicle", "printable"),
    (frame(time_ms=0), "absurd_time", "2000"),
    (frame(time_ms=-(2**63)), "absurd_time", "2000"),
    (frame(time_ms=2**64 - 1), "absurd_time", "2000"),
    (frame(time_ms=4_102_444_800_000), "absurd_time", "2100"),
    (event("service", time_ms=1), "absurd_time", "2000"),
    (frame(time_ms=START + 600_001), "future_time", "ahead"),
    (event("service", time_ms=START + 2 * HOUR), "future_time", "120 min ahead"),
]


@pytest.mark.parametrize(("record", "reason", "words"), BAD)
def test_a_record_that_makes_no_sense_is_refused_and_changes_nothing(record, reason, words):
    good = [frame(0), frame(0, vehicle="V0002")]
    clean, state = PartitionState(), PartitionState()
    engine().step(clean, good, [START] * 2)
    step = engine().step(state, [good[0], record, good[1]], [START] * 3)
    (refusal,) = step.refused
    assert (refusal.index, refusal.reason) == (1, reason)
    assert words in refusal.detail
    assert len(step.summaries[0]) == 2
    for name, array in clean.arrays().items():
        np.testing.assert_array_equal(array, state.arrays()[name], name)


def test_sequence_numbers_repeated_or_too_old_are_refused():
    seqs = [0, 300, 299, 299, 44, 45, 300]
    steps = run([frame(seq, START + i) for i, seq in enumerate(seqs)])[1]
    assert [(r.index, r.reason) for r in steps[0].refused] == [
        (3, "duplicate"),
        (4, "stale_sequence"),
        (6, "duplicate"),
    ]
    assert steps[0].summaries[0].seq.tolist() == [0, 300, 299, 45]
