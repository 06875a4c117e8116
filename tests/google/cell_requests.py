"""batchUpdate kinds that write cells: updateCells, repeatCell, appendCells, pasteData, copy, cut, validate."""

import csv
import io
import re
from typing import Any

from tests.google import masks
from tests.google.cells import MAX_LENGTH, enter, whole
from tests.google.errors import ApiError
from tests.google.formulas import copied
from tests.google.grid import Box
from tests.google.model import EMPTY, Cell, Formula, Json, Sheet, Value
from tests.google.ranges import clip
from tests.google.task import Task, copy_fields, without_nulls
from tests.google.theme import color
from tests.google.values import grow

_SLOTS = {"userEnteredValue", "userEnteredFormat", "note", "dataValidation"}


def value_of(given: Json | None, task: Task) -> Value:
    """Return the value of an ExtendedValue; a text is taken as it is, never parsed."""
    for name, value in (given or {}).items():
        if name == "formulaValue" and value is not None:
            return Formula(value if str(value).startswith("=") else f"={value}")
        if name == "numberValue" and value is not None:
            return whole(float(value))
        if name == "stringValue" and value is not None:
            if len(value) > MAX_LENGTH:
                raise too_long(task)
            return str(value) or None
        if name == "boolValue" and value is not None:
            return bool(value)
    return None


def too_long(task: Task) -> ApiError:
    """Return the refusal of a text that no cell can hold."""
    return task.refuse(f"Your input contains more than the maximum of {MAX_LENGTH} characters in a single cell.")


def tidy_format(given: Json | None) -> Json | None:
    """Return a CellFormat as it is stored: colors in eight bits, and each color beside its style."""
    if not given:
        return None
    found = _pair_color(given, "backgroundColor")
    if "textFormat" in found:
        text = _pair_color(found["textFormat"], "foregroundColor")
        found["textFormat"] = text
    return found or None


def _pair_color(given: Json, name: str) -> Json:
    found = dict(given)
    style = f"{name}Style"
    if style in found and "rgbColor" in found[style]:
        found[style] = {"rgbColor": stored_color(found[style]["rgbColor"])}
        found[name] = found[style]["rgbColor"]
    elif style not in found and name in found:
        found[name] = stored_color(found[name])
        found[style] = {"rgbColor": found[name]}
    return found


def stored_color(given: Json) -> Json:
    """Return a Color as it comes back."""
    return color(*(float(given.get(channel) or 0) for channel in ("red", "green", "blue")))


def changed(cell: Cell | None, data: Json, mask: masks.Mask, task: Task) -> Cell | None:
    """Return a cell with the fields of a CellData that the mask names."""
    old = cell or EMPTY
    everything = not mask
    changes: dict[str, Any] = {}
    if everything or "userEnteredValue" in mask:
        changes["value"] = value_of(data.get("userEnteredValue"), task)
    if everything or "note" in mask:
        changes["note"] = data.get("note") or None
    if everything or "dataValidation" in mask:
        changes["validation"] = tidy_rule(data.get("dataValidation"))
    if everything or "userEnteredFormat" in mask:
        below = mask.get("userEnteredFormat", {})
        changes["format"] = tidy_format(_styled(old.format, data.get("userEnteredFormat") or {}, below))
    others = {name for name in (mask or data) if name not in _SLOTS}
    if everything or others:
        kept = {} if everything else dict(old.extra or {})
        for name in others - {"effectiveValue", "effectiveFormat", "formattedValue", "hyperlink"}:
            kept.pop(name, None)
            if data.get(name):
                kept[name] = without_nulls(data[name])
        changes["extra"] = kept or None
    return old.but(**changes)


def _styled(old: Json | None, given: Json, mask: masks.Mask) -> Json:
    """Merge formats; naming only a color forgets the style beside it, and the other way round."""
    merged: Json = copy_fields(old, given, mask) or {}
    for name in mask:
        twin = name.removesuffix("Style") if name.endswith("Style") else f"{name}Style"
        if twin in merged and twin not in mask:
            del merged[twin]
    text = mask.get("textFormat")
    if text and "textFormat" in merged:
        inner = dict(merged["textFormat"])
        for name in text:
            twin = name.removesuffix("Style") if name.endswith("Style") else f"{name}Style"
            if twin not in text:
                inner.pop(twin, None)
        merged["textFormat"] = inner
    return merged


