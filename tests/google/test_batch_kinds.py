"""batchUpdate: all or nothing, and what each kind does."""

import pytest

from tests.google.desk import STAMP, Desk, area, lines


def test_one_bad_request_undoes_the_whole_batch() -> None:
    desk = Desk([["a"]])
    message = desk.refusal(
        {"addSheet": {"properties": {"title": "new"}}},
        {"deleteDimension": {"range": lines("ROWS", 0, 1)}},
        {"sortRange": {"range": area(2000, 2001, 0, 1), "sortSpecs": [{"dimensionIndex": 0}]}},
    )
    text = "Invalid requests[2].sortRange: range.startRowIndex is larger than current grid size (999)"
    assert message == text
    assert desk.values("A1") == [["a"]]


def test_metadata_ids_chosen_by_the_client_collide_and_refuse_the_batch() -> None:
    desk = Desk()
    stamp = {"createDeveloperMetadata": {"developerMetadata": {"metadataId": 7, **STAMP, "metadataValue": "v"}}}
    made = desk.batch(stamp)[0]["createDeveloperMetadata"]["developerMetadata"]
    assert made["location"] == {"locationType": "SPREADSHEET", "spreadsheet": True}
    message = desk.refusal({"addSheet": {"properties": {"title": "new"}}}, stamp)
    assert message == (
        "Invalid requests[1].createDeveloperMetadata: Cannot add developer metadata with ID [7] because developer "
        "metadata with that ID already exists."
    )
    assert desk.ok("GET", "", fields="developerMetadata(metadataId,metadataValue)") == {
        "developerMetadata": [{"metadataId": 7, "metadataValue": "v"}]
    }
    gone = desk.batch({"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {"metadataId": 7}}}})
    assert gone[0]["deleteDeveloperMetadata"]["deletedDeveloperMetadata"][0]["metadataId"] == 7
    desk.batch(stamp)


def test_metadata_sits_on_one_row_or_column_only_and_moves_with_it() -> None:
    desk = Desk()
    place = {**STAMP, "location": {"dimensionRange": lines("ROWS", 3, 5)}}
    assert "single row or column" in desk.refusal({"createDeveloperMetadata": {"developerMetadata": place}})
    place["location"] = {"dimensionRange": lines("ROWS", 3, 4)}
    desk.batch({"createDeveloperMetadata": {"developerMetadata": place}})
    desk.batch({"insertDimension": {"range": lines("ROWS", 0, 2), "inheritFromBefore": False}})
    (entry,) = desk.book.metadata.values()
    assert entry["location"]["dimensionRange"]["startIndex"] == 5


def test_metadata_is_shown_where_it_sits_and_goes_with_its_column() -> None:
    desk = Desk([["a", "b", "c"]])
    for value, place in (
        ("column", {"dimensionRange": lines("COLUMNS", 1, 2)}),
        ("row", {"dimensionRange": lines("ROWS", 0, 1)}),
        ("tab", {"sheetId": 0}),
    ):
        made = {**STAMP, "metadataValue": value, "location": place}
        desk.batch({"createDeveloperMetadata": {"developerMetadata": made}})
    fields = (
        "sheets(developerMetadata(metadataValue),data(rowMetadata(developerMetadata(metadataValue)),"
        "columnMetadata(developerMetadata(metadataValue))))"
    )
    (shown,) = desk.ok("GET", "", fields=fields, ranges="A1:C2")["sheets"]
    assert shown["developerMetadata"] == [{"metadataValue": "tab"}]
    assert shown["data"][0]["rowMetadata"] == [{"developerMetadata": [{"metadataValue": "row"}]}, {}]
    assert shown["data"][0]["columnMetadata"] == [{}, {"developerMetadata": [{"metadataValue": "column"}]}, {}]
    desk.batch({"duplicateSheet": {"sourceSheetId": 0, "newSheetId": 5}})
    desk.batch({"deleteDimension": {"range": lines("COLUMNS", 1, 2)}})
    assert [entry["metadataValue"] for entry in desk.book.metadata.values()] == ["row", "tab"]


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"x": {}}, "Invalid JSON payload received. Unknown name \"x\" at 'requests[0]': Cannot find field."),
        (
            {"addSheet": {"properties": {"sheetId": "many"}}},
            "Invalid value at 'requests[0].add_sheet.properties.sheet_id' (TYPE_INT32), \"many\"",
        ),
        ({"addSlicer": {}}, "Invalid requests[0].addSlicer: This kind of request is not part of the stand-in."),
        ({}, "Invalid requests[0]: No request set."),
        (
            {"updateSheetProperties": {"properties": {"title": "x"}}},
            "Invalid requests[0].updateSheetProperties: At least one field must be listed in 'fields'. "
            "(Use '*' to indicate all fields.)",
        ),
        (
            {"deleteSheet": {"sheetId": 0}},
            "Invalid requests[0].deleteSheet: You can't remove all the visible sheets in a document.",
        ),
        (
            {"insertDimension": {"range": lines("COLUMNS", 26, 27)}},
            "Invalid requests[0].insertDimension: range.startIndex must be less than the grid size (26) "
            "if inheritFromBefore is false.",
        ),
    ],
)
def test_refusals_are_worded_as_google_words_them(request_body: dict[str, object], message: str) -> None:
    assert Desk().refusal(request_body) == message


