"""Ranges of cells as the parts of a workbook name them, and what becomes of them when rows move. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from errors import UsageError
from sheets.a1 import column_index, column_letters

LAST_ROW, LAST_COLUMN = 1_048_576, 16_383
_RANGE = re.compile(
    r"""\$?(?P<left>[A-Za-z]{1,3})\$?(?P<top>[1-9][0-9]{0,6})(?::\$?(?P<right>[A-Za-z]{1,3})\$?(?P<bottom>[1-9][0-9]{0,6}))?
      | \$?(?P<first>[A-Za-z]{1,3}):\$?(?P<last>[A-Za-z]{1,3})
      | \$?(?P<upper>[1-9][0-9]{0,6}):\$?(?P<lower>[1-9][0-9]{0,6})""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of cells: 1-based rows, 0-based columns, all inclusive."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    def __str__(self) -> str:
        """The normal spelling: `B2`, `B2:C9`."""
        first, last = cell(self.first_row, self.first_column), cell(self.last_row, self.last_column)
        return first if first == last else f"{first}:{last}"

    def touches(self, other: "Box") -> bool:
        """Say whether the two have a cell in common."""
        rows = self.first_row <= other.last_row and self.last_row >= other.first_row
        return rows and self.first_column <= other.last_column and self.last_column >= other.first_column

    def holds(self, other: "Box") -> bool:
        """Say whether every cell of `other` is in this one."""
        rows = self.first_row <= other.first_row and other.last_row <= self.last_row
        return rows and self.first_column <= other.first_column and other.last_column <= self.last_column


def cell(row: int, column: int) -> str:
    """Return the address of a cell.

    >>> cell(2, 1)
    'B2'
    """
    return f"{letters(column)}{row}"


letters = lru_cache(maxsize=None)(column_letters)
_column = lru_cache(maxsize=None)(column_index)


def column_of(address: str) -> int:
    """Return the 0-based column of a cell's address.

    >>> column_of("C12")
    2
    """
    return _column(address.rstrip("0123456789"))


def box(text: str) -> Box:
    """Read one range. Raises `UsageError` for text that is none, which only a damaged workbook holds.

    >>> box("B2:C9"), str(box("$B$2")), box("3:4").last_column
    (Box(first_row=2, first_column=1, last_row=9, last_column=2), 'B2', 16383)
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"The workbook is damaged: {text!r} is no range of cells.",
            "Open it in Excel, let it repair the file, and save it again.",
        )
    if match["left"]:
        columns = sorted((_column(match["left"]), _column(match["right"] or match["left"])))
        rows = sorted((int(match["top"]), int(match["bottom"] or match["top"])))
    elif match["first"]:
        columns, rows = sorted((_column(match["first"]), _column(match["last"]))), [1, LAST_ROW]
    else:
        columns, rows = [0, LAST_COLUMN], sorted((int(match["upper"]), int(match["lower"])))
    return Box(rows[0], columns[0], rows[1], columns[1])


def boxes(text: str) -> tuple[Box, ...]:
    """Read a list of ranges, as `sqref` holds it."""
    return tuple(box(one) for one in text.split())


def is_uniform(ranges: Sequence[Box], block: Box) -> bool:
    """Say whether the ranges cover the same columns on every row of `block`, so that no order changes them.

    >>> block = box("B2:C9")
    >>> is_uniform(boxes("B1:B20"), block), is_uniform(boxes("B2:B5 B6:B9"), block), is_uniform(boxes("B3"), block)
    (True, True, False)
    """
    partial = [one for one in _inside(ranges, block) if not _spans(one, block)]
    if not partial:
        return True
    coverage = _coverage(_inside(ranges, block))
    rows = block.last_row - block.first_row + 1
    return len(coverage) == rows and len(set(coverage.values())) == 1


def moved(ranges: Sequence[Box], block: Box, new_rows: Sequence[int]) -> tuple[Box, ...]:
    """Return the ranges that hold the same cells after row `block.first_row + i` moved to row `new_rows[i]`.

    Only the cells in `block` move. Ranges that no order changes come back as they are; others in as few pieces
    as stacking equal rows gives.

    >>> [str(one) for one in moved(boxes("B3:B4 D1"), box("B2:C5"), [5, 2, 3, 4])]
    ['D1', 'B2:B3']
    """
    if len(ranges) == 1 and ranges[0].first_row == ranges[0].last_row and block.holds(ranges[0]):
        one = ranges[0]
        row = new_rows[one.first_row - block.first_row]
        return (Box(row, one.first_column, row, one.last_column),)
    if is_uniform(ranges, block):
        return tuple(ranges)
    coverage = _coverage(_inside(ranges, block))
    arrived = {new_rows[row - block.first_row]: spans for row, spans in coverage.items()}
    if arrived == coverage:
        return tuple(ranges)
    pieces = [piece for one in ranges for piece in _outside(one, block)]
    pieces += [Box(row, first, row, last) for row, spans in arrived.items() for first, last in spans]
    return tuple(_stacked(pieces))


def _spans(one: Box, block: Box) -> bool:
    return one.first_row == block.first_row and one.last_row == block.last_row


def _inside(ranges: Iterable[Box], block: Box) -> list[Box]:
    return [
        Box(
            max(one.first_row, block.first_row),
            max(one.first_column, block.first_column),
            min(one.last_row, block.last_row),
            min(one.last_column, block.last_column),
        )
        for one in ranges
        if one.touches(block)
    ]


def _outside(one: Box, block: Box) -> list[Box]:
    """The parts of a range that do not move: above, below, left and right of the block."""
    if not one.touches(block):
        return [one]
    top, bottom = max(one.first_row, block.first_row), min(one.last_row, block.last_row)
    parts = [
        Box(one.first_row, one.first_column, block.first_row - 1, one.last_column),
        Box(block.last_row + 1, one.first_column, one.last_row, one.last_column),
        Box(top, one.first_column, bottom, block.first_column - 1),
        Box(top, block.last_column + 1, bottom, one.last_column),
    ]
    return [part for part in parts if part.first_row <= part.last_row and part.first_column <= part.last_column]


def _coverage(ranges: Iterable[Box]) -> dict[int, tuple[tuple[int, int], ...]]:
    """The columns covered on each row, as merged spans."""
    spans: defaultdict[int, set[tuple[int, int]]] = defaultdict(set)
    for one in ranges:
        for row in range(one.first_row, one.last_row + 1):
            spans[row].add((one.first_column, one.last_column))
    return {row: _merged(found) for row, found in spans.items()}


def _merged(spans: set[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    result: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return tuple(result)


def _stacked(pieces: Iterable[Box]) -> list[Box]:
    """Join pieces of the same columns that lie directly under each other."""
    result: list[Box] = []
    for piece in sorted(set(pieces), key=lambda one: (one.first_column, one.last_column, one.first_row)):
        above = result[-1] if result else None
        if (
            above is not None
            and (above.first_column, above.last_column) == (piece.first_column, piece.last_column)
            and piece.first_row <= above.last_row + 1
        ):
            result[-1] = Box(
                above.first_row, above.first_column, max(above.last_row, piece.last_row), above.last_column
            )
        else:
            result.append(piece)
    return sorted(result)
