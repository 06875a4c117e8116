"""`spreadsheets.get`: the whole resource, or what ranges and a field mask ask for."""

from typing import Any

from tests.google import masks
from tests.google.evaluate import Evaluator
from tests.google.grid import Box, to_grid_range
from tests.google.model import Book, Json, Sheet
from tests.google.ranges import resolve
from tests.google.render import Renderer

ROW_PIXELS, COLUMN_PIXELS = 21, 100
# The lists of a Sheet that are kept as they came in; the order is that of the recordings and the discovery document.
PARTS = (
    "conditionalFormats",
    "filterViews",
    "protectedRanges",
    "charts",
    "bandedRanges",
    "developerMetadata",
    "slicers",
    "tables",
)


def spreadsheet(book: Book, ranges: list[str], mask: masks.Mask | None, *, grid_data: bool) -> Json:
    """Return the Spreadsheet resource; with a mask, grid data comes when the mask names it (and only then)."""
    wanted = mask or {}
    with_data = masks.wants(wanted, "sheets", "data") if mask is not None and mask else grid_data
    boxes = [resolve(book, text)[:2] for text in ranges]
    renderer = Renderer(Evaluator(book))
    full: Json = {"spreadsheetId": book.id, "properties": book.properties}
    sheets: list[Json] = []
    if masks.wants(wanted, "sheets"):
        below = wanted.get("sheets", {})
        for index, sheet in enumerate(book.sheets):
            mine = [box for found, box in boxes if found.id == sheet.id]
            if boxes and not mine:
                continue
            sheets.append(_sheet(book, index, mine, renderer if with_data else None, below))
        full["sheets"] = []
    if book.named_ranges:
        full["namedRanges"] = list(book.named_ranges)
    full["spreadsheetUrl"] = f"https://docs.google.com/spreadsheets/d/{book.id}/edit"
    metadata = [entry for entry in book.metadata.values() if _at_spreadsheet(entry)]
    if metadata:
        full["developerMetadata"] = metadata
    if wanted:
        full = masks.apply(full, wanted)
    if "sheets" in full:
        full["sheets"] = sheets  # cut while they were made: a mask must not walk a million cells
    return full


def _at_spreadsheet(entry: Json) -> bool:
    return bool(entry["location"].get("locationType") == "SPREADSHEET")


Tags = dict[tuple[str, int], list[Json]]


def _tags(book: Book, sheet: Sheet) -> Tags:
    """Return the developer metadata of a sheet by where it sits: on the whole of it, on a row, on a column."""
    found: Tags = {}
    for entry in book.metadata.values():
        place = entry["location"]
        lines = place.get("dimensionRange")
        if place["locationType"] == "SHEET" and place["sheetId"] == sheet.id:
            found.setdefault(("SHEET", 0), []).append(entry)
        elif lines and lines.get("sheetId", 0) == sheet.id:
            found.setdefault((lines["dimension"], lines["startIndex"]), []).append(entry)
    return found


def sheet_properties(sheet: Sheet, index: int) -> Json:
    """Return the SheetProperties in Google's key order; sheetId and index stay even when they are zero."""
    found: Json = {"sheetId": sheet.id, "title": sheet.title, "index": index, "sheetType": "GRID"}
    order = (
        "rowCount",
        "columnCount",
        "frozenRowCount",
        "frozenColumnCount",
        "hideGridlines",
        "rowGroupControlAfter",
        "columnGroupControlAfter",
    )
    found["gridProperties"] = {name: sheet.grid[name] for name in order if sheet.grid.get(name)}
    for name in ("hidden", "tabColor", "rightToLeft", "tabColorStyle"):
        if sheet.properties.get(name):
            found[name] = sheet.properties[name]
    return found


def _sheet(book: Book, index: int, boxes: list[Box], renderer: Renderer | None, mask: masks.Mask) -> Json:
    sheet = book.sheets[index]
    tags = _tags(book, sheet)
    found: Json = {"properties": sheet_properties(sheet, index)}
    if renderer is not None:
        found["data"] = []
    merges = [m for m in sheet.merges if not boxes or any(m.meets(box) for box in boxes)]
    if merges:
        found["merges"] = [to_grid_range(sheet.id, merge) for merge in merges]
    for name in PARTS:
        kept = tags.get(("SHEET", 0)) if name == "developerMetadata" else sheet.parts.get(name)
        if kept:
            found[name] = kept
    if sheet.basic_filter is not None:
        found["basicFilter"] = sheet.basic_filter
    for dimension, name in (("ROWS", "rowGroups"), ("COLUMNS", "columnGroups")):
        if sheet.groups[dimension]:
            found[name] = sheet.groups[dimension]
    if mask:
        found = masks.apply(found, mask)
    if renderer is not None and "data" in found:
        below = mask.get("data", {})
        found["data"] = [_grid(sheet, box, renderer, below, tags) for box in boxes or [sheet.whole]]
    return found


def _grid(sheet: Sheet, box: Box, renderer: Renderer, mask: masks.Mask, tags: Tags) -> Json:
    corner = {"startRow": box.top, "startColumn": box.left}
    found: Json = {name: index for name, index in corner.items() if index and masks.wants(mask, name)}
    if masks.wants(mask, "rowData"):
        rows = _row_data(sheet, box, renderer, mask.get("rowData", {}).get("values", {}))
        if rows:
            found["rowData"] = rows
    if masks.wants(mask, "rowMetadata"):
        plain = {"pixelSize": ROW_PIXELS}
        meta = sheet.row_meta
        tagged = {index for dimension, index in tags if dimension == "ROWS"}
        shown = [
            _meta(meta.get(i), ROW_PIXELS, tags.get(("ROWS", i))) if i in meta or i in tagged else plain
            for i in range(box.top, box.bottom)
        ]
        found["rowMetadata"] = masks.apply(shown, mask.get("rowMetadata", {}))
    if masks.wants(mask, "columnMetadata"):
        shown = [
            _meta(sheet.column_meta.get(i), COLUMN_PIXELS, tags.get(("COLUMNS", i))) for i in range(box.left, box.right)
        ]
        found["columnMetadata"] = masks.apply(shown, mask.get("columnMetadata", {}))
    return found


def _meta(stored: Json | None, pixels: int, tags: list[Json] | None) -> Json:
    """Return DimensionProperties in Google's order: hidden flags first, then the size."""
    stored = stored or {}
    found: Json = {name: True for name in ("hiddenByFilter", "hiddenByUser") if stored.get(name)}
    found["pixelSize"] = stored.get("pixelSize", pixels)
    if tags:
        found["developerMetadata"] = tags
    return found


def _row_data(sheet: Sheet, box: Box, renderer: Renderer, mask: masks.Mask) -> list[Json]:
    """Return the rows of a rectangle up to the last cell that holds anything; a blank row is `{}`."""
    rows: list[Json] = []
    for row in range(box.top, min(box.bottom, len(sheet.rows))):
        cells: tuple[Any, ...] = sheet.rows[row][box.left : box.right]
        while cells and cells[-1] is None:
            cells = cells[:-1]
        if cells:
            rows.append(
                {"values": [renderer.cell_data(sheet, c, (row, i), mask) for i, c in enumerate(cells, box.left)]}
            )
        else:
            rows.append({})
    while rows and not rows[-1]:
        rows.pop()
    return rows
