"""The spreadsheets in memory: immutable cells in immutable rows, so that a draft of a book costs nothing to make.

A `Book` that readers can see is never changed. A write forks it, edits the fork (which copies a sheet's list of rows
once, and no cell), and puts the fork in its place: atomic, and all or nothing, without copying the whole book.
"""

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.google.errors import bad_request
from tests.google.grid import Box
from tests.google.theme import default_properties

Json = dict[str, Any]
MAX_CELLS = 10_000_000
DEFAULT_ROWS, DEFAULT_COLUMNS = 1000, 26


class Formula:
    """A formula as typed, from its `=` on."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"


Value = None | str | float | int | bool | Formula


class Cell:
    """What one cell holds. Never changed after it is made: `but` gives a changed copy.

    `value` is what was entered; `format` is its userEnteredFormat; `extra` holds what only travels along
    (textFormatRuns, pivotTable and the like) by its name in CellData.
    """

    __slots__ = ("extra", "format", "note", "validation", "value")

    def __init__(
        self,
        value: Value = None,
        format_: Json | None = None,
        note: str | None = None,
        validation: Json | None = None,
        extra: Json | None = None,
    ) -> None:
        self.value = value
        self.format = format_
        self.note = note
        self.validation = validation
        self.extra = extra

    def but(self, **changes: Any) -> "Cell | None":
        """Return a copy with these slots replaced, or None when nothing is left in it."""
        other = Cell.__new__(Cell)
        for name in Cell.__slots__:
            setattr(other, name, changes[name] if name in changes else getattr(self, name))
        return None if other.is_blank() else other

    def is_blank(self) -> bool:
        """Say whether the cell holds nothing at all."""
        return (
            self.value is None
            and self.format is None
            and self.note is None
            and self.validation is None
            and self.extra is None
        )


Row = tuple[Cell | None, ...]  # trailing cells may be missing
EMPTY = Cell()


class Sheet:
    """One tab. Lists and dictionaries in it belong to this fork; what they hold is never changed in place."""

    def __init__(self, sheet_id: int, title: str, rows: int = DEFAULT_ROWS, columns: int = DEFAULT_COLUMNS) -> None:
        self.id = sheet_id
        self.title = title
        self.grid: Json = {"rowCount": rows, "columnCount": columns}
        self.properties: Json = {}  # the rest of SheetProperties: hidden, tabColor, tabColorStyle, rightToLeft
        self.rows: list[Row] = []  # trailing rows may be missing
        self.row_meta: dict[int, Json] = {}  # what differs from the default, by row
        self.column_meta: dict[int, Json] = {}
        self.merges: list[Box] = []
        self.groups: dict[str, list[Json]] = {"ROWS": [], "COLUMNS": []}
        self.parts: dict[str, list[Json]] = {}  # protectedRanges, conditionalFormats, filterViews, tables, ...
        self.basic_filter: Json | None = None

    def fork(self) -> "Sheet":
        """Return a copy whose lists can be edited; cells and rows are shared."""
        other = copy.copy(self)
        other.grid = dict(self.grid)
        other.properties = dict(self.properties)
        other.rows = list(self.rows)
        other.row_meta = dict(self.row_meta)
        other.column_meta = dict(self.column_meta)
        other.merges = list(self.merges)
        other.groups = {name: list(found) for name, found in self.groups.items()}
        other.parts = {name: list(found) for name, found in self.parts.items()}
        return other

    @property
    def row_count(self) -> int:
        """Rows of the grid."""
        return int(self.grid["rowCount"])

    @property
    def column_count(self) -> int:
        """Columns of the grid."""
        return int(self.grid["columnCount"])

    @property
    def whole(self) -> Box:
        """The rectangle of all cells."""
        return Box(0, self.row_count, 0, self.column_count)

    def cell(self, row: int, column: int) -> Cell | None:
        """Return a cell, None where it is empty."""
        if row < len(self.rows) and column < len(self.rows[row]):
            return self.rows[row][column]
        return None

    def set_cells(self, row: int, first: int, cells: list[Cell | None]) -> None:
        """Replace neighbouring cells of one row, as far as the list goes."""
        while len(self.rows) <= row:
            self.rows.append(())
        old = list(self.rows[row])
        if len(old) < first:
            old.extend([None] * (first - len(old)))
        old[first : first + len(cells)] = cells
        while old and old[-1] is None:
            old.pop()
        self.rows[row] = tuple(old)

    def slice(self, row: int, left: int, right: int) -> list[Cell | None]:
        """Return the cells of one row between two columns, padded with None."""
        found: list[Cell | None] = list(self.rows[row][left:right]) if row < len(self.rows) else []
        found.extend([None] * (right - left - len(found)))
        return found

    def cells(self, box: Box) -> Iterator[tuple[int, int, Cell]]:
        """Yield row, column and cell of what is not empty in a rectangle."""
        for row in range(box.top, min(box.bottom, len(self.rows))):
            for column, cell in enumerate(self.rows[row][box.left : box.right], box.left):
                if cell is not None:
                    yield row, column, cell

    def hidden(self, row: int) -> bool:
        """Say whether a row is hidden, by hand or by a filter."""
        meta = self.row_meta.get(row)
        return meta is not None and bool(meta.get("hiddenByUser") or meta.get("hiddenByFilter"))

    def used_rows(self) -> int:
        """Return one past the last row with a value."""
        for row in range(len(self.rows) - 1, -1, -1):
            if any(cell is not None and cell.value is not None for cell in self.rows[row]):
                return row + 1
        return 0


class Book:
    """One spreadsheet, as one moment saw it."""

    def __init__(self, spreadsheet_id: str, title: str) -> None:
        self.id = spreadsheet_id
        self.properties = default_properties(title)
        self.sheets: list[Sheet] = []
        self.named_ranges: list[Json] = []
        self.metadata: dict[int, Json] = {}
        self._own: set[int] = set()  # sheets this fork has copied already

    def fork(self) -> "Book":
        """Return a draft that can be edited without anybody seeing it."""
        other = copy.copy(self)
        other.properties = dict(self.properties)
        other.sheets = list(self.sheets)
        other.named_ranges = list(self.named_ranges)
        other.metadata = dict(self.metadata)
        other._own = set()
        return other

    @property
    def title(self) -> str:
        """The file's name."""
        return str(self.properties["title"])

    def find(self, sheet_id: int) -> Sheet | None:
        """Return the sheet with this id, for reading."""
        return next((sheet for sheet in self.sheets if sheet.id == sheet_id), None)

    def named(self, title: str) -> Sheet | None:
        """Return the sheet with this title, for reading; capitals do not matter."""
        wanted = title.casefold()
        return next((sheet for sheet in self.sheets if sheet.title.casefold() == wanted), None)

    def edit(self, sheet_id: int) -> Sheet:
        """Return the sheet of this draft with this id, copied once so that it can be changed."""
        for position, sheet in enumerate(self.sheets):
            if sheet.id == sheet_id:
                if sheet_id not in self._own:
                    self.sheets[position] = sheet.fork()
                    self._own.add(sheet_id)
                return self.sheets[position]
        raise bad_request(f"No grid with id: {sheet_id}")

    def add_sheet(self, sheet: Sheet, index: int | None = None) -> None:
        """Put a new sheet at a position, at the end without one."""
        self.sheets.insert(len(self.sheets) if index is None else index, sheet)
        self._own.add(sheet.id)

    def free_sheet_id(self) -> int:
        """Return a random id that no sheet has."""
        return free_id({sheet.id for sheet in self.sheets})

    def cell_count(self) -> int:
        """Return the cells of all grids, used or not: what the limit of ten million counts."""
        return sum(sheet.row_count * sheet.column_count for sheet in self.sheets)

    def check_size(self) -> None:
        """Refuse a draft that has grown above the limit of cells."""
        if self.cell_count() > MAX_CELLS:
            raise bad_request(
                f"This action would increase the number of cells in the workbook above the limit of {MAX_CELLS} cells."
            )


def free_id(taken: set[int]) -> int:
    """Return a random positive 31-bit id that is not taken, as Google makes them."""
    while True:
        found = random.SystemRandom().randrange(1_000_000, 2**31 - 1)
        if found not in taken:
            return found


def new_book(spreadsheet_id: str, title: str) -> Book:
    """Return an empty spreadsheet with its first tab."""
    book = Book(spreadsheet_id, title)
    book.add_sheet(Sheet(0, "Sheet1"))
    return book
