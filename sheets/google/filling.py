"""Writing into the column that belongs to people: one atomic batch, judged by a copy of the tab that the batch made.

The service knows no write that depends on what a cell holds. So the batch copies the tab first: the copy is the tab as
it was right before our texts went in. Where it shows that rows or columns had moved, or that somebody had decided in
that very moment, the cells concerned are put back from it at once, and the copy goes when they are as they were.
What each outcome of a request means is found out from the stamp that the batch leaves first; see `commit`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from errors import CurationError, ServiceFailed, SheetChanged
from sheets.filling import Filling
from sheets.google import cells as google_cells
from sheets.google import columns as google_columns
from sheets.google.batch import STAMP_FIELDS, Backup, copying, stamp_body
from sheets.google.client import Answered, Outcome, Refused, Service
from sheets.google.endings import left_over, no_answer
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import matrix
from sheets.google.stamps import Stamp, cancelled, creation, deletions, next_stamp

_TRIES = 3
_HINT = "Run the same command again while nobody edits the rows."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tab shows beside the rows of a filling: the names above, the URLs, and the cells to be filled."""

    names: tuple[str, ...]
    urls: tuple[str, ...]
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """What filling needs from the worksheet.

    `fresh` reads again, raises when anything is no longer as it was read, and returns the tab and the names above the
    columns, which people may have changed; `stamps` returns the stamps of the spreadsheet; `cells` reads the cells of a
    tab by its title; `copy` names the next copy of the tab.
    """

    service: Service
    key: str
    fresh: Callable[[], tuple[Preflight, tuple[str, ...]]]
    stamps: Callable[[], Iterable[Stamp]]
    cells: Callable[[str, Box], Sequence[dict[str, Any]]]
    copy: Callable[[str], Backup]


def box_of(filling: Filling) -> Box:
    """Return the cells to look at: from the row of names to the last row, from the URLs to the column to be filled."""
    bottom = filling.rows.first_row - 1 + len(filling.rows)
    left = min(filling.area.first_column, filling.place.column)
    return Box(filling.place.header_row - 1, bottom, left, max(filling.area.first_column, filling.column) + 1)


def shown(filling: Filling, blocks: Iterable[dict[str, Any]]) -> Shown:
    """Return what cells of `box_of(filling)` show."""
    box = box_of(filling)
    cells = matrix(blocks, box)
    texts = [[str(cell.get("formattedValue", "")).strip() for cell in row] for row in cells]
    at = filling.place.column - box.left
    rows = cells[filling.rows.first_row - 1 - box.top :]
    return Shown(
        tuple(texts[0][at : at + len(filling.names)]),
        tuple(google_cells.url(row[filling.area.first_column - box.left]) for row in rows),
        tuple(str(row[filling.column - box.left].get("formattedValue", "")) for row in rows),
    )


