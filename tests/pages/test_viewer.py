"""Who looks, and how he reads numbers and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.display import own
from app.web.formats import Formats
from app.web.units import CONVERSIONS, retold, shown
from app.web.viewer import Viewer, viewer_of

MOMENT = 1_795_570_200_000  # 2026-11-25 01:30 UTC


@pytest.mark.parametrize(
    ("cookies", "accepts", "wanted"),
    [
        ({}, "", ("en", "metric", "UTC", "auto")),
        ({}, "fr-CH, en;q=0.8", ("fr", "metric", "UTC", "auto")),
        ({}, "de, fr;q=0.7, en;q=0.5", ("fr", "metric", "UTC", "auto")),
        ({}, "en-US,en;q=0.5", ("en", "us", "UTC", "auto")),
        ({}, "en-GB", ("en", "uk", "UTC", "auto")),
        ({"language": "fr", "units": "us", "theme": "dark"}, "en", ("fr", "us", "UTC", "dark")),
        ({"language": "xx", "units": "?", "theme": "<", "zone": "../x"}, "", (
            "en", "metric", "UTC", "auto")),
        ({"zone": "Europe/Paris"}, "q;q=;=,,;q=9", ("en", "metric", "Europe/Paris", "auto")),
    ],
)  # fmt: skip
def test_cookies_win_over_the_browsers_wishes(cookies, accepts, wanted):
    found = viewer_of(cookies, accepts)
    assert (found.language, found.units, found.zone, found.theme) == wanted


@given(
    st.dictionaries(st.sampled_from(["language", "units", "zone", "theme"]), st.text()), st.text()
)
def test_no_header_breaks_the_page(cookies, accepts):
    found = viewer_of(cookies, accepts)
    assert Formats(found).date(MOMENT)
    assert found.tag.replace("-", "").isalnum()


def test_numbers_read_as_in_the_language():
    english, french = Formats(Viewer()), Formats(Viewer("fr", "fr"))
    assert english.money(3900, "EUR") == "€3,900"
    assert english.money(-3900.4, "USD") == "\u2212$3,900"
    assert english.money(-0.2, "EUR") == "€0"
    assert french.money(3900, "EUR") == "3\u202f900\u00a0€"
    assert english.measure(98.04, "°C") == "98.0\u00a0°C"
    assert french.measure(98.04, "°C") == "98,0\u00a0°C"
    assert french.measure(None) == "—"
    assert english.percent(0.812) == "81\u00a0%"
    assert english.percent(0.9999) == "99\u00a0%"
    assert english.percent(0.0001) == "<1\u00a0%"
    assert french.span(90_061_000) == "1 j 1 h"


def test_times_are_in_the_viewers_zone():
    paris = Formats(Viewer(zone="Europe/Paris"))
    assert paris.date(MOMENT) == "25 Nov, 02:30"
    assert Formats(Viewer("fr", "fr", zone="America/New_York")).date(MOMENT) == "24 nov. 20:30"
    assert Formats(Viewer(tag="en-US")).date(MOMENT, "year") == "Nov 25 2026"
    assert 'datetime="2026-11-25T01:30:00+00:00"' in paris.when(MOMENT)


@given(st.sampled_from(["us", "uk", "metric"]), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_units_keep_the_order_of_numbers(units, value, more):
    for unit in {*CONVERSIONS["us"], "V"}:
        assert shown(value, unit, units)[0] <= shown(value + more, unit, units)[0]


def test_sentences_are_told_in_the_viewers_units():
    assert retold("Coolant runs 6.2 °C above what load explains", "us") == (
        "Coolant runs 11.2 °F above what load explains"
    )
    assert retold("it should not pass 105 °C", "us") == "it should not pass 221 °F"
    assert retold("Listen at 40 to 80 km/h", "uk") == "Listen at 24.9 to 49.7 mph"
    assert retold("Measure ripple; 0.3 V", "us") == "Measure ripple; 0.3 V"
    assert retold("runs 6.2 °C above what", "metric") == "runs 6.2 °C above what"


@pytest.mark.parametrize(
    ("address", "ours"),
    [("/alerts?a=1", True), ("//evil", False), ("https://evil/", False), ("/\\evil", False),
     ("/a\nb", False), ("", False)],
)  # fmt: skip
def test_the_way_back_stays_here(address, ours):
    assert own(address) == (address if ours else "/")