def test_the_grid_may_not_exceed_ten_million_cells() -> None:
    big = {"title": "big", "gridProperties": {"rowCount": 1_000_000, "columnCount": 10}}
    assert Desk().refusal({"addSheet": {"properties": big}}) == (
        "This action would increase the number of cells in the workbook above the limit of 10000000 cells."
    )


def test_pasting_parses_as_typed_and_grows_the_grid() -> None:
    desk = Desk()
    corner = {"rowIndex": 999, "columnIndex": 25}
    desk.batch(
        {"pasteData": {"coordinate": corner, "data": "1/2/2020\t=1+1\nx", "type": "PASTE_VALUES", "delimiter": "\t"}}
    )
    assert desk.formulas("Z1000:AA1001") == [[43832, "=1+1"], ["x"]]
    grid = desk.properties()["properties"]["gridProperties"]
    assert (grid["rowCount"], grid["columnCount"]) == (1001, 27)
    outside = {"pasteData": {"coordinate": {"rowIndex": 2000}, "data": "x", "delimiter": "\t"}}
    assert "larger than current grid size (1001)" in desk.refusal(outside)


def test_a_duplicate_holds_everything_and_lands_in_front_without_an_index() -> None:
    desk = Desk([["a", "=A1"]])
    desk.batch({"mergeCells": {"range": area(2, 4, 0, 1), "mergeType": "MERGE_ALL"}})
    made = desk.batch({"duplicateSheet": {"newSheetId": 9, "newSheetName": "backup"}})[0]["duplicateSheet"]
    assert (made["properties"]["sheetId"], made["properties"]["index"]) == (9, 0)
    assert desk.formulas("backup!A1:B1") == [["a", "=A1"]]
    assert desk.properties(0)["merges"] == [area(2, 4, 0, 1, 9)]


def test_clearing_validation_is_clipped_to_the_grid() -> None:
    desk = Desk([["a"]])
    rule = {"condition": {"type": "BOOLEAN"}, "strict": True}
    desk.batch({"setDataValidation": {"range": area(0, 2, 0, 1), "rule": rule}})
    desk.batch({"setDataValidation": {"range": area(1, 5000, 0, 1)}})
    data = desk.ok("GET", "", fields="sheets.data.rowData.values.dataValidation")["sheets"][0]["data"][0]
    assert data["rowData"] == [{"values": [{"dataValidation": {"condition": {"type": "BOOLEAN"}, "strict": True}}]}]


def test_colors_are_kept_in_eight_bits_and_beside_their_style() -> None:
    desk = Desk()
    cell = {"userEnteredFormat": {"backgroundColor": {"red": 0.5}, "textFormat": {"bold": True}}}
    given = {"range": area(0, 1, 0, 1), "cell": cell, "fields": "userEnteredFormat(backgroundColor,textFormat)"}
    desk.batch({"repeatCell": given})
    blue = {"userEnteredFormat": {"textFormat": {"italic": True}}}
    desk.batch({"repeatCell": {**given, "cell": blue, "fields": "userEnteredFormat.textFormat.italic"}})
    data = desk.ok("GET", "", fields="sheets.data.rowData.values.userEnteredFormat")["sheets"][0]["data"][0]
    assert data["rowData"][0]["values"][0]["userEnteredFormat"] == {
        "backgroundColor": {"red": 0.49803922},
        "textFormat": {"bold": True, "italic": True},
        "backgroundColorStyle": {"rgbColor": {"red": 0.49803922}},
    }


