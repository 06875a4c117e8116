"""From what a request names - an A1 text, a named range, a GridRange - to a rectangle on a sheet."""

from typing import Any

from tests.google.errors import bad_request
from tests.google.grid import Box, check_order, exceeds, parse_span, split_sheet
from tests.google.model import Book, Sheet


def resolve(book: Book, text: str) -> tuple[Sheet, Box, bool]:
    """Return sheet, rectangle (clipped to the grid) and whether one cell was named, of an A1 text or a name.

    A range that starts outside the grid is refused; one that only ends outside is clipped.
    """
    title, rest = split_sheet(text)
    if title is None:
        sheet = book.named(rest)
        if sheet is not None and (parse_span(rest) is None or text != rest):
            return sheet, sheet.whole, False
        found = _span(book, book.sheets[0], rest) or (_whole(sheet) if sheet else None)
    else:
        sheet = book.named(title)
        if sheet is None:
            raise _unparsable(text)
        found = _whole(sheet) if not rest else _span(book, sheet, rest)
    if found is None:
        raise _unparsable(text)
    return found


def _whole(sheet: Sheet) -> tuple[Sheet, Box, bool]:
    return sheet, sheet.whole, False


def _span(book: Book, sheet: Sheet, rest: str) -> tuple[Sheet, Box, bool] | None:
    span = parse_span(rest)
    if span is None:
        return _named(book, rest)
    rows, columns = sheet.row_count, sheet.column_count
    top, left = span.top or 0, span.left or 0
    if top >= rows or left >= columns:
        raise exceeds(sheet.title, rest, rows, columns)
    bottom = rows if span.bottom is None else min(rows, span.bottom)
    right = columns if span.right is None else min(columns, span.right)
    return sheet, Box(top, bottom, left, right), span.single


def _named(book: Book, name: str) -> tuple[Sheet, Box, bool] | None:
    for entry in book.named_ranges:
        if entry["name"].casefold() == name.casefold():
            sheet = book.find(entry["range"].get("sheetId", 0))
            if sheet is not None:
                return sheet, clip(sheet, entry["range"]), False
    return None


def _unparsable(text: str) -> Exception:
    return bad_request(f"Unable to parse range: {text}")


def clip(sheet: Sheet, given: dict[str, Any]) -> Box:
    """Return the rectangle of a GridRange, its open ends filled and clipped to the grid."""

    def end(key: str, most: int) -> int:
        value = given.get(key)
        return most if value is None else min(most, int(value))

    return Box(
        min(int(given.get("startRowIndex") or 0), sheet.row_count),
        end("endRowIndex", sheet.row_count),
        min(int(given.get("startColumnIndex") or 0), sheet.column_count),
        end("endColumnIndex", sheet.column_count),
    )


def grid_box(sheet: Sheet, given: dict[str, Any], where: str, field: str = "range") -> Box:
    """Return the rectangle of a request's GridRange; one that starts past the grid is refused in Google's words.

    `where` is the request's place, such as `requests[0].sortRange`.
    """
    check_order(given, where)
    for key, size in (("startRowIndex", sheet.row_count), ("startColumnIndex", sheet.column_count)):
        if int(given.get(key) or 0) >= size:
            raise bad_request(f"Invalid {where}: {field}.{key} is larger than current grid size ({size})")
    return clip(sheet, given)
