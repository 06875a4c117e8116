"""The batchUpdate kind findReplace."""

import re
from collections.abc import Callable

from tests.google.cells import typed
from tests.google.grid import Box
from tests.google.model import Cell, Formula, Json, Sheet, Value
from tests.google.render import general
from tests.google.task import Task


def find_replace(task: Task) -> Json:
    """Replace text in values; in formulas only when asked. A value is read again as if typed."""
    search = _Search(task)
    for sheet, box in _places(task):
        before = search.counts["rowsChanged"]
        for row in range(box.top, min(box.bottom, len(sheet.rows))):
            search.row(sheet, row, box)
        search.counts["sheetsChanged"] += search.counts["rowsChanged"] > before
    return {name: count for name, count in search.counts.items() if count}


def _places(task: Task) -> list[tuple[Sheet, Box]]:
    if task.given.get("range") is not None:
        return [task.target()]
    if task.given.get("allSheets"):
        return [(task.book.edit(sheet.id), sheet.whole) for sheet in list(task.book.sheets)]
    sheet = task.sheet()
    return [(sheet, sheet.whole)]


class _Search:
    """What to look for, what to put there, and how often it was found."""

    def __init__(self, task: Task) -> None:
        given = task.given
        text = str(given.get("find") or "")
        if not text:
            raise task.refuse("find is required.")
        by_regex = bool(given.get("searchByRegex"))
        pattern = text if by_regex else re.escape(text)
        if given.get("matchEntireCell"):
            pattern = f"^(?:{pattern})$"
        try:
            self._finder = re.compile(pattern, 0 if given.get("matchCase") else re.IGNORECASE)
        except re.error as error:
            raise task.refuse(f"Invalid regular expression: {error}") from error
        replacement = str(given.get("replacement") or "")
        self._put: Callable[[re.Match[str]], str] = (
            (lambda match: re.sub(r"\$(\d)", lambda found: _group(match, int(found[1])), replacement))
            if by_regex
            else (lambda _: replacement)
        )
        self._formulas = bool(given.get("includeFormulas"))
        names = ("valuesChanged", "formulasChanged", "rowsChanged", "sheetsChanged", "occurrencesChanged")
        self.counts = dict.fromkeys(names, 0)

    def row(self, sheet: Sheet, row: int, box: Box) -> None:
        """Replace in the part of a row that lies in the rectangle."""
        cells = sheet.slice(row, box.left, min(box.right, len(sheet.rows[row])))
        new = [self._cell(cell) for cell in cells]
        if any(a is not b for a, b in zip(cells, new, strict=True)):
            self.counts["rowsChanged"] += 1
            sheet.set_cells(row, box.left, new)

    def _cell(self, cell: Cell | None) -> Cell | None:
        if cell is None or cell.value is None or (isinstance(cell.value, Formula) and not self._formulas):
            return cell
        new, count = self._finder.subn(self._put, _text(cell.value))
        if not count:
            return cell
        self.counts["occurrencesChanged"] += count
        self.counts["formulasChanged" if isinstance(cell.value, Formula) else "valuesChanged"] += 1
        return cell.but(value=typed(new)[0])


def _group(match: re.Match[str], number: int) -> str:
    return (match[number] or "") if number <= (match.re.groups or 0) else ""


def _text(value: Value) -> str:
    if isinstance(value, Formula):
        return value.text
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return general(value) if isinstance(value, int | float) else str(value)
