"""Columns that travel with a move: the requests that write them before the sort, and what the cells then are.

New columns are put in, never written over others, so an edit in the moment before the batch loses nothing. Columns that
stand already are written over; the batch then copies the tab first, so that cells which an edit had put in their
place meanwhile can be put back. Texts go in as texts, never as something that is parsed.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from errors import SheetChanged, Unsortable
from sheets.a1 import Area, column_letters
from sheets.columns import Columns, Place
from sheets.google import tags as google_tags
from sheets.google.batch import Backup
from sheets.google.looks import widths
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import Reading

Json = dict[str, Any]
_LINE_ABOVE: Json = {"userEnteredFormat": {"borders": {"top": {"style": "SOLID_MEDIUM"}}}}


def tagged(tab: Preflight, area: Area, names: Sequence[str]) -> Place | None:
    """Return where our tagged columns stand, None where none is tagged.

    Raises `Unsortable` where people have taken them apart, or where their names are not above the area.
    """
    tags = tab.tags
    found = [tags.columns[name] for name in names if name in tags.columns]
    if not found:
        return None
    told = ", ".join(f"{name} in {column_letters(tags.columns[name])}" for name in names if name in tags.columns)
    if found != list(range(found[0], found[0] + len(names))) or tags.doubled & {*names}:
        raise Unsortable(
            f"The columns that an earlier run has added to {tab.title!r} are no longer all there, side by side in"
            f" their order: {told}.",
            "Nothing was written. Put them side by side again, or delete what is left of them.",
        )
    if tags.names_row is None or tags.names_row + 1 >= area.first_row:
        raise Unsortable(
            f"The columns that an earlier run has added to {tab.title!r} ({told}) have no row of names above the range"
            f" {area} any more.",
            "Nothing was written. Begin the range below their names, or delete these columns.",
        )
    return Place(tags.names_row + 1, found[0], standing=True)


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


def writing(tab: Preflight, top: int, columns: Columns, order: Sequence[int]) -> tuple[Json, ...]:
    """Return the requests that write the columns for the rows from `top` on (from 0), putting them in where needed.

    `order` is the order after the move, which tells where a group begins: a line goes in with the row's cells and
    moves with them.
    """
    place, sheet_id = columns.place, tab.sheet_id
    first = _first_of_groups(columns, order)
    rows = [_row(line, i in first) for i, line in enumerate(columns.texts)]
    fields = "userEnteredValue" if columns.looks is None else "userEnteredValue,userEnteredFormat.borders"
    texts = _written(sheet_id, top, place.column, rows, fields)
    last = [{"values": [_LINE_ABOVE if i in first else {}]} for i in range(len(columns.texts))]
    lines: list[Json] = []
    if columns.looks is not None:  # the last column is for people: never its values
        lines = [_written(sheet_id, top, place.column + len(columns.names) - 1, last, "userEnteredFormat.borders")]
    if place.standing:
        return (texts, *lines, *_tagging(tab, columns))
    whole = {
        "sheetId": sheet_id,
        "startColumnIndex": place.column,
        "endColumnIndex": place.column + len(columns.names),
    }
    people = {
        "sheetId": sheet_id,
        "startRowIndex": place.header_row,
        "startColumnIndex": place.column + len(columns.names) - 1,
        "endColumnIndex": place.column + len(columns.names),
    }
    inserted: list[Json] = [
        inserting(sheet_id, place, len(columns.names)),
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
    drop_down: list[Json] = [{"setDataValidation": {"range": people, "rule": rule}}] if columns.choices else []
    return (*inserted, texts, *lines, *drop_down, *widths(sheet_id, columns), *_tagging(tab, columns))


def texts_at(sheet_id: int, top: int, left: int, rows: Sequence[Sequence[str]]) -> Json:
    """Return the request that writes texts from a cell on (counted from 0)."""
    return _written(sheet_id, top, left, [_row(texts) for texts in rows], "userEnteredValue")


def inserting(sheet_id: int, place: Place, count: int) -> Json:
    """Return the request that puts columns in."""
    return {"insertDimension": {"range": _columns(sheet_id, place, count), "inheritFromBefore": True}}


def removing(sheet_id: int, place: Place, count: int) -> Json:
    """Return the request that takes columns away."""
    return {"deleteDimension": {"range": _columns(sheet_id, place, count)}}


def overwritten(box: Box, columns: Columns | None) -> tuple[tuple[Box, str], ...]:
    """Return the cells that a batch writes over, each with the kind of paste that puts back what it wrote over."""
    if columns is None:
        return ()
    found = []
    if columns.looks is not None and columns.looks.preview is not None:
        column = columns.looks.preview
        found.append((replace(box, left=column, right=column + 1), "PASTE_NORMAL"))
    if columns.place.standing:
        left, right = columns.place.column, columns.place.column + len(columns.names) - 1
        found.append((replace(box, left=left, right=right), "PASTE_NORMAL"))
        if columns.looks is not None:
            found.append((replace(box, left=right, right=right + 1), "PASTE_FORMAT"))
    return tuple(found)


def putting_back(sheet_id: int, place: Box, copy: Backup, kind: str = "PASTE_NORMAL") -> Json:
    """Return the request that puts cells back from a copy of the tab, in the same place, so that formulas stay."""
    return {"copyPaste": {"source": place.on(copy.sheet_id), "destination": place.on(sheet_id), "pasteType": kind}}


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


def _first_of_groups(columns: Columns, order: Sequence[int]) -> frozenset[int]:
    """Return the rows (as they are numbered before the move) that are the first of their group after it."""
    if columns.looks is None:
        return frozenset()
    at = columns.names.index(columns.looks.group)
    found, above = set(), ""
    for row in order:
        group = columns.texts[row][at]
        if group and group != above:
            found.add(row)
        above = group
    return frozenset(found)


def _tagging(tab: Preflight, columns: Columns) -> list[Json]:
    """Return the requests that tag the columns and the row of their names, where they are not tagged."""
    known = tab.tags.columns
    found = [
        google_tags.line(tab.sheet_id, "COLUMNS", columns.place.column + i, name)
        for i, name in enumerate(columns.names)
        if name not in known
    ]
    if tab.tags.names_row != columns.place.header_row - 1:
        if tab.tags.names_row is not None:  # of columns that were deleted by hand
            found.append(google_tags.forgetting(tab.tags.ids[google_tags.NAMES_ROW]))
        found.append(google_tags.line(tab.sheet_id, "ROWS", columns.place.header_row - 1, google_tags.NAMES_ROW))
    return found


def _written(sheet_id: int, row: int, column: int, rows: list[Json], fields: str) -> Json:
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
    return {"updateCells": {"start": start, "rows": rows, "fields": fields}}


def _row(texts: Sequence[str], line: bool = False) -> Json:
    above = _LINE_ABOVE if line else {}
    return {"values": [{"userEnteredValue": {"stringValue": text}, **above} if text else {**above} for text in texts]}


def _token(text: str) -> Hashable:
    return ("stringValue", text) if text else None