def tidy_rule(rule: Json | None) -> Json | None:
    """Return a DataValidationRule as it is stored: false flags are left out."""
    if not rule:
        return None
    return {name: part for name, part in without_nulls(rule).items() if part is not False}


def update_cells(task: Task) -> None:
    """Write rows of CellData from a corner on, or over a range whose rest is cleared."""
    rows = task.given.get("rows") or []
    mask = task.mask("CellData")
    if task.given.get("start") is not None:
        start = task.given["start"]
        sheet = task.sheet(start)
        top, left = int(start.get("rowIndex") or 0), int(start.get("columnIndex") or 0)
        width = max((len(row.get("values") or []) for row in rows), default=0)
        box = Box(top, top + len(rows), left, left + width)
        _check_corner(task, sheet, top, left)
    else:
        sheet, box = task.target()
        if len(rows) > box.height:
            raise task.refuse(
                f"Attempting to write row: {box.bottom}, beyond the last requested row of: {box.bottom - 1}"
            )
    task.guard(sheet, box)
    grow(task.book, sheet, box.bottom, box.right)
    for offset in range(box.height):
        given = (rows[offset].get("values") or []) if offset < len(rows) else []
        if len(given) > box.width:
            raise task.refuse(
                f"Attempting to write column: {box.right}, beyond the last requested column of: {box.right - 1}"
            )
        old = sheet.slice(box.top + offset, box.left, box.right)
        new = [changed(cell, given[i] if i < len(given) else {}, mask, task) for i, cell in enumerate(old)]
        sheet.set_cells(box.top + offset, box.left, new)


def _check_corner(task: Task, sheet: Sheet, row: int, column: int, name: str = "start") -> None:
    for key, index, size in (("rowIndex", row, sheet.row_count), ("columnIndex", column, sheet.column_count)):
        if index < 0:
            raise task.refuse(f"{name}.{key}[{index}] must be greater than or equal to 0.")
        if index >= size:
            raise task.refuse(f"{name}.{key} is larger than current grid size ({size})")


def repeat_cell(task: Task) -> None:
    """Write one CellData into every cell of a range; a formula follows as in a fill."""
    sheet, box = task.target()
    mask = task.mask("CellData")
    data = task.given.get("cell") or {}
    task.guard(sheet, box)
    formula = (data.get("userEnteredValue") or {}).get("formulaValue")
    for row in range(box.top, box.bottom):
        new = []
        for column, cell in enumerate(sheet.slice(row, box.left, box.right), box.left):
            mine = data
            if formula:
                text = copied(str(formula), row - box.top, column - box.left)
                mine = {**data, "userEnteredValue": {"formulaValue": text}}
            new.append(changed(cell, mine, mask, task))
        sheet.set_cells(row, box.left, new)


def append_cells(task: Task) -> None:
    """Write rows of CellData below the last row that holds data."""
    sheet = task.sheet()
    rows = task.given.get("rows") or []
    mask = task.mask("CellData")
    top = sheet.used_rows()
    width = max((len(row.get("values") or []) for row in rows), default=0)
    grow(task.book, sheet, top + len(rows), width)
    for offset, row in enumerate(rows):
        given = row.get("values") or []
        old = sheet.slice(top + offset, 0, len(given))
        sheet.set_cells(top + offset, 0, [changed(c, d, mask, task) for c, d in zip(old, given, strict=True)])


def paste_data(task: Task) -> None:
    """Paste text, parsed as if typed; the grid grows at its edges."""
    corner = task.given.get("coordinate") or {}
    sheet = task.sheet(corner)
    top, left = int(corner.get("rowIndex") or 0), int(corner.get("columnIndex") or 0)
    _check_corner(task, sheet, top, left, "coordinate")
    rows = _pasted_rows(task)
    width = max((len(row) for row in rows), default=0)
    task.guard(sheet, Box(top, top + len(rows), left, left + width))
    grow(task.book, sheet, top + len(rows), left + width)
    if any(len(text) > MAX_LENGTH for row in rows for text in row):
        raise too_long(task)
    form_only = task.given.get("type") in {"PASTE_FORMAT", "PASTE_DATA_VALIDATION", "PASTE_CONDITIONAL_FORMATTING"}
    if form_only:
        return
    for offset, texts in enumerate(rows):
        old = sheet.slice(top + offset, left, left + len(texts))
        new = [enter(cell, text, parse=True) for cell, text in zip(old, texts, strict=True)]
        sheet.set_cells(top + offset, left, new)


