import pytest

from contracts.catalogue import catalogue
from contracts.errors import DataError
from ingest.units import converter


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        (101.0, "kPa", "hPa", 1010.0),
        (1013.25, "hPa", "kPa", 101.325),
        (14.5, "psi", "kPa", 99.974),
        (212.0, "°F", "Celsius", 100.0),
        (-40.0, "degF", "Celsius", -40.0),
        (300.0, "K", "Celsius", 26.85),
        (87.0, "Â°C", "Celsius", 87.0),
        (60.0, "mph", "km/h", 96.56064),
        (10.0, "m/s", "km/h", 36.0),
        (3.0, "RPM", "rpm", 3.0),
        (12_400.0, "mV", "V", 12.4),
        (100.0, "km", "m", 100_000.0),
        (36.0, "kg/h", "g/s", 10.0),
        (1.5, "ratio", "ratio", 1.5),
    ],
)
def test_conversions(value, unit, wanted, expected):
    assert converter(unit, wanted)(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "wanted"), [("furlong", "km/h"), ("kPa", "Celsius"), ("", "V"), ("V", "ratio")]
)
def test_what_can_not_become_the_wanted_unit_is_refused(unit, wanted):
    with pytest.raises(DataError, match=f"can't become {wanted}"):
        converter(unit, wanted)


def test_every_unit_of_the_catalogue_is_taken_as_it_is():
    for signal in catalogue().values():
        assert converter(signal.unit, signal.unit)(1.25) == 1.25
