"""Columns that travel with a move: the requests that write them before the sort, and what the cells then are.

New columns are put in, never written over others, so an edit in the moment before the batch loses nothing. Columns that
stand already are written over; the batch then copies the tab first, so that cells which an edit had put in their
place meanwhile can be put back. Texts go in as texts, never as something that is parsed.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from errors import SheetChanged
from sheets.columns import Columns, Place
from sheets.google.batch import Backup
from sheets.google.preflight import Box
from sheets.google.reading import Reading

Json = dict[str, Any]


def grown(reading: Reading, columns: Columns) -> Reading:
    """Return a reading as it will be when the columns are written: what a batch with them sorts, and is judged by."""
    place, count = columns.place, len(columns.names)
    at = place.column - reading.box.left
    if place.standing:
        cells = [
            [*row[:at], *map(_token, texts), *row[at + count - 1 :]]
            for row, texts in zip(reading.seen.cells, columns.texts, strict=True)
        ]
        return replace(reading, seen=replace(reading.seen, cells=cells))
    width = reading.tab.columns + count
    if not 0 < at <= reading.box.right - reading.box.left:
        raise SheetChanged("The columns beside the range changed.", "Nothing was written. Run again.")
    beside = {
        column if column < place.column else column + count: cells for column, cells in reading.seen.beside.items()
    }
    cells = [
        [*row[:at], *map(_token, texts), None, *row[at:]]
        for row, texts in zip(reading.seen.cells, columns.texts, strict=True)
    ]
    return replace(
        reading,
        tab=replace(reading.tab, columns=width),
        box=replace(reading.box, right=reading.box.right + count),
        seen=replace(reading.seen, columns=width, cells=cells, beside=beside),
    )


def writing(sheet_id: int, top: int, columns: Columns) -> tuple[Json, ...]:
    """Return the requests that write the columns for the rows from `top` on (from 0), putting them in where needed."""
    place = columns.place
    texts = texts_at(sheet_id, top, place.column, columns.texts)
    if place.standing:
        return (texts,)
    whole = {
        "sheetId": sheet_id,
        "startColumnIndex": place.column,
        "endColumnIndex": place.column + len(columns.names),
    }
    last = {
        "sheetId": sheet_id,
        "startRowIndex": place.header_row,
        "startColumnIndex": place.column + len(columns.names) - 1,
        "endColumnIndex": place.column + len(columns.names),
    }
    inserted: list[Json] = [
        {
            "insertDimension": {
                "range": _columns(sheet_id, columns.place, len(columns.names)),
                "inheritFromBefore": True,
            }
        },
        # What was inherited: rules that might refuse our texts, and colours that mean something on a label.
        {"setDataValidation": {"range": whole}},
        {
            "repeatCell": {
                "range": {**whole, "startRowIndex": place.header_row},
                "cell": {},
                "fields": "userEnteredFormat",
            }
        },
        texts_at(sheet_id, place.header_row - 1, place.column, [columns.names]),
    ]
    rule = {
        "condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": choice} for choice in columns.choices]},
        "strict": True,
        "showCustomUi": True,
    }
    drop_down: list[Json] = [{"setDataValidation": {"range": last, "rule": rule}}] if columns.choices else []
    return (*inserted, texts, *drop_down)


def texts_at(sheet_id: int, top: int, left: int, rows: Sequence[Sequence[str]]) -> Json:
    """Return the request that writes texts from a cell on (counted from 0)."""
    return {
        "updateCells": {
            "start": {"sheetId": sheet_id, "rowIndex": top, "columnIndex": left},
            "rows": [_row(texts) for texts in rows],
            "fields": "userEnteredValue",
        }
    }


def removing(sheet_id: int, place: Place, count: int) -> Json:
    """Return the request that takes columns away."""
    return {"deleteDimension": {"range": _columns(sheet_id, place, count)}}


def overwritten(box: Box, columns: Columns | None) -> Box | None:
    """Return the cells that a batch writes over, None for none."""
    if columns is None or not columns.place.standing:
        return None
    left = columns.place.column
    return replace(box, left=left, right=left + len(columns.names) - 1)


def putting_back(sheet_id: int, place: Box, copy: Backup) -> list[Json]:
    """Return the requests that put cells back from a copy of the tab, in the same place, so that formulas stay."""
    cells = {
        "startRowIndex": place.top,
        "endRowIndex": place.bottom,
        "startColumnIndex": place.left,
        "endColumnIndex": place.right,
    }
    return [
        {
            "copyPaste": {
                "source": {"sheetId": copy.sheet_id, **cells},
                "destination": {"sheetId": sheet_id, **cells},
                "pasteType": "PASTE_NORMAL",
            }
        },
    ]


def discarding(copy: Backup) -> Json:
    """Return the request that deletes a copy of the tab, by its id."""
    return {"deleteSheet": {"sheetId": copy.sheet_id}}


def _columns(sheet_id: int, place: Place, count: int) -> Json:
    return {
        "sheetId": sheet_id,
        "dimension": "COLUMNS",
        "startIndex": place.column,
        "endIndex": place.column + count,
    }


def _row(texts: Sequence[str]) -> Json:
    return {"values": [{"userEnteredValue": {"stringValue": text}} if text else {} for text in texts]}


def _token(text: str) -> Hashable:
    return ("stringValue", text) if text else None
