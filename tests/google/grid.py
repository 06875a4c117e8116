"""A1 notation and grid ranges: reading them, writing them as Google echoes them, clipping them to a grid."""

import re
from typing import Any, NamedTuple

from tests.google.errors import ApiError, bad_request

MAX_COLUMNS = 18278  # ZZZ, the last column Google can name
MAX_INDEX = 10_000_000


class Box(NamedTuple):
    """A rectangle of cells: 0-based, half open, always bounded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Rows in the rectangle."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns in the rectangle."""
        return self.right - self.left

    def meets(self, other: "Box") -> bool:
        """Say whether a cell lies in both."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def holds(self, other: "Box") -> bool:
        """Say whether `other` lies inside."""
        return (
            self.top <= other.top
            and other.bottom <= self.bottom
            and self.left <= other.left
            and other.right <= self.right
        )


def column_name(index: int) -> str:
    """Return the letters of a 0-based column.

    >>> column_name(0), column_name(25), column_name(26)
    ('A', 'Z', 'AA')
    """
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_index(letters: str) -> int:
    """Return the 0-based column of its letters.

    >>> column_index("AA")
    26
    """
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


_CELL = r"\$?([A-Za-z]{1,3})?\$?([0-9]{1,8})?"
_A1 = re.compile(rf"^{_CELL}(?::{_CELL})?$")
_R1C1 = re.compile(r"^R([0-9]{1,8})C([0-9]{1,5})(?::R([0-9]{1,8})C([0-9]{1,5}))?$", re.IGNORECASE)


class Span(NamedTuple):
    """A parsed range without its sheet: None where it is open, `single` when one cell was named."""

    top: int | None
    bottom: int | None
    left: int | None
    right: int | None
    single: bool


def split_sheet(text: str) -> tuple[str | None, str]:
    """Split `'A b'!C1` into the sheet's title and the rest; the title is None where none is named.

    >>> split_sheet("'it''s'!A1"), split_sheet("A1"), split_sheet("'S'")
    (("it's", 'A1'), (None, 'A1'), ('S', ''))
    """
    if text.startswith("'"):
        match = re.match(r"^'((?:[^']|'')*)'(?:!(.*))?$", text, re.DOTALL)
        if match:
            return match[1].replace("''", "'"), match[2] or ""
    title, mark, rest = text.rpartition("!")
    return (title, rest) if mark else (None, text)


def parse_span(text: str) -> Span | None:
    """Parse `A1`, `A1:B2`, `A:B`, `1:2`, `A2:B` or `R1C1:R2C2`; None where it is none of them.

    >>> parse_span("B2:C")
    Span(top=1, bottom=None, left=1, right=3, single=False)
    """
    match = _R1C1.match(text)
    if match:
        top, left = int(match[1]) - 1, int(match[2]) - 1
        bottom, right = (int(match[3]), int(match[4])) if match[3] else (top + 1, left + 1)
        return _ordered(top, bottom, left, right, single=not match[3])
    match = _A1.match(text)
    if not match or not text:
        return None
    has_end = ":" in text
    if has_end and not ((match[1] or match[2]) and (match[3] or match[4])):
        return None
    if not has_end:
        if not (match[1] and match[2]):
            return None
        top, left = int(match[2]) - 1, column_index(match[1])
        return _ordered(top, top + 1, left, left + 1, single=True)
    first = (int(match[2]) - 1 if match[2] else None, column_index(match[1]) if match[1] else None)
    last = (int(match[4]) if match[4] else None, column_index(match[3]) + 1 if match[3] else None)
    return _ordered(first[0], last[0], first[1], last[1], single=False)


def _ordered(top: int | None, bottom: int | None, left: int | None, right: int | None, *, single: bool) -> Span | None:
    """Turn `B2:A1` round, and refuse row 0."""
    if (top is not None and top < 0) or bottom == 0 or (left is not None and left < 0) or right == 0:
        return None
    if top is not None and bottom is not None and bottom <= top:
        top, bottom = bottom - 1, top + 1
    if left is not None and right is not None and right <= left:
        left, right = right - 1, left + 1
    if top is None and bottom is not None and left is not None:
        top, bottom = bottom - 1, None  # "A:B5" means from row 5 on
    return Span(top, bottom, left, right, single)


_PLAIN_TITLE = re.compile(r"^[^\W\d]\w*$", re.ASCII)


def quote_title(title: str) -> str:
    """Return a sheet's title as Google echoes it: in quotes unless it is one plain word.

    >>> quote_title("Sheet1"), quote_title("it's"), quote_title("A1")
    ('Sheet1', "'it''s'", "'A1'")
    """
    if _PLAIN_TITLE.match(title) and parse_span(title) is None:
        return title
    return "'" + title.replace("'", "''") + "'"


def a1(box: Box, title: str | None = None) -> str:
    """Write a rectangle as Google echoes it.

    >>> a1(Box(0, 1, 0, 1), "Sheet1"), a1(Box(0, 2, 1, 3))
    ('Sheet1!A1', 'B1:C2')
    """
    text = f"{column_name(box.left)}{box.top + 1}"
    if box.height != 1 or box.width != 1:
        text += f":{column_name(box.right - 1)}{box.bottom}"
    return text if title is None else f"{quote_title(title)}!{text}"


_ENDS = (("startRowIndex", "endRowIndex"), ("startColumnIndex", "endColumnIndex"))


def to_grid_range(sheet_id: int, box: Box) -> dict[str, Any]:
    """Return the GridRange of a rectangle in Google's key order; sheet 0 is left out, as proto3 does."""
    found: dict[str, Any] = {"sheetId": sheet_id} if sheet_id else {}
    found |= {"startRowIndex": box.top, "endRowIndex": box.bottom}
    found |= {"startColumnIndex": box.left, "endColumnIndex": box.right}
    return found


def tidy_grid_range(given: dict[str, Any]) -> dict[str, Any]:
    """Return a stored GridRange in Google's order, without a zero sheetId and without nulls."""
    found: dict[str, Any] = {"sheetId": given["sheetId"]} if given.get("sheetId") else {}
    for start, end in _ENDS:
        found |= {key: int(given[key]) for key in (start, end) if given.get(key) is not None}
    return found


def check_order(given: dict[str, Any], where: str) -> None:
    """Refuse negative and reversed indexes in a GridRange, in Google's words."""
    for start, end in _ENDS:
        low, high = given.get(start), given.get(end)
        for key, value in ((start, low), (end, high)):
            if value is not None and int(value) < 0:
                raise bad_request(f"Invalid {where}: {key}[{value}] must be greater than or equal to 0.")
        if high is not None and int(high) < int(low or 0):
            raise bad_request(f"Invalid {where}: {end}[{high}] must be greater than or equal to {start}[{low or 0}].")


def exceeds(title: str, box: str, rows: int, columns: int) -> ApiError:
    """Return the refusal of a range that starts outside the grid."""
    return bad_request(
        f"Range ({quote_title(title)}!{box}) exceeds grid limits. Max rows: {rows}, max columns: {columns}"
    )
