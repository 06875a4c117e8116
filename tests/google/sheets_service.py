"""The Sheets service: every method of the v4 API that the stand-in knows, by path."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.google import batch, masks, metadata_requests, values
from tests.google.errors import bad_request, not_found
from tests.google.grid import a1
from tests.google.griddata import spreadsheet
from tests.google.model import Book, Json
from tests.google.protocol import match_route
from tests.google.ranges import clip, resolve
from tests.google.schema import SHEETS
from tests.google.sheet_requests import copy_to, update_spreadsheet_properties
from tests.google.state import State
from tests.google.task import Task, guard


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method: who calls, the spreadsheet's id, the range or sheet in the path, the rest parsed."""

    state: State
    caller: str
    file_id: str
    argument: str
    query: dict[str, Any]
    body: Json
    mask: masks.Mask | None

    def read(self) -> Book:
        """Return the book for reading."""
        return self.state.open(self.file_id, self.caller)[1]

    def write(self, change: Callable[[Book], Any]) -> Any:
        """Let `change` work on a draft and put it in place when nothing was refused."""
        with self.state.lock:
            file, book = self.state.open(self.file_id, self.caller, write=True)
            draft = book.fork()
            answer = change(draft)
            self.state.commit(file, draft)
            return answer


def _create(call: Call) -> Json:
    given = call.body.get("properties") or {}
    with call.state.lock:
        file = call.state.add_file(str(given.get("title") or "Untitled spreadsheet"), call.caller)
        assert file.book is not None
        draft = file.book.fork()
        if given:
            names = ",".join(given)
            update_spreadsheet_properties(
                Task(draft, {"properties": {**given, "title": file.name}, "fields": names}, "properties", call.caller)
            )
        if call.body.get("sheets"):
            requests = [{"addSheet": {"properties": one.get("properties") or {}}} for one in call.body["sheets"]]
            del draft.sheets[:]
            batch.batch_update(draft, {"requests": requests}, call.caller)
        file.book = draft
        return spreadsheet(draft, [], call.mask, grid_data=False)


def _get(call: Call) -> Json:
    return spreadsheet(
        call.read(), call.query.get("ranges", []), call.mask, grid_data=bool(call.query.get("includeGridData"))
    )


def _get_by_filter(call: Call) -> Json:
    book = call.read()
    ranges = [text for one in call.body.get("dataFilters") or [] for text in filter_ranges(book, one)]
    return spreadsheet(book, ranges, call.mask, grid_data=bool(call.body.get("includeGridData")))


def filter_ranges(book: Book, one: Json) -> list[str]:
    """Return the A1 texts that a DataFilter stands for."""
    if one.get("a1Range"):
        return [str(one["a1Range"])]
    if one.get("gridRange") is not None:
        sheet = book.find(int(one["gridRange"].get("sheetId") or 0))
        if sheet is None:
            raise bad_request(f"No grid with id: {one['gridRange'].get('sheetId')}")
        return [a1(clip(sheet, one["gridRange"]), sheet.title)]
    raise bad_request("Invalid data filter: only a1Range and gridRange select cells here.")


def _batch_update(call: Call) -> Json:
    answer: Json = call.write(lambda draft: batch.batch_update(draft, call.body, call.caller))
    return batch.finish(answer, call.mask)


def _values_get(call: Call) -> Json:
    return values.read(call.read(), call.argument, call.query)


def _values_batch_get(call: Call) -> Json:
    return values.read_many(call.read(), call.query.get("ranges", []), call.query)


def _values_update(call: Call) -> Json:
    def change(draft: Book) -> Json:
        _guard(draft, call.argument)
        return values.write(
            draft, call.argument, call.body, {**call.query, "majorDimension": call.body.get("majorDimension")}
        )

    return _written(call, change)


def _guard(book: Book, text: str) -> None:
    sheet, box, _ = resolve(book, text)
    guard(sheet, box)


def _written(call: Call, change: Callable[[Book], Json]) -> Json:
    answer: Json = call.write(change)
    return answer


def _values_append(call: Call) -> Json:
    return _written(call, lambda draft: values.append(draft, call.argument, call.body, call.query))


def _values_batch_update(call: Call) -> Json:
    def change(draft: Book) -> Json:
        for entry in call.body.get("data") or []:
            _guard(draft, str(entry.get("range") or ""))
        return values.write_many(draft, call.body)

    return _written(call, change)


def _values_clear(call: Call) -> Json:
    def change(draft: Book) -> Json:
        _guard(draft, call.argument)
        return {"spreadsheetId": draft.id, "clearedRange": values.clear(draft, call.argument)}

    return _written(call, change)


def _values_batch_clear(call: Call) -> Json:
    ranges = call.body.get("ranges") or []
    if not ranges:
        raise bad_request("Must specify at least one range.")

    def change(draft: Book) -> Json:
        for text in ranges:
            _guard(draft, text)
        return {"spreadsheetId": draft.id, "clearedRanges": [values.clear(draft, text) for text in ranges]}

    return _written(call, change)


