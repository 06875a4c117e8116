"""All that the stand-in knows: accounts, files, tokens, switches. What `GET /_standin/dump` shows."""

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.google.cells import enter
from tests.google.clock import Clock
from tests.google.errors import ApiError, no_permission, not_found
from tests.google.griddata import spreadsheet
from tests.google.model import Book, Json, Sheet, new_book

SPREADSHEET_TYPE = "application/vnd.google-apps.spreadsheet"
STRANGER = "stranger@example.com"
ROLES = ("reader", "commenter", "writer", "fileOrganizer", "organizer", "owner")  # from the weakest on
WRITERS = set(ROLES[2:])
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


def new_id() -> str:
    """Return a file id of the length and alphabet that Drive uses."""
    return "1" + "".join(secrets.choice(_ALPHABET) for _ in range(43))


@dataclass
class File:
    """A file in Drive; `book` is replaced, never changed, so that readers always see a whole one."""

    id: str
    name: str
    mime_type: str
    created: str
    modified: str
    owner: str
    book: Book | None = None
    version: int = 1
    parents: list[str] = field(default_factory=lambda: ["root"])
    permissions: list[Json] = field(default_factory=list)
    trashed: bool = False
    drive_id: str | None = None  # the shared drive it lies in
    description: str | None = None
    comments: list[Json] = field(default_factory=list)

    def role(self, email: str) -> str | None:
        """Return the strongest role that an account has, None without access."""
        domain = email.partition("@")[2]
        roles = [
            entry["role"]
            for entry in self.permissions
            if entry["type"] == "anyone"
            or entry.get("emailAddress", "").casefold() == email.casefold()
            or (entry["type"] == "domain" and entry.get("domain") == domain)
        ]
        return max(roles, key=ROLES.index, default=None)


class State:
    """The whole world of the stand-in; changes happen under `lock`."""

    def __init__(self, account: str) -> None:
        self.account = account  # the service account that the credentials file is for
        self.clock = Clock()
        self.lock = threading.RLock()
        self.files: dict[str, File] = {}
        self.strangers: set[str] = set()  # well-formed ids of files that exist but are shared with nobody here
        self.disabled: set[str] = set()  # services that are switched off: "sheets", "drive"
        self.quota: dict[str, int] = {}  # per user and minute: "read", "write"; empty means no limit
        self.quota_used: dict[tuple[str, str, int], int] = {}
        self.project_number = 123456789012

    def add_file(self, name: str, owner: str, mime_type: str = SPREADSHEET_TYPE, file_id: str | None = None) -> File:
        """Make a file that its owner may edit; a spreadsheet comes with an empty tab."""
        now = self.clock.stamp()
        file = File(file_id or new_id(), name, mime_type, now, now, owner)
        if mime_type == SPREADSHEET_TYPE:
            file.book = new_book(file.id, name)
        file.permissions.append(permission("user", "owner", owner))
        self.files[file.id] = file
        return file

    def open(self, file_id: str, email: str, *, write: bool = False) -> tuple[File, Book]:
        """Return a spreadsheet for an account, or the refusal that Google gives."""
        file = self.files.get(file_id)
        if file_id in self.strangers:
            raise no_permission()
        if file is None or (file.trashed and file.role(email) is None):
            raise not_found()
        role = file.role(email)
        if role is None or (write and role not in WRITERS):
            raise no_permission()
        if file.book is None:
            raise ApiError(400, "This operation is not supported for this document")
        return file, file.book

    def commit(self, file: File, draft: Book) -> None:
        """Put a finished draft in place; the file's name, time and version follow."""
        file.book = draft
        file.name = draft.title
        self.touch(file)

    def touch(self, file: File) -> None:
        """Note that a file changed."""
        file.version += 1
        file.modified = self.clock.stamp()

    def fill(self, file: File, tabs: dict[str, list[list[Any]]]) -> None:
        """Write rows of Python values into tabs, as if typed; the first tab replaces the default one."""
        assert file.book is not None
        book = file.book.fork()
        for position, (title, rows) in enumerate(tabs.items()):
            if position == 0:
                sheet = book.edit(book.sheets[0].id)
                sheet.title = title
            else:
                sheet = _added(book, title)
            sheet.grid["rowCount"] = max(sheet.row_count, len(rows))
            sheet.grid["columnCount"] = max(sheet.column_count, max((len(row) for row in rows), default=0))
            for index, row in enumerate(rows):
                sheet.set_cells(index, 0, [None if v is None else enter(None, v, parse=True) for v in row])
        file.book = book

    def dump(self) -> Json:
        """Return everything for assertions, as JSON: files by id, with the grids of spreadsheets in full."""
        with self.lock:
            return {
                "account": self.account,
                "files": {file.id: _dump_file(file) for file in self.files.values()},
                "strangers": sorted(self.strangers),
                "disabled": sorted(self.disabled),
                "time": self.clock.stamp(),
            }


def _added(book: Book, title: str) -> Sheet:
    sheet = Sheet(book.free_sheet_id(), title)
    book.add_sheet(sheet)
    return sheet


def permission(kind: str, role: str, email: str | None = None, domain: str | None = None) -> Json:
    """Return a Permission as Drive keeps it."""
    key = "anyoneWithLink" if kind == "anyone" else str(secrets.randbelow(10**20)).zfill(20)
    found: Json = {"kind": "drive#permission", "id": key, "type": kind, "role": role}
    if email:
        found["emailAddress"] = email
        found["displayName"] = email.partition("@")[0]
    if domain:
        found["domain"] = domain
    return found


def _dump_file(file: File) -> Json:
    found: Json = {
        "id": file.id,
        "name": file.name,
        "mimeType": file.mime_type,
        "createdTime": file.created,
        "modifiedTime": file.modified,
        "version": file.version,
        "owner": file.owner,
        "parents": file.parents,
        "permissions": file.permissions,
        "trashed": file.trashed,
    }
    if file.book is not None:
        found["spreadsheet"] = spreadsheet(file.book, [], None, grid_data=True)
        found["developerMetadata"] = list(file.book.metadata.values())
    return found
