"""A desk to test at: a fresh state with one decorated spreadsheet, and calls whose answers are held to the schema."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from tests.google import drive, sheets_service
from tests.google.app import App
from tests.google.batch import batch_update
from tests.google.model import Book, Json
from tests.google.oauth import TokenService
from tests.google.protocol import Answer, Request
from tests.google.schema import DRIVE, SHEETS
from tests.google.server import ACCOUNT
from tests.google.state import File, State

SCOPES = {"https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive"}
STAMP: Json = {"metadataKey": "run", "visibility": "DOCUMENT", "location": {"spreadsheet": True}}


def decorate(file: File) -> None:
    """Make the grid 12 x 8 and put one object of every kind on the sheet, with ids that tests know."""
    assert file.book is not None
    draft = file.book.fork()
    area = {"startRowIndex": 1, "endRowIndex": 4, "startColumnIndex": 1, "endColumnIndex": 3}
    small = {"sheetId": 0, "gridProperties": {"rowCount": 12, "columnCount": 8}}
    requests: list[Json] = [
        {"updateSheetProperties": {"properties": small, "fields": "gridProperties(rowCount,columnCount)"}},
        {"addNamedRange": {"namedRange": {"namedRangeId": "named", "name": "Urls", "range": area}}},
        {"addProtectedRange": {"protectedRange": {"protectedRangeId": 11, "range": area, "warningOnly": True}}},
        {"addFilterView": {"filter": {"filterViewId": 21, "title": "view", "range": area}}},
        {"createDeveloperMetadata": {"developerMetadata": {"metadataId": 31, **STAMP}}},
        {"addConditionalFormatRule": {"rule": {"ranges": [area], "booleanRule": {"format": {}}}}},
        {"setBasicFilter": {"filter": {"range": area}}},
        {"addDimensionGroup": {"range": {"dimension": "ROWS", "startIndex": 2, "endIndex": 4}}},
    ]
    batch_update(draft, {"requests": requests}, ACCOUNT)
    file.book = draft


class Desk:
    """One spreadsheet of the account's own, in a state of its own."""

    def __init__(self, rows: list[list[Any]] | None = None, *, decorated: bool = False) -> None:
        self.state = State(ACCOUNT)
        self.tokens = TokenService(self.state.clock)
        self.app = App(self.state, self.tokens)
        self.token = self.tokens.grant(ACCOUNT, SCOPES)
        self.file = self.state.add_file("book", ACCOUNT)
        self.key = self.file.id
        self.state.fill(self.file, {"Sheet1": rows or [[]]})
        if decorated:
            decorate(self.file)

    @property
    def book(self) -> Book:
        """The book as it is now."""
        assert self.file.book is not None
        return self.file.book

    def send(self, method: str, target: str, body: bytes = b"", token: str | None = None) -> Answer:
        """Send a request as it is and return the raw answer."""
        headers = {"authorization": f"Bearer {token or self.token}"}
        return self.app.answer(Request(method, target, headers, body))

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """Send a request and return status and JSON; a success is checked against its method's schema."""
        text = urlencode(query, doseq=True)
        answer = self.send(method, f"{path}?{text}", b"" if body is None else json.dumps(body).encode())
        value = json.loads(answer.body) if answer.body else None
        if answer.status == 200 and answer.content_type.startswith("application/json"):
            _check_answer(method, path, value)
        return answer.status, value

    def sheets(self, method: str, tail: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """Call a method of the Sheets service on the spreadsheet; `tail` is what follows its id."""
        return self.call(method, f"/v4/spreadsheets/{self.key}{tail}", body, **query)

    def ok(self, method: str, tail: str, body: Any = None, **query: Any) -> Any:
        """Call a method of the Sheets service that must succeed."""
        status, value = self.sheets(method, tail, body, **query)
        assert status == 200, value
        return value

    def batch(self, *requests: Json) -> list[Json]:
        """Carry out a batch that must succeed and return its replies."""
        replies: list[Json] = self.ok("POST", ":batchUpdate", {"requests": requests})["replies"]
        return replies

    def refusal(self, *requests: Json) -> str:
        """Send a batch that must be refused, check that nothing changed, and return the message."""
        before = self.book
        status, value = self.sheets("POST", ":batchUpdate", {"requests": requests})
        assert status != 200
        assert self.book is before
        return str(value["error"]["message"])

    def values(self, area: str, **query: Any) -> Any:
        """Return the values of a range."""
        return self.ok("GET", f"/values/{quote(area, safe='')}", **query).get("values", [])

    def formulas(self, area: str) -> Any:
        """Return the values of a range with formulas as their text."""
        return self.values(area, valueRenderOption="FORMULA")

    def write(self, area: str, rows: list[list[Any]], option: str = "USER_ENTERED") -> Any:
        """Write rows into a range."""
        return self.ok("PUT", f"/values/{quote(area, safe='')}", {"values": rows}, valueInputOption=option)

    def properties(self, index: int = 0) -> Json:
        """Return a sheet's resource without grid data."""
        found: Json = self.ok("GET", "")["sheets"][index]
        return found


def area(top: int, bottom: int, left: int, right: int, sheet_id: int = 0) -> Json:
    """Return a GridRange."""
    ends = {"startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right}
    return {"sheetId": sheet_id, **ends}


def lines(dimension: str, start: int, end: int, sheet_id: int = 0) -> Json:
    """Return a DimensionRange."""
    return {"sheetId": sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}


def _check_answer(method: str, path: str, value: Any) -> None:
    segments = Request(method, path, {}, b"").segments
    for service, discovery in ((sheets_service, SHEETS), (drive, DRIVE)):
        found = service.route(method, segments)
        if found is not None and found[0].id in discovery.methods:
            assert discovery.problems(value, discovery.answer_schema(found[0].id)) == []
