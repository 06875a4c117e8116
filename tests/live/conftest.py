"""A real spreadsheet for the checks that only Google itself can answer.

    LIVE_GOOGLE_CREDENTIALS=key.json LIVE_GOOGLE_SPREADSHEET=LINK python -m pytest -rs tests/live

The link is of a spreadsheet to throw away, shared with the account as Editor; every check adds a tab of its own and
deletes it. LIVE_GOOGLE_API, an address on this computer, points the checks at the stand-in to try out themselves.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sheets.google import GoogleWorksheet
from sheets.google.client import Answered, Patience, Service
from sheets.google.credentials import SHEETS, load
from sheets.google.open import target


@dataclass(frozen=True, slots=True)
class Live:
    """A fresh tab: addresses in B, labels in C, nothing in the columns after; rows 2 to 7 hold something."""

    service: Service
    key: str
    sheet_id: int
    title: str
    worksheet: GoogleWorksheet

    def send(self, *requests: dict[str, Any], fields: str = "replies") -> Any:
        """Apply requests and return the answer; fail with Google's words when they are refused."""
        outcome = self.service.send(self.key, {"requests": list(requests)}, fields)
        assert isinstance(outcome, Answered), outcome
        return outcome.answer

    def get(self, fields: str, cells: str = "") -> Any:
        """Return the first sheet of `spreadsheets.get` over the tab, or over some of its cells."""
        ranges = f"'{self.title}'!{cells}" if cells else f"'{self.title}'"
        answer = self.service.spreadsheet_json(self.key, {"ranges": ranges, "fields": fields})
        return answer["sheets"][0]

    def cells(self, cells: str, fields: str = "userEnteredValue,formattedValue,note") -> list[list[Any]]:
        """Return the JSON of cells, row by row."""
        data = self.get(f"sheets.data.rowData.values({fields})", cells)["data"][0]
        return [row.get("values", []) for row in data.get("rowData", [])]

    def grid(self, top: int, bottom: int, left: int, right: int) -> dict[str, int]:
        """Return a GridRange of the tab."""
        return {
            "sheetId": self.sheet_id,
            "startRowIndex": top,
            "endRowIndex": bottom,
            "startColumnIndex": left,
            "endColumnIndex": right,
        }


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        pytest.skip(f"{name} is not set: this asks the real Google Sheets; see tests/live/conftest.py")
    return value


@pytest.fixture
def live() -> Iterator[Live]:
    """Yield a tab of its own in the spreadsheet that the owner has given, and delete it afterwards."""
    credentials = Path(_setting("LIVE_GOOGLE_CREDENTIALS"))
    link, api = _setting("LIVE_GOOGLE_SPREADSHEET"), os.environ.get("LIVE_GOOGLE_API")
    key = target(link).key
    assert key, "LIVE_GOOGLE_SPREADSHEET must be a link or a key"
    service = Service(load(credentials, [SHEETS]), Patience(), api)
    sheet_id, title = secrets.randbelow(2**30) + 1, f"check {secrets.token_hex(4)}"
    size = {"rowCount": 20, "columnCount": 6}
    new = {"addSheet": {"properties": {"sheetId": sheet_id, "title": title, "gridProperties": size}}}
    rows: list[list[str | int]] = [["#", "url", "label"]]
    rows += [[i, f"https://pics.example/{i}.jpg", f"label {i}"] for i in range(1, 7)]
    filled = {"rows": [{"values": [_cell(v) for v in row]} for row in rows], "fields": "userEnteredValue"}
    start = {"start": {"sheetId": sheet_id, "rowIndex": 0, "columnIndex": 0}}
    outcome = service.send(key, {"requests": [new, {"updateCells": {**filled, **start}}]}, "replies")
    assert isinstance(outcome, Answered), outcome
    try:
        worksheet = GoogleWorksheet.open(key, title, credentials, api=api)
        yield Live(service, key, sheet_id, title, worksheet)
    finally:
        service.send(key, {"requests": [{"deleteSheet": {"sheetId": sheet_id}}]}, "replies")


def _cell(value: str | int) -> dict[str, Any]:
    kind = "numberValue" if isinstance(value, int) else "stringValue"
    return {"userEnteredValue": {kind: value}}
