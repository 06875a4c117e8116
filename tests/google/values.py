"""The values services: get, update, append, clear and their batch forms, on one book."""

from typing import Any

from tests.google.cells import MAX_LENGTH, enter
from tests.google.errors import bad_request
from tests.google.evaluate import Evaluator
from tests.google.grid import Box, a1, column_name
from tests.google.model import Book, Cell, Json, Sheet
from tests.google.protocol import struct_text
from tests.google.ranges import resolve
from tests.google.render import Renderer

Rows = list[list[Any]]


def read(book: Book, text: str, options: Json, renderer: Renderer | None = None) -> Json:
    """Answer values.get: the echoed range and its values without trailing blanks."""
    sheet, box, _ = resolve(book, text)
    return _value_range(book, sheet, box, options, renderer)


def _value_range(book: Book, sheet: Sheet, box: Box, options: Json, renderer: Renderer | None = None) -> Json:
    renderer = renderer or Renderer(Evaluator(book))
    by_columns = options.get("majorDimension") == "COLUMNS"
    option = options.get("valueRenderOption") or "FORMATTED_VALUE"
    dates = options.get("dateTimeRenderOption") or "SERIAL_NUMBER"
    grid: Rows = []
    for row in range(box.top, min(box.bottom, len(sheet.rows))):
        cells = sheet.rows[row][box.left : box.right]
        grid.append(
            [renderer.value(sheet, cell, (row, column), option, dates) for column, cell in enumerate(cells, box.left)]
        )
    if by_columns:
        width = max((len(row) for row in grid), default=0)
        grid = [[row[column] if column < len(row) else "" for row in grid] for column in range(width)]
    answer: Json = {"range": a1(box, sheet.title), "majorDimension": "COLUMNS" if by_columns else "ROWS"}
    trimmed = trim(grid)
    if trimmed:
        answer["values"] = trimmed
    return answer


def trim(grid: Rows) -> Rows:
    """Return the rows without trailing blank cells and without trailing empty rows."""
    found = []
    for row in grid:
        length = len(row)
        while length and row[length - 1] == "":
            length -= 1
        found.append(row[:length])
    while found and not found[-1]:
        found.pop()
    return found


def read_many(book: Book, texts: list[str], options: Json) -> Json:
    """Answer values.batchGet."""
    renderer = Renderer(Evaluator(book))
    answer: Json = {"spreadsheetId": book.id}
    if texts:
        answer["valueRanges"] = [read(book, text, options, renderer) for text in texts]
    return answer


def write(book: Book, text: str, body: Json, options: Json) -> Json:
    """Carry out values.update on a draft; `text` is the range of the path or of the entry."""
    rows = check_rows(body)
    if body.get("range") and not _same_range(book, str(body["range"]), text):
        raise bad_request(f"Requested writing within range [{text}], but got range [{body['range']}]")
    by_columns = body.get("majorDimension") == "COLUMNS"
    sheet, box, single = resolve(book, text)
    if by_columns:
        rows = flip(rows)
    height, width = len(rows), max((len(row) for row in rows), default=0)
    if not single:
        _check_inside(sheet, box, height, width)
    return _put(book, sheet.id, (box.top, box.left), rows, options)


def _same_range(book: Book, named: str, text: str) -> bool:
    return named == text or resolve(book, named)[:2] == resolve(book, text)[:2]


def _check_inside(sheet: Sheet, box: Box, height: int, width: int) -> None:
    where = f"Requested writing within range [{a1(box, sheet.title)}], but tried writing to"
    if height > box.height and box.bottom < sheet.row_count:
        raise bad_request(f"{where} row [{box.bottom + 1}]")
    if width > box.width and box.right < sheet.column_count:
        raise bad_request(f"{where} column [{column_name(box.right)}]")


def _put(book: Book, sheet_id: int, corner: tuple[int, int], rows: Rows, options: Json) -> Json:
    """Write rows from a corner on, growing the grid, and return the UpdateValuesResponse."""
    option = options.get("valueInputOption")
    if option not in {"RAW", "USER_ENTERED"}:
        raise bad_request("'valueInputOption' is required but not specified")
    top, left = corner
    sheet = book.edit(sheet_id)
    height, width = len(rows), max((len(row) for row in rows), default=0)
    grow(book, sheet, top + height, left + width)
    touched_rows: set[int] = set()
    touched_columns: set[int] = set()
    count = 0
    for offset, row in enumerate(rows):
        old = sheet.slice(top + offset, left, left + len(row))
        for index, given in enumerate(row):
            if given is None:
                continue
            old[index] = enter(old[index], given, parse=option == "USER_ENTERED")
            touched_rows.add(offset)
            touched_columns.add(index)
            count += 1
        if row:
            sheet.set_cells(top + offset, left, old)
    answer: Json = {"spreadsheetId": book.id}
    box = Box(top, top + max(height, 1), left, left + max(width, 1))
    answer["updatedRange"] = a1(box, sheet.title)
    counts = {"updatedRows": len(touched_rows), "updatedColumns": len(touched_columns), "updatedCells": count}
    answer |= {name: number for name, number in counts.items() if number}
    if _flag(options.get("includeValuesInResponse")):
        shown = {
            "majorDimension": options.get("majorDimension"),
            "valueRenderOption": options.get("responseValueRenderOption"),
            "dateTimeRenderOption": options.get("responseDateTimeRenderOption"),
        }
        answer["updatedData"] = _value_range(book, sheet, box, shown)
    return answer


