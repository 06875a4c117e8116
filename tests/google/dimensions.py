"""Rows and columns that come, go, move and change their size; everything that points at them follows."""

from typing import Any

from tests.google.formulas import Shift, shift_span, shifted
from tests.google.grid import Box
from tests.google.griddata import COLUMN_PIXELS
from tests.google.model import Book, Cell, Formula, Json, Row, Sheet
from tests.google.render import formatted
from tests.google.task import Task, copy_fields

_KEYS = {"ROWS": ("startRowIndex", "endRowIndex"), "COLUMNS": ("startColumnIndex", "endColumnIndex")}


def insert(book: Book, sheet_id: int, dimension: str, start: int, count: int, *, inherit_before: bool) -> None:
    """Insert blank rows or columns on a draft; formats and validation come from one neighbour, as in the editor."""
    sheet = book.edit(sheet_id)
    rows = dimension == "ROWS"
    source = start - 1 if inherit_before else start
    if rows:
        like = _inherited(sheet.rows[source]) if 0 <= source < len(sheet.rows) else ()
        if start < len(sheet.rows) or like:
            sheet.rows.extend([()] * (start - len(sheet.rows)))
            sheet.rows[start:start] = [like] * count
    else:
        sheet.rows[:] = [_widened(row, start, count, source) for row in sheet.rows]
    sheet.grid["rowCount" if rows else "columnCount"] += count
    book.check_size()
    _follow(book, sheet, dimension, start, count)


def _inherited(row: Row) -> Row:
    return tuple(_empty_like(cell) for cell in row)


def _empty_like(cell: Cell | None) -> Cell | None:
    if cell is None or (cell.format is None and cell.validation is None):
        return None
    return Cell(None, cell.format, None, cell.validation)


def _widened(row: Row, start: int, count: int, source: int) -> Row:
    like = _empty_like(row[source]) if 0 <= source < len(row) else None
    if start >= len(row) and like is None:
        return row
    return row[:start] + (like,) * count + row[start:]


def delete(book: Book, sheet_id: int, dimension: str, start: int, count: int) -> None:
    """Delete rows or columns on a draft."""
    sheet = book.edit(sheet_id)
    if dimension == "ROWS":
        del sheet.rows[start : start + count]
        sheet.grid["rowCount"] -= count
    else:
        sheet.rows[:] = [row[:start] + row[start + count :] if len(row) > start else row for row in sheet.rows]
        sheet.grid["columnCount"] -= count
    _follow(book, sheet, dimension, start, -count)


def _follow(book: Book, sheet: Sheet, dimension: str, at: int, by: int) -> None:
    """Move what points at the rows or columns behind a change: sizes, merges, ranges, groups, formulas."""
    rows = dimension == "ROWS"
    meta = sheet.row_meta if rows else sheet.column_meta
    moved = {}
    for index, entry in meta.items():
        start, end = shift_span(index, index + 1, at, by)
        if end > start:
            moved[start] = entry
    meta.clear()
    meta.update(moved)
    sheet.merges[:] = [box for box in (_shift_box(b, at, by, rows=rows) for b in sheet.merges) if box is not None]
    keys = _KEYS[dimension]
    for name, entries in sheet.parts.items():
        sheet.parts[name] = [e for e in (_shift_part(entry, keys, at, by) for entry in entries) if e is not None]
    if sheet.basic_filter is not None:
        sheet.basic_filter = _shift_part(sheet.basic_filter, keys, at, by)
    sheet.groups[dimension] = [
        {**group, "range": {**group["range"], "startIndex": start, "endIndex": end}}
        for group in sheet.groups[dimension]
        for start, end in [shift_span(group["range"].get("startIndex", 0), group["range"]["endIndex"], at, by)]
        if end > start
    ]
    book.named_ranges[:] = [
        entry
        for entry in (
            _shift_part(e, keys, at, by) if e["range"].get("sheetId", 0) == sheet.id else e for e in book.named_ranges
        )
        if entry is not None
    ]
    _shift_metadata(book, sheet.id, dimension, at, by)
    _shift_formulas(book, sheet.id, Shift(sheet.title, rows, at, by))


def _shift_box(box: Box, at: int, by: int, *, rows: bool) -> Box | None:
    low, high = shift_span(*((box.top, box.bottom) if rows else (box.left, box.right)), at, by)
    if high <= low:
        return None
    found = box._replace(top=low, bottom=high) if rows else box._replace(left=low, right=high)
    return found if found.height * found.width > 1 else None


