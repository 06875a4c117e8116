"""The Google Sheets back-end: rows are read, and put into another order by one atomic request.

What each edit in the moment between our last look and the batch ends in (`judgement` tells them apart):

    a label or note typed in a moving row      it moves with its row; the run succeeds
    rows added below the range                 they stay below; the run succeeds
    an address retyped, a row inserted or      sorted back at once; SheetChanged(landed=False): read again and
      deleted, rows sorted by hand               reorder again. Whole rows were moved, so nothing was ever mixed
    ... and edited once more before that,      SheetChanged(landed=True): whole rows stand in neither order
      or a word typed beside
    a column inserted, deleted or moved        the marks on the columns (see `guard`) have Google refuse the batch:
                                                 planned again, which has an obstacle where the range names other
                                                 columns now
    ... where Google does not keep the marks   sorted back at once; SheetChanged(landed=False)
    ... and rows edited before that            ServiceFailed: cells may be mixed, the version history has the tab
    rows hidden or filtered                    sorted back at once; SheetChanged(landed=False)
    something typed beside the range           sorted back at once; SheetChanged(landed=False)
    ... and rows hidden before that            the sort stands; succeeds with a remark that names the cell
    a merge, protection or table added         Google refuses the batch: Unsortable, nothing was written
    the tab renamed or deleted                 found again by its id; NotFound, nothing was written
    another run landed first                   our stamp's id is taken, the batch is refused: planned again, which
                                                 finds other rows: SheetChanged(landed=False)
    our answer was lost                        found out from the stamp; see `commit`
    ... and rows were sorted by hand as well   SheetChanged(landed=True) where no order explains what is there
    ... and a column was changed as well       every column is looked for, and the sort taken back where it hit
                                                 another one; where that cannot be told: ServiceFailed, saying so
    ... and something was typed beside         cannot be told from typing after the sort: succeeds with a remark
"""

import secrets
import zlib
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from errors import CurationError, NotFound, SheetChanged, Unsortable
from sheets.a1 import Area, column_letters
from sheets.columns import Columns, Place, find_columns, place_columns
from sheets.filling import Filling, refuse_changed
from sheets.google import columns as google_columns
from sheets.google import filling as google_filling
from sheets.google import preflight as google_preflight
from sheets.google import previews, tags
from sheets.google import reading as google_reading
from sheets.google.batch import Backup, Plan, quoted
from sheets.google.client import Answered, Patience, Service
from sheets.google.commit import Commit
from sheets.google.desk import Desk
from sheets.google.guard import Guard, guard, guarded
from sheets.google.judgement import Seen, exchanged
from sheets.google.open import Book, Tab, book, choose, connect
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import Question, Reading, Strip
from sheets.google.removing import Removal, Stood
from sheets.google.stamps import Stamp, verdict
from sheets.rows import Obstacle, Rows, Scope
from sheets.worksheet import Committing, Identity, Keeping, Move

_STAMP_FIELDS = "developerMetadata(metadataId,metadataKey,metadataValue)"
_AGAIN_FIELDS = (
    "sheets(properties(sheetId,gridProperties(columnCount)),data(startRow,startColumn,"
    "rowMetadata(hiddenByUser,hiddenByFilter),rowData(values(userEnteredValue,note))))"
)


