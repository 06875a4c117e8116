"""What to write into the one column beside the rows that belongs to people, and when that may no longer be done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from errors import SheetChanged
from sheets.a1 import Area
from sheets.columns import Place
from sheets.rows import Rows


@dataclass(frozen=True, slots=True)
class Filling:
    """Texts for cells of the last of the columns that stand at `place`; nothing else is written and no row moves.

    `held[i]` is what the cell of row i showed when it was read, `texts[i]` what it is to say: None leaves it alone.
    """

    area: Area
    rows: Rows
    names: tuple[str, ...]
    place: Place
    held: tuple[str, ...]
    texts: tuple[str | None, ...]

    def __post_init__(self) -> None:
        """Refuse, before anything is written, texts that are not one for each row."""
        if not len(self.held) == len(self.texts) == len(self.rows):
            raise AssertionError("the texts are not one for each row")

    @property
    def column(self) -> int:
        """The column that is written, from 0."""
        return self.place.column + len(self.names) - 1

    @property
    def cells(self) -> Area:
        """The cells of that column beside the rows."""
        return Area(self.column, self.column, self.rows.first_row, self.rows.first_row + len(self.rows) - 1)

    @property
    def header(self) -> Area:
        """The cells with the names of the columns."""
        row = self.place.header_row
        return Area(self.place.column, self.column, row, row)

    def typed(self, held: Sequence[str]) -> list[int]:
        """Return the rows (from 0) to be written whose cell shows something else than when it was read."""
        return [i for i, text in enumerate(self.texts) if text is not None and held[i] != self.held[i]]

    def runs(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the texts of rows that follow each other, with the first of these rows (from 0)."""
        filled = [(i, text) for i, text in enumerate(self.texts) if text is not None]
        for _, run in groupby(enumerate(filled), key=lambda numbered: numbered[1][0] - numbered[0]):
            rows = [one for _, one in run]
            yield rows[0][0], [text for _, text in rows]


def refuse_changed(filling: Filling, urls: Sequence[str], place: Place | None, held: Sequence[str], name: str) -> None:
    """Raise `SheetChanged` when the rows, the columns or a cell to be written are no longer as they were read."""
    if tuple(urls) != filling.rows.urls or place != filling.place:
        what = f"The rows or the columns of {name} changed meanwhile."
    elif typed := filling.typed(held):
        what = f"Row {filling.rows.first_row + typed[0]} of {name} was decided by somebody else meanwhile."
    else:
        return
    raise SheetChanged(what, "Nothing was written. Run the same command again.")
