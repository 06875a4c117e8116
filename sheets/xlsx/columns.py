"""Columns that travel with a move, in a sheet's own XML: their cells as texts typed into the file, and taken out again.

A sheet's columns are never pushed to the right: everything that names their cells would have to be rewritten. So new
columns need a place where nothing is, and taking them away leaves that place blank.
"""

import re
from collections.abc import Sequence

from errors import Unsortable
from sheets.a1 import column_letters
from sheets.columns import Columns, Place
from sheets.filling import Filling
from sheets.xlsx.grid import Grid
from sheets.xlsx.markup import Element, children, new_child, whole_number
from sheets.xlsx.moving import first_row_below, new_row, widen_dimension, widen_spans
from sheets.xlsx.ranges import Box, box, cell, column_of

# What only looks like an escaped character is escaped itself (ECMA-376, ST_Xstring).
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def refuse_taken(grid: Grid, place: Place, names: Sequence[str], taken: Sequence[Box]) -> None:
    """Raise `Unsortable` where something is in the cells for new columns.

    `taken` are ranges of others that claim cells which are blank, such as tables.
    """
    last = place.column + len(names) - 1
    below = Box(place.header_row, place.column, max(grid.rows, default=place.header_row), last)
    merges = [box(one.get("ref", "")) for one in children(grid.root, f"{grid.space}mergeCells")]
    found = [str(one) for one in (*merges, *taken) if one.touches(below)]
    for number in range(below.first_row, below.last_row + 1):
        held = (cell(number, at) for at, one in grid.cells(number, place.column, last) if _holds(grid, one))
        if (first := next(held, None)) is not None:
            found.insert(0, first)
            break
    if found:
        raise Unsortable(
            f"The columns {', '.join(names)} would go into {column_letters(place.column)} to {column_letters(last)},"
            f" where something is already ({found[0]}).",
            f"Nothing was written. Give every column a name in row {place.header_row}, so that they go right of them,"
            " or move what is there.",
        )


def write_columns(grid: Grid, columns: Columns, first_row: int) -> None:
    """Write the names, where they do not stand yet, and the texts of the rows from `first_row` on.

    Raises `Unsortable` for a formula in a cell that would be written; the tree is then no longer to be used.
    """
    place = columns.place
    if not place.standing:
        _write(grid, place.header_row, place.column, columns.names)
        widen_dimension(grid, Box(place.header_row, place.column, place.header_row, place.column))
    for number, texts in enumerate(columns.texts, first_row):
        _write(grid, number, place.column, texts)


def fill_column(grid: Grid, filling: Filling) -> None:
    """Write texts into the column that belongs to people. Raises `Unsortable` for a formula in such a cell."""
    for first, texts in filling.runs():
        for number, text in enumerate(texts, filling.rows.first_row + first):
            _write(grid, number, filling.column, (text,))


def erase_columns(grid: Grid, place: Place, count: int) -> None:
    """Take the cells of the columns away, from their names on down; a format that was there before stays.

    Raises `Unsortable` for a formula in one of them; the tree is then no longer to be used.
    """
    for number in [one for one in grid.rows if one >= place.header_row]:
        _write(grid, number, place.column, ("",) * count)
        row = grid.rows[number]
        _narrow(row, place.column)
        if len(row) == 0 and set(row.keys()) <= {"r", "spans"}:
            grid.data.remove(row)
            del grid.rows[number]
    _narrow_dimension(grid, place, count)


def shown(grid: Grid, column: int, first_row: int) -> tuple[str, ...]:
    """Return the texts of a column from a row on, as far as the sheet goes."""
    last = max(grid.rows, default=first_row - 1)
    return tuple(grid.texts(number, column, column)[0] for number in range(first_row, last + 1))


def _holds(grid: Grid, one: Element) -> bool:
    return one.get("vm") is not None or not grid.content(one).is_blank


def _write(grid: Grid, number: int, first: int, texts: Sequence[str]) -> None:
    """Let the cells of a row, from a column on, say these texts; "" leaves at most a format."""
    standing = dict(grid.cells(number, first, first + len(texts) - 1))
    for column, text in enumerate(texts, first):
        one = standing.get(column)
        if one is None:
            if text:
                _fill(grid, _new_cell(grid, number, column), text)
            continue
        content = grid.content(one)
        if content.formula is not None:
            raise Unsortable(
                f"There is a formula in {cell(number, column)}, in a column that this program writes.",
                "Nothing was written. Paste it as a value, or move it to another column.",
            )
        if content.text != text or one.get("vm") is not None:
            _clear(one)
            if text:
                _fill(grid, one, text)
        if not text and one.get("s") is None:
            grid.rows[number].remove(one)


def _clear(one: Element) -> None:
    for child in list(one):
        one.remove(child)
    for name in ("t", "vm", "cm"):
        one.attrib.pop(name, "")


def _fill(grid: Grid, one: Element, text: str) -> None:
    # In the cell itself: the shared texts are another part, which stays as it is.
    one.set("t", "inlineStr")
    new_child(new_child(one, grid.tags.inline), f"{grid.space}t").text = _LOOKS_ESCAPED.sub("_x005F_", text)


def _new_cell(grid: Grid, number: int, column: int) -> Element:
    row = grid.rows.get(number)
    if row is None:
        row = _added_row(grid, number)
    one = new_child(row, grid.tags.cell)
    one.set("r", cell(number, column))
    after = next((other for other in row if other is not one and _right_of(grid, other, column)), None)
    if after is not None:
        after.addprevious(one)
    widen_spans(row, column, column)
    return one


def _right_of(grid: Grid, other: Element, column: int) -> bool:
    """Whether an element of a row stands after its cell of that column; an extension list stands after all cells."""
    return other.tag != grid.tags.cell or column_of(other.get("r", "")) > column


def _added_row(grid: Grid, number: int) -> Element:
    row = new_row(grid, number, first_row_below(grid, number))
    grid.rows = dict(sorted({**grid.rows, number: row}.items()))
    return row


def _narrow(row: Element, column: int) -> None:
    """Let the hint for a row's extent end left of a column."""
    spans = row.get("spans")
    if spans:
        ends = [whole_number(end) for end in spans.replace(":", " ").split()]
        if ends[-1] > column >= ends[0]:
            row.set("spans", f"{ends[0]}:{column}")


def _narrow_dimension(grid: Grid, place: Place, count: int) -> None:
    element = grid.root.find(f"{grid.space}dimension")
    if element is None or not element.get("ref") or not grid.rows:
        return
    stated = box(element.get("ref", ""))
    if place.column <= stated.last_column < place.column + count:
        used = grid.used_columns(min(grid.rows), max(grid.rows))
        last = max(used.stop - 1, stated.first_column)
        element.set("ref", str(Box(stated.first_row, stated.first_column, stated.last_row, last)))