class GoogleWorksheet:
    """One tab of a Google spreadsheet; implements `sheets.worksheet.Worksheet`."""

    def __init__(self, service: Service, found: Book, tab: Tab, *, backup_tab: bool = False) -> None:
        self._service = service
        self._book = found
        self._tab = tab
        self._backup_tab = backup_tab
        self._columns: dict[Area, tuple[Counter[Hashable], ...]] = {}
        self._known: Preflight | None = None  # the tab as it was seen last

    @classmethod
    def open(  # noqa: PLR0913 # three ways to name what is opened, and four independent, named choices
        cls,
        spreadsheet: str,
        worksheet: str | None,
        credentials: Path | None,
        *,
        read_only: bool = False,
        backup_tab: bool = False,
        api: str | None = None,
        patience: Patience | None = None,
    ) -> "GoogleWorksheet":
        """Open a tab; `spreadsheet` is a title, a key or an address, which may name the tab by its gid.

        `worksheet` None means the only tab. Asks for no more rights than needed: the list of files only for a
        title, writing only without `read_only`. `backup_tab` leaves a copy of the tab at every move. `api` is a
        server on this computer that stands in for Google. Raises `UsageError`, `NotFound`, `AccessRefused` or
        `ServiceFailed`.
        """
        service, found, wanted = connect(spreadsheet, credentials, read_only=read_only, api=api, patience=patience)
        return cls(service, found, choose(found, worksheet, wanted.gid), backup_tab=backup_tab)

    @staticmethod
    def visible_titles(spreadsheet: str, credentials: Path | None, api: str | None = None) -> tuple[str, ...]:
        """Return the titles of the tabs with cells that are not hidden; errors as in `open`."""
        _, found, _ = connect(spreadsheet, credentials, read_only=True, api=api)
        return tuple(tab.title for tab in found.tabs if not tab.hidden)

    @property
    def identity(self) -> Identity:
        """Which worksheet this is; the key is the spreadsheet's id, the worksheet's key its sheet id."""
        return Identity("google", self._book.key, str(self._tab.sheet_id), self._book.title, self._tab.title)

    def read(self, area: Area, scope: Scope, *, at_least: int = 0) -> Rows:
        """Return the rows of `area` as they are now, and what would stand in the way of moving them."""
        self._service.refresh_patience()
        return self._look(area, scope, at_least).rows

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return what the cells of an area show; see `worksheet.Worksheet.texts`."""
        self._service.refresh_patience()
        return self._shown(self._preflight(), area)

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where the columns stand, by their tags; by their names where there are none.

        See `worksheet.Worksheet.standing`.
        """
        self._service.refresh_patience()
        return self._standing(self._preflight(), area, names)

    def check_preview(self, area: Area, column: int) -> None:
        """Raise where the column is not empty; see `worksheet.Worksheet.check_preview`."""
        self._service.refresh_patience()
        tab = self._preflight()
        rows = google_reading.asked(tab, area, Scope.RANGE_ONLY)
        previews.refuse_place(tab, area, column)
        previews.refuse_held(self._strip(rows, column, area), tab.title)

    def reorder(self, move: Move, *, committing: Committing = nullcontext) -> str:
        """Apply `move` in one atomic batch, verified in its own answer; return one line that says what was written.

        See the module's docstring for what each edit in between ends in. `committing` is entered around the
        sending and the finding out of its outcome.
        """
        if list(move.order) == sorted(move.order) and move.columns is None:
            return "Every row is in its place already; nothing was written."
        self._service.refresh_patience()
        backups: list[Backup] = []
        overwrites = _writes_over(move.columns)

        def backup() -> Backup | None:
            if (self._backup_tab or overwrites) and not backups:
                backups.append(self._new_backup(move.run))
            return backups[0] if backups else None

        desk = Desk(
            self._service,
            self._book.key,
            lambda: self._ready(move),
            self._stamps,
            self._again,
            backup,
            lambda: self._new_guard(move),
            self._preflight,
        )
        commit = Commit(desk, move.run, move.order, move.scope, move.columns)
        reading = commit.start()
        with committing():
            self._service.refresh_patience()
            try:
                remark = commit.apply(reading)
            except SheetChanged:
                self._withdrawn(move.columns)
                raise
            if reading.strip is not None:
                remark += self._typed_under(reading.strip, backups[0])
            if overwrites and not self._backup_tab and not remark:
                remark = self._discarded(backups.pop())
        moved = sum(to != row for to, row in enumerate(move.order))
        written = "" if move.columns is None else f", with {', '.join(move.columns.names)} beside them"
        kept = f" A copy of the tab as it was is in {backups[0].title!r}." if backups else ""
        return (
            f"{moved} of {len(move.order)} rows of {self._tab.title!r} in {self._book.title!r} were moved in one step"
            f"{written}, and read back.{kept}{remark}"
        )

    def remove(
        self, names: tuple[str, ...], place: Place, keep: Keeping, *, committing: Committing = nullcontext
    ) -> str:
        """Take columns away, with all that was drawn around them; see `removing` and `worksheet.Worksheet.remove`."""
        self._service.refresh_patience()
        tab = self._preflight()
        below = Area(0, 0, place.header_row + 1)
        before = self._stood(tab, place, len(names), tab.title)
        if before is None or self._standing(tab, below, names) != place:
            raise SheetChanged("The columns to take away changed meanwhile.", "Nothing was written. Run again.")
        copy = self._new_backup(f"{place}")
        for obstacle in google_preflight.full(tab, self._book.cells, backup=True):
            raise Unsortable(obstacle.what, obstacle.hint)
        keep(before.last)
        pictures = [] if before.strip is None else previews.emptying(tab, before.strip)
        removal = Removal(
            self._service,
            self._book.key,
            tab,
            place,
            len(names),
            copy,
            lambda title: self._stood(tab, place, len(names), title),
            self._preflight,
        )
        with committing():
            self._service.refresh_patience()
            remark = removal.apply(before, pictures)
        return f"{self._tab.title!r} in {self._book.title!r} without {', '.join(names)}{remark}"

    def fill(self, filling: Filling, *, committing: Committing = nullcontext) -> str:
        """Write texts into the column for people; a copy of the tab, made in the same step, tells what was there.

        See `worksheet.Worksheet.fill`.
        """
        self._service.refresh_patience()

        def fresh() -> tuple[Preflight, tuple[str, ...]]:
            reading = self._look(filling.area, Scope.RANGE_ONLY, len(filling.rows))
            place = self._standing(reading.tab, filling.area, filling.names)
            held = [text for (text,) in self.texts(filling.cells)]
            refuse_changed(filling, reading.rows.urls, place, held, repr(self._tab.title))
            # The copy of the tab, which the batch makes, tells the columns by what they are called now.
            (names,) = self.texts(filling.header)
            return reading.tab, tuple(name.strip() for name in names)

        def cells(title: str, box: Box) -> Sequence[Any]:
            return google_reading.blocks(self._asked(google_reading.FIELDS, box.name, title))

        desk = google_filling.Desk(
            self._service, self._book.key, fresh, lambda: self._stamps()[0], cells, self._new_backup
        )
        fresh()  # before interruptions are held back
        with committing():
            self._service.refresh_patience()
            remark = google_filling.Fill(desk, filling, secrets.token_hex(8)).apply()
        return f"{filling.names[-1]} of {self._tab.title!r} in {self._book.title!r}{remark}"

    def landed(self, run: str) -> bool | None:
        """Say whether the move of that run was applied and stands; None when its stamp was cleaned up since."""
        self._service.refresh_patience()
        return verdict(run, self._stamps()[0])

    def _ready(self, move: Move) -> Reading:
        """Read again, and return what to plan from; raise when the rows changed or may not be moved."""
        reading = self._look(move.area, move.scope, len(move.rows), move.columns)
        if reading.rows.urls != move.rows.urls:
            raise SheetChanged(
                f"The addresses in {move.area} of {self._tab.title!r} changed while the pictures were compared.",
                "Nothing was written. Run the same command again; pictures that are known are not fetched again.",
            )
        if (obstacle := self._obstacle(reading, move)) is not None:
            raise Unsortable(obstacle.what, obstacle.hint)
        if move.columns is None:
            return reading
        if place_columns(self, move.area, move.scope, move.columns.names) != move.columns.place:
            raise SheetChanged("The columns beside the range changed.", "Nothing was written. Run again.")
        grown = google_columns.grown(reading, move.columns)
        looks = move.columns.looks
        if looks is None or looks.preview is None:
            return grown
        previews.refuse_place(reading.tab, move.area, looks.preview)
        strip = self._strip(reading.box, looks.preview, move.area)
        previews.refuse_held(strip, reading.tab.title)
        return previews.filled(grown, strip)

    @staticmethod
    def _obstacle(reading: Reading, move: Move) -> Obstacle | None:
        standing = (entry for entry in reading.rows.obstacles if not (entry.yields_to_force and move.force))
        return next(standing, None)

    def _preflight(self) -> Preflight:
        self._known = google_preflight.preflight(self._of_tab(google_preflight.FIELDS))
        return self._known

    def _new_guard(self, move: Move) -> tuple[Guard, int] | None:
        """Return marks for the columns of a move as they were seen last; None for a tab of one column."""
        tab = self._known or self._preflight()
        left, right = move.area.first_column, min(move.area.last_column + 1, tab.columns)
        if move.scope is Scope.WHOLE_ROWS:
            left, right = 0, tab.columns
        if tab.columns < 2 or left >= right:
            return None
        return guard(tab.sheet_id, guarded(left, right, tab.columns)), tab.columns

    def _shown(self, tab: Preflight, area: Area, title: str | None = None) -> tuple[tuple[str, ...], ...]:
        """Return what cells of the tab show, or those of the same place in the tab of another title."""
        place = google_reading.asked(tab, area, Scope.RANGE_ONLY)
        fields = google_reading.TEXT_FIELDS
        answer = self._of_tab(fields, place) if title in (None, tab.title) else self._asked(fields, place.name, title)
        return google_reading.texts(area, place, answer)

    def _standing(self, tab: Preflight, area: Area, names: tuple[str, ...]) -> Place | None:
        tagged = google_columns.tagged(tab, area, names)
        return tagged or find_columns(lambda cells: self._shown(tab, cells), area, names)

    def _strip(self, rows: Box, column: int, area: Area) -> Strip:
        place = replace(rows, left=column, right=column + 1)
        answer = self._of_tab(google_reading.STRIP_FIELDS, place)
        return google_reading.strip(answer, place, area.first_column)

    def _stood(self, tab: Preflight, place: Place, count: int, title: str) -> Stood | None:
        """Return what stands where our columns are, in the tab or in a copy of it; None where there is no copy."""
        end = place.column + count - 1
        try:
            (header,) = self._shown(tab, Area(place.column, end, place.header_row, place.header_row), title)
            below = self._shown(tab, Area(end, end, place.header_row + 1, max(tab.rows, place.header_row + 1)), title)
            strip = None
            if (column := tab.tags.columns.get(tags.PREVIEW)) is not None:
                cells = Box(place.header_row, tab.rows, column, column + 1)
                fields = google_reading.STRIP_FIELDS
                answer = self._of_tab(fields, cells) if title == tab.title else self._asked(fields, cells.name, title)
                strip = google_reading.strip(answer, cells, 0)
        except NotFound:
            return None
        return Stood(header, tuple(text for (text,) in below), strip)

    def _look(self, area: Area, scope: Scope, at_least: int, columns: Columns | None = None) -> Reading:
        backup = self._backup_tab or _writes_over(columns)
        more = 0 if columns is None or columns.place.standing else len(columns.names)
        while True:
            tab = self._preflight()
            place = google_reading.asked(tab, area, scope)
            answer = self._of_tab(google_reading.FIELDS, place)
            if google_reading.width_of(answer) == tab.columns:  # else a column came or went between the two
                question = Question(area, scope, self._book.cells, backup, at_least, more)
                return self._same_columns(google_reading.reading(tab, question, place, answer), area)

    def _same_columns(self, reading: Reading, area: Area) -> Reading:
        """Add an obstacle when the area names other columns than at its first reading by this object."""
        first = self._columns.setdefault(area, reading.columns)
        if not exchanged(first, reading.columns):
            return reading
        obstacle = Obstacle(
            f"The range {area} of {self._tab.title!r} holds other columns than when this run began: a column was"
            " inserted, deleted, moved or emptied.",
            "Look which columns hold the addresses now, name them with -r, and run the command again.",
        )
        return replace(reading, rows=replace(reading.rows, obstacles=(obstacle, *reading.rows.obstacles)))

    def _again(self, plan: Plan) -> Seen:
        rows = Box(plan.box.top, plan.box.bottom, 0, max(plan.columns, plan.box.right) + 8)
        # Whole rows, open to the right, so that a column that moved is found wherever it is now.
        return google_reading.seen_after(self._of_tab(_AGAIN_FIELDS, rows, whole_rows=True), plan.box)

    def _stamps(self) -> tuple[tuple[Stamp, ...], frozenset[int]]:
        return google_preflight.stamps(
            self._service.spreadsheet_json(self._book.key, {"fields": _STAMP_FIELDS, "includeGridData": "false"})
        )

    def _of_tab(self, fields: str, place: Box | None = None, *, whole_rows: bool = False) -> Mapping[str, Any]:
        """Return `spreadsheets.get` of cells of the tab, which is found by its id when it was renamed."""
        cells = "" if place is None else place.name
        if place is not None and whole_rows:
            cells = f"{place.top + 1}:{place.bottom}"
        try:
            answer = self._asked(fields, cells)
            if _sheet_id(answer) == self._tab.sheet_id:
                return answer
        except NotFound:
            pass
        self._find_tab()
        answer = self._asked(fields, cells)
        if _sheet_id(answer) != self._tab.sheet_id:
            raise self._gone()
        return answer

    def _asked(self, fields: str, cells: str, title: str | None = None) -> Mapping[str, Any]:
        name = quoted(self._tab.title if title is None else title, cells)
        return self._service.spreadsheet_json(self._book.key, {"ranges": name, "fields": fields})

    def _find_tab(self) -> None:
        self._book = book(self._service, self._book.key)
        for tab in self._book.tabs:
            if tab.sheet_id == self._tab.sheet_id:
                self._tab = tab
                return
        raise self._gone()

    def _gone(self) -> NotFound:
        names = ", ".join(repr(tab.title) for tab in self._book.tabs)
        return NotFound(
            f"The worksheet {self._tab.title!r} is no longer in the spreadsheet {self._book.title!r}.",
            f"Nothing was written. Its worksheets are: {names}.",
        )

    def _typed_under(self, strip: Strip, copy: Backup) -> str:
        """Return a remark where somebody typed into the column of pictures in the moment before it was filled."""
        cells = Box(strip.rows.start, strip.rows.stop, strip.column, strip.column + 1)
        answer = self._asked(google_reading.STRIP_FIELDS, cells.name, copy.title)
        typed = previews.others(google_reading.strip(answer, cells, 0))
        if not typed:
            return ""
        letter = column_letters(strip.column)
        names = ", ".join(f"{letter}{row + 1}" for row in typed[:20])
        return f" In the moment before, somebody typed into {names}, where the pictures are now."

    def _withdrawn(self, columns: Columns | None) -> None:
        """Take new columns away whose sort was taken back: after an edit of columns they may stand anywhere."""
        if columns is None or columns.place.standing:
            return

        def unless_decided(last: tuple[str, ...]) -> None:
            if any(last):
                raise SheetChanged("Somebody decided something already.", "The columns stay.")

        with suppress(CurationError):  # they stay then, and another run finds them by their tags
            tab = self._preflight()
            place = google_columns.tagged(tab, Area(0, 0, tab.rows + 1), columns.names)
            if place is not None:
                self.remove(columns.names, place, unless_decided)

    def _discarded(self, copy: Backup) -> str:
        """Delete a copy of the tab that is no longer needed; return a remark where that failed."""
        outcome = self._service.send(self._book.key, {"requests": [google_columns.discarding(copy)]}, "replies")
        if isinstance(outcome, Answered):
            return ""
        return f" A copy of the tab as it was may be left in {copy.title!r}: delete it."

    def _new_backup(self, run: str) -> Backup:
        self._book = book(self._service, self._book.key)
        ids = {tab.sheet_id for tab in self._book.tabs}
        number = zlib.crc32(run.encode()) & 0x7FFFFFFF
        while number in ids:
            number = (number + 1) & 0x7FFFFFFF
        stem = f"{self._tab.title[:60]} before {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        titles = {tab.title for tab in self._book.tabs}
        title = next(name for i in range(len(titles) + 1) if (name := f"{stem} ({i})" if i else stem) not in titles)
        return Backup(number, title, self._book.sheets)


def _writes_over(columns: Columns | None) -> bool:
    """Whether writing the columns writes over cells, so that there must be a copy of the tab."""
    if columns is None:
        return False
    return columns.place.standing or (columns.looks is not None and columns.looks.preview is not None)


def _sheet_id(answer: Mapping[str, Any]) -> int | None:
    sheets = answer.get("sheets") or ()
    return int((sheets[0].get("properties") or {}).get("sheetId", 0)) if sheets else None
