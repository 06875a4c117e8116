"""A column of pictures beside the rows: =IMAGE() of each row's address, in a column that held nothing before."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from errors import Unsortable
from sheets.a1 import Area, column_letters
from sheets.google import cells as google_cells
from sheets.google import tags as google_tags
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import Reading, Strip

Json = dict[str, Any]
_OURS = re.compile(r"=IMAGE\(\$[A-Z]{1,3}[0-9]+\)", re.IGNORECASE)
# Rows of this height were never touched by a person; those of the other are ours. Neither is a round number of points.
_PLAIN, _HIGH = 21, 97


def others(found: Strip) -> list[int]:
    """Return the rows whose cell holds something that is not ours."""
    return [row for row, text in zip(found.rows, found.held, strict=True) if text is not None and not _is_ours(text)]


def ours(found: Strip) -> list[int]:
    """Return the rows whose cell shows the picture of its row."""
    return [row for row, text in zip(found.rows, found.held, strict=True) if text is not None and _is_ours(text)]


def refuse_place(tab: Preflight, area: Area, column: int) -> None:
    """Raise `Unsortable` where the column is not left of the range, or another one shows the pictures already."""
    shown = tab.tags.columns.get(google_tags.PREVIEW, column)
    if shown != column:
        raise Unsortable(
            f"The pictures of the worksheet {tab.title!r} are in column {column_letters(shown)} already.",
            "Nothing was written. Name that column with --preview-column, or take it away with --review-off first.",
        )
    if column >= area.first_column:
        raise Unsortable(
            f"Column {column_letters(column)} is not left of the range {area}, where pictures can be shown.",
            "Nothing was written. Name an empty column left of the range with --preview-column, or insert one.",
        )


def refuse_held(found: Strip, title: str) -> None:
    """Raise `Unsortable` where the column holds something, which pictures would replace."""
    if held := others(found):
        letter = column_letters(found.column)
        raise Unsortable(
            f"Column {letter} of the worksheet {title!r} is not empty: {letter}{held[0] + 1} holds something"
            + (f", and {len(held) - 1} more cells." if len(held) > 1 else "."),
            "Nothing was written. Name an empty column left of the range with --preview-column, or insert one.",
        )


def filling(tab: Preflight, found: Strip) -> list[Json]:
    """Return the requests that show the picture of every row in the column, with room for it."""
    top, bottom = found.rows.start, found.rows.stop
    cells = _cells(found, top, bottom).on(tab.sheet_id)
    formula = {"userEnteredValue": {"formulaValue": _formula(found, top)}}
    tagged = tab.tags.columns.get(google_tags.PREVIEW) == found.column
    return [
        {"repeatCell": {"range": cells, "cell": formula, "fields": "userEnteredValue"}},
        *_heights(tab.sheet_id, found, _PLAIN, _HIGH),
        *([] if tagged else [google_tags.line(tab.sheet_id, "COLUMNS", found.column, google_tags.PREVIEW)]),
    ]


def emptying(tab: Preflight, found: Strip) -> list[Json]:
    """Return the requests that take our pictures out of the column and the room for them off the rows."""
    return [
        *(
            {"updateCells": {"range": _cells(found, first, end).on(tab.sheet_id), "fields": "userEnteredValue"}}
            for first, end in _runs(ours(found))
        ),
        *_heights(tab.sheet_id, found, _HIGH, _PLAIN),
    ]


def filled(reading: Reading, found: Strip) -> Reading:
    """Return a reading as it will be with the pictures, whether their column moves with the rows or stands beside."""
    seen, column = reading.seen, found.column
    formulas = [google_cells.value({"userEnteredValue": {"formulaValue": _formula(found, row)}}, row + 1)
                for row in found.rows]  # fmt: skip
    if reading.box.left <= column < reading.box.right:
        at = column - reading.box.left
        cells = [[*row[:at], text, *row[at + 1 :]] for row, text in zip(seen.cells, formulas, strict=True)]
        return replace(reading, strip=found, seen=replace(seen, cells=cells))
    if column not in seen.beside:
        return replace(reading, strip=found)
    beside = [
        (google_cells.without_rows(text), before[1] if isinstance(before, tuple) else "")
        for text, before in zip(formulas, seen.beside[column], strict=True)
    ]
    return replace(reading, strip=found, seen=replace(seen, beside={**seen.beside, column: beside}))


def _formula(found: Strip, row: int) -> str:
    # The address reaches the formula by reference alone; its text is never parsed.
    return f"=IMAGE(${column_letters(found.url_column)}{row + 1})"


def _is_ours(text: str) -> bool:
    return _OURS.fullmatch(text) is not None


def _heights(sheet_id: int, found: Strip, now: int, then: int) -> list[Json]:
    return [
        {
            "updateDimensionProperties": {
                "range": {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": first, "endIndex": end},
                "properties": {"pixelSize": then},
                "fields": "pixelSize",
            }
        }
        for first, end in _runs([row for row, height in zip(found.rows, found.heights, strict=True) if height == now])
    ]


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending rows as runs, each with its end.

    >>> _runs([2, 3, 4, 7])
    [(2, 5), (7, 8)]
    """
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs


def _cells(found: Strip, top: int, bottom: int) -> Box:
    return Box(top, bottom, found.column, found.column + 1)
