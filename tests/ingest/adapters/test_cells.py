import pytest

from ingest.adapters import cells
from ingest.adapters.cells import RowError


def test_numbers_of_a_row():
    assert cells.numbers(["1", " 2.5 ", "-3e2"], "abc") == [1.0, 2.5, -300.0]
    assert cells.numbers(["1e308", "1e308"], "ab") == [1e308, 1e308]


@pytest.mark.parametrize(
    "cell",
    ["", " ", "x", "nan", "NaN", "inf", "-Infinity", "1e999", "1_000", "\u0661\u0662", "0x1f"],
)
def test_what_is_no_finite_number_is_named(cell):
    with pytest.raises(RowError, match=r"^rpm is .*no finite number$"):
        cells.numbers(["1", cell], ["speed", "rpm"])


def test_gaps_are_missing_values_only_where_the_format_has_them():
    first, second = cells.sparse_numbers(["1", " "], "ab")
    assert (first, second != second) == (1.0, True)  # noqa: PLR0124 (NaN)
    with pytest.raises(RowError, match="b is 'nan'"):
        cells.sparse_numbers(["", "nan"], "ab")


@pytest.mark.parametrize("cell", ["0", "-1", "1.0", "", "9" * 10, "\u0663", "one"])
def test_ordinals_are_whole_and_above_zero(cell):
    assert cells.ordinal(" 12 ", "unit") == 12
    with pytest.raises(RowError, match="unit is"):
        cells.ordinal(cell, "unit")


def test_times_are_utc_unless_they_say_otherwise():
    assert cells.utc_ms("2015-01-01 06:00:00", "datetime") == 1_420_092_000_000
    assert cells.utc_ms("2015-01-01T06:00:00+01:00", "datetime") == 1_420_088_400_000


@pytest.mark.parametrize(
    "cell", ["1970-01-01", "2100-01-01", "1999-12-31 23:59:59", "soon", "", "0"]
)
def test_absurd_times_are_refused(cell):
    with pytest.raises(RowError):
        cells.utc_ms(cell, "datetime")


def test_long_cells_are_cut_in_messages():
    with pytest.raises(RowError) as caught:
        cells.number("x" * 9_999, "rpm")
    assert len(str(caught.value)) < 120


def test_bytes_that_are_no_utf8_are_said():
    with pytest.raises(RowError, match="not UTF-8"):
        cells.text_of("Stra\u00dfe".encode("latin-1"))
