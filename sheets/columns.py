"""Columns that a run adds right of the data: found again by their names, never by their place.

Their names stand side by side in the row above the range (or in the first row of the worksheet). The last of them
is for people: only its name is ever written, never its cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from errors import NotFound, SheetChanged, Unsortable, UsageError
from sheets.a1 import Area, column_letters
from sheets.links import has_scheme
from sheets.rows import Scope

Texts = Callable[[Area], tuple[tuple[str, ...], ...]]
"""What the cells of an area show: `Worksheet.texts`."""
_ALL = 16_384
"""As many columns as Excel has; Google Sheets has 18,278 at most, and a sheet of that width holds no pictures."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the columns stand, or would stand: the row of their names (from 1) and the first column (from 0)."""

    header_row: int
    column: int
    standing: bool


@dataclass(frozen=True, slots=True)
class Looks:
    """What a program that can draw makes visible around the columns; all of it goes away with them.

    `group` names the column whose whole numbers, ascending down the sheet, say which rows belong together: groups get
    two colours in turn, and a line where one begins. Rows whose column `keeper[0]` holds the text `keeper[1]` are
    marked. `view` is the title of a view of the rows with a group, `widths` are the columns' in characters.
    `preview` is an empty column (from 0) to be filled with the pictures of the rows, None for none.
    """

    group: str
    keeper: tuple[str, str]
    view: str
    widths: tuple[int, ...]
    preview: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """What to write along with a move: `texts[i]` are the cells of row i before the move, one less than the names.

    Columns that are not standing yet are put in at `place`; nothing that was there is overwritten. `choices` are what
    people may choose from in the last column, and `looks` what surrounds them, where a back-end can offer that.
    """

    names: tuple[str, ...]
    place: Place
    texts: tuple[tuple[str, ...], ...]
    choices: tuple[str, ...] = ()
    looks: Looks | None = None

    def column(self, name: str) -> int:
        """Return where one of the columns stands, or would stand, from 0."""
        return self.place.column + self.names.index(name)


class Holder(Protocol):
    """What may hold such columns: a worksheet."""

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return what the cells of an area show."""
        ...

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where the columns stand that belong to an area, None where they do not."""
        ...


def find_columns(texts: Texts, area: Area, names: Sequence[str]) -> Place | None:
    """Return where the columns stand, None where they do not.

    Raises `Unsortable` when they stand twice, or when only most of them do: what people decided there would go unseen.
    """
    headers = {row: _header(texts, row) for row in (area.first_row - 1, 1) if 1 <= row < area.first_row}
    for row, header in headers.items():
        found = [i for i in range(len(header)) if header[i : i + len(names)] == list(names)]
        if len(found) > 1:
            raise Unsortable(
                f"The columns {', '.join(names)} stand twice in row {row}.",
                "Nothing was written. Delete or rename one set of them, and run the same command again.",
            )
        if found:
            return Place(row, found[0], standing=True)
    for row, header in headers.items():
        # One or two of the names may well be a person's own; most of them are what is left of ours.
        if 2 * len(set(names) & set(header)) > len(names):
            raise Unsortable(
                f"Row {row} has some of the columns {', '.join(names)}, but not all of them side by side in this"
                " order.",
                "Nothing was written. Put them side by side again, or rename those that are your own.",
            )
    return None


def place_columns(worksheet: Holder, area: Area, scope: Scope, names: tuple[str, ...]) -> Place:
    """Return where the columns stand, or where to put them in: right of the last column with a name.

    Raises `Unsortable` where there is no row for names, or where the columns could not travel with the range.
    """
    return worksheet.standing(area, names) or _free_place(worksheet.texts, area, scope)


def refuse_moved(texts: Texts, found: Place | None, area: Area, scope: Scope, columns: Columns) -> None:
    """Raise `SheetChanged` when columns that were `found`, or their free place, are no longer where they were planned.

    Else texts would be written over what somebody has put there meanwhile. Raises `Unsortable` as `place_columns` does.
    """
    if (found or _free_place(texts, area, scope)) != columns.place:
        raise SheetChanged("The columns beside the range changed.", "Nothing was written. Run again.")


def grown(area: Area, scope: Scope, columns: Columns) -> Area:
    """Return the area that moves once the columns are written: new ones go in at its right edge."""
    if columns.place.standing or scope is Scope.WHOLE_ROWS:
        return area
    return replace(area, last_column=area.last_column + len(columns.names))


def _free_place(texts: Texts, area: Area, scope: Scope) -> Place:
    row = area.first_row - 1
    if row < 1:
        raise Unsortable(
            f"The range {area} begins in row 1, so there is no row above it for the names of the columns to add.",
            "Nothing was written. Put a row with names above the rows, and begin the range at row 2.",
        )
    header = _header(texts, row)
    address = header[area.first_column] if area.first_column < len(header) else ""
    if has_scheme(address):
        raise Unsortable(
            f"Row {row}, right above the range {area}, holds an address, so it is no row of names.",
            "Nothing was written. Begin the range below the row with the names of the columns.",
        )
    column = max(len(header), area.last_column + 1)
    if scope is not Scope.WHOLE_ROWS and column != area.last_column + 1:
        between = column_letters(area.last_column + 1)
        raise Unsortable(
            f"Column {between} and others lie between the range {area} and the place for the columns to add, which"
            " must move with the range.",
            f"Nothing was written. Widen the range to {replace(area, last_column=column - 1)}, or add --whole-rows.",
        )
    return Place(row, column, standing=False)


def widened(area: Area, found: Place | None, scope: Scope, names: Sequence[str]) -> Area:
    """Return the area with the columns that stand at its right edge, so that they move with their rows.

    Columns elsewhere are an obstacle like any label beside the range, also under --range-only.
    """
    if found is None or not found.standing or scope is Scope.WHOLE_ROWS:
        return area
    last = found.column + len(names) - 1
    if area.first_column < found.column <= area.last_column + 1:
        return replace(area, last_column=max(area.last_column, last))
    span = f"{column_letters(found.column)} to {column_letters(last)}"
    raise Unsortable(
        f"The columns {span} ({', '.join(names)}) belong to the same rows, but do not stand next to the range {area}.",
        "Nothing was written. Widen the range with -r so that it reaches them, or add --whole-rows.",
    )


def previews_refused(name: str, why: str) -> UsageError:
    """Return the refusal of a back-end that cannot show pictures in cells."""
    return UsageError(
        f"Pictures cannot be shown in the cells of {name}: {why}.",
        "Leave --preview-column away; --html FILE writes a page with the pictures.",
    )


def _header(texts: Texts, row: int) -> list[str]:
    """Return the texts of a row as far as it holds any."""
    try:
        ((*cells,),) = texts(Area(0, _ALL - 1, row, row))
    except NotFound:  # the range lies outside the worksheet, which reading it will say
        return []
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return cells
