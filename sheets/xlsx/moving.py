"""Put the rows of a sheet's tree into another order."""

from collections.abc import Sequence

from errors import Unsortable
from sheets.formulas import translated
from sheets.rows import Scope
from sheets.xlsx import references
from sheets.xlsx.grid import Grid
from sheets.xlsx.markup import Element, new_child, whole_number
from sheets.xlsx.ranges import Box, box, cell, column_of, letters


def move_rows(grid: Grid, block: Box, order: Sequence[int], scope: Scope, title: str) -> dict[str, str]:
    """Move the cells of `block` so that its row i shows what row `order[i]` showed; return formulas' new addresses.

    Everything in the sheet's tree that names these cells follows them. Raises `Unsortable` for a forced formula
    that would look above the first row; the tree is then no longer to be used.
    """
    new_rows = [0] * len(order)
    for place, source in enumerate(order):
        new_rows[source] = block.first_row + place
    _spell_out_shared_formulas(grid, block)
    references.follow(grid, block, new_rows, title)
    moved_formulas = _rewrite_formulas(grid, block, new_rows)
    if scope is Scope.WHOLE_ROWS:
        _permute_rows(grid, block, order)
    else:
        _permute_cells(grid, block, order)
    widen_dimension(grid, block)
    return moved_formulas


def widen_dimension(grid: Grid, block: Box) -> None:
    """Let the stated extent of the sheet hold the block's rows; some readers take it by its word."""
    element = grid.root.find(f"{grid.space}dimension")
    if element is None or not element.get("ref"):
        return
    stated = box(element.get("ref", ""))
    used = grid.used_columns(block.first_row, block.last_row)
    if used:
        wider = Box(
            min(stated.first_row, block.first_row),
            min(stated.first_column, used.start),
            max(stated.last_row, block.last_row),
            max(stated.last_column, used.stop - 1),
        )
        element.set("ref", str(wider))


def widen_spans(row: Element, first: int, last: int) -> None:
    """Let the hint for a row's extent ("1:6", in 1-based columns) hold these columns: it must not be too narrow."""
    spans = row.get("spans")
    if spans:
        ends = [whole_number(end) for end in spans.replace(":", " ").split()]
        row.set("spans", f"{min(*ends, first + 1)}:{max(*ends, last + 1)}")


def _spell_out_shared_formulas(grid: Grid, block: Box) -> None:
    """Give each member of a shared formula that has a member in the block its own text, wherever it is."""
    members = [(at, one, formula) for at, one, formula in grid.formula_cells() if formula.get("t") == "shared"]
    touched = {formula.get("si") for at, _, formula in members if block.holds(at)}
    for _, one, formula in members:
        if formula.get("si") in touched:
            formula.text = grid.content(one).formula
            for name in ("t", "si", "ref"):
                formula.attrib.pop(name, "")


def _rewrite_formulas(grid: Grid, block: Box, new_rows: Sequence[int]) -> dict[str, str]:
    moved = {}
    for at, _, formula in grid.formula_cells():
        if not block.holds(at):
            continue
        new = new_rows[at.first_row - block.first_row]
        text = translated(formula.text or "", new - at.first_row)
        if text is None:
            raise Unsortable(
                f"The formula in {at} (={formula.text}) would look above the first row when it moves to row {new}.",
                "Nothing was written. Paste it as a value, or leave its column out of the range.",
            )
        formula.text = text
        address = cell(new, at.first_column)
        if formula.get("ref") is not None:
            formula.set("ref", address)
        moved[str(at)] = address
    return moved


def _permute_cells(grid: Grid, block: Box, order: Sequence[int]) -> None:
    taken: list[list[Element]] = []
    for number in range(block.first_row, block.last_row + 1):
        found = [one for _, one in grid.cells(number, block.first_column, block.last_column)]
        for one in found:
            grid.rows[number].remove(one)
        taken.append(found)
    below = first_row_below(grid, block.last_row)
    for place in reversed(range(len(order))):
        number = block.first_row + place
        arriving = taken[order[place]]
        row = grid.rows.get(number)
        if row is None and arriving:
            row = grid.rows[number] = new_row(grid, number, below)
        if row is not None:
            _insert(grid, row, number, arriving)
            below = row


def _insert(grid: Grid, row: Element, number: int, arriving: Sequence[Element]) -> None:
    columns = []
    for one in arriving:
        column = column_of(one.get("r", ""))
        columns.append(column)
        one.set("r", f"{letters(column)}{number}")
    if not columns:
        return
    after = next((one for one in row.iterchildren(grid.tags.cell) if column_of(one.get("r", "")) > columns[-1]), None)
    for one in arriving:
        if after is None:
            # Cells stand before the row's extension list.
            extension = row.find(f"{grid.space}extLst")
            row.append(one) if extension is None else extension.addprevious(one)
        else:
            after.addprevious(one)
    widen_spans(row, columns[0], columns[-1])


def _permute_rows(grid: Grid, block: Box, order: Sequence[int]) -> None:
    numbers = range(block.first_row, block.last_row + 1)
    taken = [grid.rows.pop(number, None) for number in numbers]
    below = first_row_below(grid, block.last_row)
    for row in taken:
        if row is not None:
            grid.data.remove(row)
    for number, source in zip(numbers, order, strict=True):
        row = taken[source]
        if row is None:
            continue
        row.set("r", str(number))
        for one in row.iterchildren(grid.tags.cell):
            one.set("r", f"{letters(column_of(one.get('r', '')))}{number}")
        grid.rows[number] = row
        if below is None:
            grid.data.append(row)
        else:
            below.addprevious(row)


def first_row_below(grid: Grid, last: int) -> Element | None:
    """Return the element of the first row below a row, None where there is none."""
    return next((row for number, row in grid.rows.items() if number > last), None)


def new_row(grid: Grid, number: int, below: Element | None) -> Element:
    """Return a new element for a row, above that of the next row there is; `grid.rows` does not have it yet."""
    row = new_child(grid.data, grid.tags.row)
    row.set("r", str(number))
    if below is not None:
        below.addprevious(row)
    return row
