"""batchUpdate kinds about whole sheets and the spreadsheet: add, delete, duplicate, properties, merges."""

from typing import Any

from tests.google import masks
from tests.google.cell_requests import stored_color
from tests.google.errors import bad_request
from tests.google.grid import Box, a1
from tests.google.griddata import sheet_properties
from tests.google.model import DEFAULT_COLUMNS, DEFAULT_ROWS, Book, Json, Sheet, free_id
from tests.google.task import Task, copy_fields

_READ_ONLY = {"sheetId", "sheetType", "dataSourceSheetProperties"}
_FLAGS = {"hidden", "rightToLeft"}
LOCALES = ("en_US", "en_GB", "fr_FR", "de_DE", "es_ES", "it_IT", "pt_BR", "ja_JP", "ko_KR", "zh_CN", "nl_NL", "en")


def add_sheet(task: Task) -> Json:
    """Add an empty tab, at the end without an index."""
    given = task.given.get("properties") or {}
    book = task.book
    title = given.get("title") or _free_title(book)
    _check_title(task, title, None)
    kind = given.get("sheetType") or "GRID"
    if kind != "GRID":
        raise task.refuse(f"Creating a sheet of type {kind} is not supported by the stand-in.")
    grid = given.get("gridProperties") or {}
    sheet = Sheet(_new_id(task, given.get("sheetId")), title)
    for name, default in (("rowCount", DEFAULT_ROWS), ("columnCount", DEFAULT_COLUMNS)):
        count = default if grid.get(name) is None else int(grid[name])
        if count <= 0:
            raise task.refuse(f"{name} must be greater than 0.")
        sheet.grid[name] = count
    for name in ("frozenRowCount", "frozenColumnCount", "hideGridlines"):
        if grid.get(name):
            sheet.grid[name] = grid[name]
    _set_looks(sheet, given)
    book.add_sheet(sheet, _index(task, given.get("index"), len(book.sheets)))
    book.check_size()
    return {"properties": sheet_properties(sheet, book.sheets.index(sheet))}


def _set_looks(sheet: Sheet, given: Json) -> None:
    for name in _FLAGS:
        if given.get(name):
            sheet.properties[name] = True
    if given.get("tabColorStyle") or given.get("tabColor"):
        style = given.get("tabColorStyle") or {"rgbColor": given["tabColor"]}
        _set_tab_color(sheet, style)


def _set_tab_color(sheet: Sheet, style: Json | None) -> None:
    """Keep a tab's color in both of its fields; a style without a color takes it away."""
    sheet.properties.pop("tabColor", None)
    sheet.properties.pop("tabColorStyle", None)
    if style and style.get("rgbColor") is not None:
        color = stored_color(style["rgbColor"])
        sheet.properties |= {"tabColor": color, "tabColorStyle": {"rgbColor": color}}
    elif style and style.get("themeColor"):
        sheet.properties["tabColorStyle"] = {"themeColor": style["themeColor"]}


def _free_title(book: Book) -> str:
    number = len(book.sheets) + 1
    while book.named(f"Sheet{number}") is not None:
        number += 1
    return f"Sheet{number}"


def _check_title(task: Task, title: str, own: Sheet | None) -> None:
    if not title or len(title) > 100:
        raise task.refuse("The sheet name must have between 1 and 100 characters.")
    other = task.book.named(title)
    if other is not None and (own is None or other.id != own.id):
        raise task.refuse(f'A sheet with the name "{title}" already exists. Please enter another name.')


def _new_id(task: Task, given: Any) -> int:
    if given is None:
        return task.book.free_sheet_id()
    if int(given) < 0:
        raise task.refuse(f"sheetId[{given}] must be greater than or equal to 0.")
    if task.book.find(int(given)) is not None:
        raise task.refuse(f"Sheet with id {given} already exists.")
    return int(given)


def _index(task: Task, given: Any, count: int) -> int:
    if given is None:
        return count
    if not 0 <= int(given) <= count:
        raise task.refuse(f"index[{given}] must be between 0 and {count}.")
    return int(given)


def delete_sheet(task: Task) -> None:
    """Delete a tab; one visible tab must stay."""
    sheet = task.sheet()
    rest = [other for other in task.book.sheets if other.id != sheet.id]
    if not any(not other.properties.get("hidden") for other in rest):
        raise task.refuse("You can't remove all the visible sheets in a document.")
    task.book.sheets[:] = rest
    task.book.named_ranges[:] = [e for e in task.book.named_ranges if e["range"].get("sheetId", 0) != sheet.id]
    for key, entry in list(task.book.metadata.items()):
        place = entry["location"]
        if place["locationType"] != "SPREADSHEET" and place.get("dimensionRange", place).get("sheetId", 0) == sheet.id:
            del task.book.metadata[key]


