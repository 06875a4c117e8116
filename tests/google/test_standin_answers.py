"""What the stand-in answers, request by request, without a socket."""

from tests.google.app import App
from tests.google.batch import batch_update
from tests.google.model import Json
from tests.google.oauth import TokenService
from tests.google.server import ACCOUNT
from tests.google.state import File, State


def _decorate(file: File) -> None:
    """Put one object of every kind on the sheet, with ids that tests know."""
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


STAMP: Json = {"metadataKey": "run", "visibility": "DOCUMENT", "location": {"spreadsheet": True}}
SCOPES = {"https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive"}


def world() -> tuple[State, App, str, str]:
    """Return a state with one small spreadsheet of the account's own, its services, a token, and the file's id."""
    state = State(ACCOUNT)
    tokens = TokenService(state.clock)
    file = state.add_file("book", ACCOUNT)
    state.fill(file, {"Sheet1": [["name", "url"], [1, "http://a"], ["=A2+1", "http://b"], [None, "x", True]]})
    _decorate(file)
    return state, App(state, tokens), tokens.grant(ACCOUNT, SCOPES), file.id
