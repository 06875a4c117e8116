"""The one atomic request that puts live cells into another order, and the request that takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sheets.google.guard import Guard, forgotten
from sheets.google.preflight import Box
from sheets.google.stamps import Stamp, creation, deletions

# The state right after the same atomic call: the values, and what would explain values that nobody expected.
ANSWER_FIELDS = (
    "replies,updatedSpreadsheet.sheets(properties(sheetId,gridProperties(columnCount)),"
    "data(startRow,startColumn,rowMetadata(hiddenByUser,hiddenByFilter),rowData.values(userEnteredValue,note)))"
)
STAMP_FIELDS = "replies"


@dataclass(frozen=True, slots=True)
class Backup:
    """The copy of the tab to leave behind the last tab."""

    sheet_id: int
    title: str
    index: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One batch: the cells `box` of a tab are sorted by `ranks`, one for each of its rows, all different.

    `columns` is the tab's width when it was read; `watched` are the cells beside the range that must not have
    changed; `known` are the stamps in the spreadsheet. `writes` come before the sort; `overwritten` are the cells
    that they write over, each with the kind of paste that puts them back from the backup, which there is then.
    `guard` refuses the batch where the columns have moved; `marks` are all marks that were found on the tab.
    """

    sheet_id: int
    title: str
    columns: int
    box: Box
    ranks: tuple[int, ...]
    stamp: Stamp
    known: tuple[Stamp, ...] = ()
    watched: tuple[Box, ...] = ()
    backup: Backup | None = None
    writes: tuple[dict[str, Any], ...] = ()
    overwritten: tuple[tuple[Box, str], ...] = ()
    guard: Guard | None = None
    marks: Mapping[int, int] = field(default_factory=dict)


def ranks_of(order: Sequence[int]) -> tuple[int, ...]:
    """Return the rank of every row for an order: the inverse permutation.

    >>> ranks_of((2, 0, 1))
    (1, 2, 0)
    """
    ranks = [0] * len(order)
    for place, row in enumerate(order):
        ranks[row] = place
    return tuple(ranks)


def quoted(title: str, cells: str = "") -> str:
    """Return the A1 name of cells in a tab, or of the whole tab.

    >>> quoted("Ann's tab", "B2:C9")
    "'Ann''s tab'!B2:C9"
    """
    name = "'" + title.replace("'", "''") + "'"
    return f"{name}!{cells}" if cells else name


def body(plan: Plan) -> dict[str, Any]:
    """Return the batch that applies a plan; either all of it happens or nothing."""
    return {
        "requests": [
            creation(plan.stamp),
            *([] if plan.guard is None else plan.guard.checks()),
            *_backup(plan),
            *plan.writes,
            *_sort(plan),
            *deletions(plan.known, plan.stamp.epoch),
            *forgotten(plan.marks, plan.guard),
        ],
        "includeSpreadsheetInResponse": True,
        "responseIncludeGridData": True,
        "responseRanges": [quoted(plan.title, place.name) for place in (plan.box, *plan.watched)],
    }


def stamp_body(stamp: Stamp) -> dict[str, Any]:
    """Return the batch that only leaves a stamp, so that another batch with its id can no longer land."""
    return {"requests": [creation(stamp)]}


def rank_text(ranks: Sequence[int]) -> str:
    r"""Return the column of ranks for pasting: text of one type and width, so that it sorts as it counts.

    Pasting parses as typing does; `zx` begins no number, currency or date.

    >>> rank_text((1, 10, 0))
    'zx01\nzx10\nzx00'
    """
    width = len(str(max(ranks, default=0)))
    return "\n".join(f"zx{rank:0{width}d}" for rank in ranks)


def copying(sheet_id: int, copy: Backup) -> dict[str, Any]:
    """Return the request that leaves a copy of a tab."""
    return {
        "duplicateSheet": {
            "sourceSheetId": sheet_id,
            "newSheetId": copy.sheet_id,
            "newSheetName": copy.title,
            "insertSheetIndex": copy.index,
        }
    }


def _backup(plan: Plan) -> list[dict[str, Any]]:
    return [] if plan.backup is None else [copying(plan.sheet_id, plan.backup)]


def _sort(plan: Plan) -> list[dict[str, Any]]:
    """The helper column is put in directly right of the range, filled, sorted by, and taken out again."""
    helper = plan.box.right
    if not 0 < helper <= plan.columns or len(plan.ranks) != plan.box.bottom - plan.box.top:
        raise AssertionError("the helper column or the ranks do not fit the range")  # the service would answer 500
    column = {"sheetId": plan.sheet_id, "dimension": "COLUMNS", "startIndex": helper, "endIndex": helper + 1}
    rows = {"sheetId": plan.sheet_id, "startRowIndex": plan.box.top, "endRowIndex": plan.box.bottom}
    return [
        # At the right edge of the grid anything but inheriting is refused.
        {"insertDimension": {"range": column, "inheritFromBefore": True}},
        # What was inherited includes a validation rule, which could refuse our ranks.
        {"setDataValidation": {"range": {**rows, "startColumnIndex": helper, "endColumnIndex": helper + 1}}},
        {
            "pasteData": {
                "coordinate": {"sheetId": plan.sheet_id, "rowIndex": plan.box.top, "columnIndex": helper},
                "data": rank_text(plan.ranks),
                "type": "PASTE_VALUES",
                "delimiter": "\t",
            }
        },
        {
            "sortRange": {
                "range": {**rows, "startColumnIndex": plan.box.left, "endColumnIndex": helper + 1},
                "sortSpecs": [{"dimensionIndex": helper, "sortOrder": "ASCENDING"}],
            }
        },
        {"deleteDimension": {"range": column}},
    ]


def beside(moving: Box, columns: int) -> tuple[Box, ...]:
    """Return the cells left and right of the moving ones, on the same rows."""
    places = (
        Box(moving.top, moving.bottom, 0, moving.left),
        Box(moving.top, moving.bottom, moving.right, columns),
    )
    return tuple(place for place in places if place.left < place.right)
