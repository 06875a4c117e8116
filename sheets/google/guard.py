"""The marks on columns by which Google itself refuses a batch that would hit other columns than planned.

Google Sheets has no write with a precondition. But metadata moves with its column, and a batch that creates metadata
whose id exists is refused as a whole. So the columns of a range are marked before the last look at the tab, and the
batch begins by taking each mark away from exactly the column where it should be, and putting it there again: a mark
that has moved stays, its id exists, and nothing of the batch is applied.

A deleted column takes its mark with it; then the mark of the column right of the range has moved, so that one bears a
mark, too. The batch leaves the marks in place, so that taking a sort back is guarded as well; a last write takes them
away.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sheets.google.tags import forgetting

Json = Mapping[str, Any]
KEY = "image-dataset-curation.guard"
# Ids of our stamps begin at 1,206,100,000; marks are spread over what lies above.
_LOWEST, _IDS = 1_300_000_000, 1 << 29
# A range of more columns has marks on its edges only: every mark costs two requests of the batch.
_EACH_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class Guard:
    """The marks on a tab: 0-based columns, each with the id of its mark."""

    sheet_id: int
    marks: tuple[tuple[int, int], ...]

    def fits(self, found: Mapping[int, int]) -> bool:
        """Say whether every mark is on its column, from the columns by the ids of the marks that a look found."""
        return all(found.get(number) == column for column, number in self.marks)

    def refuses(self, number: int | None) -> bool:
        """Say whether an id that exists already, for which a batch was refused, is that of a mark."""
        return any(number == mark for _, mark in self.marks)

    def checks(self) -> list[dict[str, Any]]:
        """Return the requests that refuse the batch where a column is not in its place."""
        return [
            request
            for column, number in self.marks
            for request in (self._leaving(column, number), self._mark(column, number))
        ]

    def marking(self, columns: int, *, prove: bool = True) -> dict[str, Any]:
        """Return the batch that puts the marks on a tab of so many columns, and may prove that they guard.

        The proof is to take the first one away from a column where it is not.
        """
        first, number = self.marks[0]
        elsewhere = first + 1 if first + 1 < columns else first - 1
        proof = [self._leaving(elsewhere, number)] if prove else []
        return {"requests": [*(self._mark(*mark) for mark in self.marks), *proof]}

    def proven(self, replies: Sequence[Json]) -> bool:
        """Say from the replies to `marking` whether a mark stays when it is looked for on another column."""
        return len(replies) > len(self.marks) and not replies[len(self.marks)]

    def shifted(self, at: int, count: int) -> "Guard":
        """Return the guard after `count` columns were inserted before column `at`."""
        return replace(self, marks=tuple((c + count if c >= at else c, number) for c, number in self.marks))

    def moved(self, found: Mapping[int, int], left: int, right: int) -> int | None:
        """Return by how much all columns from `left` to `right` have moved together; None where they have not."""
        inside = [(column, number) for column, number in self.marks if left <= column < right]
        if len(inside) < right - left:
            return None
        ways = {found[number] - column if number in found else None for column, number in inside}
        return ways.pop() if len(ways) == 1 else None

    def _mark(self, column: int, number: int) -> dict[str, Any]:
        return {
            "createDeveloperMetadata": {
                "developerMetadata": {
                    "metadataId": number,
                    "metadataKey": KEY,
                    "visibility": "DOCUMENT",
                    "location": {"dimensionRange": self._place(column)},
                }
            }
        }

    def _leaving(self, column: int, number: int) -> dict[str, Any]:
        lookup = {
            "metadataId": number,
            "metadataLocation": {"dimensionRange": self._place(column)},
            "locationMatchingStrategy": "EXACT_LOCATION",
        }
        return {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": lookup}}}

    def _place(self, column: int) -> dict[str, Any]:
        return {"sheetId": self.sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}


def guard(sheet_id: int, columns: Sequence[int]) -> Guard:
    """Return marks for columns, with ids that nobody is likely to have."""
    first = _LOWEST + secrets.randbelow(_IDS)
    return Guard(sheet_id, tuple((column, first + i) for i, column in enumerate(columns)))


def guarded(left: int, right: int, columns: int) -> tuple[int, ...]:
    """Return which columns of a tab to mark, so that `left` to `right` (excluded) are known to be in place.

    >>> guarded(1, 3, 6), guarded(1, 3, 3)
    ((1, 2, 3), (1, 2))
    """
    found = range(left, min(right + 1, columns))
    return tuple(found) if len(found) <= _EACH_AT_MOST else (found[0], *found[-2:])


def forgotten(found: Mapping[int, int], kept: Guard | None) -> list[dict[str, Any]]:
    """Return the requests that take away the marks that earlier runs have left on the tab."""
    return [forgetting(number) for number in found if kept is None or not kept.refuses(number)]


def marks(sheet: Json) -> dict[int, int]:
    """Read the columns by the ids of their marks, from a sheet with the metadata of its columns."""
    return {
        int(entry.get("metadataId", 0)): int(block.get("startColumn", 0)) + i
        for block in sheet.get("data") or ()
        for i, one in enumerate(block.get("columnMetadata") or ())
        for entry in one.get("developerMetadata") or ()
        if entry.get("metadataKey") == KEY
    }
