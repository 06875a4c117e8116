"""sortRange, as observed on the real service."""

import pytest

from tests.google.desk import Desk, area, lines
from tests.google.model import Json


def sort(box: Json, column: int = 0, order: str = "ASCENDING") -> Json:
    return {"sortRange": {"range": box, "sortSpecs": [{"dimensionIndex": column, "sortOrder": order}]}}


def test_numbers_come_before_text_and_blanks_last_in_both_directions() -> None:
    desk = Desk([["b"], [10], [None, "blank"], [2], ["A"], [True]])
    desk.batch(sort(area(0, 6, 0, 2)))
    assert desk.values("A1:B6") == [["2"], ["10"], ["A"], ["b"], ["TRUE"], ["", "blank"]]
    desk.batch(sort(area(0, 6, 0, 2), order="DESCENDING"))
    assert desk.values("A1:B6") == [["TRUE"], ["b"], ["A"], ["10"], ["2"], ["", "blank"]]


def test_a_sort_is_stable_and_takes_several_columns() -> None:
    desk = Desk([["x", 2, "first"], ["x", 1], ["a", 2, "second"], ["x", 2, "third"]])
    specs = [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}, {"dimensionIndex": 0}]
    desk.batch({"sortRange": {"range": area(0, 4, 0, 3), "sortSpecs": specs}})
    assert desk.values("C1:C3") == [["second"], ["first"], ["third"]]


@pytest.mark.parametrize("how", ["hiddenByUser", "hiddenByFilter"])
def test_hidden_rows_stay_and_the_others_are_sorted_around_them(how: str) -> None:
    desk = Desk([["d"], ["c"], ["b"], ["a"]])
    draft = desk.book.fork()
    draft.edit(0).row_meta[1] = {how: True}
    desk.file.book = draft
    desk.batch(sort(area(0, 4, 0, 1)))
    assert desk.values("A1:A4") == [["a"], ["c"], ["b"], ["d"]]


def test_a_basic_filter_hides_rows_and_sorts_them_for_everybody() -> None:
    desk = Desk([["name", "state"], ["c", "done"], ["a", "open"], ["b", "done"]])
    given = {
        "range": area(0, 4, 0, 2),
        "sortSpecs": [{"dimensionIndex": 0}],
        "filterSpecs": [{"columnIndex": 1, "filterCriteria": {"hiddenValues": ["open"]}}],
    }
    desk.batch({"setBasicFilter": {"filter": given}})
    assert desk.values("A1:A4") == [["name"], ["a"], ["b"], ["c"]]
    fields = "sheets.data.rowMetadata.hiddenByFilter"

    def hidden() -> list[bool]:
        (data,) = desk.ok("GET", "", ranges="A1:A4", fields=fields)["sheets"][0]["data"]
        return [bool(row) for row in data["rowMetadata"]]

    assert hidden() == [False, True, False, False]
    desk.batch(sort(area(1, 4, 0, 2), order="DESCENDING"))
    assert desk.values("A2:A4") == [["a"], ["c"], ["b"]]
    blank = {
        "range": area(0, 4, 0, 2),
        "criteria": {"0": {"condition": {"type": "TEXT_EQ", "values": [{"userEnteredValue": "C"}]}}},
    }
    desk.batch({"setBasicFilter": {"filter": blank}})
    assert hidden() == [False, True, False, True]
    desk.batch({"clearBasicFilter": {"sheetId": 0}})
    assert hidden() == [False] * 4


def test_vertical_merges_refuse_and_horizontal_ones_go_with_their_row() -> None:
    desk = Desk([["b", "left"], ["a"], ["c"]])
    desk.batch({"mergeCells": {"range": area(0, 1, 1, 3), "mergeType": "MERGE_ALL"}})
    desk.batch(sort(area(0, 3, 0, 3)))
    assert desk.properties()["merges"] == [
        {"startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 1, "endColumnIndex": 3}
    ]
    desk.batch({"mergeCells": {"range": area(2, 4, 10, 11), "mergeType": "MERGE_ALL"}})
    assert desk.refusal(sort(area(0, 4, 0, 12))).endswith(
        "You can't sort a range containing vertical merges. There is a vertical merge at K3:K4"
    )


def test_formulas_that_look_along_their_row_follow_it_and_those_outside_stay() -> None:
    desk = Desk([["b", "=A1&$A$1", "=A1"], ["a", "=A2&A1", "=A2"]])
    desk.batch(sort(area(0, 2, 0, 2)))
    assert desk.formulas("A1:C2") == [["a", "=A1&#REF!", "=A1"], ["b", "=A2&$A$1", "=A2"]]


def test_notes_formats_and_rules_travel_with_the_row_and_the_rest_stays() -> None:
    desk = Desk([["b", 1, "stays b"], ["a", 2, "stays a"]])
    rule = {"condition": {"type": "BOOLEAN"}}
    cell = {"note": "of b", "userEnteredFormat": {"textFormat": {"bold": True}}, "dataValidation": rule}
    fields = "note,userEnteredFormat.textFormat.bold,dataValidation"
    desk.batch({"updateCells": {"range": area(0, 1, 0, 1), "rows": [{"values": [cell]}], "fields": fields}})
    desk.batch(sort(area(0, 2, 0, 2)))
    data = desk.ok("GET", "", ranges="A2", fields=f"sheets.data.rowData.values({fields})")
    assert data["sheets"][0]["data"][0]["rowData"][0]["values"][0] == cell
    assert desk.values("C1:C2") == [["stays b"], ["stays a"]]


def test_a_column_outside_the_range_breaks_the_service_down() -> None:
    desk = Desk([["a"]])
    assert desk.refusal(sort(area(0, 1, 0, 1), column=3)) == "Internal error encountered."


def test_the_reorder_of_a_helper_column_moves_only_its_block() -> None:
    """The batch that the product sends, step by step, on a sheet with cells around the block."""
    desk = Desk([["n", "url", "t", "label"], [1, "u1", "t1", "l1"], [2, "u2", "t2", "l2"], [3, "u3", "t3", "l3"]])
    helper = lines("COLUMNS", 3, 4)
    ranks = {"coordinate": {"rowIndex": 1, "columnIndex": 3}, "data": "zx3\nzx1\nzx2", "delimiter": "\t"}
    desk.batch(
        {"insertDimension": {"range": helper, "inheritFromBefore": True}},
        {"setDataValidation": {"range": area(1, 4, 3, 4)}},
        {"pasteData": {**ranks, "type": "PASTE_VALUES"}},
        sort(area(1, 4, 1, 4), column=3),
        {"deleteDimension": {"range": helper}},
    )
    assert desk.values("A2:D4") == [["1", "u2", "t2", "l1"], ["2", "u3", "t3", "l2"], ["3", "u1", "t1", "l3"]]
    assert desk.properties()["properties"]["gridProperties"]["columnCount"] == 26
