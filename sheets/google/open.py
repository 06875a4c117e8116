"""Which spreadsheet and which tab are meant: a title, a key or an address; a tab's name, its gid, or the only one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import NotFound, UsageError
from sheets.google.client import Patience, Service
from sheets.google.credentials import DRIVE_METADATA, SHEETS, SHEETS_READONLY, load

Json = Mapping[str, Any]

_ADDRESS = re.compile(r"/(?:spreadsheets|file)/(?:u/[0-9]+/)?d/(?P<key>[\w-]{10,})", re.ASCII)
_OLD_ADDRESS = re.compile(r"[?&](?:id|key)=(?P<key>[\w-]{10,})", re.ASCII)
_GID = re.compile(r"[#&?]gid=(?P<gid>[0-9]{1,10})(?![0-9])")
# Keys have 44 characters today; a title that long without a space, with capitals and digits, is not expected.
_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Z])[A-Za-z0-9_-]{40,}")
_TABS_FIELDS = "spreadsheetId,properties(title),sheets(properties(sheetId,title,index,sheetType,hidden,gridProperties))"


@dataclass(frozen=True, slots=True)
class Target:
    """What `-s` names: a key, perhaps with a tab's gid, or a title."""

    key: str | None
    title: str | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: its id, title and size in cells, and whether people have hidden it."""

    sheet_id: int
    title: str
    cells: int
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """A spreadsheet: its key, its title and its tabs with cells, in order; `sheets` counts all kinds of tabs."""

    key: str
    title: str
    tabs: tuple[Tab, ...]
    sheets: int

    @property
    def cells(self) -> int:
        """The cells of the whole file, which Google limits."""
        return sum(tab.cells for tab in self.tabs)


def target(text: str) -> Target:
    """Tell an address, a key and a title apart.

    >>> target("https://docs.google.com/spreadsheets/d/1AbCdEfGhIjK/edit?gid=7#gid=7")
    Target(key='1AbCdEfGhIjK', title=None, gid=7)
    >>> target("food images").title
    'food images'
    """
    text = text.strip()
    if re.match(r"https?://", text, re.IGNORECASE):
        return _addressed(text)
    if _KEY.fullmatch(text):
        return Target(text)
    if not text:
        raise UsageError("No spreadsheet was named.", "Give its title, key or link with -s.")
    return Target(None, text)


def connect(
    spreadsheet: str,
    credentials: Path | None,
    *,
    read_only: bool,
    api: str | None = None,
    patience: Patience | None = None,
) -> tuple[Service, Book, Target]:
    """Return the service of an account, with no more rights than needed, the spreadsheet, and what was asked for."""
    wanted = target(spreadsheet)
    scopes = [SHEETS_READONLY if read_only else SHEETS]
    if wanted.key is None:
        scopes.append(DRIVE_METADATA)
    service = Service(load(credentials, scopes), patience or Patience(), api)
    service.spreadsheet = wanted.title or str(wanted.key)
    found = find(service, wanted)
    service.spreadsheet = found.title
    return service, found, wanted


def find(service: Service, wanted: Target) -> Book:
    """Return the spreadsheet that is meant; for a title, the one file of that title the account may see."""
    key = wanted.key or _file_of(service, str(wanted.title))
    return book(service, key)


def book(service: Service, key: str) -> Book:
    """Return a spreadsheet's title and tabs."""
    answer = service.spreadsheet_json(key, {"fields": _TABS_FIELDS, "includeGridData": "false"})
    sheets = [sheet.get("properties") or {} for sheet in answer.get("sheets") or ()]
    tabs = [
        Tab(int(sheet.get("sheetId", 0)), str(sheet.get("title", "")), _size(sheet), bool(sheet.get("hidden")))
        for sheet in sheets
        if sheet.get("sheetType", "GRID") == "GRID"
    ]
    return Book(key, str((answer.get("properties") or {}).get("title", "")), tuple(tabs), len(sheets))


