"""What nobody wrote down about Google Sheets, one check for each unverified belief; all are skipped without a key.

Two beliefs cannot be set up through the API: an anchored comment, and a picture laid over cells. To check them, put
both on a row of a copy by hand, sort it with the command, and see that they stay with their place (the
documentation anchors both to cells' positions). A picture in a cell put in by hand is checked when the spreadsheet
has a tab `picture` with one in A1.
"""

import json
import os
import time
from typing import Any

import pytest

from sheets.a1 import parse
from sheets.google.client import Answered, Outcome, Refused
from sheets.google.guard import Guard, guard
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.live.conftest import Live

AREA = parse("B2:C")
ORDER = (5, 3, 1, 4, 2, 0)
URLS = tuple(f"https://pics.example/{i}.jpg" for i in range(1, 7))


def sort(live: Live, scope: Scope = Scope.RANGE_ONLY) -> None:
    live.worksheet.reorder(Move(AREA, scope, live.worksheet.read(AREA, scope), ORDER, f"live{time.time_ns()}"))
    assert live.worksheet.read(AREA, scope).urls == tuple(URLS[i] for i in ORDER)


def test_the_whole_batch_is_accepted_and_lands_once(live: Live) -> None:
    """Settles: every request kind of the batch, the stamp, and the field mask of the answer, together."""
    move = Move(AREA, Scope.RANGE, live.worksheet.read(AREA, Scope.RANGE), ORDER, f"live{time.time_ns()}")
    live.worksheet.reorder(move)
    assert live.worksheet.landed(move.run) is True
    assert live.worksheet.landed("never") in (False, None)


def test_an_image_formula_outside_the_range_keeps_its_address(live: Live) -> None:
    """Settles: `=IMAGE(B2)` outside the range keeps its address and shows the new B2."""
    formulas = [{"values": [{"userEnteredValue": {"formulaValue": f"=IMAGE(B{row})"}}]} for row in range(2, 8)]
    start = {"sheetId": live.sheet_id, "rowIndex": 1, "columnIndex": 3}
    live.send({"updateCells": {"rows": formulas, "fields": "userEnteredValue", "start": start}})
    sort(live)
    found = [row[0]["userEnteredValue"]["formulaValue"] for row in live.cells("D2:D7")]
    assert found == [f"=IMAGE(B{row})" for row in range(2, 8)]


def test_what_lies_across_the_helper_column_is_the_same_after_it_is_gone(live: Live) -> None:
    """Settles: conditional formats, filters, named and protected ranges across the helper column."""
    across = live.grid(0, 10, 1, 5)
    rule = {
        "ranges": [across],
        "booleanRule": {
            "condition": {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": "=$C1=1"}]},
            "format": {"textFormat": {"bold": True}},
        },
    }
    replies = live.send(
        {"addConditionalFormatRule": {"rule": rule, "index": 0}},
        {"addNamedRange": {"namedRange": {"name": f"r{live.sheet_id}", "range": across}}},
        {"addProtectedRange": {"protectedRange": {"range": across, "warningOnly": True}}},
        {"addFilterView": {"filter": {"title": "view", "range": across}}},
        {"setBasicFilter": {"filter": {"range": live.grid(0, 10, 1, 5)}}},
    )["replies"]
    name_id = replies[1]["addNamedRange"]["namedRange"]["namedRangeId"]
    fields = "sheets(conditionalFormats,protectedRanges(range),filterViews(range),basicFilter(range))"
    before = live.get(fields)
    sort(live)
    assert live.get(fields) == before
    names = live.service.spreadsheet_json(live.key, {"fields": "namedRanges"})["namedRanges"]
    found = next(entry["range"] for entry in names if entry["namedRangeId"] == name_id)
    live.send({"deleteNamedRange": {"namedRangeId": name_id}})
    assert {key: found[key] for key in across} == across


def test_a_link_chip_goes_with_its_row(live: Live) -> None:
    """Settles: chips under a sort."""
    chip = {"richLinkProperties": {"uri": "https://drive.google.com/file/d/1/view"}}
    cell = {"userEnteredValue": {"stringValue": "@"}, "chipRuns": [{"startIndex": 0, "chip": chip}]}
    start = {"sheetId": live.sheet_id, "rowIndex": 1, "columnIndex": 2}
    request = {"rows": [{"values": [cell]}], "fields": "userEnteredValue,chipRuns", "start": start}
    outcome = live.service.send(live.key, {"requests": [{"updateCells": request}]}, "replies")
    if isinstance(outcome, Refused):
        pytest.skip(f"this account may not make the chip: {outcome.refusal.message}")
    before = live.cells("C2:C2", "chipRuns")[0][0]
    sort(live)
    assert live.cells("C2:C7", "chipRuns")[ORDER.index(0)][0] == before


def test_a_backup_tab_holds_values_notes_formats_and_validation(live: Live) -> None:
    """Settles: what a backup tab does not copy; the differences are in the failure."""
    rule = {"condition": {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "keep"}]}, "showCustomUi": True}
    cell = {"note": "look", "userEnteredFormat": {"textFormat": {"bold": True}}, "dataValidation": rule}
    place = live.grid(1, 3, 3, 4)
    live.send(
        {"repeatCell": {"range": place, "cell": cell, "fields": "note,userEnteredFormat,dataValidation"}},
        {"addProtectedRange": {"protectedRange": {"range": place, "warningOnly": True}}},
    )
    copy_id = live.sheet_id + 1
    live.send({"duplicateSheet": {"sourceSheetId": live.sheet_id, "newSheetId": copy_id, "newSheetName": "copy"}})
    fields = (
        "sheets(properties(sheetId),protectedRanges(warningOnly),"
        "data.rowData.values(userEnteredValue,note,userEnteredFormat.textFormat.bold,dataValidation))"
    )
    sheets = live.service.spreadsheet_json(live.key, {"fields": fields})["sheets"]
    by_id = {sheet["properties"].pop("sheetId"): sheet for sheet in sheets}
    live.send({"deleteSheet": {"sheetId": copy_id}})
    assert by_id[copy_id] == by_id[live.sheet_id]


