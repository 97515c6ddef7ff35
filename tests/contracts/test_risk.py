"""Risk encoded by columns is the same, to the byte, as risk encoded row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.risk import (
    NO_RUL,
    EncodedUpdate,
    ModeRisk,
    RiskUpdate,
    Rul,
    decode_risk,
    encode_columns,
    encode_risk,
    encode_rul,
)

names = st.lists(st.text(max_size=40), max_size=40, unique=True)


@given(names, st.integers(0, 12), st.booleans(), st.integers(0, 1 << 30))
def test_columns_and_rows_give_one_message(modes, count, has_rul, seed):
    rng = np.random.default_rng(seed)
    risk = rng.random((count, len(modes), 3)).astype(np.float32)
    rul = rng.normal(100, 500, (count, 3)).astype(np.float32)
    rows = [
        RiskUpdate(
            "t",
            "p",
            f"V{place}",
            place * 10**9,
            "m",
            [ModeRisk(mode, *own) for mode, own in zip(modes, risk[place].tolist(), strict=True)],
            Rul(*rul[place].tolist()) if has_rul else None,
        )
        for place in range(count)
    ]
    encoded = zip(
        encode_columns(modes, risk), encode_rul(rul) if has_rul else [NO_RUL] * count, strict=True
    )
    columns = [
        EncodedUpdate("t", "p", f"V{place}", place * 10**9, "m", mode, life)
        for place, (mode, life) in enumerate(encoded)
    ]
    assert encode_risk(columns) == encode_risk(rows)
    assert decode_risk(encode_risk(columns)) == rows


@pytest.mark.parametrize("wild", [np.nan, np.inf, 0.0, 1.0, 1e-45])
def test_numbers_come_through_whatever_they_are(wild):
    ((found,),) = (
        one.modes
        for one in decode_risk(
            encode_risk(
                [
                    EncodedUpdate("t", "p", "V", 1, "m", one, NO_RUL)
                    for one in encode_columns(["a"], np.full((1, 1, 3), wild, np.float32))
                ]
            )
        )
    )
    assert found.risk_7 == pytest.approx(wild, nan_ok=True)
