"""Ranges as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UsageError
from sheets.a1 import Area, column_index, column_letters, parse


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("B2:C", Area(1, 2, 2)),
        ("b2:c", Area(1, 2, 2)),
        ("$B$2:$C", Area(1, 2, 2)),
        ("B2:C500", Area(1, 2, 2, 500)),
        ("B:C", Area(1, 2, 1)),
        ("B2:B", Area(1, 1, 2)),
        ("A1:E", Area(0, 4, 1)),
        (" B2:C ", Area(1, 2, 2)),
        ("Sheet tab!B2:C", Area(1, 2, 2, None, "Sheet tab")),
        ("'it''s a tab'!$B$2:$C$9", Area(1, 2, 2, 9, "it's a tab")),
        ("AA10:AB", Area(26, 27, 10)),
    ],
)
def test_these_spellings_are_understood(text: str, area: Area) -> None:
    assert parse(text) == area


@pytest.mark.parametrize(
    "text",
    ["", "B", "B2", "2:5", "B2:", ":C", "C2:B", "B5:C2", "B0:C", "B2:C0", "B:C5", "B2-C", "B2:C:D", "B2:C 5", "B02:C",
     "BBBB1:CCCC", "ZZZ1:AAA", "!B2:C", "B２:C", "R1C1:R2C2", "B2;C", "=B2:C", "B2:C\n\x00"],
)  # fmt: skip
def test_anything_else_is_a_usage_error_that_says_what_a_range_looks_like(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert "B2:C" in refused.value.hint
    assert refused.value.exit_code == 2


@given(st.integers(0, 18_277))
def test_column_letters_round_trip(index: int) -> None:
    assert column_index(column_letters(index)) == index


@given(st.integers(0, 700), st.integers(0, 30), st.integers(1, 10**6), st.none() | st.integers(0, 10**6))
def test_areas_round_trip(left: int, more: int, top: int, height: int | None) -> None:
    area = Area(left, left + more, top, None if height is None else top + height)
    assert parse(str(area)) == area
