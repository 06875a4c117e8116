"""The Drive service, as far as spreadsheets need it: list, get, create, update, copy, delete, export, permissions."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from tests.google import drive_permissions
from tests.google.drive_call import Call
from tests.google.drive_query import matcher
from tests.google.errors import ApiError, DriveError
from tests.google.evaluate import Evaluator
from tests.google.model import Json, Sheet
from tests.google.oauth import Token
from tests.google.protocol import Answer, json_answer, match_route
from tests.google.render import Renderer
from tests.google.schema import DRIVE
from tests.google.state import WRITERS, File, State, new_id

_FILE_DEFAULT = "kind,id,name,mimeType"
_LIST_DEFAULT = f"kind,incompleteSearch,nextPageToken,files({_FILE_DEFAULT})"
_EXPORTS = {"text/csv": ",", "text/tab-separated-values": "\t"}


def describe(file: File, caller: str) -> Json:
    """Return the File resource with all that the stand-in knows of it."""
    role = file.role(caller)
    found: Json = {
        "kind": "drive#file",
        "id": file.id,
        "name": file.name,
        "mimeType": file.mime_type,
        "trashed": file.trashed,
        "parents": file.parents,
        "version": str(file.version),
        "webViewLink": f"https://docs.google.com/spreadsheets/d/{file.id}/edit?usp=drivesdk",
        "createdTime": file.created,
        "modifiedTime": file.modified,
        "ownedByMe": file.owner == caller,
        "shared": len(file.permissions) > 1,
        "owners": [{"kind": "drive#user", "displayName": file.owner.partition("@")[0], "emailAddress": file.owner}],
        "capabilities": {"canEdit": role in WRITERS, "canCopy": True, "canShare": role in WRITERS},
    }
    if file.description is not None:
        found["description"] = file.description
    if role in WRITERS:
        found["permissions"] = file.permissions
    if file.drive_id:
        found["driveId"] = file.drive_id
    return found


def _list(call: Call) -> Json:
    size = int(call.query.get("pageSize") or 100)
    if not 1 <= size <= 1000:
        text = f"Invalid value '{size}'. Values must be within the range: [1, 1000]"
        raise DriveError(400, text, "invalidParameter", location=("pageSize", "parameter"))
    wanted = matcher(str(call.query.get("q") or ""), call.caller)
    everywhere = bool(call.query.get("includeItemsFromAllDrives")) and bool(call.query.get("supportsAllDrives"))
    found = [
        file
        for file in call.state.files.values()
        if call.sees(file) and (not file.drive_id or everywhere) and wanted(file)
    ]
    # Google lists what changed last first.
    found.sort(key=lambda file: file.modified, reverse=True)
    token = str(call.query.get("pageToken") or "")
    start = _page_start(token)
    answer: Json = {"kind": "drive#fileList", "incompleteSearch": False}
    if start + size < len(found):
        answer["nextPageToken"] = f"~!!~page{start + size}"
    answer["files"] = [describe(file, call.caller) for file in found[start : start + size]]
    return call.cut(answer, _LIST_DEFAULT)


def _page_start(token: str) -> int:
    if not token:
        return 0
    number = token.removeprefix("~!!~page")
    if number == token or not number.isdigit():
        raise DriveError(400, "Invalid Value", "invalid", location=("pageToken", "parameter"))
    return int(number)


def _get(call: Call) -> Json:
    return call.cut(describe(call.file(), call.caller), _FILE_DEFAULT)


def _create(call: Call) -> Json:
    name = str(call.body.get("name") or "Untitled")
    mime_type = str(call.body.get("mimeType") or "application/octet-stream")
    with call.state.lock:
        file = call.state.add_file(name, call.caller, mime_type)
        _place(file, call.body)
    return call.cut(describe(file, call.caller), _FILE_DEFAULT)


def _place(file: File, given: Json) -> None:
    if given.get("parents"):
        file.parents = [str(parent) for parent in given["parents"]]
    if given.get("description"):
        file.description = str(given["description"])


def _update(call: Call) -> Json:
    with call.state.lock:
        file = call.file(write=True)
        if call.body.get("name"):
            file.name = str(call.body["name"])
            if file.book is not None:
                draft = file.book.fork()
                draft.properties["title"] = file.name
                file.book = draft
        if "trashed" in call.body:
            file.trashed = bool(call.body["trashed"])
        if call.body.get("description") is not None:
            file.description = str(call.body["description"])
        gone = str(call.query.get("removeParents") or "").split(",")
        added = [parent for parent in str(call.query.get("addParents") or "").split(",") if parent]
        file.parents = [parent for parent in file.parents if parent not in gone] + added
        call.state.touch(file)
        return call.cut(describe(file, call.caller), _FILE_DEFAULT)


def _copy(call: Call) -> Json:
    with call.state.lock:
        source = call.file()
        name = str(call.body.get("name") or f"Copy of {source.name}")
        file = call.state.add_file(name, call.caller, source.mime_type)
        if source.book is not None:
            book = source.book.fork()
            book.id = file.id
            book.properties["title"] = name
            book.metadata.clear()
            file.book = book
        _place(file, call.body)
        return call.cut(describe(file, call.caller), _FILE_DEFAULT)


def _delete(call: Call) -> Answer:
    with call.state.lock:
        file = call.file()
        if file.role(call.caller) not in {"owner", "organizer"}:
            text = "The user does not have sufficient permissions for this file."
            raise DriveError(403, text, "insufficientFilePermissions")
        del call.state.files[file.id]
    return Answer(204, content_type="text/html")


def _export(call: Call) -> Answer:
    file = call.file()
    mime_type = str(call.query.get("mimeType") or "")
    if file.book is None:
        raise DriveError(403, "Export only supports Docs Editors files.", "fileNotExportable")
    if mime_type not in _EXPORTS:
        text = "The requested conversion is not supported."
        raise DriveError(400, text, "badRequest", location=("convertTo", "parameter"))
    sheet = next(one for one in file.book.sheets if not one.properties.get("hidden"))
    renderer = Renderer(Evaluator(file.book))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=_EXPORTS[mime_type], lineterminator="\r\n")
    height = sheet.used_rows()
    width = max((c + 1 for _, c, cell in sheet.cells(sheet.whole) if cell.value is not None), default=0)
    for row in range(height):
        cells = sheet.slice(row, 0, width)
        writer.writerow([renderer.value(sheet, cell, (row, i), "FORMATTED_VALUE", "") for i, cell in enumerate(cells)])
    return Answer(200, out.getvalue().removesuffix("\r\n").encode(), content_type=mime_type)


def _upload(call: Call) -> Json:
    """Replace a spreadsheet by an uploaded CSV, as the old v2 upload with `convert` does: one tab, entered as typed."""
    with call.state.lock:
        file = call.file(write=True)
        if file.book is None:
            raise DriveError(400, "Bad Request", "badRequest")
        rows = list(csv.reader(io.StringIO(call.body["text"], newline="")))
        first = file.book.sheets[0]
        book = file.book.fork()
        book.sheets[:] = []
        book.add_sheet(Sheet(first.id, first.title, max(len(rows), 1), max([1, *map(len, rows)])))
        file.book = book
        call.state.fill(file, {first.title: [[text or None for text in row] for row in rows]})
        call.state.touch(file)
    return {
        "kind": "drive#file",
        "id": file.id,
        "title": file.name,
        "mimeType": file.mime_type,
        "createdDate": file.created,
        "modifiedDate": file.modified,
        "version": str(file.version),
        "editable": True,
    }


def _comments(call: Call) -> Json:
    return call.cut({"kind": "drive#commentList", "comments": list(call.file().comments)}, "kind,comments")


def _comment_create(call: Call) -> Json:
    with call.state.lock:
        file = call.file()
        entry = {"kind": "drive#comment", "id": new_id()[:11], **call.body}
        file.comments.append(entry)
    return call.cut(entry, "id")


def _about(call: Call) -> Json:
    user = {"kind": "drive#user", "displayName": call.caller.partition("@")[0], "emailAddress": call.caller}
    if not call.query.get("fields"):
        text = "The 'fields' parameter is required for this method."
        raise DriveError(400, text, "required", location=("fields", "parameter"))
    return call.cut({"kind": "drive#about", "user": user}, "*")


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the API: its id in the discovery document, what it does, whether it writes."""

    id: str
    run: Callable[[Call], Json | Answer]
    writes: bool