def _shift_part(entry: Json, keys: tuple[str, str], at: int, by: int) -> Json | None:
    """Return an object of a sheet with its range or ranges moved; None when they are gone."""
    found = dict(entry)
    for name in ("range", "ranges", "unprotectedRanges"):
        if name not in entry:
            continue
        given = entry[name] if isinstance(entry[name], list) else [entry[name]]
        moved = [r for r in (_shift_range(one, keys, at, by) for one in given) if r is not None]
        if not moved and name != "unprotectedRanges":
            return None
        found[name] = moved if isinstance(entry[name], list) else moved[0]
    return found


def _shift_range(given: Json, keys: tuple[str, str], at: int, by: int) -> Json | None:
    if keys[0] not in given and keys[1] not in given:
        return given
    start, end = shift_span(given.get(keys[0], 0), given.get(keys[1], 2**31), at, by)
    if end <= start:
        return None
    found = dict(given)
    if keys[0] in given:
        found[keys[0]] = start
    if keys[1] in given:
        found[keys[1]] = end
    return found


def _shift_metadata(book: Book, sheet_id: int, dimension: str, at: int, by: int) -> None:
    """Move developer metadata that sits on a row or column; what sat on a deleted one goes with it."""
    for key, entry in list(book.metadata.items()):
        place = entry["location"].get("dimensionRange")
        if not place or place.get("sheetId", 0) != sheet_id or place["dimension"] != dimension:
            continue
        start, end = shift_span(place["startIndex"], place["endIndex"], at, by)
        if end <= start:
            del book.metadata[key]
        else:
            location = {**entry["location"], "dimensionRange": {**place, "startIndex": start, "endIndex": end}}
            book.metadata[key] = {**entry, "location": location}


def _shift_formulas(book: Book, changed: int, shift: Shift) -> None:
    """Rewrite every formula of the book that looks at the changed sheet."""
    for sheet in list(book.sheets):
        own = sheet.id == changed
        edits: list[tuple[int, Row]] = []
        for index, row in enumerate(sheet.rows):
            found = [i for i, old in enumerate(row) if old is not None and type(old.value) is Formula]
            new = list(row)
            for i in found:
                new[i] = _shift_cell(row[i], shift, own=own)
            if any(new[i] is not row[i] for i in found):
                edits.append((index, tuple(new)))
        if edits:
            target = book.edit(sheet.id)
            for index, row in edits:
                target.rows[index] = row


def _shift_cell(cell: Cell | None, shift: Shift, *, own: bool) -> Cell | None:
    if cell is None or type(cell.value) is not Formula:
        return cell
    text = shifted(cell.value.text, shift, own=own)
    return cell if text == cell.value.text else cell.but(value=Formula(text))


def _range(task: Task, name: str = "range", *, grow: bool = False) -> tuple[Sheet, str, int, int]:
    """Return sheet, dimension, start and end of a DimensionRange; open ends reach the grid's edge."""
    given = task.given.get(name) or {}
    dimension = given.get("dimension")
    if dimension not in {"ROWS", "COLUMNS"}:
        raise task.refuse("No dimension specified.")
    sheet = task.sheet(given)
    size = sheet.row_count if dimension == "ROWS" else sheet.column_count
    start = int(given.get("startIndex") or 0)
    end = size if given.get("endIndex") is None else int(given["endIndex"])
    if start < 0 or end < 0:
        raise task.refuse(f"{name}.startIndex must be greater than or equal to 0.")
    if end <= start:
        raise task.refuse(f"{name}.endIndex[{end}] must be greater than {name}.startIndex[{start}]")
    if not grow and start >= size:
        what = "row" if dimension == "ROWS" else "column"
        raise task.refuse(f"Cannot select a {what} with index {start}: the grid has only {size} {what}s.")
    return sheet, dimension, start, end if grow else min(end, size)


def insert_dimension(task: Task) -> None:
    """Insert rows or columns."""
    sheet, dimension, start, end = _range(task, grow=True)
    size = sheet.row_count if dimension == "ROWS" else sheet.column_count
    before = bool(task.given.get("inheritFromBefore"))
    if before and start == 0:
        raise task.refuse("inheritFromBefore cannot be true if inserting at the beginning of the sheet.")
    if start > size:
        raise task.refuse(f"range.startIndex[{start}] is larger than current grid size ({size})")
    if start == size and not before:
        raise task.refuse(f"range.startIndex must be less than the grid size ({size}) if inheritFromBefore is false.")
    insert(task.book, sheet.id, dimension, start, end - start, inherit_before=before)