class Fill:
    """One filling on its way: `apply` returns when it is in the sheet and judged, and raises otherwise."""

    def __init__(self, desk: Desk, filling: Filling, run: str) -> None:
        self._desk = desk
        self._filling = filling
        self._run = run

    def apply(self) -> str:
        """Write the texts; return a remark for the user, "" when there is none."""
        for attempt in range(_TRIES):
            tab, names = self._desk.fresh()
            run = f"{self._run}-{attempt}"
            stamp, copy = next_stamp(run, tab.stamps, tab.taken), self._desk.copy(run)
            outcome = self._delivered(self._body(tab, stamp, copy))
            if isinstance(outcome, Answered) or self._applied(outcome, stamp):
                return self._judged(tab, names, copy)
            if isinstance(outcome, Refused):
                refused = outcome.refusal
                # Another run may have been faster, or the tab have changed: the next look says so.
                if attempt == _TRIES - 1 or (refused.status != 400 and not refused.stamp_exists):
                    raise self._desk.service.error(refused, writing=True)
        raise no_answer()

    def _body(self, tab: Preflight, stamp: Stamp, copy: Backup) -> dict[str, Any]:
        top, column = self._filling.rows.first_row - 1, self._filling.column
        writes = [
            google_columns.texts_at(tab.sheet_id, top + first, column, [(text,) for text in texts])
            for first, texts in self._filling.runs()
        ]
        requests = [creation(stamp), copying(tab.sheet_id, copy), *writes, *deletions(tab.stamps, stamp.epoch)]
        return {"requests": requests}

    def _judged(self, tab: Preflight, names: tuple[str, ...], copy: Backup) -> str:
        """Compare the copy, which is the tab right before the write, with what was read; put back what was not ours."""
        before = self._copied(tab, copy)
        moved = before.names != names or before.urls != self._filling.rows.urls
        typed = self._filling.typed(before.held)
        if not moved and not typed:
            return self._discarded(copy)
        foreign = [i for i, text in enumerate(self._filling.texts) if text is not None] if moved else typed
        self._put_back(tab, copy, before, foreign)
        self._discarded(copy)
        if moved:
            raise SheetChanged(
                f"Rows or columns of {tab.title!r} were moved in the moment of writing. What was written was taken"
                " back.",
                _HINT,
            )
        rows = ", ".join(str(self._filling.rows.first_row + i) for i in foreign[:20])
        raise SheetChanged(
            f"Somebody decided row {rows} of {tab.title!r} in the moment of writing, and that stands.",
            _HINT,
            landed=True,
        )

    def _copied(self, tab: Preflight, copy: Backup) -> Shown:
        """Read the copy; the texts are in the tab by now, so a failure must not say otherwise."""
        try:
            return shown(self._filling, self._desk.cells(copy.title, box_of(self._filling)))
        except CurationError as error:
            raise ServiceFailed(
                f"The column {self._filling.names[-1]!r} of {tab.title!r} was written, but it cannot be checked whether"
                f" others edited the rows in that moment. {error.what}",
                f"The tab {copy.title!r} holds it as it was: compare, and delete that tab.",
            ) from error

    def _put_back(self, tab: Preflight, copy: Backup, before: Shown, foreign: Sequence[int]) -> None:
        filling = self._filling
        only = replace(filling, texts=tuple("" if i in set(foreign) else None for i in range(len(filling.rows))))
        top = filling.rows.first_row - 1
        requests = []
        for first, texts in only.runs():
            cells = Box(top + first, top + first + len(texts), filling.column, filling.column + 1)
            requests.append(google_columns.putting_back(tab.sheet_id, cells, copy))
        # A second arrival writes the same cells once more, so sending again does no harm while the copy stands.
        for _ in range(_TRIES):
            if isinstance(self._delivered({"requests": requests}), Answered):
                break
        try:
            after = shown(filling, self._desk.cells(tab.title, box_of(filling)))
        except CurationError:
            after = None
        if (
            after is None
            or (after.names, after.urls) != (before.names, before.urls)
            or any(after.held[i] != before.held[i] for i in foreign)
        ):
            raise ServiceFailed(
                f"Others edited {tab.title!r} in the moment of writing, and it is not certain that every cell of"
                f" column {filling.names[-1]!r} is on its row.",
                f"The tab {copy.title!r} holds it as it was: compare, and delete that tab.",
            )

    def _delivered(self, request: dict[str, Any]) -> Outcome:
        return self._desk.service.deliver(self._desk.key, request, STAMP_FIELDS)

    def _applied(self, outcome: Outcome, stamp: Stamp) -> bool:
        """Find out from the stamp whether a batch was applied, however it was answered; if not, it never will be."""
        if isinstance(outcome, Refused):
            return any(one.id == stamp.id and one.run == stamp.run for one in self._desk.stamps())
        lone = replace(stamp, run=cancelled(stamp.run))
        for attempt in range(_TRIES):
            if isinstance(self._delivered(stamp_body(lone)), Answered):
                return False
            known = {one.id: one for one in self._desk.stamps()}
            if stamp.id in known:
                return known[stamp.id].run == stamp.run
            self._desk.service.wait(attempt, None, "no answer to a write")
        raise ServiceFailed(
            "Google stopped answering while decisions were being written; it is not known whether they were.",
            "Either all were written or none. Look at the sheet when Google answers again.",
        )

    def _discarded(self, copy: Backup) -> str:
        return left_over(self._delivered({"requests": [google_columns.discarding(copy)]}), copy)
