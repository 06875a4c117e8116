"""Rows and columns that come and go, and what follows them."""

from hypothesis import given
from hypothesis import strategies as st

from tests.google.desk import Desk, area, lines
from tests.google.formulas import shift_span
from tests.google.model import Json


def insert(dimension: str, start: int, count: int, *, before: bool = False) -> Json:
    given = {"range": lines(dimension, start, start + count), "inheritFromBefore": before}
    return {"insertDimension": given}


def delete(dimension: str, start: int, count: int) -> Json:
    return {"deleteDimension": {"range": lines(dimension, start, start + count)}}


def test_formulas_elsewhere_follow_inserted_and_deleted_rows_and_columns() -> None:
    desk = Desk([["=B5", "=SUM(B2:B5)", "=$B$5", "=Sheet1!B5", '="B5"', "=LOG10(B5)"]])
    desk.batch(insert("ROWS", 2, 2), insert("COLUMNS", 1, 1))
    assert desk.formulas("A1:G1") == [["=C7", "", "=SUM(C2:C7)", "=$C$7", "=Sheet1!C7", '="B5"', "=LOG10(C7)"]]
    desk.batch(delete("ROWS", 5, 2))
    assert desk.formulas("A1:D1") == [["=#REF!", "", "=SUM(C2:C5)", "=#REF!"]]


def test_a_formula_on_another_sheet_follows_too_but_not_one_about_its_own() -> None:
    desk = Desk()
    desk.batch({"addSheet": {"properties": {"title": "it's", "sheetId": 5}}})
    desk.write("'it''s'!A1", [["=Sheet1!A3", "=A3"]])
    desk.write("B1", [["='it''s'!A3"]])
    desk.batch(insert("ROWS", 0, 1))
    assert desk.formulas("'it''s'!A1:B1") == [["=Sheet1!A4", "=A3"]]
    assert desk.formulas("B2") == [["='it''s'!A3"]]


def test_named_ranges_filters_merges_and_groups_follow() -> None:
    desk = Desk([["a"]], decorated=True)
    desk.batch({"mergeCells": {"range": area(5, 7, 0, 2), "mergeType": "MERGE_ALL"}}, insert("ROWS", 2, 3))
    book = desk.ok("GET", "")
    assert book["namedRanges"][0]["range"] == {
        "startRowIndex": 1,
        "endRowIndex": 7,
        "startColumnIndex": 1,
        "endColumnIndex": 3,
    }
    sheet = book["sheets"][0]
    assert sheet["merges"][0]["startRowIndex"] == 8
    assert sheet["basicFilter"]["range"]["endRowIndex"] == 7
    assert sheet["protectedRanges"][0]["range"]["endRowIndex"] == 7
    assert sheet["rowGroups"][0]["range"]["startIndex"] == 5
    desk.batch(delete("ROWS", 0, 8))
    rest = desk.ok("GET", "")
    assert "namedRanges" not in rest
    assert "protectedRanges" not in rest["sheets"][0]


def test_a_helper_column_beside_a_range_leaves_every_range_as_it_was() -> None:
    desk = Desk([["a", "b", "c", "d"]], decorated=True)
    before = desk.ok("GET", "")
    desk.batch(insert("COLUMNS", 3, 1, before=True), delete("COLUMNS", 3, 1))
    assert desk.ok("GET", "") == before


def test_a_new_line_inherits_format_and_rule_from_one_neighbour() -> None:
    desk = Desk([["50%", 1]])
    desk.batch({"setDataValidation": {"range": area(0, 1, 0, 1), "rule": {"condition": {"type": "BOOLEAN"}}}})
    desk.batch(insert("COLUMNS", 1, 1, before=True))
    cell = desk.book.sheets[0].cell(0, 1)
    assert cell is not None
    assert cell.validation is not None
    assert cell.format == {"numberFormat": {"type": "PERCENT", "pattern": "0%"}}
    assert cell.value is None


def test_the_last_row_and_the_frozen_ones_are_minded() -> None:
    desk = Desk()
    assert "delete all the rows" in desk.refusal(delete("ROWS", 0, 1000))
    frozen = {"properties": {"gridProperties": {"frozenRowCount": 2}}, "fields": "gridProperties.frozenRowCount"}
    desk.batch({"updateSheetProperties": frozen}, delete("ROWS", 0, 1))
    assert desk.properties()["properties"]["gridProperties"]["frozenRowCount"] == 1


def test_hidden_rows_are_reported_and_move_with_what_is_inserted_above() -> None:
    desk = Desk([["a"], ["b"]])
    hide = {"range": lines("ROWS", 1, 2), "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    desk.batch({"updateDimensionProperties": hide}, insert("ROWS", 0, 1))
    fields = "sheets.data(startRow,rowMetadata(hiddenByUser,hiddenByFilter))"
    (data,) = desk.ok("GET", "", ranges="A2:A4", fields=fields)["sheets"][0]["data"]
    assert data == {"startRow": 1, "rowMetadata": [{}, {"hiddenByUser": True}, {}]}


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 30), st.integers(-20, 20))
def test_a_span_follows_the_rows_it_names(start: int, length: int, at: int, by: int) -> None:
    """The oracle: a list of rows, some marked, in which lines are inserted or deleted."""
    rows = [start <= index < start + length for index in range(60)]
    new = rows[:at] + [False] * by + rows[at:] if by >= 0 else rows[:at] + rows[at - by :]
    found = [index for index, marked in enumerate(new) if marked]
    low, high = shift_span(start, start + length, at, by)
    if found:
        assert (low, high) == (found[0], found[-1] + 1)
    else:
        assert low >= high
