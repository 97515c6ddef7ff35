"""Reasons in a mechanic's words, from contributions and measured numbers."""

import numpy as np
import pytest

from alerts.reasons import MOST, Evidence, reasons, unknown
from alerts.units import days_text, quantity
from features.profile import builtin_profile
from features.vector import feature_specs

PROFILE = builtin_profile("truck-diesel")
SPECS = feature_specs(PROFILE)
NAMES = [spec.name for spec in SPECS]
PATHS = [signal.path for signal in PROFILE.signals]
COOLANT = "Powertrain.CombustionEngine.EngineCoolant.Temperature"


def evidence(values=None, contributions=None, measured=None, expected=None, codes=None):
    """Evidence where only what is named is known; healthy deviation is 2 units everywhere."""
    row = np.zeros(len(SPECS), np.float32)
    shares = np.zeros(len(SPECS), np.float32)
    for name, value in (values or {}).items():
        row[NAMES.index(name)] = value
    for name, value in (contributions or {}).items():
        shares[NAMES.index(name)] = value
    columns = np.full((2, len(PATHS)), np.nan)
    for place, given in enumerate((measured or {}, expected or {})):
        for path, value in given.items():
            columns[place, PATHS.index(path)] = value
    band = np.full(len(PATHS), 2.0, np.float32)
    return Evidence(PROFILE, SPECS, row, shares, band, *columns, codes or {})


def test_a_level_that_load_does_not_explain_is_told_with_its_trend_and_numbers():
    found = reasons(
        evidence(
            values={
                "engine_coolant_temperature.mean_5d": 3.1,
                "engine_coolant_temperature.slope_15d": 0.8,
            },
            contributions={
                "engine_coolant_temperature.mean_5d": 1.2,
                "engine_coolant_temperature.slope_15d": 0.5,
            },
            measured={COOLANT: 92.4},
            expected={COOLANT: 86.2},
        )
    )
    assert len(found) == 1
    reason = found[0]
    assert reason.text == (
        "Coolant temperature runs 6.2 °C above what load and weather explain, rising over 15 days"
    )
    assert (reason.signal, reason.unit) == (COOLANT, "Celsius")
    assert (reason.value, reason.expected) == pytest.approx((92.4, 86.2))
    assert reason.contribution == pytest.approx(1.7)


def test_without_frames_the_features_own_deviation_speaks_and_no_number_is_made_up():
    found = reasons(
        evidence(
            values={"eop.mean_5d": -2.0, "eop.slope_5d": -0.5},
            contributions={"eop.mean_5d": 0.9, "eop.slope_5d": 0.1},
        )
    )[0]
    assert found.text == (
        "Oil pressure runs 4 kPa below what load and weather explain, falling over 5 days"
    )
    assert (found.value, found.expected) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("rail_pressure.std_5d", 1.9, "Fuel rail pressure varies more than it should"),
        ("rail_pressure.spread", 1.9, "Fuel rail pressure varies more than it should"),
        (
            "engine_coolant_temperature.over_5d",
            0.031,
            "Coolant temperature was beyond its limit in 3.1% of the time over 5 days",
        ),
        (
            "rail_pressure.missing_5d",
            0.4,
            "Fuel rail pressure was missing in 40% of the last 5 days",
        ),
        (
            "rail_pressure.mean_5d_less_new",
            1.5,
            "Fuel rail pressure is 3 kPa above what it was when this vehicle was new to us",
        ),
        ("rail_pressure.slope_45d", 0.4, "Fuel rail pressure is rising over 45 days, still near"),
        ("rail_pressure.mean_5d", 0.1, "Fuel rail pressure differs slightly from what load"),
        ("coolant pump.age_days", 812.3, "The coolant pump is 812 days old"),
        ("batteries.age_days", 812.3, "The batteries are 812 days old"),
        ("coolant pump.use_hours", 9_300, "The coolant pump has run for 9,300 hours"),
        ("vehicle.age_days", 900, "The vehicle is 900 days old"),
        ("vehicle.firmware_days", 3, "Its firmware changed 3 days ago"),
        ("vehicle.frames_5d", 30, "How much it was used over the last 5 days"),
        ("coolant pump.age_days", float("nan"), "Nothing is known of the age of the coolant pump"),
    ],
)
def test_each_kind_of_feature_has_its_sentence(name, value, text):
    found = reasons(evidence(values={name: value}, contributions={name: 1.0}))
    assert found[0].text.startswith(text)


def test_fault_codes_are_counted_and_explained():
    name = "SPN 110 FMI 0.count_5d"
    code = "SPN 110 FMI 0"
    for days, said in (([1.2], "once"), ([9.0, 2.0], "twice"), ([9, 8, 5], "3 times")):
        found = reasons(evidence(contributions={name: 0.7}, codes={code: days}))[0]
        last = days_text(min(days))
        assert found.text == (
            f"Fault code SPN 110 FMI 0 (Engine coolant far too hot) came {said}, last {last} ago"
        )
    absent = reasons(evidence(contributions={name: 0.7}))[0]
    assert absent.text.endswith("has not come lately")
    others = evidence(contributions={"other_codes.count_5d": 0.7}, codes={"SPN 9 FMI 9": [1.0]})
    assert "SPN 9 FMI 9" in reasons(others)[0].text


def test_how_it_is_used_is_told_without_blame():
    found = reasons(
        evidence(
            values={"engine_torque.mean_5d": 1.0},
            contributions={"engine_torque.mean_5d": 0.4},
            measured={"Powertrain.CombustionEngine.Torque": 1_240.0},
        )
    )[0]
    assert found.text == "How it is used: engine torque averages 1,240 Nm, usually 900 Nm"


def test_only_what_speaks_for_the_failure_is_told_strongest_first():
    names = [f"{signal.column}.mean_5d" for signal in PROFILE.signals if not signal.operating]
    shares = {name: 0.1 * rank for rank, name in enumerate(names)}
    shares["coolant pump.age_days"] = -3.0
    found = reasons(evidence(values=dict.fromkeys(names, 2.0), contributions=shares))
    assert len(found) == MOST
    weights = [one.contribution for one in found]
    assert weights == sorted(weights, reverse=True)
    assert reasons(evidence(contributions={"eop.now": -1.0})) == []
    assert "isn't stored" in unknown("it isn't stored")[0].text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (6.2, "Celsius", "6.2 °C"),
        (0.0312, "V", "0.031 V"),
        (12_345.6, "kPa", "12,346 kPa"),
        (0.0, "ratio", "0"),
        (-3.04, "percent", "-3.04 %"),
    ],
)
def test_numbers_are_short(value, unit, text):
    assert quantity(value, unit) == text


def test_spans_are_told_in_days_or_hours():
    assert [days_text(one) for one in (9.2, 1.0, 0.2, 0.0)] == [
        "9 days",
        "a day",
        "5 hours",
        "an hour",
    ]