def duplicate(source: Sheet, sheet_id: int, title: str) -> Sheet:
    """Return a copy of a sheet under another id: everything on it comes along."""
    other = source.fork()
    other.id, other.title = sheet_id, title
    other.properties.pop("hidden", None)
    taken: set[int] = set()
    for name, entries in other.parts.items():
        other.parts[name] = [_copied_part(entry, sheet_id, taken) for entry in entries]
    if other.basic_filter is not None:
        other.basic_filter = _on_sheet(other.basic_filter, sheet_id)
    for dimension, groups in other.groups.items():
        other.groups[dimension] = [_on_sheet(group, sheet_id) for group in groups]
    return other


def _copied_part(entry: Json, sheet_id: int, taken: set[int]) -> Json:
    found = _on_sheet(entry, sheet_id)
    for name in ("protectedRangeId", "filterViewId", "bandedRangeId"):
        if name in found:
            found[name] = free_id(taken)
            taken.add(found[name])
    return found


def _on_sheet(entry: Json, sheet_id: int) -> Json:
    """Return an object whose ranges lie on another sheet."""
    found = dict(entry)
    for name in ("range", "ranges", "unprotectedRanges"):
        if name in found:
            value = found[name]
            found[name] = (
                [_range_on(one, sheet_id) for one in value] if isinstance(value, list) else _range_on(value, sheet_id)
            )
    return found


def _range_on(given: Json, sheet_id: int) -> Json:
    rest = {name: part for name, part in given.items() if name != "sheetId"}
    return {"sheetId": sheet_id, **rest} if sheet_id else rest


def duplicate_sheet(task: Task) -> Json:
    """Copy a tab inside the book; without an index it lands at the front."""
    given = task.given
    source = task.book.find(int(given.get("sourceSheetId") or 0))
    if source is None:
        raise task.refuse(f"No sheet with id: {int(given.get('sourceSheetId') or 0)}")
    title = given.get("newSheetName") or _copy_title(task.book, source.title)
    _check_title(task, title, None)
    sheet = duplicate(source, _new_id(task, given.get("newSheetId")), title)
    task.book.add_sheet(sheet, _index(task, given.get("insertSheetIndex") or 0, len(task.book.sheets)))
    task.book.check_size()
    return {"properties": sheet_properties(sheet, task.book.sheets.index(sheet))}


def _copy_title(book: Book, title: str) -> str:
    found, number = f"Copy of {title}", 2
    while book.named(found) is not None:
        found, number = f"Copy of {title} {number}", number + 1
    return found


def update_sheet_properties(task: Task) -> None:
    """Change what the mask names of a sheet's properties."""
    given = task.given.get("properties") or {}
    mask = task.mask("SheetProperties")
    sheet = task.sheet(given)
    names = mask or {name: {} for name in given if name not in _READ_ONLY}
    for name, below in names.items():
        if name in _FLAGS:
            sheet.properties[name] = bool(given.get(name))
        elif name == "title":
            title = str(given.get("title") or "")
            _check_title(task, title, sheet)
            sheet.title = title
        elif name == "index":
            _move(task, sheet, given.get("index"))
        elif name in {"tabColor", "tabColorStyle"}:
            style = given.get("tabColorStyle") if name == "tabColorStyle" else {"rgbColor": given.get("tabColor")}
            _set_tab_color(sheet, style)
        elif name == "gridProperties":
            _set_grid(task, sheet, given.get("gridProperties") or {}, below)
    if all(other.properties.get("hidden") for other in task.book.sheets):
        raise task.refuse("You can't hide all the sheets in a document.")


def _move(task: Task, sheet: Sheet, given: Any) -> None:
    """Move a tab; the index counts the places before the move, as Google documents it."""
    sheets = task.book.sheets
    target = _index(task, given or 0, len(sheets))
    old = sheets.index(sheet)
    sheets.insert(target, sheet)
    del sheets[old if target > old else old + 1]