def delete_dimension(task: Task) -> None:
    """Delete rows or columns; a grid keeps at least one of each."""
    sheet, dimension, start, end = _range(task)
    rows = dimension == "ROWS"
    size = sheet.row_count if rows else sheet.column_count
    if end - start >= size:
        raise task.refuse(f"You can't delete all the {'rows' if rows else 'columns'} on the sheet.")
    frozen = int(sheet.grid.get("frozenRowCount" if rows else "frozenColumnCount") or 0)
    if frozen and start < frozen and end - start >= size - frozen + min(frozen, end) - start:
        raise task.refuse(f"You can't delete all non-frozen {'rows' if rows else 'columns'} on the sheet.")
    box = Box(start, end, 0, sheet.column_count) if rows else Box(0, sheet.row_count, start, end)
    task.guard(sheet, box)
    delete(task.book, sheet.id, dimension, start, end - start)
    _thaw(sheet, rows=rows, start=start, end=end)


def _thaw(sheet: Sheet, *, rows: bool, start: int, end: int) -> None:
    """Let the frozen rows shrink with those that were deleted among them."""
    name = "frozenRowCount" if rows else "frozenColumnCount"
    frozen = int(sheet.grid.get(name) or 0)
    if frozen:
        sheet.grid[name] = frozen - max(0, min(end, frozen) - min(start, frozen))


def append_dimension(task: Task) -> None:
    """Add rows or columns at the end of the grid."""
    sheet = task.sheet()
    count = int(task.given.get("length") or 0)
    if count <= 0:
        raise task.refuse("length must be greater than 0.")
    sheet.grid["rowCount" if task.given.get("dimension") == "ROWS" else "columnCount"] += count
    task.book.check_size()


def update_dimension_properties(task: Task) -> None:
    """Change size or visibility of rows or columns."""
    sheet, dimension, start, end = _range(task)
    mask = task.mask("DimensionProperties")
    meta = sheet.row_meta if dimension == "ROWS" else sheet.column_meta
    given = task.given.get("properties") or {}
    for index in range(start, end):
        found = {name: part for name, part in copy_fields(meta.get(index), given, mask).items() if part is not False}
        if found:
            meta[index] = found
        else:
            meta.pop(index, None)


# From the recordings: 1024 letters A made a column of 8691 pixels. Other letters are as wide here, which they are not.
_LETTER = 8684 / 1024
_MARGIN = 7


def auto_resize(task: Task) -> None:
    """Fit rows or columns to what their cells show; the width of text is an estimate."""
    sheet, dimension, start, end = _range(task, "dimensions")
    if dimension == "ROWS":
        for row in range(start, end):
            sheet.row_meta.pop(row, None) if not sheet.hidden(row) else None
        return
    for column in range(start, end):
        shown = [
            formatted(cell.value, cell.format)
            for row in sheet.rows
            if column < len(row) and (cell := row[column]) is not None and not isinstance(cell.value, Formula)
        ]
        longest = max((len(line) for text in shown for line in text.split("\n")), default=0)
        size = round(longest * _LETTER) + _MARGIN if longest else COLUMN_PIXELS
        sheet.column_meta[column] = {**sheet.column_meta.get(column, {}), "pixelSize": size}


def add_group(task: Task) -> Json:
    """Group rows or columns; a group over others is one level deeper inside."""
    sheet, dimension, start, end = _range(task)
    groups = sheet.groups[dimension]
    entry: dict[str, Any] = {"sheetId": sheet.id} if sheet.id else {}
    entry |= {"dimension": dimension, "startIndex": start, "endIndex": end}
    depth = 1 + sum(1 for g in groups if g["range"]["startIndex"] <= start and end <= g["range"]["endIndex"])
    groups[:] = [
        {**g, "depth": g["depth"] + 1}
        if start <= g["range"]["startIndex"]
        and g["range"]["endIndex"] <= end
        and (start, end) != (g["range"]["startIndex"], g["range"]["endIndex"])
        else g
        for g in groups
    ]
    groups.append({"range": entry, "depth": depth})
    groups.sort(key=lambda g: (g["range"]["startIndex"], g["depth"]))
    sheet.grid["rowGroupControlAfter" if dimension == "ROWS" else "columnGroupControlAfter"] = True
    return {"dimensionGroups": list(groups)}


def delete_group(task: Task) -> Json:
    """Take the deepest group with exactly this range away."""
    sheet, dimension, start, end = _range(task)
    groups = sheet.groups[dimension]
    same = [g for g in groups if (g["range"]["startIndex"], g["range"]["endIndex"]) == (start, end)]
    if not same:
        raise task.refuse("Must have a group over the given range.")
    groups.remove(max(same, key=lambda g: int(g["depth"])))
    groups[:] = [
        {**g, "depth": max(1, g["depth"] - 1)}
        if start <= g["range"]["startIndex"] and g["range"]["endIndex"] <= end
        else g
        for g in groups
    ]
    return {"dimensionGroups": list(groups)} if groups else {}