def _flag(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def grow(book: Book, sheet: Sheet, rows: int, columns: int) -> None:
    """Make a draft's grid at least that large."""
    if rows > sheet.row_count:
        sheet.grid["rowCount"] = rows
    if columns > sheet.column_count:
        sheet.grid["columnCount"] = columns
    book.check_size()


def check_rows(body: Json) -> Rows:
    """Return a ValueRange's values, each checked to be something a cell can hold."""
    rows: Rows = body.get("values") or []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if isinstance(value, dict | list):
                raise bad_request(f"Invalid values[{i}][{j}]: {struct_text(value)}")
            if isinstance(value, str) and len(value) > MAX_LENGTH:
                raise bad_request(
                    f"Your input contains more than the maximum of {MAX_LENGTH} characters in a single cell."
                )
    return rows


def flip(rows: Rows) -> Rows:
    """Turn columns into rows; missing cells become None, which a write skips."""
    width = max((len(row) for row in rows), default=0)
    return [[row[index] if index < len(row) else None for row in rows] for index in range(width)]


def write_many(book: Book, body: Json) -> Json:
    """Carry out values.batchUpdate on a draft: all ranges or none.

    The totals count a row or column once, however many ranges touch it (from Google's guide to batch writes).
    """
    answers: list[Json] = []
    rows: set[tuple[int, int]] = set()
    columns: set[tuple[int, int]] = set()
    sheets: set[int] = set()
    for entry in body.get("data") or []:
        text = str(entry.get("range", ""))
        found = write(book, text, {**entry, "range": None}, {**body, "majorDimension": entry.get("majorDimension")})
        answers.append(found)
        if found.get("updatedCells"):
            sheet, box, _ = resolve(book, found["updatedRange"])
            sheets.add(sheet.id)
            rows |= {(sheet.id, row) for row in range(box.top, box.bottom)}
            columns |= {(sheet.id, column) for column in range(box.left, box.right)}
    totals = {
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(found.get("updatedCells", 0) for found in answers),
        "totalUpdatedSheets": len(sheets),
    }
    answer: Json = {"spreadsheetId": book.id} | {name: number for name, number in totals.items() if number}
    return answer | ({"responses": answers} if answers else {})


def clear(book: Book, text: str) -> str:
    """Remove the values of a range on a draft; formats, notes and validation stay. Return the echoed range."""
    found, box, _ = resolve(book, text)
    sheet = book.edit(found.id)
    for row in range(box.top, min(box.bottom, len(sheet.rows))):
        cells = sheet.rows[row]
        if any(cell is not None and cell.value is not None for cell in cells[box.left : box.right]):
            sheet.set_cells(row, box.left, [_cleared(cell) for cell in cells[box.left : box.right]])
    return a1(box, sheet.title)


def _cleared(cell: Cell | None) -> Cell | None:
    return cell if cell is None or cell.value is None else cell.but(value=None)


def append(book: Book, text: str, body: Json, options: Json) -> Json:
    """Carry out values.append on a draft: find the table that the range touches, and write below it."""
    rows = check_rows(body)
    if body.get("majorDimension") == "COLUMNS":
        rows = flip(rows)
    found, box, _ = resolve(book, text)
    table = find_table(found, box)
    answer: Json = {"spreadsheetId": book.id}
    if table is None:
        top, left = box.top, box.left
    else:
        answer["tableRange"] = a1(table, found.title)
        top, left = table.bottom, table.left
    sheet = book.edit(found.id)
    if options.get("insertDataOption") == "INSERT_ROWS" and rows and top < sheet.row_count and table is not None:
        from tests.google.dimensions import insert  # noqa: PLC0415 - dimensions needs `grow` from here

        insert(book, sheet.id, "ROWS", top, len(rows), inherit_before=True)
    answer["updates"] = _put(book, sheet.id, (top, left), rows, options)
    return answer


def find_table(sheet: Sheet, box: Box) -> Box | None:
    """Return the table that `values.append` adds to: the last block of filled cells that meets the range.

    A block is what cells with values span that touch each other, corners included; it keeps growing until no
    neighbour is left (checked on the recordings: `A1` and `C1` filled are two tables, and the last one wins).
    """
    seed: tuple[int, int] | None = None
    for row, column, cell in sheet.cells(box):
        if cell.value is not None:
            seed = (row, column)
    if seed is None:
        return None
    return _spread(sheet, Box(seed[0], seed[0] + 1, seed[1], seed[1] + 1))


def _filled(sheet: Sheet, box: Box) -> list[tuple[int, int]]:
    return [(row, column) for row, column, cell in sheet.cells(box) if cell.value is not None]


def _spread(sheet: Sheet, block: Box) -> Box:
    while True:
        around = Box(max(0, block.top - 1), block.bottom + 1, max(0, block.left - 1), block.right + 1)
        edge = list(_border(sheet, around))
        grown = Box(
            min([block.top] + [row for row, _ in edge]),
            max([block.bottom] + [row + 1 for row, _ in edge]),
            min([block.left] + [column for _, column in edge]),
            max([block.right] + [column + 1 for _, column in edge]),
        )
        if grown == block:
            return block
        block = grown


def _border(sheet: Sheet, around: Box) -> list[tuple[int, int]]:
    """Return the filled cells on the rim of a rectangle."""
    sides = (
        Box(around.top, around.top + 1, around.left, around.right),
        Box(around.bottom - 1, around.bottom, around.left, around.right),
        Box(around.top, around.bottom, around.left, around.left + 1),
        Box(around.top, around.bottom, around.right - 1, around.right),
    )
    return [place for side in sides for place in _filled(sheet, side)]