def _set_grid(task: Task, sheet: Sheet, given: Json, mask: masks.Mask) -> None:
    new = copy_fields(sheet.grid, given, mask)
    if not mask:
        new = {
            **new,
            "rowCount": new.get("rowCount", sheet.row_count),
            "columnCount": new.get("columnCount", sheet.column_count),
        }
    for name, what in (("rowCount", "rows"), ("columnCount", "columns")):
        if int(new.get(name) or 0) <= 0:
            raise task.refuse(f"gridProperties.{name} must be greater than 0.")
        frozen = int(new.get("frozenRowCount" if what == "rows" else "frozenColumnCount") or 0)
        if frozen >= int(new[name]):
            raise task.refuse(f"You can't freeze all visible {what} on the sheet.")
    old = sheet.whole
    sheet.grid = new
    if sheet.row_count < old.bottom or sheet.column_count < old.right:
        _crop(sheet)
    task.book.check_size()


def _crop(sheet: Sheet) -> None:
    """Forget what lies outside a grid that has become smaller."""
    whole = sheet.whole
    del sheet.rows[whole.bottom :]
    sheet.rows[:] = [row[: whole.right] for row in sheet.rows]
    for meta, size in ((sheet.row_meta, whole.bottom), (sheet.column_meta, whole.right)):
        for index in [index for index in meta if index >= size]:
            del meta[index]
    cut = [Box(m.top, min(m.bottom, whole.bottom), m.left, min(m.right, whole.right)) for m in sheet.merges]
    sheet.merges[:] = [m for m in cut if m.height > 0 and m.width > 0 and m.height * m.width > 1]


def update_spreadsheet_properties(task: Task) -> None:
    """Change title, locale, time zone and the like of the file."""
    given = task.given.get("properties") or {}
    mask = task.mask("SpreadsheetProperties")
    names: masks.Mask = mask or {name: {} for name in given}
    locale = given.get("locale")
    if "locale" in names and locale not in LOCALES and not _looks_like_locale(locale):
        raise task.refuse(f"Unsupported locale: {locale}")
    for name, below in names.items():
        value = copy_fields(task.book.properties.get(name), given.get(name), below)
        if name == "title" and not value:
            raise task.refuse("title must not be empty.")
        if value is None:
            task.book.properties.pop(name, None)
        else:
            task.book.properties[name] = value


def _looks_like_locale(locale: Any) -> bool:
    text = str(locale or "")
    language, _, region = text.partition("_")
    return language.isalpha() and len(language) in {2, 3} and (not region or region.isalnum())


def merge_cells(task: Task) -> None:
    """Merge a range whole, or by its columns or rows; the values under a merge are lost, except for the first."""
    sheet, box = task.target()
    kind = task.given.get("mergeType") or "MERGE_ALL"
    if kind == "MERGE_COLUMNS":
        boxes = [Box(box.top, box.bottom, column, column + 1) for column in range(box.left, box.right)]
    elif kind == "MERGE_ROWS":
        boxes = [Box(row, row + 1, box.left, box.right) for row in range(box.top, box.bottom)]
    else:
        boxes = [box]
    task.guard(sheet, box)
    for merge in sheet.merges:
        if merge.meets(box) and not box.holds(merge):
            raise task.refuse(f"You must select all cells in a merged range to merge or unmerge them. ({a1(merge)})")
    sheet.merges[:] = [merge for merge in sheet.merges if not merge.meets(box)]
    for one in boxes:
        if one.height * one.width > 1:
            sheet.merges.append(one)
            _keep_first(sheet, one)


def _keep_first(sheet: Sheet, box: Box) -> None:
    """Move the first value of a merged range to its corner and drop the others."""
    filled = [(row, column, cell) for row, column, cell in sheet.cells(box) if cell.value is not None]
    if not filled:
        return
    first = filled[0][2].value
    for row, column, cell in filled:
        sheet.set_cells(row, column, [cell.but(value=None)])
    corner = sheet.cell(box.top, box.left)
    kept = corner.but(value=first) if corner else filled[0][2]
    sheet.set_cells(box.top, box.left, [kept])


def unmerge_cells(task: Task) -> None:
    """Take the merges inside a range apart."""
    sheet, box = task.target()
    for merge in sheet.merges:
        if merge.meets(box) and not box.holds(merge):
            raise task.refuse(f"You must select all cells in a merged range to merge or unmerge them. ({a1(merge)})")
    sheet.merges[:] = [merge for merge in sheet.merges if not merge.meets(box)]


def copy_to(source: Book, sheet_id: int, target: Book) -> Json:
    """Copy a sheet into a draft of another (or the same) book and return its properties."""
    sheet = source.find(sheet_id)
    if sheet is None:
        raise bad_request(f"The sheet ({sheet_id}) does not exist.")
    other = duplicate(sheet, target.free_sheet_id(), _copy_title(target, sheet.title))
    target.add_sheet(other)
    target.check_size()
    return sheet_properties(other, len(target.sheets) - 1)
