"""What the review columns put into a real Google Sheet, a check for each native object; all are skipped without a key.

A person should look at one such tab as well: colours, line and drop-down are what the API says of them, and no more.
To keep a tab to look at, set LIVE_GOOGLE_KEEP to the seconds it should stand before it is deleted.
"""

import os
import time
from typing import Any

from sheets.a1 import Area, parse
from sheets.columns import Columns, Looks, place_columns, widened
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.live.conftest import Live

AREA = parse("B2:C")
NAMES = ("group", "why", "decision")
TEXTS = (("1", "same"), ("", ""), ("2", "one of two"), ("1", "one of two"), ("2", "same"), ("", "=1+1"))
ORDER = (3, 0, 2, 4, 1, 5)
_OBJECTS = (
    "sheets(properties(gridProperties),conditionalFormats,filterViews(filterViewId,title,range,criteria,filterSpecs),"
    "developerMetadata,data(rowMetadata(pixelSize,developerMetadata),columnMetadata(developerMetadata)))"
)


def review(live: Live, *, order: tuple[int, ...] = ORDER, preview: int | None = None) -> None:
    worksheet = live.worksheet
    at = place_columns(worksheet, AREA, Scope.RANGE_ONLY, NAMES)
    wide = widened(AREA, at, Scope.RANGE_ONLY, NAMES)
    looks = Looks("group", ("why", "one of"), "possible duplicates", (7, 20, 9), preview)
    ours = Columns(NAMES, at, TEXTS, choices=("keep", "drop"), looks=looks)
    rows = worksheet.read(wide, Scope.RANGE_ONLY)
    worksheet.reorder(Move(wide, Scope.RANGE_ONLY, rows, order, f"live{time.time_ns()}", columns=ours))
    time.sleep(float(os.environ.get("LIVE_GOOGLE_KEEP", "0")))


def off(live: Live) -> tuple[str, ...]:
    at = live.worksheet.standing(AREA, NAMES)
    assert at is not None
    kept: list[tuple[str, ...]] = []
    live.worksheet.remove(NAMES, at, kept.append)
    return kept[0]


def columns(live: Live, start: int, end: int) -> dict[str, Any]:
    return {"sheetId": live.sheet_id, "dimension": "COLUMNS", "startIndex": start, "endIndex": end}


def formulas(live: Live) -> list[str]:
    rules = live.get("sheets.conditionalFormats").get("conditionalFormats", [])
    return [rule["booleanRule"]["condition"]["values"][0]["userEnteredValue"] for rule in rules]


def test_the_texts_are_texts_and_the_rows_arrive(live: Live) -> None:
    """Settles: the batch with all objects in it is accepted; a text that looks like a formula stays one."""
    review(live)
    shown = live.worksheet.texts(Area(3, 4, 2, 7))
    assert shown == tuple(TEXTS[i] for i in ORDER)


def test_tags_follow_their_columns_and_go_with_them(live: Live) -> None:
    """Settles: metadata of columns and rows is in columnMetadata and rowMetadata, follows, and is not copied along."""
    review(live)
    column = columns(live, 0, 1)
    live.send({"insertDimension": {"range": column}})
    at = live.worksheet.standing(parse("C2:D"), NAMES)
    assert at is not None and (at.header_row, at.column) == (1, 4)
    live.send({"deleteDimension": {"range": column}})
    copy = live.send({"duplicateSheet": {"sourceSheetId": live.sheet_id}})["replies"][0]["duplicateSheet"]
    copied = live.service.spreadsheet_json(
        live.key, {"ranges": f"'{copy['properties']['title']}'", "fields": _OBJECTS}
    )["sheets"][0]  # fmt: skip
    live.send({"deleteSheet": {"sheetId": copy["properties"]["sheetId"]}})
    print("metadata in a copy:", copied.get("developerMetadata"), copied["data"][0].get("columnMetadata", [])[3:6])
    off(live)
    left = live.get(_OBJECTS)
    assert "developerMetadata" not in left
    assert not any("developerMetadata" in one for one in left["data"][0].get("columnMetadata", []))


def test_group_colours_are_rules_behind_those_of_people(live: Live) -> None:
    """Settles: a rule's formula comes back as it was written, and its ranges follow an inserted column."""
    own = {"ranges": [live.grid(1, 7, 2, 3)], "booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": {}}}
    own["booleanRule"]["format"] = {"textFormat": {"italic": True}}  # type: ignore[index] # a body of JSON
    live.send({"addConditionalFormatRule": {"rule": own, "index": 0}})
    review(live)
    rules = live.get("sheets.conditionalFormats")["conditionalFormats"]
    assert rules[0]["booleanRule"]["condition"]["type"] == "NOT_BLANK"
    assert len(rules) == 5 and "ISODD(VALUE($D2))" in str(rules[1])
    gone = live.send({"deleteConditionalFormatRule": {"sheetId": live.sheet_id, "index": 4}})["replies"][0]
    assert "ISEVEN" in str(gone["deleteConditionalFormatRule"]["rule"]), "the answer names what was deleted"
    review(live, order=(0, 1, 2, 3, 4, 5))
    assert len(live.get("sheets.conditionalFormats")["conditionalFormats"]) == 5


