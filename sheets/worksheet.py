"""The one interface to a tab of rows; one file per back-end implements it (google, xlsx, delimited)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from sheets.a1 import Area
from sheets.columns import Columns, Place
from sheets.filling import Filling
from sheets.rows import Rows, Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """Which worksheet this is: `kind` and the two keys find it again, the two titles are for people.

    `key` is a spreadsheet id or an absolute path, `worksheet_key` a sheet id or tab title ("" for a csv).
    """

    kind: str
    key: str
    worksheet_key: str
    spreadsheet: str
    worksheet: str


@dataclass(frozen=True, slots=True)
class Move:
    """One reordering: row i of the result is row `order[i]` of `rows`, both counted from 0.

    `run` is a fresh id, by which a back-end that can knows its own write again. `columns` are written in the
    same step, before the rows move; columns that stand already are part of the area.
    """

    area: Area
    scope: Scope
    rows: Rows
    order: tuple[int, ...]
    run: str
    force: bool = False
    columns: Columns | None = None

    def __post_init__(self) -> None:
        """Refuse, before anything is written, an order that would lose or double a row, and texts without a row."""
        if self.columns is not None and len(self.columns.texts) != len(self.rows):
            raise AssertionError("the columns have not one line for each row")
        if sorted(self.order) != list(range(len(self.rows))):
            raise AssertionError("the order is not a permutation of the rows that were read")


Keeping = Callable[[tuple[str, ...]], None]
"""Given the texts of the last column, from the row below its name on, before they are taken away."""
Committing = Callable[[], AbstractContextManager[object]]
"""Entered around the one write, so that a caller can hold back Ctrl-C until the outcome is known."""


class Worksheet(Protocol):
    """A tab whose rows can be read and put into another order."""

    @property
    def identity(self) -> Identity:
        """Which worksheet this is."""
        ...

    def read(self, area: Area, scope: Scope, *, at_least: int = 0) -> Rows:
        """Return the rows of `area` as they are now, and what would stand in the way of moving them.

        Blank rows at the end are left out, except that the first `at_least` rows are given as far as the
        worksheet reaches: an undo needs the blank rows that a sort has put last.
        Raises `NotFound`, `AccessRefused` or `ServiceFailed`. Never writes.
        """
        ...

    def texts(self, area: Area) -> tuple[tuple[str, ...], ...]:
        """Return what the cells of an area with a last row show, "" for a blank one; errors as in `read`.

        Exactly the rows asked for, from `area.first_row`, each padded to the area's width.
        """
        ...

    def reorder(self, move: Move, *, committing: Committing = nullcontext) -> str:
        """Apply `move` in one atomic step and return one line that says what was written.

        The cells are read again first, as many rows as `move.rows` has. Raises `SheetChanged` when the URLs are
        no longer `move.rows.urls`, or its columns no longer belong where they were planned (nothing is written then,
        unless its `landed` says so), `Unsortable` at an obstacle that `move.force` does not override, and the errors
        of `read`. Either the whole move is applied or nothing is; whatever is raised otherwise, the worksheet is as
        it was.
        """
        ...

    def standing(self, area: Area, names: tuple[str, ...]) -> Place | None:
        """Return where columns that a move has written beside an area stand, None where they do not.

        Raises `Unsortable` when they stand twice, or only some of them side by side; and the errors of `read`.
        """
        ...

    def check_preview(self, area: Area, column: int) -> None:
        """Raise `UsageError` or `Unsortable` where a column cannot be filled with the pictures of an area's rows."""
        ...

    def remove(
        self, names: tuple[str, ...], place: Place, keep: Keeping, *, committing: Committing = nullcontext
    ) -> str:
        """Take the columns away, and all that surrounds them, in one atomic step; return one line about it.

        What people have put into the last column is given to `keep` first. Raises `SheetChanged` when the columns no
        longer stand at `place`, and the errors of `read`.
        """
        ...

    def fill(self, filling: Filling, *, committing: Committing = nullcontext) -> str:
        """Write the texts of `filling` in one atomic step and nothing else; return one line that says what was written.

        The cells are read again first. Raises `SheetChanged` when the URLs, the place of the columns or a cell that
        would be written are no longer as they were read (nothing is written then; where somebody decided in the very
        moment, their cell is as they left it), and the errors of `standing`. What hinders a move does not hinder this.
        """
        ...

    def landed(self, run: str) -> bool | None:
        """Say whether the move of that run was applied; None where the back-end cannot know."""
        ...
