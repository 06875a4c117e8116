"""References inside formulas: how they read when the formula is copied, and when rows or columns come and go.

Independent of the product's own rewriting on purpose: a stand-in must not share the bugs of what it tests.
"""

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from tests.google.grid import column_index, column_name

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")
      | (?P<sheet>(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?
        (?P<first>\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}|\$?[A-Za-z]{1,3}(?=:)|\$?[1-9]\d{0,6}(?=:\$?\d))
        (?: :(?P<second>\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}|\$?[A-Za-z]{1,3}|\$?[1-9]\d{0,6}))?
        (?![\w(!.])
      | (?P<name>'(?:[^']|'')*'!?|[\w.]+!?)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_CORNER = re.compile(r"^(\$?)([A-Za-z]*)(\$?)(\d*)$")
BROKEN = "#REF!"
_FAR = 2**31  # beyond every grid


class Corner(NamedTuple):
    """One end of a reference: 0-based, None where it is open; `fixed` says where a `$` stands."""

    column: int | None
    row: int | None
    fixed_column: bool
    fixed_row: bool

    def text(self) -> str:
        """Write the corner as a formula has it."""
        text = ""
        if self.column is not None:
            text += ("$" if self.fixed_column else "") + column_name(self.column)
        if self.row is not None:
            text += ("$" if self.fixed_row else "") + str(self.row + 1)
        return text


class Reference(NamedTuple):
    """A reference: `sheet` is the title named before it, with its mark as written in `prefix`."""

    prefix: str
    sheet: str | None
    first: Corner
    last: Corner | None

    def text(self) -> str:
        """Write the reference as a formula has it."""
        tail = f":{self.last.text()}" if self.last else ""
        return f"{self.prefix}{self.first.text()}{tail}"


def _corner(text: str) -> Corner:
    match = _CORNER.match(text)
    if match is None:  # the token pattern admits nothing else
        raise ValueError(text)
    letters, digits = match[2], match[4]
    fixed_row = bool(match[3]) or (bool(match[1]) and not letters)
    return Corner(
        column_index(letters) if letters else None,
        int(digits) - 1 if digits else None,
        bool(match[1]) and bool(letters),
        fixed_row,
    )


def rewrite(formula: str, change: Callable[[Reference], str]) -> str:
    """Return the formula with every reference replaced by what `change` makes of it."""

    def one(match: re.Match[str]) -> str:
        if not match["first"]:
            return match[0]
        prefix = match["sheet"] or ""
        sheet = prefix[:-1].strip("'").replace("''", "'") if prefix else None
        last = _corner(match["second"]) if match["second"] else None
        return change(Reference(prefix, sheet, _corner(match["first"]), last))

    return _TOKEN.sub(one, formula)


def copied(formula: str, down: int, right: int) -> str:
    """Return the formula as a copy that many rows down and columns to the right reads.

    >>> copied('=B2+$C$1&"B2"', 3, 1)
    '=C5+$C$1&"B2"'
    >>> copied("=A1", -1, 0)
    '=#REF!'
    """
    if not down and not right:
        return formula

    def corner(old: Corner) -> Corner:
        column = old.column if old.column is None or old.fixed_column else old.column + right
        row = old.row if old.row is None or old.fixed_row else old.row + down
        return old._replace(column=column, row=row)

    def change(found: Reference) -> str:
        moved = found._replace(first=corner(found.first), last=corner(found.last) if found.last else None)
        ends = [moved.first] + ([moved.last] if moved.last else [])
        outside = any((end.column or 0) < 0 or (end.row or 0) < 0 for end in ends)
        return BROKEN if outside else moved.text()

    return rewrite(formula, change)


class Shift(NamedTuple):
    """`by` rows (or columns) inserted at index `at` of the sheet `title`; a negative `by` deletes."""

    title: str
    rows: bool
    at: int
    by: int


def shifted(formula: str, shift: Shift, *, own: bool) -> str:
    """Return the formula after rows or columns came or went.

    `own` says that the formula stands on the changed sheet, so that references without a sheet name mean it.

    >>> shifted("=B5+Other!B5", Shift("S", True, 2, 1), own=True)
    '=B6+Other!B5'
    >>> gone = Shift("S", True, 1, -2)
    >>> shifted("=SUM(A1:A5)", gone, own=True), shifted("=A2", gone, own=True)
    ('=SUM(A1:A3)', '=#REF!')
    """

    if not _reaches(formula, shift):
        return formula

    def change(found: Reference) -> str:
        named = found.sheet is not None and found.sheet.casefold() == shift.title.casefold()
        return _shifted_reference(found, shift) if named or (own and found.sheet is None) else found.text()

    return rewrite(formula, change)


_COLUMNS = re.compile(r"[A-Za-z]{1,3}(?=\$?[1-9:])|(?<=[:$])[A-Za-z]{1,3}")
_ROWS = re.compile(r"\d+")


def _reaches(formula: str, shift: Shift) -> bool:
    """Say whether anything in the formula could be a row or column at or behind the change: a quick no saves reading.

    What is open at its end is told by its start, since `B2:B` and `B:B` then read the same after the change.
    """
    if shift.rows:
        return any(len(digits) > 7 or int(digits) > shift.at for digits in _ROWS.findall(formula))
    return any(_known_index(letters) >= shift.at for letters in _COLUMNS.findall(formula))


_known_index = functools.cache(column_index)  # at most 18,278 names, in small and capital letters


def _shifted_reference(found: Reference, shift: Shift) -> str:
    low, high = _along(found.first, shift), _along(found.last or found.first, shift)
    if (low is None and high is None) or (low is not None and high is not None and high < low):
        return found.text()
    start, end = shift_span(low or 0, (_FAR if high is None else high) + 1, shift.at, shift.by)
    if end <= start:
        return BROKEN
    first = found.first if low is None else _placed(found.first, shift, start)
    last = found.last if found.last is None or high is None else _placed(found.last, shift, end - 1)
    return found._replace(first=first, last=last).text()


def _along(corner: Corner, shift: Shift) -> int | None:
    return corner.row if shift.rows else corner.column


def _placed(corner: Corner, shift: Shift, index: int) -> Corner:
    return corner._replace(row=index) if shift.rows else corner._replace(column=index)


def shift_span(start: int, end: int, at: int, by: int) -> tuple[int, int]:
    """Return where a half-open span lies after an insertion (`by` > 0) or a deletion (`by` < 0) at `at`.

    Inserting inside makes it grow, inserting at its first index moves it; a span deleted whole comes back empty.
    """
    if by >= 0:
        return (start + by if start >= at else start), (end + by if end > at else end)
    gone = at - by
    new_start = start if start < at else max(at, start + by) if start >= gone else at
    new_end = end if end <= at else (end + by if end >= gone else at)
    return new_start, max(new_start, new_end)