def choose(found: Book, worksheet: str | None, gid: int | None) -> Tab:
    """Return the tab that is meant: by its title, else by the gid of the address, else the only one."""
    names = ", ".join(repr(tab.title) for tab in found.tabs[:30])
    if worksheet is not None:
        for tab in found.tabs:
            if tab.title == worksheet:
                return tab
        raise NotFound(
            f"The spreadsheet {found.title!r} has no worksheet {worksheet!r}.", f"Its worksheets are: {names}."
        )
    if gid is not None:
        for tab in found.tabs:
            if tab.sheet_id == gid:
                return tab
        raise NotFound(
            f"The spreadsheet {found.title!r} has no worksheet with the gid {gid} of the address.",
            f"Name one with -w: {names}.",
        )
    if len(found.tabs) == 1:
        return found.tabs[0]
    raise UsageError(
        f"The spreadsheet {found.title!r} has {len(found.tabs)} worksheets.", f"Name one with -w: {names}."
    )


def title_query(title: str) -> str:
    r"""Return Drive's query for spreadsheets of a title; quotes and backslashes in it are part of the title.

    >>> title_query("Ann's")
    "mimeType = 'application/vnd.google-apps.spreadsheet' and trashed = false and name = 'Ann\\'s'"
    """
    escaped = title.replace("\\", "\\\\").replace("'", "\\'")
    return f"mimeType = 'application/vnd.google-apps.spreadsheet' and trashed = false and name = '{escaped}'"


def _addressed(text: str) -> Target:
    if "/d/e/" in text:
        raise UsageError(
            "This is the link of a published copy, which cannot be sorted.",
            "Open the spreadsheet itself and copy the link from the address bar of the browser.",
        )
    match = _ADDRESS.search(text) or _OLD_ADDRESS.search(text)
    if match is None:
        raise UsageError(
            "The link given with -s is no link of a Google spreadsheet.",
            "It looks like https://docs.google.com/spreadsheets/d/KEY/edit; copy it from the browser.",
        )
    gid = _GID.search(text)
    return Target(match["key"], gid=int(gid["gid"]) if gid else None)


def _file_of(service: Service, title: str) -> str:
    files = _listed(service, title)
    same = [file for file in files if file.get("name") == title]  # Drive compares without regard to capitals
    if len(same) == 1:
        return str(same[0]["id"])
    person = service.account.email or "the account of your credentials"
    if same:
        lines = "\n".join(f"  {_candidate(file)}" for file in same[:20])
        raise UsageError(
            f"{len(same)} spreadsheets have the title {title!r}:\n{lines}", "Give the link of the one you mean with -s."
        )
    near = f" There is one called {files[0].get('name')!r}." if files else ""
    raise NotFound(
        f"{person} can see no spreadsheet with the title {title!r}.{near}",
        f"Check the title, or share the spreadsheet with {person} (Share > Editor); its link works with -s, too.",
    )


def _listed(service: Service, title: str) -> Sequence[Json]:
    files: list[Json] = []
    page: str | None = None
    while True:
        params = {
            "q": title_query(title),
            "pageSize": 1000,
            "supportsAllDrives": "true",
            "includeItemsFromAllDrives": "true",
            "fields": "nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress))",
        }
        answer = service.files_json(params if page is None else {**params, "pageToken": page})
        files += answer.get("files") or ()
        page = answer.get("nextPageToken")
        if not page:
            return files


def _candidate(file: Json) -> str:
    owner = next((f", of {o.get('emailAddress') or o.get('displayName')}" for o in file.get("owners") or ()), "")
    changed = str(file.get("modifiedTime", "")).replace("T", " ")[:16]
    return f"https://docs.google.com/spreadsheets/d/{file.get('id')}{owner}, changed {changed or 'at an unknown time'}"


def _size(properties: Json) -> int:
    size = properties.get("gridProperties") or {}
    return int(size.get("rowCount", 0)) * int(size.get("columnCount", 0))
