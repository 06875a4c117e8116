"""The rows of an area of a tab, with everything a safe move needs to know, from two answers of Google."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from errors import NotFound
from sheets.a1 import Area, column_letters
from sheets.beside import EMPTY, SideCell, parting
from sheets.google import cells as google_cells
from sheets.google.batch import beside
from sheets.google.cells import CELL_FIELDS
from sheets.google.judgement import Seen, columns_of
from sheets.google.preflight import Box, Preflight, broken_formulas, hidden_rows, obstacles
from sheets.rows import Obstacle, Rows, Scope

Json = Mapping[str, Any]

FIELDS = (
    "sheets(properties(sheetId,gridProperties(rowCount,columnCount)),"
    f"data(startRow,startColumn,rowData(values({CELL_FIELDS}))))"
)
STRIP_FIELDS = (
    "sheets(properties(sheetId),data(startRow,startColumn,rowMetadata(pixelSize),rowData(values(userEnteredValue))))"
)
TEXT_FIELDS = "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(formattedValue))))"


@dataclass(frozen=True, slots=True)
class Strip:
    """A column for pictures of the addresses in `url_column`, on the rows from `top` on, all 0-based.

    `held` is the formula in each cell, some other text for anything else that it holds, None for nothing; `heights`
    are those of the rows, in pixels.
    """

    column: int
    url_column: int
    top: int
    held: tuple[str | None, ...]
    heights: tuple[int, ...]

    @property
    def rows(self) -> range:
        """The rows, from 0."""
        return range(self.top, self.top + len(self.held))


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows for the caller, the box of cells that would move, and the same cells for later comparison.

    `columns` is what each column of the area holds; `painted` are the columns of the tab, as far as they were read, in
    which somebody has coloured a cell; `strip` is the column to be filled with pictures.
    """

    tab: Preflight
    rows: Rows
    box: Box
    seen: Seen
    columns: tuple[Counter[Hashable], ...]
    painted: frozenset[int] = frozenset()
    strip: Strip | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be read: the area and scope, what counts for the limit of cells, and rows read even if blank.

    `more_columns` will be put in, after a `backup` of the tab was made.
    """

    area: Area
    scope: Scope
    cells_in_file: int
    backup: bool = False
    at_least: int = 0
    more_columns: int = 0


def asked(tab: Preflight, area: Area, scope: Scope) -> Box:
    """Return the cells to read: whole rows, or the area alone where the rest does not matter.

    Raises `NotFound` when the area begins past the edge of the tab.
    """
    if area.first_row > tab.rows or area.first_column >= tab.columns:
        raise NotFound(
            f"The range {area} lies outside the worksheet {tab.title!r}, which ends at"
            f" {column_letters(max(tab.columns, 1) - 1)}{tab.rows}.",
            "Give a range inside the worksheet with -r.",
        )
    bottom = min(area.last_row or tab.rows, tab.rows)
    if scope is Scope.RANGE_ONLY:
        return Box(area.first_row - 1, bottom, area.first_column, min(area.last_column + 1, tab.columns))
    return Box(area.first_row - 1, bottom, 0, tab.columns)


def reading(tab: Preflight, question: Question, place: Box, answer: Json) -> Reading:
    """Put together the preflight and the answer to a request with `FIELDS` over `place`."""
    area = question.area
    cells = matrix(blocks(answer), place)
    left, right = area.first_column - place.left, min(area.last_column + 1, tab.columns) - place.left
    area_rows = [row[left:right] for row in cells]
    n = max(min(question.at_least, len(area_rows)), _last_filled(area_rows, place.top) + 1)
    box = Box(place.top, place.top + n, place.left + left, place.left + right)
    if question.scope is Scope.WHOLE_ROWS:
        # The whole width, not the used part: what is typed beyond it meanwhile then moves with its row.
        box = Box(box.top, box.bottom, place.left, place.right)
    rows = Rows(
        area.first_row,
        tuple(_tokens(row, place.top + i, area.width) for i, row in enumerate(area_rows[:n])),
        tuple(google_cells.url(row[0]) for row in area_rows[:n]),
        tuple(_obstacles(tab, question, place, box, cells[:n])),
    )
    columns = columns_of([_values(row, place.top + i) for i, row in enumerate(area_rows[:n])])
    painted = frozenset(
        place.left + j for row in cells[:n] for j, cell in enumerate(row) if cell and google_cells.colour(cell)
    )
    return Reading(tab, rows, box, _seen(tab, question.scope, place, box, cells[:n]), columns, painted)


def strip(answer: Json, place: Box, url_column: int) -> Strip:
    """Read the answer to a request with `STRIP_FIELDS` over `place`, one column wide."""
    found = blocks(answer)
    held: list[str | None] = []
    for (cell,) in matrix(found, place):
        entered = cell.get("userEnteredValue")
        held.append(None if entered is None else str(entered.get("formulaValue", "something")))
    heights = [0] * len(held)
    for block in found:
        first = int(block.get("startRow", 0)) - place.top
        for i, row in enumerate(block.get("rowMetadata") or (), first):
            if 0 <= i < len(heights):
                heights[i] = int(row.get("pixelSize", 0))
    return Strip(place.left, url_column, place.top, tuple(held), tuple(heights))


def texts(area: Area, place: Box, answer: Json) -> tuple[tuple[str, ...], ...]:
    """Return what the cells of `area` show, padded, from the answer to a request with `TEXT_FIELDS` over `place`."""
    shown = [[str(cell.get("formattedValue", "")) for cell in row] for row in matrix(blocks(answer), place)]
    padded = [(*row, *[""] * (area.width - len(row))) for row in shown]
    return (*padded, *[("",) * area.width] * (area.height - len(padded)))


def seen_after(answer: Json, box: Box) -> Seen:
    """Read the answer of a batch, or of a second look, over the rows of `box`: moved cells and those beside."""
    columns, data = width_of(answer), blocks(answer)
    whole = matrix(data, Box(box.top, box.bottom, 0, max(columns, box.right)))
    hidden = hidden_rows(data)
    return Seen(
        columns,
        [_values(row[box.left : box.right], box.top + i) for i, row in enumerate(whole)],
        {
            column: [_noted(row[column], box.top + i) for i, row in enumerate(whole)]
            for column in range(columns)
            if not box.left <= column < box.right
        },
        frozenset(row - box.top for row in hidden if box.top <= row < box.bottom),
    )


def matrix(data: Iterable[Json], place: Box) -> list[list[Json]]:
    """Return the cells of `place`, row by row, from GridData blocks that leave out blanks at their ends."""
    height, width = place.bottom - place.top, place.right - place.left
    cells: list[list[Json]] = [[{}] * width for _ in range(height)]
    for block in data:
        top, left, rows = google_cells.grid(block)
        for i, row in enumerate(rows, top - place.top):
            if 0 <= i < height:
                for j, cell in enumerate(row, left - place.left):
                    if 0 <= j < width:
                        cells[i][j] = cell
    return cells


def width_of(answer: Json) -> int:
    """Return the number of columns of the tab at the time of an answer."""
    sheet: Json = (answer.get("sheets") or ({},))[0]
    return int(((sheet.get("properties") or {}).get("gridProperties") or {}).get("columnCount", 0))


def blocks(answer: Json) -> Sequence[Json]:
    """Return the blocks of cells in an answer about one tab."""
    sheet: Json = (answer.get("sheets") or ({},))[0]
    return sheet.get("data") or ()


def _last_filled(rows: Sequence[Sequence[Json]], top: int) -> int:
    for i in range(len(rows) - 1, -1, -1):
        if any(google_cells.token(cell, top + i + 1) is not None for cell in rows[i]):
            return i
    return -1


def _tokens(row: Sequence[Json], index: int, width: int) -> tuple[Hashable, ...]:
    found = tuple(google_cells.token(cell, index + 1) for cell in row)
    return found + (None,) * (width - len(found))


def _values(row: Sequence[Json], index: int) -> list[Hashable]:
    return [google_cells.value(cell, index + 1) for cell in row]


def _noted(cell: Json, index: int) -> Hashable:
    plain = google_cells.without_rows(google_cells.value(cell, index + 1))
    note = str(cell.get("note", ""))
    return (plain, note) if plain is not None or note else None


def _seen(tab: Preflight, scope: Scope, place: Box, box: Box, cells: Sequence[Sequence[Json]]) -> Seen:
    left, right = box.left - place.left, box.right - place.left
    watched = range(tab.columns) if scope is Scope.RANGE else range(0)
    return Seen(
        tab.columns,
        [_values(row[left:right], box.top + i) for i, row in enumerate(cells)],
        {
            column: [_noted(row[column - place.left], box.top + i) for i, row in enumerate(cells)]
            for column in watched
            if not box.left <= column < box.right
        },
    )


def _obstacles(
    tab: Preflight, question: Question, place: Box, box: Box, cells: Sequence[Sequence[Json]]
) -> Iterable[Obstacle]:
    if not cells:
        return
    yield from obstacles(tab, box, question.cells_in_file, backup=question.backup, more_columns=question.more_columns)
    left, right = box.left - place.left, box.right - place.left
    formulas = [
        (box.top + i, place.left + j, text)
        for i, row in enumerate(cells)
        for j in range(left, right)
        if (text := google_cells.formula(row[j])) is not None
    ]
    yield from broken_formulas(formulas, box, tab.title)
    if question.scope is Scope.RANGE:
        sides: dict[int, list[SideCell]] = {}
        for column_box in beside(box, tab.columns):
            for column in range(column_box.left, column_box.right):
                sides[column] = [google_cells.side_cell(row[column]) if row[column] else EMPTY for row in cells]
        if (apart := parting(sides, question.area, len(cells), tab.title)) is not None:
            yield apart
