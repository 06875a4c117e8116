"""What the review columns say beside the rows, above all what people decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.messages import plain
from errors import SheetChanged
from report.decisions import KINDS, kind_of
from report.review import NAMES
from sheets.a1 import Area
from sheets.columns import Place
from sheets.rows import Rows, Scope
from sheets.worksheet import Worksheet

_ATTEMPTS: Final = 3
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Marks:
    """The texts of three review columns, one for each row: its group, its status, and what people decided."""

    groups: tuple[str, ...]
    statuses: tuple[str, ...]
    decisions: tuple[str, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What was decided for each row, as one of `KINDS`; "" for nothing, or what is no decision."""
        return tuple(kind_of(text) for text in self.decisions)

    def unread(self, first_row: int) -> str:
        """Return a warning of texts that stand for a decision and are none, "" where there are none."""
        rows = [
            f"row {first_row + i} says {plain(text, 40)!r}"
            for i, (text, kind) in enumerate(zip(self.decisions, self.kinds, strict=True))
            if text.strip() and not kind
        ]
        if not rows:
            return ""
        more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        return f"Not counted as decisions, since they are none of {', '.join(KINDS)}: {'; '.join(rows[:_SHOWN])}{more}."


def no_marks(count: int) -> Marks:
    """Return what stands beside rows without review columns: nothing."""
    return Marks(("",) * count, ("",) * count, ("",) * count)


def standing(worksheet: Worksheet, area: Area) -> Place | None:
    """Return where review columns stand, None where they do not."""
    return worksheet.standing(area, NAMES)


def read_marks(worksheet: Worksheet, place: Place | None, rows: Rows) -> Marks:
    """Return what the columns at `place` say beside `rows`; nothing where there are none."""
    if place is None or not place.standing or not rows:
        return no_marks(len(rows))
    last = rows.first_row + len(rows) - 1
    texts = worksheet.texts(Area(place.column, place.column + len(NAMES) - 1, rows.first_row, last))
    return Marks(*(_column(texts, name) for name in ("group", "status", "decision")))


def read_beside(worksheet: Worksheet, area: Area, scope: Scope, place: Place | None) -> tuple[Rows, Marks]:
    """Read rows and what stands beside them; raise `SheetChanged` where rows kept moving between the two readings."""
    for _ in range(_ATTEMPTS):
        rows = worksheet.read(area, scope)
        marks = read_marks(worksheet, place, rows)
        # What is decided to be distinct is remembered for ever, so it must not be said of another row's picture.
        if "distinct" not in marks.kinds or worksheet.read(area, scope).urls == rows.urls:
            return rows, marks
    raise SheetChanged("Others kept editing the sheet while it was read.", "Nothing was written. Run again later.")


def _column(texts: Sequence[Sequence[str]], name: str) -> tuple[str, ...]:
    at = NAMES.index(name)
    return tuple(row[at] for row in texts)
