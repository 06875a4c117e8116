"""One tab of a spreadsheet as it is by now: every look at it, and the tab found again by its id when it was renamed."""

import zlib
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from errors import NotFound
from sheets.a1 import Area
from sheets.columns import Place, find_columns
from sheets.google import columns as google_columns
from sheets.google import preflight as google_preflight
from sheets.google import reading as google_reading
from sheets.google import tags
from sheets.google.batch import Backup, Plan, quoted
from sheets.google.client import Service
from sheets.google.judgement import Seen, exchanged
from sheets.google.open import Book, Tab, book
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import Question, Reading, Strip
from sheets.google.removing import Stood
from sheets.google.stamps import Stamp
from sheets.rows import Obstacle, Scope

_STAMP_FIELDS = "developerMetadata(metadataId,metadataKey,metadataValue)"
_AGAIN_FIELDS = (
    "sheets(properties(sheetId,gridProperties(columnCount)),data(startRow,startColumn,"
    "rowMetadata(hiddenByUser,hiddenByFilter),rowData(values(userEnteredValue,note))))"
)


class CurrentTab:
    """A tab that people may edit, rename and move at any time; `book` and `tab` are what was seen of it last."""

    def __init__(self, service: Service, found: Book, tab: Tab) -> None:
        self._service = service
        self.book = found
        self.tab = tab
        self._columns: dict[Area, tuple[Counter[Hashable], ...]] = {}
        self._known: Preflight | None = None  # the tab as it was seen last

    @property
    def key(self) -> str:
        """The spreadsheet's key."""
        return self.book.key

    @property
    def title(self) -> str:
        """What people call the tab."""
        return self.tab.title

    @property
    def called(self) -> str:
        """The tab and its spreadsheet, as people call them."""
        return f"{self.tab.title!r} in {self.book.title!r}"

    def preflight(self) -> Preflight:
        """Return what lies over the tab."""
        self._known = google_preflight.preflight(self._of_tab(google_preflight.FIELDS))
        return self._known

    def seen_last(self) -> Preflight:
        """Return what lay over the tab when it was seen last."""
        return self._known or self.preflight()

    def reading(self, area: Area, scope: Scope, at_least: int, *, backup: bool, more_columns: int) -> Reading:
        """Return the rows of an area, at least so many, with all that would stand in the way; see `Question`."""
        while True:
            tab = self.preflight()
            place = google_reading.asked(tab, area, scope)
            answer = self._of_tab(google_reading.FIELDS, place)
            if google_reading.width_of(answer) == tab.columns:  # else a column came or went between the two
                question = Question(area, scope, self.book.cells, backup, at_least, more_columns)
                return self._same_columns(google_reading.reading(tab, question, place, answer), area)

    def _same_columns(self, reading: Reading, area: Area) -> Reading:
        """Add an obstacle when the area names other columns than at its first reading by this object."""
        first = self._columns.setdefault(area, reading.columns)
        if not exchanged(first, reading.columns):
            return reading
        obstacle = Obstacle(
            f"The range {area} of {self.tab.title!r} holds other columns than when this run began: a column was"
            " inserted, deleted, moved or emptied.",
            "Look which columns hold the addresses now, name them with -r, and run the command again.",
        )
        return replace(reading, rows=replace(reading.rows, obstacles=(obstacle, *reading.rows.obstacles)))

    def texts(self, tab: Preflight, area: Area, title: str | None = None) -> tuple[tuple[str, ...], ...]:
        """Return what cells of the tab show, or those of the same place in the tab of another title."""
        place = google_reading.asked(tab, area, Scope.RANGE_ONLY)
        fields = google_reading.TEXT_FIELDS
        answer = self._of_tab(fields, place) if title in (None, tab.title) else self.asked(fields, place.name, title)
        return google_reading.texts(area, place, answer)

    def standing(self, tab: Preflight, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where the columns stand, by their tags; by their names where there are none."""
        tagged = google_columns.tagged(tab, area, names)
        return tagged or find_columns(lambda cells: self.texts(tab, cells), area, names)

    def strip(self, rows: Box, column: int, area: Area) -> Strip:
        """Return a column of the tab, on those rows, for pictures of the addresses that the area begins with."""
        place = replace(rows, left=column, right=column + 1)
        answer = self._of_tab(google_reading.STRIP_FIELDS, place)
        return google_reading.strip(answer, place, area.first_column)

    def stood(self, tab: Preflight, place: Place, count: int, title: str) -> Stood | None:
        """Return what stands where our columns are, in the tab or in a copy of it; None where there is no copy."""
        end = place.column + count - 1
        try:
            (header,) = self.texts(tab, Area(place.column, end, place.header_row, place.header_row), title)
            below = self.texts(tab, Area(end, end, place.header_row + 1, max(tab.rows, place.header_row + 1)), title)
            strip = None
            if (column := tab.tags.columns.get(tags.PREVIEW)) is not None:
                cells = Box(place.header_row, tab.rows, column, column + 1)
                fields = google_reading.STRIP_FIELDS
                answer = self._of_tab(fields, cells) if title == tab.title else self.asked(fields, cells.name, title)
                strip = google_reading.strip(answer, cells, 0)
        except NotFound:
            return None
        return Stood(header, tuple(text for (text,) in below), strip)

    def again(self, plan: Plan) -> Seen:
        """Return the cells of a plan, and those beside them, as they are now."""
        rows = Box(plan.box.top, plan.box.bottom, 0, max(plan.columns, plan.box.right) + 8)
        # Whole rows, open to the right, so that a column that moved is found wherever it is now.
        return google_reading.seen_after(self._of_tab(_AGAIN_FIELDS, rows, whole_rows=True), plan.box)

    def stamps(self) -> tuple[tuple[Stamp, ...], frozenset[int]]:
        """Return the stamps of the spreadsheet, and all ids of metadata."""
        return google_preflight.stamps(
            self._service.spreadsheet_json(self.book.key, {"fields": _STAMP_FIELDS, "includeGridData": "false"})
        )

    def asked(self, fields: str, cells: str, title: str | None = None) -> Mapping[str, Any]:
        """Return `spreadsheets.get` of cells of the tab by the title it had last, or of the tab of another title."""
        name = quoted(self.tab.title if title is None else title, cells)
        return self._service.spreadsheet_json(self.book.key, {"ranges": name, "fields": fields})

    def new_backup(self, run: str) -> Backup:
        """Return the id and title that the next copy of the tab can have, and the place for it behind all tabs."""
        self.book = book(self._service, self.book.key)
        ids = {tab.sheet_id for tab in self.book.tabs}
        number = zlib.crc32(run.encode()) & 0x7FFFFFFF
        while number in ids:
            number = (number + 1) & 0x7FFFFFFF
        stem = f"{self.tab.title[:60]} before {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        titles = {tab.title for tab in self.book.tabs}
        title = next(name for i in range(len(titles) + 1) if (name := f"{stem} ({i})" if i else stem) not in titles)
        return Backup(number, title, self.book.sheets)

    def _of_tab(self, fields: str, place: Box | None = None, *, whole_rows: bool = False) -> Mapping[str, Any]:
        """Return `spreadsheets.get` of cells of the tab, which is found by its id when it was renamed."""
        cells = "" if place is None else place.name
        if place is not None and whole_rows:
            cells = f"{place.top + 1}:{place.bottom}"
        try:
            answer = self.asked(fields, cells)
            if _sheet_id(answer) == self.tab.sheet_id:
                return answer
        except NotFound:
            pass
        self._find_tab()
        answer = self.asked(fields, cells)
        if _sheet_id(answer) != self.tab.sheet_id:
            raise self._gone()
        return answer

    def _find_tab(self) -> None:
        self.book = book(self._service, self.book.key)
        for tab in self.book.tabs:
            if tab.sheet_id == self.tab.sheet_id:
                self.tab = tab
                return
        raise self._gone()

    def _gone(self) -> NotFound:
        names = ", ".join(repr(tab.title) for tab in self.book.tabs)
        return NotFound(
            f"The worksheet {self.tab.title!r} is no longer in the spreadsheet {self.book.title!r}.",
            f"Nothing was written. Its worksheets are: {names}.",
        )


def _sheet_id(answer: Mapping[str, Any]) -> int | None:
    sheets = answer.get("sheets") or ()
    return int((sheets[0].get("properties") or {}).get("sheetId", 0)) if sheets else None
