"""`sortRange` as it was observed on the real service: hidden rows stay, vertical merges refuse, rows move whole."""

from typing import Any

from tests.google.errors import ApiError
from tests.google.evaluate import ErrorValue, Evaluator
from tests.google.formulas import copied
from tests.google.grid import Box, a1
from tests.google.model import Book, Cell, Formula, Row, Sheet
from tests.google.task import Task

Spec = tuple[int, bool]  # column of the sheet, descending


def sort_range(task: Task) -> None:
    """Sort the rows of a rectangle; cells move with their format, note and validation."""
    sheet, box = task.target()
    specs = [_spec(given, box) for given in task.given.get("sortSpecs") or []]
    if not specs:
        raise task.refuse("At least one sort spec must be provided.")
    for merge in sheet.merges:
        if merge.height > 1 and merge.meets(box):
            raise task.refuse(
                f"You can't sort a range containing vertical merges. There is a vertical merge at {a1(merge)}"
            )
    task.guard(sheet, box)
    sort_rows(task.book, sheet, box, specs)


def _spec(given: dict[str, Any], box: Box) -> Spec:
    column = int(given.get("dimensionIndex") or 0)
    if not box.left <= column < box.right:  # the real service breaks down on this [R]
        raise ApiError(500, "Internal error encountered.")
    return column, given.get("sortOrder") == "DESCENDING"


def sort_rows(book: Book, sheet: Sheet, box: Box, specs: list[Spec]) -> None:
    """Sort on a draft: rows that are hidden keep their place and the others are sorted around them."""
    end = min(box.bottom, len(sheet.rows))
    places = [row for row in range(box.top, end) if not sheet.hidden(row)]
    order = list(places)
    evaluator = Evaluator(book)
    for column, descending in reversed(specs):
        order = _sorted(sheet, evaluator, order, column, descending=descending)
    # Blank rows below the last stored one sort last anyway, so they need no place in the permutation,
    # unless hidden rows stand between: those are pinned, and the visible places are filled in order.
    old = list(sheet.rows)
    whole = box.left == 0 and box.right >= sheet.column_count
    for target, source in zip(places, order, strict=True):
        if target != source:
            sheet.rows[target] = _moved(old[target], old[source], box, target - source, whole=whole)
    _move_merges(sheet, box, dict(zip(order, places, strict=True)))


def _sorted(sheet: Sheet, evaluator: Evaluator, order: list[int], column: int, *, descending: bool) -> list[int]:
    keyed: list[tuple[tuple[int, Any], int]] = []
    blank: list[int] = []
    for row in order:
        key = _key(sheet, evaluator, row, column)
        if key is None:
            blank.append(row)
        else:
            keyed.append((key, row))
    keyed.sort(key=lambda pair: pair[0], reverse=descending)  # sort() is stable in both directions
    return [row for _, row in keyed] + blank


def _key(sheet: Sheet, evaluator: Evaluator, row: int, column: int) -> tuple[int, Any] | None:
    """Return a cell's sort key: numbers before text before booleans before errors; None for a blank."""
    cells = sheet.rows[row]
    cell = cells[column] if column < len(cells) else None
    if cell is None or cell.value is None:
        return None
    value: Any = cell.value
    if type(value) is str:
        return (1, value.casefold())
    if isinstance(value, Formula):
        value = evaluator.value(sheet, row, column)
    if value is None:
        return None
    if isinstance(value, ErrorValue):
        return (3, 0)
    if isinstance(value, bool):
        return (2, value)
    return (1, value.casefold()) if isinstance(value, str) else (0, value)


def _moved(old: Row, source: Row, box: Box, down: int, *, whole: bool) -> Row:
    """Return a row with the rectangle's part taken from another row, whose formulas follow as in a copy."""
    part = tuple(_follow(cell, down) for cell in source[box.left : box.right])
    if whole:
        return part
    tail = old[box.right :]
    head = old[: box.left]
    if not tail:
        joined = head + (None,) * (box.left - len(head)) + part
        while joined and joined[-1] is None:
            joined = joined[:-1]
        return joined
    head += (None,) * (box.left - len(head))
    return head + part + (None,) * (box.right - box.left - len(part)) + tail


def _follow(cell: Cell | None, down: int) -> Cell | None:
    if cell is None or type(cell.value) is not Formula:
        return cell
    return cell.but(value=Formula(copied(cell.value.text, down, 0)))


def _move_merges(sheet: Sheet, box: Box, new_place: dict[int, int]) -> None:
    """Let merges inside one row go with their row."""
    for index, merge in enumerate(sheet.merges):
        if box.holds(merge) and merge.top in new_place:
            top = new_place[merge.top]
            sheet.merges[index] = merge._replace(top=top, bottom=top + 1)