METHODS = {
    method.id: method
    for method in (
        Method("about.get", _about, False),
        Method("files.list", _list, False),
        Method("files.get", _get, False),
        Method("files.create", _create, True),
        Method("files.update", _update, True),
        Method("files.copy", _copy, True),
        Method("files.delete", _delete, True),
        Method("files.export", _export, False),
        Method("comments.list", _comments, False),
        Method("comments.create", _comment_create, True),
        Method("permissions.list", drive_permissions.list_all, False),
        Method("permissions.get", drive_permissions.get, False),
        Method("permissions.create", drive_permissions.create, True),
        Method("permissions.update", drive_permissions.update, True),
        Method("permissions.delete", drive_permissions.delete, True),
    )
}


UPLOAD = Method("upload", _upload, True)


_ROUTES = (
    ("GET", "about", "about.get"),
    ("GET", "files", "files.list"),
    ("POST", "files", "files.create"),
    ("GET", "files/ID", "files.get"),
    ("PATCH", "files/ID", "files.update"),
    ("DELETE", "files/ID", "files.delete"),
    ("POST", "files/ID/copy", "files.copy"),
    ("GET", "files/ID/export", "files.export"),
    ("GET", "files/ID/comments", "comments.list"),
    ("POST", "files/ID/comments", "comments.create"),
    ("GET", "files/ID/permissions", "permissions.list"),
    ("POST", "files/ID/permissions", "permissions.create"),
    ("GET", "files/ID/permissions/ARG", "permissions.get"),
    ("PATCH", "files/ID/permissions/ARG", "permissions.update"),
    ("DELETE", "files/ID/permissions/ARG", "permissions.delete"),
)


