"""Ranges follow the cells they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UsageError
from sheets.xlsx.ranges import Box, box, boxes, is_uniform, moved

BLOCK = box("B3:D8")


def cells_of(ranges: tuple[Box, ...]) -> set[tuple[int, int]]:
    return {
        (row, column)
        for one in ranges
        for row in range(one.first_row, one.last_row + 1)
        for column in range(one.first_column, one.last_column + 1)
    }


@st.composite
def some_ranges(draw: st.DrawFn) -> tuple[Box, ...]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        rows = sorted((draw(st.integers(1, 10)), draw(st.integers(1, 10))))
        columns = sorted((draw(st.integers(0, 5)), draw(st.integers(0, 5))))
        found.append(Box(rows[0], columns[0], rows[1], columns[1]))
    return tuple(found)


@given(some_ranges(), st.permutations(range(3, 9)))
def test_ranges_hold_exactly_the_cells_that_moved(ranges: tuple[Box, ...], new_rows: list[int]) -> None:
    expected = {
        (new_rows[row - 3] if 3 <= row <= 8 and 1 <= column <= 3 else row, column) for row, column in cells_of(ranges)
    }
    assert cells_of(moved(ranges, BLOCK, new_rows)) == expected


@given(some_ranges(), st.permutations(range(3, 9)))
def test_uniform_ranges_are_those_that_no_order_changes(ranges: tuple[Box, ...], new_rows: list[int]) -> None:
    if is_uniform(ranges, BLOCK):
        assert moved(ranges, BLOCK, new_rows) == ranges
    else:
        rotations = [[3 + (i + by) % 6 for i in range(6)] for by in range(6)]
        assert any(cells_of(moved(ranges, BLOCK, rotated)) != cells_of(ranges) for rotated in rotations)


@given(some_ranges(), st.permutations(range(3, 9)))
def test_the_inverse_order_brings_back_every_cell(ranges: tuple[Box, ...], new_rows: list[int]) -> None:
    back = [new_rows.index(row) + 3 for row in range(3, 9)]
    assert cells_of(moved(moved(ranges, BLOCK, new_rows), BLOCK, back)) == cells_of(ranges)


def test_a_uniform_validation_stays_one_range() -> None:
    assert moved(boxes("B1:B20"), BLOCK, [8, 7, 6, 5, 4, 3]) == boxes("B1:B20")


def test_rows_that_meet_again_become_one_range_again() -> None:
    apart = moved(boxes("C3:C5 C9:C12"), BLOCK, [3, 5, 7, 4, 6, 8])
    assert " ".join(map(str, apart)) == "C3 C5 C7 C9:C12"
    assert " ".join(map(str, moved(apart, BLOCK, [3, 6, 4, 7, 5, 8]))) == "C3:C5 C9:C12"


def test_whole_columns_and_rows_are_ranges() -> None:
    assert box("B:C") == Box(1, 1, 1_048_576, 2)
    assert box("$2:$3") == Box(2, 0, 3, 16_383)


@pytest.mark.parametrize("text", ["", "B2:", "#REF!", "B2:C3:D4", "2", "B0"])
def test_what_is_no_range_is_a_damaged_workbook(text: str) -> None:
    with pytest.raises(UsageError, match="damaged"):
        box(text)
