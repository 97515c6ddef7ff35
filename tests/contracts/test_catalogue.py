import math
from collections import Counter

import pytest

from contracts.catalogue import catalogue, column_name, signal_at, signals_by_id
from contracts.errors import DataError


def test_ids_paths_and_columns_name_one_signal_each():
    signals = list(catalogue().values())
    for key in ("id", "path", "column"):
        doubled = [name for name, n in Counter(getattr(s, key) for s in signals).items() if n > 1]
        assert doubled == [], key
    assert len(signals_by_id()) == len(signals)
    assert all(0 < signal.id < 65_536 for signal in signals)


def test_limits_units_and_words_are_complete():
    for signal in catalogue().values():
        assert -math.inf < signal.low < signal.high < math.inf, signal.path
        assert signal.unit, signal.path
        assert signal.description, signal.path


def test_columns_are_names_for_sql():
    for signal in catalogue().values():
        assert signal.column.isidentifier(), signal.path
        assert signal.column == signal.column.lower()
    assert column_name("Powertrain.CombustionEngine.Speed") == "engine_speed"
    assert column_name("Powertrain.CombustionEngine.EngineCoolant.Temperature") == (
        "engine_coolant_temperature"
    )


def test_ids_that_were_given_out_never_change():
    given = {"Speed": 1, "Powertrain.CombustionEngine.MAP": 24, "Turbofan.T2": 103}
    given |= {"Powertrain.TractionBattery.CurrentVoltage": 61, "Machine.Vibration": 143}
    assert {path: catalogue()[path].id for path in given} == given


def test_an_unknown_signal_is_said():
    assert signal_at("Speed").unit == "km/h"
    with pytest.raises(DataError, match=r"'Velocity' is not in contracts/catalogue\.toml"):
        signal_at("Velocity")
