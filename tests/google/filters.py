"""The basic filter, which hides rows and may sort them, and filter views, which disturb nobody."""

from collections.abc import Callable
from typing import Any

from tests.google.evaluate import Evaluator
from tests.google.grid import Box, to_grid_range
from tests.google.model import Book, Json, Sheet, free_id
from tests.google.part_requests import all_ids, deleter, find_part
from tests.google.ranges import clip
from tests.google.render import Renderer
from tests.google.sorting import sort_rows
from tests.google.task import Task, copy_fields, without_nulls

_CONDITIONS: dict[str, Callable[[str, str], bool]] = {
    "BLANK": lambda shown, _: not shown,
    "NOT_BLANK": lambda shown, _: bool(shown),
    "TEXT_EQ": lambda shown, wanted: shown.casefold() == wanted.casefold(),
    "TEXT_CONTAINS": lambda shown, wanted: wanted.casefold() in shown.casefold(),
    "TEXT_NOT_CONTAINS": lambda shown, wanted: wanted.casefold() not in shown.casefold(),
    "TEXT_STARTS_WITH": lambda shown, wanted: shown.casefold().startswith(wanted.casefold()),
}


def set_basic_filter(task: Task) -> None:
    """Put the sheet's one filter over a range, its first row being the header; open ends are filled with the grid's.

    Its sort specs move the rows for everybody, and its criteria hide rows for everybody.
    """
    given = without_nulls(task.given.get("filter") or {})
    place = given.get("range")
    if place is None:
        raise task.refuse("No range specified.")
    sheet = task.sheet(place)
    box = clip(sheet, place)
    show_all(sheet)
    sheet.basic_filter = {**given, "range": to_grid_range(sheet.id, box)}
    rows = box._replace(top=min(box.top + 1, box.bottom))
    specs = [
        (int(one.get("dimensionIndex") or 0), one.get("sortOrder") == "DESCENDING")
        for one in given.get("sortSpecs", [])
    ]
    if specs:
        task.guard(sheet, rows)
        sort_rows(task.book, sheet, rows, [spec for spec in specs if rows.left <= spec[0] < rows.right])
    _hide(task.book, sheet, rows, _criteria(given))


def _criteria(given: Json) -> dict[int, Json]:
    """Return the criteria by column of the sheet, from the old map or the newer list."""
    found = {int(column): one for column, one in (given.get("criteria") or {}).items() if str(column).isdigit()}
    for spec in given.get("filterSpecs") or []:
        found[int(spec.get("columnIndex") or 0)] = spec.get("filterCriteria") or {}
    return {column: one for column, one in found.items() if isinstance(one, dict)}


def _hide(book: Book, sheet: Sheet, box: Box, criteria: dict[int, Json]) -> None:
    renderer = Renderer(Evaluator(book))
    for row in range(box.top, box.bottom) if criteria else ():
        for column, one in criteria.items():
            shown = renderer.value(sheet, sheet.cell(row, column), (row, column), "FORMATTED_VALUE", "")
            if not _passes(shown, one):
                sheet.row_meta[row] = {**sheet.row_meta.get(row, {}), "hiddenByFilter": True}


def _passes(shown: str, criterion: Json) -> bool:
    """Say whether a cell's text lets its row be seen; kinds of conditions that are not known here let all pass."""
    if shown in (criterion.get("hiddenValues") or []):
        return False
    condition: Any = criterion.get("condition") or {}
    test = _CONDITIONS.get(str(condition.get("type")))
    values = condition.get("values") or [{}]
    return test is None or test(shown, str(values[0].get("userEnteredValue") or ""))


def clear_basic_filter(task: Task) -> None:
    """Take the filter away; the rows it hid come back."""
    sheet = task.sheet()
    sheet.basic_filter = None
    show_all(sheet)


def show_all(sheet: Sheet) -> None:
    """Show the rows again that a filter hid."""
    for row, meta in list(sheet.row_meta.items()):
        if meta.get("hiddenByFilter"):
            rest = {name: part for name, part in meta.items() if name != "hiddenByFilter"}
            if rest:
                sheet.row_meta[row] = rest
            else:
                del sheet.row_meta[row]


def add_filter_view(task: Task) -> Json:
    """Keep a view of a range under a title; it disturbs nobody's sheet."""
    given = without_nulls(task.given.get("filter") or {})
    sheet = task.sheet(given.get("range") or {})
    taken = all_ids(task.book, "filterViews", "filterViewId")
    key = int(given.get("filterViewId") or free_id(taken))
    if key in taken:
        raise task.refuse(f"Filter view with id {key} already exists.")
    views = sheet.parts.setdefault("filterViews", [])
    place = to_grid_range(sheet.id, clip(sheet, given.get("range") or {}))
    entry = {"filterViewId": key, "title": given.get("title") or f"Filter {len(views) + 1}", "range": place}
    entry |= {name: part for name, part in given.items() if name not in entry}
    views.append(entry)
    return {"filter": entry}


def update_filter_view(task: Task) -> None:
    """Change what the mask names of a filter view."""
    given = task.given.get("filter") or {}
    sheet, index = find_part(task, "filterViews", "filterViewId", given.get("filterViewId"))
    views = sheet.parts["filterViews"]
    views[index] = {
        **copy_fields(views[index], given, task.mask("FilterView")),
        "filterViewId": views[index]["filterViewId"],
    }


delete_filter_view = deleter("filterViews", "filterViewId")
