"""A labeler: a person who edits the sheet in the browser while a program works on it."""

from collections.abc import Sequence
from typing import Any

from tests.google.batch import batch_update
from tests.google.cells import enter
from tests.google.grid import Box, parse_span
from tests.google.model import Formula, Json, Sheet
from tests.google.state import STRANGER, State


class Labeler:
    """Edits one tab directly in the state, as the owner of the file; rows and columns count from 1."""

    def __init__(self, state: State, spreadsheet_id: str, tab: str | None = None) -> None:
        self._state, self._id, self._tab = state, spreadsheet_id, tab

    @property
    def sheet(self) -> Sheet:
        """The tab as it is now, for reading."""
        book = self._state.files[self._id].book
        assert book is not None
        sheet = book.sheets[0] if self._tab is None else book.named(self._tab)
        assert sheet is not None, f"no tab {self._tab!r}"
        return sheet

    def rows(self) -> list[list[Any]]:
        """Return what was entered, row by row: formulas as their text, blanks as None."""
        return [
            [None if c is None else c.value.text if isinstance(c.value, Formula) else c.value for c in row]
            for row in self.sheet.rows
        ]

    def do(self, *requests: Json) -> list[Json]:
        """Carry out batchUpdate requests and return their replies."""
        with self._state.lock:
            file = self._state.files[self._id]
            assert file.book is not None
            draft = file.book.fork()
            answer = batch_update(draft, {"requests": list(requests)}, STRANGER)
            self._state.commit(file, draft)
            replies: list[Json] = answer["replies"]
            return replies

    def type(self, address: str, value: Any) -> None:
        """Type a value into a cell such as `D7`."""
        box = self._box(address)
        with self._state.lock:
            file = self._state.files[self._id]
            assert file.book is not None
            draft = file.book.fork()
            sheet = draft.edit(self.sheet.id)
            sheet.set_cells(box.top, box.left, [enter(sheet.cell(box.top, box.left), value, parse=True)])
            self._state.commit(file, draft)

    def _box(self, address: str) -> Box:
        span = parse_span(address)
        assert span is not None, f"no address: {address!r}"
        sheet = self.sheet
        return Box(
            span.top or 0,
            sheet.row_count if span.bottom is None else span.bottom,
            span.left or 0,
            sheet.column_count if span.right is None else span.right,
        )

    def _grid_range(self, address: str) -> Json:
        box = self._box(address)
        return {
            "sheetId": self.sheet.id,
            "startRowIndex": box.top,
            "endRowIndex": box.bottom,
            "startColumnIndex": box.left,
            "endColumnIndex": box.right,
        }

    def _lines(self, dimension: str, first: int, count: int) -> Json:
        return {
            "sheetId": self.sheet.id,
            "dimension": dimension,
            "startIndex": first - 1,
            "endIndex": first - 1 + count,
        }

    def insert_rows(self, before: int, count: int = 1) -> None:
        """Insert blank rows before a row."""
        self.do({"insertDimension": {"range": self._lines("ROWS", before, count)}})

    def delete_rows(self, first: int, count: int = 1) -> None:
        """Delete rows."""
        self.do({"deleteDimension": {"range": self._lines("ROWS", first, count)}})

    def insert_columns(self, before: int, count: int = 1) -> None:
        """Insert blank columns before a column."""
        self.do({"insertDimension": {"range": self._lines("COLUMNS", before, count)}})

    def delete_columns(self, first: int, count: int = 1) -> None:
        """Delete columns."""
        self.do({"deleteDimension": {"range": self._lines("COLUMNS", first, count)}})

    def move_column(self, source: int, target: int) -> None:
        """Drag a column to where another one is; what is attached to a column goes with it."""
        order = list(range(self.sheet.column_count))
        order.insert(target - 1, order.pop(source - 1))
        with self._state.lock:
            file = self._state.files[self._id]
            assert file.book is not None
            draft = file.book.fork()
            sheet = draft.edit(self.sheet.id)
            for index in range(len(sheet.rows)):
                row = sheet.slice(index, 0, sheet.column_count)
                sheet.set_cells(index, 0, [row[column] for column in order])
            for key, entry in list(draft.metadata.items()):
                line = entry["location"].get("dimensionRange", {})
                if line.get("dimension") == "COLUMNS" and line.get("sheetId", 0) == sheet.id:
                    at = order.index(line["startIndex"])
                    moved = {**entry["location"], "dimensionRange": {**line, "startIndex": at, "endIndex": at + 1}}
                    draft.metadata[key] = {**entry, "location": moved}
            self._state.commit(file, draft)

    def hide_rows(self, first: int, count: int = 1, *, by_filter: bool = False) -> None:
        """Hide rows by hand, or as a filter does."""
        if not by_filter:
            self._set_rows(first, count, {"hiddenByUser": True})
            return
        with self._state.lock:
            file = self._state.files[self._id]
            assert file.book is not None
            draft = file.book.fork()
            sheet = draft.edit(self.sheet.id)
            for row in range(first - 1, first - 1 + count):
                sheet.row_meta[row] = {**sheet.row_meta.get(row, {}), "hiddenByFilter": True}
            self._state.commit(file, draft)

    def show_rows(self, first: int, count: int = 1) -> None:
        """Show rows again that were hidden by hand."""
        self._set_rows(first, count, {"hiddenByUser": False})

    def _set_rows(self, first: int, count: int, properties: Json) -> None:
        fields = ",".join(properties)
        given = {"range": self._lines("ROWS", first, count), "properties": properties, "fields": fields}
        self.do({"updateDimensionProperties": given})

    def sort(self, area: str, column: int, *, descending: bool = False) -> None:
        """Sort an area such as `A2:D20` by a column of the sheet."""
        spec = {"dimensionIndex": column - 1, "sortOrder": "DESCENDING" if descending else "ASCENDING"}
        self.do({"sortRange": {"range": self._grid_range(area), "sortSpecs": [spec]}})

    def merge(self, area: str) -> None:
        """Merge an area into one cell."""
        self.do({"mergeCells": {"range": self._grid_range(area), "mergeType": "MERGE_ALL"}})

    def note(self, address: str, text: str) -> None:
        """Put a note on a cell."""
        given = {"range": self._grid_range(address), "fields": "note", "rows": [{"values": [{"note": text}]}]}
        self.do({"updateCells": given})

    def protect(self, area: str, *, warning_only: bool = False) -> None:
        """Protect an area so that the service account may not edit it."""
        reply = self.do(
            {"addProtectedRange": {"protectedRange": {"range": self._grid_range(area), "warningOnly": warning_only}}}
        )
        key = reply[0]["addProtectedRange"]["protectedRange"]["protectedRangeId"]
        with self._state.lock:
            file = self._state.files[self._id]
            assert file.book is not None
            draft = file.book.fork()
            entries = draft.edit(self.sheet.id).parts["protectedRanges"]
            for index, entry in enumerate(entries):
                if entry["protectedRangeId"] == key and not warning_only:
                    rest = {
                        name: part for name, part in entry.items() if name not in {"requestingUserCanEdit", "editors"}
                    }
                    entries[index] = rest
            self._state.commit(file, draft)

    def table(self, area: str) -> None:
        """Turn an area into a native table."""
        self.do({"addTable": {"table": {"range": self._grid_range(area), "name": "Table"}}})

    def filter(self, area: str, hidden: Sequence[int] = ()) -> None:
        """Put a basic filter over an area that hides these rows."""
        self.do({"setBasicFilter": {"filter": {"range": self._grid_range(area)}}})
        for row in hidden:
            self.hide_rows(row, by_filter=True)
