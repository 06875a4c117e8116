"""batchUpdate kinds about what lies over the cells: named and protected ranges, conditional formats, tables."""

import re
from collections.abc import Callable
from typing import Any

from tests.google.grid import parse_span, tidy_grid_range
from tests.google.model import Book, Json, Sheet, free_id
from tests.google.ranges import clip
from tests.google.task import Task, copy_fields, without_nulls

_NAME = re.compile(r"^[^\W\d][\w.]{0,249}$")


def _checked_range(task: Task, given: Json | None, what: str) -> Json:
    if given is None:
        raise task.refuse(f"No {what} specified.")
    task.sheet(given)
    return tidy_grid_range(given)


def add_named_range(task: Task) -> Json:
    """Name a range; names are unique, whatever their capitals."""
    given = task.given.get("namedRange") or {}
    name = str(given.get("name") or "")
    _check_name(task, name, None)
    taken = {str(entry["namedRangeId"]) for entry in task.book.named_ranges}
    key = str(given.get("namedRangeId") or free_id(set()))
    if key in taken:
        raise task.refuse(f"Named range with id {key} already exists.")
    entry = {"namedRangeId": key, "name": name, "range": _checked_range(task, given.get("range"), "range")}
    task.book.named_ranges.append(entry)
    return {"namedRange": entry}


def _check_name(task: Task, name: str, own: str | None) -> None:
    if not _NAME.match(name) or parse_span(name) is not None or name.upper() in {"TRUE", "FALSE"}:
        raise task.refuse(f"The name of the named range is invalid: {name}")
    for entry in task.book.named_ranges:
        if entry["name"].casefold() == name.casefold() and entry["namedRangeId"] != own:
            raise task.refuse(f'A named range with the name "{name}" already exists.')


def update_named_range(task: Task) -> None:
    """Change name or range of a named range."""
    given = task.given.get("namedRange") or {}
    index = _named_index(task, given.get("namedRangeId"))
    old = task.book.named_ranges[index]
    new = copy_fields(old, given, task.mask("NamedRange"))
    _check_name(task, str(new.get("name") or ""), old["namedRangeId"])
    new["range"] = _checked_range(task, new.get("range"), "range")
    task.book.named_ranges[index] = {name: new[name] for name in ("namedRangeId", "name", "range")}


def delete_named_range(task: Task) -> None:
    """Forget a name; the cells stay."""
    del task.book.named_ranges[_named_index(task, task.given.get("namedRangeId"))]


def _named_index(task: Task, key: Any) -> int:
    for index, entry in enumerate(task.book.named_ranges):
        if entry["namedRangeId"] == key:
            return index
    raise task.refuse(f"Cannot find named range with ID: {key}")


def find_part(task: Task, list_name: str, key: str, value: Any) -> tuple[Sheet, int]:
    """Return a draft's sheet and the position of one of its objects."""
    for sheet in list(task.book.sheets):
        for index, entry in enumerate(sheet.parts.get(list_name, [])):
            if entry[key] == int(value or 0):
                return task.book.edit(sheet.id), index
    raise task.refuse(f"No {key.removesuffix('Id')} with id: {int(value or 0)}")


def all_ids(book: Book, list_name: str, key: str) -> set[int]:
    return {entry[key] for sheet in book.sheets for entry in sheet.parts.get(list_name, [])}


def add_protected_range(task: Task) -> Json:
    """Protect a range, a named range or a whole sheet; who asks may go on editing."""
    given = without_nulls(task.given.get("protectedRange") or {})
    if given.get("namedRangeId"):
        named = task.book.named_ranges[_named_index(task, given["namedRangeId"])]
        given["range"] = named["range"]
    place = _checked_range(task, given.get("range"), "range")
    sheet = task.sheet(given["range"])
    taken = all_ids(task.book, "protectedRanges", "protectedRangeId")
    key = int(given.get("protectedRangeId") or free_id(taken))
    if key in taken:
        raise task.refuse(f"Protected range with id {key} already exists.")
    entry: Json = {"protectedRangeId": key, "range": place}
    for name in ("namedRangeId", "description", "warningOnly", "unprotectedRanges"):
        if given.get(name):
            entry[name] = given[name]
    entry["requestingUserCanEdit"] = True
    asked = given.get("editors") or {}
    users = [user for user in asked.get("users", []) if user != task.caller]
    stored = {"users": [task.caller, *users]} | ({"groups": asked["groups"]} if asked.get("groups") else {})
    sheet.parts.setdefault("protectedRanges", []).append({**entry, "editors": stored})
    shown = {name: part for name, part in asked.items() if part}
    return {"protectedRange": {**entry, "editors": shown}}


