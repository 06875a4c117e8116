"""A1 notation: the words people use for the cells that move, such as `B2:C`."""

import re
from dataclasses import dataclass

from errors import UsageError

_EXAMPLES = 'A range looks like B2:C (to the last row), B2:C500, B:C or "Sheet1!B2:C".'
# Google Sheets stops at column ZZZ and Excel at XFD: three letters cover both.
_AREA = re.compile(
    r"""(?:(?P<sheet>'(?:[^']|'')+'|[^'!][^!]*)!)?
        \$?(?P<left>[A-Za-z]{1,3})(?:\$?(?P<top>[1-9][0-9]{0,8}))?
        :
        \$?(?P<right>[A-Za-z]{1,3})(?:\$?(?P<bottom>[1-9][0-9]{0,8}))?""",
    re.VERBOSE,
)


def column_index(letters: str) -> int:
    """Return the 0-based index of a column.

    >>> column_index("A"), column_index("Z"), column_index("AA")
    (0, 25, 26)
    """
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def column_letters(index: int) -> str:
    """Return the letters of a 0-based column index; the inverse of `column_index`.

    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Area:
    """The cells that move: columns are 0-based and inclusive, rows are 1-based as the sheet shows them.

    `last_row` is None when the range is open at the bottom; `worksheet` is the tab named before the `!`.
    """

    first_column: int
    last_column: int
    first_row: int = 1
    last_row: int | None = None
    worksheet: str | None = None

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.last_column - self.first_column + 1

    @property
    def height(self) -> int:
        """The number of rows of an area that has a last one; 0 for an open one."""
        return 0 if self.last_row is None else self.last_row - self.first_row + 1

    def __str__(self) -> str:
        """The normal spelling, without the tab: `B2:C500`, `B2:C`."""
        last = "" if self.last_row is None else str(self.last_row)
        return f"{column_letters(self.first_column)}{self.first_row}:{column_letters(self.last_column)}{last}"


def parse(text: str) -> Area:
    """Read a range such as `B2:C`; raise `UsageError`, saying what a range looks like, for anything else.

    >>> parse("$b$2:$C")
    Area(first_column=1, last_column=2, first_row=2, last_row=None, worksheet=None)
    >>> str(parse("'My tab'!B:C")), parse("'My tab'!B:C").worksheet
    ('B1:C', 'My tab')
    """
    match = _AREA.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"The range {text!r} is not understood.", _EXAMPLES)
    left, right = column_index(match["left"]), column_index(match["right"])
    top = int(match["top"]) if match["top"] else 1
    bottom = int(match["bottom"]) if match["bottom"] else None
    if match["bottom"] and not match["top"]:
        raise UsageError(f"The range {text!r} has a last row but no first one.", _EXAMPLES)
    if right < left or (bottom is not None and bottom < top):
        raise UsageError(f"The range {text!r} ends before it begins.", _EXAMPLES)
    sheet = match["sheet"]
    if sheet and sheet.startswith("'"):
        sheet = sheet[1:-1].replace("''", "'")
    return Area(left, right, top, bottom, sheet)