def test_a_protected_range_of_somebody_else_refuses_edits() -> None:
    desk = Desk([["a", "b"]])
    desk.batch({"addProtectedRange": {"protectedRange": {"range": area(0, 1, 0, 1)}}})
    draft = desk.book.fork()
    entries = draft.edit(0).parts["protectedRanges"]
    entries[0] = {name: part for name, part in entries[0].items() if name != "requestingUserCanEdit"}
    desk.file.book = draft
    sort = {"sortRange": {"range": area(0, 2, 0, 2), "sortSpecs": [{"dimensionIndex": 0}]}}
    assert "protected cell or object" in desk.refusal(sort)
    status, value = desk.sheets("PUT", "/values/A1", {"values": [["x"]]}, valueInputOption="RAW")
    assert status == 400
    assert "protected cell or object" in value["error"]["message"]
    desk.write("B1", [["free"]])


def test_a_table_refuses_validation_and_goes_with_its_sheet() -> None:
    desk = Desk([["a", "b"], [1, 2]])
    made = desk.batch({"addTable": {"table": {"name": "T", "range": area(0, 2, 0, 2)}}})[0]["addTable"]["table"]
    shown = desk.ok("GET", "", fields="sheets.tables(tableId,range)")["sheets"][0]["tables"]
    assert shown == [{"tableId": made["tableId"], "range": made["range"]}]
    clear = {"setDataValidation": {"range": area(1, 2, 1, 2)}}
    assert desk.refusal(clear).endswith("This operation is not allowed on cells in typed columns.")
    assert "overlaps" in desk.refusal({"addTable": {"table": {"name": "U", "range": area(1, 3, 0, 1)}}})
    desk.batch({"deleteTable": {"tableId": made["tableId"]}}, clear)


def test_metadata_of_the_first_sheet_goes_with_it() -> None:
    desk = Desk()
    desk.batch(
        {"addSheet": {"properties": {"title": "second"}}},
        {
            "createDeveloperMetadata": {
                "developerMetadata": {**STAMP, "location": {"dimensionRange": lines("ROWS", 0, 1)}}
            }
        },
        {"createDeveloperMetadata": {"developerMetadata": {**STAMP, "location": {"sheetId": 0}}}},
        {"createDeveloperMetadata": {"developerMetadata": STAMP}},
        {"deleteSheet": {"sheetId": 0}},
    )
    assert [entry["location"]["locationType"] for entry in desk.book.metadata.values()] == ["SPREADSHEET"]


def test_find_and_replace_counts_what_it_changed() -> None:
    desk = Desk([["a cat", "cat"], ["dog", "=A1"]])
    reply = desk.batch({"findReplace": {"find": "cat", "replacement": "bird", "allSheets": True}})
    assert reply[0]["findReplace"] == {
        "valuesChanged": 2,
        "rowsChanged": 1,
        "sheetsChanged": 1,
        "occurrencesChanged": 2,
    }
    assert desk.values("A1:B2") == [["a bird", "bird"], ["dog", "a bird"]]


def test_the_answer_shows_the_state_after_the_batch_as_the_mask_wants_it() -> None:
    desk = Desk([["b"], ["a"]])
    body = {
        "requests": [{"sortRange": {"range": area(0, 2, 0, 1), "sortSpecs": [{"dimensionIndex": 0}]}}],
        "includeSpreadsheetInResponse": True,
        "responseRanges": ["A1:A2"],
    }
    fields = "replies,updatedSpreadsheet.sheets.data.rowData.values.userEnteredValue"
    answer = desk.ok("POST", ":batchUpdate", body, fields=fields)
    rows = [{"values": [{"userEnteredValue": {"stringValue": text}}]} for text in "ab"]
    assert answer == {"replies": [{}], "updatedSpreadsheet": {"sheets": [{"data": [{"rowData": rows}]}]}}


def test_a_mask_with_an_unknown_field_is_refused_before_anything_is_written() -> None:
    desk = Desk([["a"]])
    body = {"requests": [{"deleteDimension": {"range": lines("ROWS", 0, 1)}}]}
    status, _ = desk.sheets("POST", ":batchUpdate", body, fields="nonsense")
    assert status == 400
    assert desk.values("A1") == [["a"]]
