"""Columns beside the moving cells: do they belong to their rows, so that moving only the range would part them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sheets.a1 import Area, column_letters
from sheets.formulas import survives_beside
from sheets.rows import Obstacle


@dataclass(frozen=True, slots=True)
class SideCell:
    """What a cell beside the range holds; `value` is None, text, a number or a truth value.

    `colour` is any hashable name of its fill, None for no fill; `picture` an in-cell picture.
    """

    value: str | float | bool | None = None
    formula: str | None = None
    note: bool = False
    colour: str | None = None
    picture: bool = False


EMPTY = SideCell()


def parting(columns: Mapping[int, Sequence[SideCell]], area: Area, n: int, sheet: str | None) -> Obstacle | None:
    """Return the obstacle when columns beside the range carry something that belongs to its row, else None.

    `columns` maps a 0-based column index to its cells on the `n` rows from `area.first_row` (short columns
    are padded). Running row numbers, formulas that look at their own row, and one fill for a whole column
    are fine.
    """
    block = Area(area.first_column, area.last_column, area.first_row, area.first_row + n - 1)
    carried = {}
    for column, cells in sorted(columns.items()):
        if not area.first_column <= column <= area.last_column:
            padded = [*cells[:n], *[EMPTY] * (n - len(cells))]
            if kinds := _carried(padded, block, sheet):
                carried[column] = kinds
    if not carried:
        return None
    names = "; ".join(f"{column_letters(column)} ({', '.join(kinds)})" for column, kinds in carried.items())
    one = len(carried) == 1
    return Obstacle(
        f"{'Column' if one else 'Columns'} {names} beside the range {area} {'belongs' if one else 'belong'} to the"
        f" same rows and would come apart from {'its' if one else 'their'} pictures.",
        "Nothing was written. Add --whole-rows to move all used columns together, or --range-only to move just"
        " the range knowingly.",
    )


def _carried(cells: Sequence[SideCell], block: Area, sheet: str | None) -> list[str]:
    kinds = []
    values = [cell.value for cell in cells if cell.formula is None]
    if any(value not in (None, "") for value in values) and not _runs(cells, block.first_row):
        kinds.append("values")
    if any(
        cell.formula is not None and not survives_beside(cell.formula, block.first_row + i, block, sheet)
        for i, cell in enumerate(cells)
    ):
        kinds.append("formulas that look at other rows")
    if any(cell.note for cell in cells):
        kinds.append("notes")
    if len({cell.colour for cell in cells}) > 1:
        kinds.append("colours")
    if any(cell.picture for cell in cells):
        kinds.append("pictures")
    return kinds


def _runs(cells: Sequence[SideCell], first_row: int) -> bool:
    """Whether the values are row numbers: counted from 0, 1 or the row's own number, blank only at the end.

    Other consecutive numbers may be years or dates, which belong to their rows.
    """
    numbers = [_whole(cell.value) for cell in cells]
    while numbers and numbers[-1] is None and cells[len(numbers) - 1].value in (None, ""):
        numbers.pop()
    first = numbers[0] if numbers else None
    return first in (0, 1, first_row - 1, first_row) and numbers == list(range(first, first + len(numbers)))


def _whole(value: str | float | bool | None) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
    return int(value) if float(value).is_integer() else None