def _pasted_rows(task: Task) -> list[list[str]]:
    data = str(task.given.get("data") or "")
    if task.given.get("html"):
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", data, re.DOTALL | re.IGNORECASE) or [data]
        cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL | re.IGNORECASE) or [row] for row in rows]
        return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]
    delimiter = str(task.given.get("delimiter") or "\t")
    text = data.replace("\r\n", "\n")
    if '"' in text and len(delimiter) == 1:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return [line.split(delimiter) for line in text.split("\n")]


_PASTE: dict[str, tuple[str, ...]] = {
    "PASTE_NORMAL": ("value", "format", "note", "validation", "extra"),
    "PASTE_VALUES": ("value",),
    "PASTE_FORMAT": ("format",),
    "PASTE_NO_BORDERS": ("value", "format", "note", "validation", "extra"),
    "PASTE_FORMULA": ("value",),
    "PASTE_DATA_VALIDATION": ("validation",),
    "PASTE_CONDITIONAL_FORMATTING": (),
}


def _pasted(cell: Cell | None, onto: Cell | None, slots: tuple[str, ...], step: tuple[int, int]) -> Cell | None:
    source = cell or EMPTY
    changes = {name: getattr(source, name) for name in slots}
    if isinstance(changes.get("value"), Formula):
        changes["value"] = Formula(copied(changes["value"].text, *step))
    return (onto or EMPTY).but(**changes)


def copy_paste(task: Task) -> None:
    """Copy a range over another, as often as it fits."""
    source, box = task.target("source")
    target, place = task.target("destination")
    task.guard(target, place)
    turned = task.given.get("pasteOrientation") == "TRANSPOSE"
    slots = _PASTE.get(task.given.get("pasteType") or "PASTE_NORMAL", ())
    cells = [source.slice(row, box.left, box.right) for row in range(box.top, box.bottom)]
    if turned:
        cells = [list(column) for column in zip(*cells, strict=True)]
    height, width = len(cells), len(cells[0]) if cells else 0
    if not height or not width:
        return
    rows = max(height, place.height - place.height % height)
    columns = max(width, place.width - place.width % width)
    grow(task.book, target, place.top + rows, place.left + columns)
    for row in range(rows):
        old = target.slice(place.top + row, place.left, place.left + columns)
        new = []
        for column in range(columns):
            i, j = (column % width, row % height) if turned else (row % height, column % width)
            step = (place.top + row - box.top - i, place.left + column - box.left - j)
            new.append(_pasted(cells[row % height][column % width], old[column], slots, step))
        target.set_cells(place.top + row, place.left, new)


def cut_paste(task: Task) -> None:
    """Move a range; formulas in it keep looking where they looked."""
    source, box = task.target("source")
    corner = task.given.get("destination") or {}
    target = task.sheet(corner)
    top, left = int(corner.get("rowIndex") or 0), int(corner.get("columnIndex") or 0)
    _check_corner(task, target, top, left, "destination")
    task.guard(source, box)
    task.guard(target, Box(top, top + box.height, left, left + box.width))
    slots = _PASTE.get(task.given.get("pasteType") or "PASTE_NORMAL", ())
    cells = [source.slice(row, box.left, box.right) for row in range(box.top, box.bottom)]
    for row in range(box.top, box.bottom):
        source.set_cells(row, box.left, [None] * box.width)
    grow(task.book, target, top + box.height, left + box.width)
    for offset, row_cells in enumerate(cells):
        old = target.slice(top + offset, left, left + box.width)
        new = [_pasted(cell, onto, slots, (0, 0)) for cell, onto in zip(row_cells, old, strict=True)]
        target.set_cells(top + offset, left, new)


def set_data_validation(task: Task) -> None:
    """Set the rule of every cell in a range; without a rule, clear it. The range is clipped to the grid."""
    given = task.given.get("range") or {}
    sheet = task.sheet(given)
    _, box = task.target()
    if any(clip(sheet, table["range"]).meets(box) for table in sheet.parts.get("tables", [])):
        raise task.refuse("This operation is not allowed on cells in typed columns.")
    rule = tidy_rule(task.given.get("rule"))
    bottom = box.bottom if rule else min(box.bottom, len(sheet.rows))
    for row in range(box.top, bottom):
        old = sheet.slice(row, box.left, box.right)
        if rule or any(cell is not None and cell.validation for cell in old):
            sheet.set_cells(row, box.left, [(cell or EMPTY).but(validation=rule) for cell in old])