def _copy_to(call: Call) -> Json:
    with call.state.lock:
        source = call.read()
        file, target = call.state.open(str(call.body.get("destinationSpreadsheetId") or ""), call.caller, write=True)
        draft = target.fork()
        try:
            sheet_id = int(call.argument)
        except ValueError:
            raise bad_request(f"Invalid value at 'sheet_id' (TYPE_INT32), \"{call.argument}\"") from None
        answer = copy_to(source, sheet_id, draft)
        call.state.commit(file, draft)
        return answer


def _metadata_get(call: Call) -> Json:
    book = call.read()
    if not call.argument.isdigit():
        raise bad_request(f"Invalid value at 'metadata_id' (TYPE_INT32), \"{call.argument}\"")
    if int(call.argument) not in book.metadata:
        raise not_found()
    return book.metadata[int(call.argument)]


def _metadata_search(call: Call) -> Json:
    book = call.read()
    found = []
    for one in call.body.get("dataFilters") or []:
        found += [
            {"developerMetadata": book.metadata[key], "dataFilters": [one]} for key in metadata_requests.find(book, one)
        ]
    return {"matchedDeveloperMetadata": found} if found else {}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the API: its id in the discovery document, what it does, whether it writes, and whether it cuts
    its answer to the field mask by itself.
    """

    id: str
    run: Callable[[Call], Json]
    writes: bool
    cuts: bool = False


METHODS = {
    method.id: method
    for method in (
        Method("spreadsheets.create", _create, True, True),
        Method("spreadsheets.get", _get, False, True),
        Method("spreadsheets.getByDataFilter", _get_by_filter, False, True),
        Method("spreadsheets.batchUpdate", _batch_update, True, True),
        Method("spreadsheets.values.get", _values_get, False),
        Method("spreadsheets.values.batchGet", _values_batch_get, False),
        Method("spreadsheets.values.update", _values_update, True),
        Method("spreadsheets.values.append", _values_append, True),
        Method("spreadsheets.values.batchUpdate", _values_batch_update, True),
        Method("spreadsheets.values.clear", _values_clear, True),
        Method("spreadsheets.values.batchClear", _values_batch_clear, True),
        Method("spreadsheets.sheets.copyTo", _copy_to, True),
        Method("spreadsheets.developerMetadata.get", _metadata_get, False),
        Method("spreadsheets.developerMetadata.search", _metadata_search, False),
    )
}


_ROUTES = (
    ("POST", "", "spreadsheets.create"),
    ("GET", "ID", "spreadsheets.get"),
    ("POST", "ID:batchUpdate", "spreadsheets.batchUpdate"),
    ("POST", "ID:getByDataFilter", "spreadsheets.getByDataFilter"),
    ("GET", "ID/values:batchGet", "spreadsheets.values.batchGet"),
    ("POST", "ID/values:batchUpdate", "spreadsheets.values.batchUpdate"),
    ("POST", "ID/values:batchClear", "spreadsheets.values.batchClear"),
    ("GET", "ID/values/ARG", "spreadsheets.values.get"),
    ("PUT", "ID/values/ARG", "spreadsheets.values.update"),
    ("POST", "ID/values/ARG:append", "spreadsheets.values.append"),
    ("POST", "ID/values/ARG:clear", "spreadsheets.values.clear"),
    ("POST", "ID/sheets/ARG:copyTo", "spreadsheets.sheets.copyTo"),
    ("GET", "ID/developerMetadata/ARG", "spreadsheets.developerMetadata.get"),
    ("POST", "ID/developerMetadata:search", "spreadsheets.developerMetadata.search"),
)


def route(http_method: str, segments: list[str]) -> tuple[Method, str, str] | None:
    """Return the method, spreadsheet id and path argument of `/v4/spreadsheets/...`; None where nothing is there.

    `segments` are unescaped one by one: a range may hold slashes and colons of its own.
    """
    if segments[:2] != ["v4", "spreadsheets"]:
        return None
    found = match_route(_ROUTES, http_method, segments[2:])
    return (METHODS[found[0]], found[1], found[2]) if found else None


def answer(state: State, caller: str, found: tuple[Method, str, str], query: dict[str, list[str]], body: Json) -> Json:
    """Check a call against the schema, carry it out, and cut the answer to its field mask."""
    method, file_id, argument = found
    parameters = SHEETS.parameters(method.id, query)
    body = SHEETS.check_body(method.id, body)
    text = parameters.pop("fields", None)
    mask = masks.parse(text) if text else None
    if mask:
        SHEETS.check_mask(method.id, mask, text or "")
    result = method.run(Call(state, caller, file_id, argument, parameters, body, mask))
    cut: Json = masks.apply(result, mask) if mask and not method.cuts else result
    return cut
