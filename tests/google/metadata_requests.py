"""batchUpdate kinds about developer metadata, and the filters that find it."""

from tests.google.errors import bad_request
from tests.google.model import Book, Json, free_id
from tests.google.task import Task, copy_fields, without_nulls


def create(task: Task) -> Json:
    """Attach developer metadata; an id chosen by the client must be free, or the whole batch is refused."""
    given = without_nulls(task.given.get("developerMetadata") or {})
    key = int(given.get("metadataId") or 0) or free_id(set(task.book.metadata))
    if key in task.book.metadata:
        raise task.refuse(
            f"Cannot add developer metadata with ID [{key}] because developer metadata with that ID already exists."
        )
    if not given.get("metadataKey"):
        raise task.refuse("Developer metadata must have a key.")
    if given.get("visibility") not in {"DOCUMENT", "PROJECT"}:
        raise task.refuse("Developer metadata must have a visibility.")
    entry = {"metadataId": key, "metadataKey": given["metadataKey"]}
    if "metadataValue" in given:
        entry["metadataValue"] = given["metadataValue"]
    entry |= {"location": _location(task, given.get("location") or {}), "visibility": given["visibility"]}
    task.book.metadata[key] = entry
    return {"developerMetadata": entry}


def _location(task: Task, given: Json) -> Json:
    if given.get("spreadsheet"):
        return {"locationType": "SPREADSHEET", "spreadsheet": True}
    place = given.get("dimensionRange")
    if place:
        start, end = int(place.get("startIndex") or 0), place.get("endIndex")
        if end is None or int(end) - start != 1:
            raise task.refuse("Developer metadata can only be on a single row or column.")
        kind = "ROW" if place.get("dimension") == "ROWS" else "COLUMN"
        sheet = task.sheet(place)
        found: Json = {"sheetId": sheet.id} if sheet.id else {}
        found |= {"dimension": place.get("dimension"), "startIndex": start, "endIndex": int(end)}
        return {"locationType": kind, "dimensionRange": found}
    if given.get("sheetId") is not None:
        sheet = task.sheet(given)
        return {"locationType": "SHEET", "sheetId": sheet.id}
    raise task.refuse("Developer metadata must have a location.")


def update(task: Task) -> Json:
    """Change what the mask names of all metadata that the filters find."""
    given = task.given.get("developerMetadata") or {}
    mask = task.mask("DeveloperMetadata")
    found = _matching(task)
    for key in found:
        new = copy_fields(task.book.metadata[key], given, mask)
        if "location" in mask:
            new["location"] = _location(task, given.get("location") or {})
        task.book.metadata[key] = {**new, "metadataId": key}
    return {"developerMetadata": [task.book.metadata[key] for key in found]} if found else {}


def delete(task: Task) -> Json:
    """Delete all metadata that the filter finds; finding none is no error."""
    found = find(task.book, task.given.get("dataFilter") or {})
    gone = [task.book.metadata.pop(key) for key in found]
    return {"deletedDeveloperMetadata": gone} if gone else {}


def _matching(task: Task) -> list[int]:
    return [key for one in task.given.get("dataFilters") or [] for key in find(task.book, one)]


def find(book: Book, data_filter: Json) -> list[int]:
    """Return the ids of the metadata that a DataFilter selects."""
    lookup = data_filter.get("developerMetadataLookup")
    if lookup is None:
        raise bad_request("The data filter must have a developerMetadataLookup.")
    wanted = without_nulls(lookup)
    return [key for key, entry in book.metadata.items() if _matches(entry, wanted)]


def _matches(entry: Json, wanted: Json) -> bool:
    for name in ("metadataId", "metadataKey", "metadataValue", "visibility"):
        if name in wanted and entry.get(name) != (int(wanted[name]) if name == "metadataId" else wanted[name]):
            return False
    kind = wanted.get("locationType")
    if kind and entry["location"]["locationType"] != kind:
        return False
    place = wanted.get("metadataLocation")
    if not place:
        return True
    if place.get("spreadsheet"):
        return bool(entry["location"].get("spreadsheet"))
    if "sheetId" in place:
        location = entry["location"]
        return bool(location.get("sheetId", location.get("dimensionRange", {}).get("sheetId", 0)) == place["sheetId"])
    exact = wanted.get("locationMatchingStrategy") == "EXACT_LOCATION"
    return "dimensionRange" not in place or _on_line(entry["location"], place["dimensionRange"], exact=exact)


def _on_line(location: Json, line: Json, *, exact: bool) -> bool:
    """Whether metadata is on a row or column, or, unless `exact`, on anything that intersects it."""
    own = location.get("dimensionRange")
    sheet_id = line.get("sheetId") or 0
    if own is None:
        return not exact and location.get("sheetId") == sheet_id
    if own.get("sheetId", 0) != sheet_id:
        return False
    if own["dimension"] != line.get("dimension"):
        return not exact
    return bool(own["startIndex"] == int(line.get("startIndex") or 0))