def route(http_method: str, segments: list[str]) -> tuple[Method, str, str] | None:
    """Return the method, file id and further argument of `/drive/v3/...`; None where nothing is there."""
    if http_method == "PUT" and segments[:4] == ["upload", "drive", "v2", "files"] and len(segments) == 5:
        return UPLOAD, segments[4], ""
    if segments[:2] != ["drive", "v3"]:
        return None
    found = match_route(_ROUTES, http_method, segments[2:])
    return (METHODS[found[0]], found[1], found[2]) if found else None


def answer(
    state: State, token: Token, found: tuple[Method, str, str], query: dict[str, list[str]], body: Json
) -> Answer:
    """Check a call against the schema and carry it out."""
    method, file_id, argument = found
    if method is UPLOAD:
        flags = dict.fromkeys(query, True)
        return json_answer(method.run(Call(state, token, file_id, argument, flags, body)))
    # gspread sends this flag of files.list to files.get as well, and Drive lets it pass (from the recordings).
    extra = {"includeItemsFromAllDrives"} - set(DRIVE.methods[method.id].get("parameters", {}))
    parameters = DRIVE.parameters(method.id, {name: v for name, v in query.items() if name not in extra})
    body = DRIVE.check_body(method.id, body)
    try:
        result = method.run(Call(state, token, file_id, argument, parameters, body))
    except ApiError as error:
        if isinstance(error, DriveError) or error.code != 400:
            raise
        text = f"Invalid field selection {query.get('fields', [''])[-1]}"
        raise DriveError(400, text, "invalidParameter", location=("fields", "parameter")) from error
    return result if isinstance(result, Answer) else json_answer(result)