def test_the_formulas_of_the_rules_calculate(live: Live) -> None:
    """Settles: N() of a text is 0, VALUE() of a number typed as text, ISODD, SEARCH, as the rules use them."""
    review(live)
    tries = [{"userEnteredValue": {"formulaValue": text}} for text in formulas(live)]
    live.send(
        {"insertDimension": {"range": columns(live, 6, 10),
                             "inheritFromBefore": True}},
        {"updateCells": {"range": live.grid(1, 2, 6, 10), "rows": [{"values": tries}], "fields": "userEnteredValue"}},
    )  # fmt: skip
    shown = [cell["formattedValue"] for cell in live.cells("G2:J2")[0]]
    assert shown == ["TRUE", "FALSE", "TRUE", "FALSE"], "row 2 is the keeper of group 1"


def test_the_line_above_a_group_moves_with_its_row(live: Live) -> None:
    """Settles: borders that are written before the sort move with their cells."""
    review(live)
    cells = live.cells("D2:D7", "userEnteredFormat(borders(top(style)))")
    lined = [bool(row and row[0].get("userEnteredFormat", {}).get("borders", {}).get("top")) for row in cells]
    lined += [False] * (6 - len(lined))
    assert lined == [True, False, True, False, False, False]


def test_decisions_have_a_drop_down(live: Live) -> None:
    """Settles: the drop-down stands on the rows of the last column, and a blank one stays blank."""
    review(live)
    cells = live.cells("F2:F3", "dataValidation")
    values = cells[0][0]["dataValidation"]["condition"]["values"]
    assert [one["userEnteredValue"] for one in values] == ["keep", "drop"]


def test_a_filter_view_hides_nothing_from_others(live: Live) -> None:
    """Settles: the id we choose is taken, `filterSpecs` with NOT_BLANK is accepted, no row is hidden by the view."""
    review(live)
    (view,) = live.get("sheets.filterViews")["filterViews"]
    assert view["title"] == "possible duplicates"
    print("the view as it is kept:", view)
    rows = live.get("sheets.data.rowMetadata")["data"][0]["rowMetadata"]
    assert not any(row.get("hiddenByFilter") for row in rows)


def test_the_header_is_frozen_and_thawed(live: Live) -> None:
    """Settles: `frozenRowCount` goes back to none."""
    review(live)
    assert live.get("sheets.properties.gridProperties")["properties"]["gridProperties"]["frozenRowCount"] == 1
    off(live)
    assert "frozenRowCount" not in live.get("sheets.properties.gridProperties")["properties"]["gridProperties"]


def test_pictures_fill_an_empty_column(live: Live) -> None:
    """Settles: repeatCell lets `=IMAGE($B2)` follow the rows; what a plain row is high; both are taken back."""
    live.send({"updateCells": {"range": live.grid(0, 7, 0, 1), "fields": "userEnteredValue"}})
    heights = live.get("sheets.data.rowMetadata.pixelSize")
    live.worksheet.check_preview(AREA, 0)
    review(live, preview=0)
    formula = [row[0]["userEnteredValue"]["formulaValue"] for row in live.cells("A2:A7")]
    assert formula == [f"=IMAGE($B{n})" for n in range(2, 8)]
    assert live.get("sheets.data.rowMetadata.pixelSize") != heights
    off(live)
    assert live.get("sheets.data.rowMetadata.pixelSize") == heights
    assert not any(cell.get("userEnteredValue") for row in live.cells("A2:A7") for cell in row)


def test_everything_of_ours_goes_without_a_trace(live: Live) -> None:
    """Settles: the objects of the tab, and its cells with their formats, are as a sort without review leaves them."""

    def all_of_it() -> tuple[Any, Any]:
        return live.get(_OBJECTS), live.cells("A1:F20", "userEnteredValue,userEnteredFormat,dataValidation,note")

    rows = live.worksheet.read(AREA, Scope.RANGE_ONLY)
    live.worksheet.reorder(Move(AREA, Scope.RANGE_ONLY, rows, ORDER, f"live{time.time_ns()}"))
    plain = all_of_it()
    back = tuple(sorted(range(6), key=ORDER.__getitem__))
    rows = live.worksheet.read(AREA, Scope.RANGE_ONLY)
    live.worksheet.reorder(Move(AREA, Scope.RANGE_ONLY, rows, back, f"live{time.time_ns()}"))
    review(live)
    assert all_of_it() != plain
    off(live)
    assert all_of_it() == plain


def test_whole_columns_are_put_back_from_a_copy(live: Live) -> None:
    """Settles: copyPaste over unbounded rows from another tab brings whole columns with notes and formats."""
    noted = [{"values": [{"note": "mine"}]}]
    live.send({"updateCells": {"range": live.grid(3, 4, 2, 3), "rows": noted, "fields": "note"}})
    review(live)

    def shifted() -> None:
        live.send({"insertDimension": {"range": columns(live, 0, 1)}})  # fmt: skip

    before = live.cells("C1:C20")
    copy = live.send({"duplicateSheet": {"sourceSheetId": live.sheet_id, "insertSheetIndex": 1}})
    source = copy["replies"][0]["duplicateSheet"]["properties"]["sheetId"]
    shifted()
    live.send(
        {"deleteDimension": {"range": columns(live, 3, 4)}},
        {"insertDimension": {"range": columns(live, 3, 4), "inheritFromBefore": True}},
        {"copyPaste": {
            "source": {"sheetId": source, "startColumnIndex": 2, "endColumnIndex": 3},
            "destination": {"sheetId": live.sheet_id, "startColumnIndex": 3, "endColumnIndex": 4},
            "pasteType": "PASTE_NORMAL"}},
        {"deleteSheet": {"sheetId": source}},
    )  # fmt: skip
    assert live.cells("D1:D20") == before