def update_protected_range(task: Task) -> None:
    """Change what the mask names of a protected range."""
    given = task.given.get("protectedRange") or {}
    sheet, index = find_part(task, "protectedRanges", "protectedRangeId", given.get("protectedRangeId"))
    entries = sheet.parts["protectedRanges"]
    new = copy_fields(entries[index], given, task.mask("ProtectedRange"))
    new["protectedRangeId"] = entries[index]["protectedRangeId"]
    new["requestingUserCanEdit"] = entries[index].get("requestingUserCanEdit", True)
    new["range"] = tidy_grid_range(new.get("range") or {})
    entries[index] = {name: part for name, part in new.items() if part is not False}


def deleter(list_name: str, key: str) -> Callable[[Task], None]:
    """Return the request that deletes an object of one list by its id."""

    def delete(task: Task) -> None:
        value = task.given.get("filterId") if list_name == "filterViews" else task.given.get(key)
        sheet, index = find_part(task, list_name, key, value)
        del sheet.parts[list_name][index]

    return delete


delete_protected_range = deleter("protectedRanges", "protectedRangeId")


def add_table(task: Task) -> Json:
    """Turn a range into a native table."""
    given = without_nulls(task.given.get("table") or {})
    place = _checked_range(task, given.get("range"), "range")
    sheet = task.sheet(given["range"])
    tables = sheet.parts.setdefault("tables", [])
    if any(clip(sheet, other["range"]).meets(clip(sheet, place)) for other in tables):
        raise task.refuse("You cannot add a table that overlaps another table.")
    entry = {**given, "tableId": given.get("tableId") or str(free_id(set())), "range": place}
    entry.setdefault("name", f"Table{len(tables) + 1}")
    tables.append(entry)
    return {"table": entry}


def delete_table(task: Task) -> None:
    """Delete a table and what its cells hold."""
    for sheet in list(task.book.sheets):
        for index, entry in enumerate(sheet.parts.get("tables", [])):
            if entry["tableId"] == task.given.get("tableId"):
                draft = task.book.edit(sheet.id)
                del draft.parts["tables"][index]
                box = clip(draft, entry["range"])
                for row in range(box.top, min(box.bottom, len(draft.rows))):
                    draft.set_cells(row, box.left, [None] * box.width)
                return
    raise task.refuse(f"No table with id: {task.given.get('tableId')}")


def add_conditional_format_rule(task: Task) -> None:
    """Insert a rule at an index of its sheet's list."""
    rule = without_nulls(task.given.get("rule") or {})
    if not rule.get("ranges"):
        raise task.refuse("At least one range must be specified.")
    sheet = task.sheet(rule["ranges"][0])
    rules = sheet.parts.setdefault("conditionalFormats", [])
    index = int(task.given.get("index") or 0)
    if not 0 <= index <= len(rules):
        raise task.refuse(f"index[{index}] must be between 0 and {len(rules)}.")
    rules.insert(index, {**rule, "ranges": [tidy_grid_range(one) for one in rule["ranges"]]})


def update_conditional_format_rule(task: Task) -> Json:
    """Replace a rule, or move it to another index."""
    rule = without_nulls(task.given.get("rule") or {})
    sheet = task.sheet((rule.get("ranges") or [task.given])[0])
    rules = sheet.parts.get("conditionalFormats", [])
    index = _rule_index(task, rules)
    old = rules[index]
    if rule:
        rules[index] = {**rule, "ranges": [tidy_grid_range(one) for one in rule.get("ranges", [])]}
        return {"newRule": rules[index], "newIndex": index, "oldRule": old, "oldIndex": index}
    new_index = min(int(task.given.get("newIndex") or 0), len(rules) - 1)
    rules.insert(new_index, rules.pop(index))
    return {"newRule": old, "newIndex": new_index, "oldIndex": index}


def delete_conditional_format_rule(task: Task) -> Json:
    """Delete a rule by its index."""
    rules = task.sheet().parts.get("conditionalFormats", [])
    return {"rule": rules.pop(_rule_index(task, rules))}


def _rule_index(task: Task, rules: list[Json]) -> int:
    index = int(task.given.get("index") or 0)
    if not 0 <= index < len(rules):
        raise task.refuse(f"No conditional format on sheet at index: {index}")
    return index