def test_a_range_that_ends_past_the_grid_sorts_or_is_refused_as_a_whole(live: Live) -> None:
    """Settles: `endRowIndex` past the grid; the adapter never sends one, this says whether it could."""
    past = {"range": live.grid(1, 900, 1, 3), "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}]}
    outcome = live.service.send(live.key, {"requests": [{"sortRange": past}]}, "replies")
    found = live.worksheet.read(AREA, Scope.RANGE_ONLY).urls
    print("endRowIndex past the grid:", outcome)
    assert found == (URLS[::-1] if isinstance(outcome, Answered) else URLS)


def test_the_answer_of_a_batch_tells_hidden_rows(live: Live) -> None:
    """Settles: `rowMetadata` in a batch's own answer is the state at that moment."""
    hide = {
        "range": {"sheetId": live.sheet_id, "dimension": "ROWS", "startIndex": 2, "endIndex": 4},
        "properties": {"hiddenByUser": True},
        "fields": "hiddenByUser",
    }
    body = {
        "requests": [{"updateDimensionProperties": hide}],
        "includeSpreadsheetInResponse": True,
        "responseIncludeGridData": True,
        "responseRanges": [f"'{live.title}'!B2:C7"],
    }
    fields = "updatedSpreadsheet.sheets.data(startRow,rowMetadata(hiddenByUser))"
    outcome = live.service.send(live.key, body, fields)
    assert isinstance(outcome, Answered), outcome
    data = outcome.answer["updatedSpreadsheet"]["sheets"][0]["data"][0]
    assert [bool(row.get("hiddenByUser")) for row in data["rowMetadata"]] == [False, True, True, False, False, False]


def test_an_answer_range_of_a_tab_that_is_gone_refuses_the_batch_before_it_is_applied(live: Live) -> None:
    """Settles: a tab renamed under the run; the adapter reads its stamp in any case, this says whether it must."""
    sort_down = {"range": live.grid(1, 7, 1, 3), "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}]}
    body = {
        "requests": [{"sortRange": sort_down}],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["'no such tab'!B2:C7"],
    }
    outcome = live.service.send(
        live.key, body, "replies,updatedSpreadsheet.sheets.data.rowData.values.userEnteredValue"
    )
    assert isinstance(outcome, Refused), outcome
    assert live.worksheet.read(AREA, Scope.RANGE_ONLY).urls == URLS


def refusal_after(live: Live, edit: dict[str, Any]) -> tuple[Guard, Outcome]:
    """Mark B to D, edit, and check the marks where they were."""
    marks = guard(live.sheet_id, (1, 2, 3))
    replies = live.send(*marks.marking(6)["requests"])["replies"]
    assert marks.proven(replies), "a mark was taken away from a column where it is not"
    live.send(edit)
    return marks, live.service.send(live.key, {"requests": marks.checks()}, "replies")


def test_a_mark_on_a_column_that_has_moved_refuses_a_batch(live: Live) -> None:
    """Settles: metadata of a column moves with it, and is looked for on one column only."""
    place = {"sheetId": live.sheet_id, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
    edits: list[dict[str, Any]] = [{"insertDimension": {"range": place}}, {"deleteDimension": {"range": place}}]
    for edit in edits:
        marks, outcome = refusal_after(live, edit)
        assert isinstance(outcome, Refused), outcome
        assert marks.refuses(outcome.refusal.taken_id), outcome.refusal.message


def test_a_mark_moves_with_a_dragged_column(live: Live) -> None:
    """Settles: the same for a column that is dragged; the API moves columns as people do."""
    place = {"sheetId": live.sheet_id, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
    drag = {"moveDimension": {"source": place, "destinationIndex": 0}}
    if isinstance(outcome := live.service.send(live.key, {"requests": [drag]}, "replies"), Refused):
        pytest.skip(f"this service moves no columns: {outcome.refusal.message}")
    marks, outcome = refusal_after(live, drag)
    assert isinstance(outcome, Refused), outcome
    assert marks.refuses(outcome.refusal.taken_id), outcome.refusal.message


def test_a_mark_may_be_taken_away_and_put_back_in_one_batch(live: Live) -> None:
    """Settles: an id is free again right after what had it was deleted; else sorts go without marks."""
    marks = guard(live.sheet_id, (1, 2, 3))
    live.send(*marks.marking(6)["requests"])
    live.send(*marks.checks())


def test_deleting_metadata_that_is_gone_is_no_error(live: Live) -> None:
    """Settles: two runs that clean up the same old stamp."""
    lookup = {"developerMetadataLookup": {"metadataId": 1_206_099_999}}
    live.send({"deleteDeveloperMetadata": {"dataFilter": lookup}})


def test_a_picture_put_into_a_cell_by_hand_can_be_seen(live: Live) -> None:
    """Settles: how the API shows a picture in a cell, which the stop for columns beside the range relies on."""
    titles = live.service.spreadsheet_json(live.key, {"fields": "sheets.properties.title"})["sheets"]
    if not any(sheet["properties"]["title"] == "picture" for sheet in titles):
        pytest.skip("put a picture into A1 of a tab `picture` by hand (Insert > Image > In cell) to check this")
    answer = live.service.spreadsheet_json(live.key, {"ranges": "'picture'!A1", "fields": "sheets.data.rowData"})
    cell = answer["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    print("a cell with a picture:", json.dumps(cell))
    assert cell.get("userEnteredValue") == {}


def test_a_hundred_thousand_rows_fit_one_answer(live: Live) -> None:
    """Settles: the size of the answer, and the time of the batch, at 100,000 rows."""
    if not os.environ.get("LIVE_GOOGLE_LARGE"):
        pytest.skip("set LIVE_GOOGLE_LARGE=1 to sort 100,000 rows as well (some minutes)")
    n = 100_000
    size = {"sheetId": live.sheet_id, "gridProperties": {"rowCount": n + 1, "columnCount": 3}}
    live.send({"updateSheetProperties": {"properties": size, "fields": "gridProperties(rowCount,columnCount)"}})
    for start in range(0, n, 20_000):
        text = "\n".join(f"https://pics.example/{i}.jpg\tlabel {i}" for i in range(start, start + 20_000))
        at = {"sheetId": live.sheet_id, "rowIndex": start + 1, "columnIndex": 1}
        live.send({"pasteData": {"coordinate": at, "data": text, "type": "PASTE_VALUES", "delimiter": "\t"}})
    rows = live.worksheet.read(AREA, Scope.RANGE_ONLY)
    assert len(rows) == n
    began = time.monotonic()
    live.worksheet.reorder(Move(AREA, Scope.RANGE_ONLY, rows, tuple(range(n - 1, -1, -1)), f"live{time.time_ns()}"))
    print(f"100,000 rows moved and read back in {time.monotonic() - began:.0f} s")
    assert live.worksheet.read(AREA, Scope.RANGE_ONLY).urls == rows.urls[::-1]
