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
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from errors import CurationError, SheetChanged
from sheets.a1 import Area, column_letters
from sheets.columns import Columns, Place, refuse_moved
from sheets.filling import Filling, refuse_changed
from sheets.google import columns as google_columns
from sheets.google import filling as google_filling
from sheets.google import preflight as google_preflight
from sheets.google import previews
from sheets.google import reading as google_reading
from sheets.google.batch import Backup
from sheets.google.client import Patience, Service
from sheets.google.commit import Commit
from sheets.google.current import CurrentTab
from sheets.google.desk import Desk
from sheets.google.endings import left_over
from sheets.google.guard import Guard, guard, guarded
from sheets.google.open import Book, Tab, choose, connect
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import Reading, Strip
from sheets.google.removing import Removal
from sheets.google.stamps import verdict
from sheets.rows import Rows, Scope, stop_at
from sheets.worksheet import Committing, Identity, Keeping, Move


class GoogleWorksheet:
    """One tab of a Google spreadsheet; implements `sheets.worksheet.Worksheet`."""

    def __init__(self, service: Service, found: Book, tab: Tab, *, backup_tab: bool = False) -> None:
        self._service = service
        self._current = CurrentTab(service, found, tab)
        self._backup_tab = backup_tab

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
        book, tab = self._current.book, self._current.tab
        return Identity("google", book.key, str(tab.sheet_id), book.title, tab.title)

    def read(self, area: Area, scope: Scope, *, at_least: int = 0) -> Rows:
        """Return the rows of `area` as they are now, and what would stand in the way of moving them."""
        self._service.refresh_patience()
        return self._look(area, scope, at_least).rows

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return what the cells of an area show; see `worksheet.Worksheet.texts`."""
        self._service.refresh_patience()
        return self._current.texts(self._current.preflight(), area)

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where the columns stand, by their tags; by their names where there are none.

        See `worksheet.Worksheet.standing`.
        """
        self._service.refresh_patience()
        return self._current.standing(self._current.preflight(), area, names)

    def check_preview(self, area: Area, column: int) -> None:
        """Raise where the column is not empty; see `worksheet.Worksheet.check_preview`."""
        self._service.refresh_patience()
        tab = self._current.preflight()
        rows = google_reading.asked(tab, area, Scope.RANGE_ONLY)
        previews.refuse_place(tab, area, column)
        previews.refuse_held(self._current.strip(rows, column, area), tab.title)

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
                backups.append(self._current.new_backup(move.run))
            return backups[0] if backups else None

        desk = Desk(
            self._service,
            self._current.key,
            lambda: self._ready(move),
            self._current.stamps,
            self._current.again,
            backup,
            lambda: self._new_guard(move),
            self._current.preflight,
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
            f"{moved} of {len(move.order)} rows of {self._current.called} were moved in one step"
            f"{written}, and read back.{kept}{remark}"
        )

    def remove(
        self, names: tuple[str, ...], place: Place, keep: Keeping, *, committing: Committing = nullcontext
    ) -> str:
        """Take columns away, with all that was drawn around them; see `removing` and `worksheet.Worksheet.remove`."""
        self._service.refresh_patience()
        tab = self._current.preflight()
        below = Area(0, 0, place.header_row + 1)
        before = self._current.stood(tab, place, len(names), tab.title)
        if before is None or self._current.standing(tab, below, names) != place:
            raise SheetChanged("The columns to take away changed meanwhile.", "Nothing was written. Run again.")
        copy = self._current.new_backup(f"{place}")
        stop_at(google_preflight.full(tab, self._current.book.cells, backup=True), force=False)
        keep(before.last)
        pictures = [] if before.strip is None else previews.emptying(tab, before.strip)
        removal = Removal(
            self._service,
            self._current.key,
            tab,
            place,
            len(names),
            copy,
            lambda title: self._current.stood(tab, place, len(names), title),
            self._current.preflight,
        )
        with committing():
            self._service.refresh_patience()
            remark = removal.apply(before, pictures)
        return f"{self._current.called} without {', '.join(names)}{remark}"

    def fill(self, filling: Filling, *, committing: Committing = nullcontext) -> str:
        """Write texts into the column for people; a copy of the tab, made in the same step, tells what was there.

        See `worksheet.Worksheet.fill`.
        """
        self._service.refresh_patience()

        def fresh() -> tuple[Preflight, tuple[str, ...]]:
            reading = self._look(filling.area, Scope.RANGE_ONLY, len(filling.rows))
            place = self._current.standing(reading.tab, filling.area, filling.names)
            held = [text for (text,) in self.texts(filling.cells)]
            refuse_changed(filling, reading.rows.urls, place, held, repr(self._current.title))
            # The copy of the tab, which the batch makes, tells the columns by what they are called now.
            (names,) = self.texts(filling.header)
            return reading.tab, tuple(name.strip() for name in names)

        def cells(title: str, box: Box) -> Sequence[Any]:
            return google_reading.blocks(self._current.asked(google_reading.FIELDS, box.name, title))

        desk = google_filling.Desk(
            self._service, self._current.key, fresh, lambda: self._current.stamps()[0], cells, self._current.new_backup
        )
        fresh()  # before interruptions are held back
        with committing():
            self._service.refresh_patience()
            remark = google_filling.Fill(desk, filling, secrets.token_hex(8)).apply()
        return f"{filling.names[-1]} of {self._current.called}{remark}"

    def landed(self, run: str) -> bool | None:
        """Say whether the move of that run was applied and stands; None when its stamp was cleaned up since."""
        self._service.refresh_patience()
        return verdict(run, self._current.stamps()[0])

    def _ready(self, move: Move) -> Reading:
        """Read again, and return what to plan from; raise when the rows changed or may not be moved."""
        reading = self._look(move.area, move.scope, len(move.rows), move.columns)
        if reading.rows.urls != move.rows.urls:
            raise SheetChanged(
                f"The addresses in {move.area} of {self._current.title!r} changed while the pictures were compared.",
                "Nothing was written. Run the same command again; pictures that are known are not fetched again.",
            )
        stop_at(reading.rows.obstacles, force=move.force)
        if move.columns is None:
            return reading
        found = self.standing(move.area, move.columns.names)
        refuse_moved(self.texts, found, move.area, move.scope, move.columns)
        grown = google_columns.grown(reading, move.columns)
        looks = move.columns.looks
        if looks is None or looks.preview is None:
            return grown
        previews.refuse_place(reading.tab, move.area, looks.preview)
        strip = self._current.strip(reading.box, looks.preview, move.area)
        previews.refuse_held(strip, reading.tab.title)
        return previews.filled(grown, strip)

    def _new_guard(self, move: Move) -> tuple[Guard, int] | None:
        """Return marks for the columns of a move as they were seen last; None for a tab of one column."""
        tab = self._current.seen_last()
        left, right = move.area.first_column, min(move.area.last_column + 1, tab.columns)
        if move.scope is Scope.WHOLE_ROWS:
            left, right = 0, tab.columns
        if tab.columns < 2 or left >= right:
            return None
        return guard(tab.sheet_id, guarded(left, right, tab.columns)), tab.columns

    def _look(self, area: Area, scope: Scope, at_least: int, columns: Columns | None = None) -> Reading:
        backup = self._backup_tab or _writes_over(columns)
        more = 0 if columns is None or columns.place.standing else len(columns.names)
        return self._current.reading(area, scope, at_least, backup=backup, more_columns=more)

    def _typed_under(self, strip: Strip, copy: Backup) -> str:
        """Return a remark where somebody typed into the column of pictures in the moment before it was filled."""
        cells = Box(strip.rows.start, strip.rows.stop, strip.column, strip.column + 1)
        answer = self._current.asked(google_reading.STRIP_FIELDS, cells.name, copy.title)
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
            tab = self._current.preflight()
            place = google_columns.tagged(tab, Area(0, 0, tab.rows + 1), columns.names)
            if place is not None:
                self.remove(columns.names, place, unless_decided)

    def _discarded(self, copy: Backup) -> str:
        """Delete a copy of the tab that is no longer needed; return a remark where that failed."""
        requests = [google_columns.discarding(copy)]
        return left_over(self._service.send(self._current.key, {"requests": requests}, "replies"), copy)


def _writes_over(columns: Columns | None) -> bool:
    """Whether writing the columns writes over cells, so that there must be a copy of the tab."""
    if columns is None:
        return False
    return columns.place.standing or (columns.looks is not None and columns.looks.preview is not None)
