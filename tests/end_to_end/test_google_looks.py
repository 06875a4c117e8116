"""What is drawn around the review columns of a Google Sheet: all in one batch, found by tags, gone without a trace.

Edits in the very moment of a batch and lost answers are made by the stand-in; whatever they hit must come back.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from errors import SheetChanged, Unsortable
from sheets.a1 import Area
from sheets.columns import Columns, Looks, place_columns, widened
from sheets.google import GoogleWorksheet
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.contract.backends import trimmed
from tests.contract.google_bench import opened
from tests.contract.test_columns import NAMES
from tests.google.server import StandIn
from tests.google.state import State

AREA = Area(1, 2, 2)
ROWS = [["", "url", "label"], *[["", f"https://a.example/{n}.jpg", f"label {n}"] for n in range(1, 6)]]
TEXTS = (("1", "same"), ("", ""), ("2", "one of two"), ("1", "one of two"), ("2", "same"))
ORDER = (3, 0, 2, 4, 1)
LOOKS = Looks("group", ("why", "one"), "possible duplicates", (7, 20, 9))


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as standing:
        yield standing


@pytest.fixture
def key(google: StandIn) -> str:
    return google.add_spreadsheet("Rows", {"Rows": ROWS, "Other": [["x"]]})


def move(worksheet: GoogleWorksheet, *, order=ORDER, texts=TEXTS, preview: int | None = None, run: str = "one") -> Move:
    at = place_columns(worksheet, AREA, Scope.RANGE, NAMES)
    wide = widened(AREA, at, Scope.RANGE, NAMES)
    looks = Looks(LOOKS.group, LOOKS.keeper, LOOKS.view, LOOKS.widths, preview)
    columns = Columns(NAMES, at, texts, choices=("keep", "drop"), looks=looks)
    return Move(wide, Scope.RANGE, worksheet.read(wide, Scope.RANGE), order, run, columns=columns)


def off(worksheet: GoogleWorksheet) -> list[str]:
    at = worksheet.standing(AREA, NAMES)
    assert at is not None
    kept: list[str] = []
    worksheet.remove(NAMES, at, kept.extend)
    return kept


def first_tab(google: StandIn, key: str) -> Any:
    return google.dump()["files"][key]["spreadsheet"]["sheets"][0]


def ours(google: StandIn, key: str) -> list[Any]:
    """The metadata of the file but for the stamps of runs."""
    metadata = google.dump()["files"][key]["developerMetadata"]
    return [one for one in metadata if not one["metadataKey"].endswith(".run")]


def texts(google: StandIn, key: str) -> list[list[str]]:
    return trimmed([["" if cell is None else str(cell) for cell in row] for row in google.labeler(key).rows()])


def tabs(google: StandIn, key: str) -> list[str]:
    return [one["properties"]["title"] for one in google.dump()["files"][key]["spreadsheet"]["sheets"]]


def formulas(google: StandIn, key: str) -> list[str]:
    return [
        rule["booleanRule"]["condition"]["values"][0]["userEnteredValue"]
        for rule in first_tab(google, key).get("conditionalFormats", [])
    ]


def test_one_batch_draws_everything_before_the_rows_move(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    planned = move(worksheet)
    before = len(google.requests)
    worksheet.reorder(planned)
    # one that marks the columns, the one that writes, one that takes the marks away
    assert sum(":batchUpdate" in request.path for request in google.requests[before:]) == 3
    tab = first_tab(google, key)
    assert tab["properties"]["gridProperties"]["frozenRowCount"] == 1
    assert len(formulas(google, key)) == 4
    assert "$D2))" in formulas(google, key)[0] and "ISODD" in formulas(google, key)[0]
    (view,) = tab["filterViews"]
    assert view["title"] == "possible duplicates" and view["filterSpecs"][0]["columnIndex"] == 3
    rows = google.labeler(key).sheet.rows
    lined = [
        bool(cell is not None and cell.format and "top" in cell.format.get("borders", {}))
        for cell in (row[3] for row in rows[1:6] if len(row) > 3)
    ]
    assert lined == [True, False, True, False, False]
    places = {one["metadataValue"]: one["location"] for one in ours(google, key)}
    assert [places[name]["dimensionRange"]["startIndex"] for name in NAMES] == [3, 4, 5]


def test_review_off_leaves_the_dump_of_a_sort_without_review(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(Move(AREA, Scope.RANGE, worksheet.read(AREA, Scope.RANGE), ORDER, "plain"))
    plain = first_tab(google, key)
    other = google.add_spreadsheet("Rows", {"Rows": ROWS, "Other": [["x"]]})
    worksheet = opened(google, other, "Rows")
    worksheet.reorder(move(worksheet, preview=0))
    assert first_tab(google, other) != plain
    google.labeler(other).type("F3", "drop")
    assert off(worksheet)[1] == "drop"
    assert first_tab(google, other) == plain
    assert ours(google, other) == []
    assert tabs(google, other) == ["Rows", "Other"]


def test_what_people_had_stays_when_ours_goes(google: StandIn, key: str) -> None:
    hands = google.labeler(key)
    rule = {
        "ranges": [{"sheetId": hands.sheet.id, "startColumnIndex": 2, "endColumnIndex": 3}],
        "booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": {"textFormat": {"italic": True}}},
    }
    frozen = {"sheetId": hands.sheet.id, "gridProperties": {"frozenRowCount": 2}}
    hands.do(
        {"addConditionalFormatRule": {"rule": rule, "index": 0}},
        {"addFilterView": {"filter": {"title": "mine", "range": {"sheetId": hands.sheet.id}}}},
        {"updateSheetProperties": {"properties": frozen, "fields": "gridProperties.frozenRowCount"}},
    )
    worksheet = opened(google, key, "Rows")
    before = {name: first_tab(google, key)[name] for name in ("conditionalFormats", "filterViews", "properties")}
    worksheet.reorder(move(worksheet))
    assert formulas_of_first(google, key) == "NOT_BLANK", "people's own rules win"
    assert off(worksheet) is not None
    assert {name: first_tab(google, key)[name] for name in before} == before


def formulas_of_first(google: StandIn, key: str) -> str:
    kind: str = first_tab(google, key)["conditionalFormats"][0]["booleanRule"]["condition"]["type"]
    return kind


def test_a_rerun_finds_renamed_and_shifted_columns_by_their_tags_and_piles_nothing_up(
    google: StandIn, key: str
) -> None:
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(move(worksheet))
    hands = google.labeler(key)
    hands.type("F2", "keep")
    hands.type("F1", "Entscheidung")
    hands.insert_columns(4)
    hands.insert_rows(1)
    area = Area(1, 3, 3)
    at = worksheet.standing(area, NAMES)
    assert at is not None and (at.header_row, at.column) == (2, 4)
    wide = widened(area, at, Scope.RANGE, NAMES)
    columns = Columns(NAMES, at, tuple(TEXTS[i] for i in ORDER), choices=("keep", "drop"), looks=LOOKS)
    again = opened(google, key, "Rows")
    count = len(ours(google, key))
    again.reorder(Move(wide, Scope.RANGE, again.read(wide, Scope.RANGE), (4, 3, 2, 1, 0), "two", columns=columns))
    tab = first_tab(google, key)
    assert (len(tab["conditionalFormats"]), len(tab["filterViews"])) == (4, 1)
    assert "$E3" in formulas(google, key)[0]
    assert len(ours(google, key)) == count
    assert [row[6] for row in texts(google, key)[2:] if len(row) > 6] == ["keep"]
    assert tabs(google, key) == ["Rows", "Other"]


def test_columns_that_people_have_painted_keep_their_colours(google: StandIn, key: str) -> None:
    hands = google.labeler(key)
    cell = {"userEnteredFormat": {"backgroundColorStyle": {"rgbColor": {"red": 1}}}}
    place = {
        "sheetId": hands.sheet.id,
        "startRowIndex": 3,
        "endRowIndex": 4,
        "startColumnIndex": 2,
        "endColumnIndex": 3,
    }
    hands.do({"repeatCell": {"range": place, "cell": cell, "fields": "userEnteredFormat.backgroundColorStyle"}})
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(move(worksheet))
    ranges = first_tab(google, key)["conditionalFormats"][0]["ranges"]
    assert [(one.get("startColumnIndex", 0), one["endColumnIndex"]) for one in ranges] == [(0, 2), (3, 6)]


@pytest.mark.parametrize("fault", ["503", "reset", "broken-body"])
def test_a_lost_answer_leaves_everything_once_and_a_rerun_adds_nothing(google: StandIn, key: str, fault: str) -> None:
    worksheet = opened(google, key, "Rows")
    planned = move(worksheet)
    google.faults.add(fault, nth=2, after=True, match=":batchUpdate")
    worksheet.reorder(planned)
    once = first_tab(google, key)
    assert [row[3:] for row in texts(google, key)] == [list(NAMES), *[[t for t in TEXTS[i] if t] for i in ORDER]]
    assert len(once["conditionalFormats"]) == 4 and len(once["filterViews"]) == 1
    again = move(worksheet, order=(0, 1, 2, 3, 4), texts=tuple(TEXTS[i] for i in ORDER), run="two")
    google.faults.add(fault, nth=2, after=True, match=":batchUpdate")
    worksheet.reorder(again)
    assert first_tab(google, key) == once
    assert tabs(google, key) == ["Rows", "Other"]


@pytest.mark.parametrize("fault", ["503", "reset"])
@pytest.mark.parametrize("after", [True, False])
def test_a_lost_answer_of_review_off_takes_the_columns_away_once(
    google: StandIn, key: str, fault: str, *, after: bool
) -> None:
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(move(worksheet))
    google.faults.add(fault, after=after, match=":batchUpdate")
    off(worksheet)
    assert texts(google, key) == [ROWS[0], *[ROWS[1 + i] for i in ORDER]]
    assert ours(google, key) == [] and tabs(google, key) == ["Rows", "Other"]


@pytest.mark.parametrize("edit", ["insert_columns", "delete_columns"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_column_edit_in_the_moment_of_review_off_deletes_nobodys_column(
    google: StandIn, edit: str, *, lost: bool
) -> None:
    rows = [["id" if i == 0 else str(i), *row[1:]] for i, row in enumerate(ROWS)]
    key = google.add_spreadsheet("Rows", {"Rows": rows})
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(move(worksheet))
    hands = google.labeler(key)
    hands.type("F2", "keep")
    hands.type("G1", "mine")  # right of ours
    hands.type("G4", "a word")
    hands.note("G4", "a note")
    google.before_request(1, lambda _: getattr(google.labeler(key), edit)(1), match=":batchUpdate")
    if lost:
        google.faults.add("503", after=True, match=":batchUpdate")
    with pytest.raises(SheetChanged, match="put back"):
        off(worksheet)
    after = texts(google, key)
    held = {cell for row in after for cell in row}
    assert {row[1] for row in ROWS[1:]} <= held and {"keep", "mine", "a word"} <= held
    mine = after[0].index("mine")
    assert after[3][mine] == "a word"
    (noted,) = [cell for row in hands.sheet.rows for cell in row if cell is not None and cell.note]
    assert noted.note == "a note" and noted.value == "a word"
    assert tabs(google, key) == ["Rows"]
    off(opened(google, key, "Rows"))
    left = texts(google, key)
    assert left[0][-1] == "mine" and not set(NAMES) & {*left[0]}


def test_a_rule_of_others_that_moved_in_that_moment_is_put_back(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(move(worksheet))
    sheet_id = google.labeler(key).sheet.id
    rule = {
        "ranges": [{"sheetId": sheet_id, "startColumnIndex": 2, "endColumnIndex": 3}],
        "booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": {"textFormat": {"italic": True}}},
    }

    def meddle(_: State) -> None:
        google.labeler(key).do({"addConditionalFormatRule": {"rule": rule, "index": 2}})

    google.before_request(1, meddle, match=":batchUpdate")
    off(worksheet)
    kinds = [one["booleanRule"]["condition"]["type"] for one in first_tab(google, key)["conditionalFormats"]]
    assert kinds == ["NOT_BLANK"]


def test_pictures_fill_an_empty_column_and_follow_their_rows(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    worksheet.check_preview(AREA, 0)
    worksheet.reorder(move(worksheet, preview=0))
    assert [row[0] for row in texts(google, key)] == ["", *[f"=IMAGE($B{n})" for n in range(2, 7)]]
    heights = [one["pixelSize"] for one in first_tab(google, key)["data"][0]["rowMetadata"]][:7]
    assert heights == [21, 97, 97, 97, 97, 97, 21]
    again = move(worksheet, order=(1, 0, 2, 3, 4), texts=tuple(TEXTS[i] for i in ORDER), preview=0, run="two")
    worksheet.check_preview(AREA, 0)
    worksheet.reorder(again)
    assert [row[0] for row in texts(google, key)][1:] == [f"=IMAGE($B{n})" for n in range(2, 7)]
    with pytest.raises(Unsortable, match="column A already"):
        worksheet.check_preview(Area(2, 2, 2), 1)
    assert tabs(google, key) == ["Rows", "Other"]


def test_a_column_that_holds_something_is_refused_by_name(google: StandIn, key: str) -> None:
    google.labeler(key).type("A4", 7)
    worksheet = opened(google, key, "Rows")
    with pytest.raises(Unsortable, match="A4 holds something"):
        worksheet.check_preview(AREA, 0)
    with pytest.raises(Unsortable, match="not left of the range"):
        worksheet.check_preview(AREA, 7)
    google.labeler(key).type("A4", "")
    planned = move(worksheet, preview=0)
    google.labeler(key).type("A4", "=1+1")
    with pytest.raises(Unsortable, match="A4"):
        worksheet.reorder(planned)
    assert texts(google, key)[0] == ROWS[0]


def test_what_is_typed_under_the_pictures_in_that_moment_is_kept_in_a_copy(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    planned = move(worksheet, preview=0)
    google.before_request(2, lambda _: google.labeler(key).type("A3", "mine"), match=":batchUpdate")
    told = worksheet.reorder(planned)
    assert "A3" in told
    copy = tabs(google, key)[-1]
    assert copy in told
    assert google.labeler(key, copy).rows()[2][0] == "mine"


def test_a_file_that_would_grow_too_large_is_refused_with_the_columns_and_the_copy_counted(
    google: StandIn, key: str
) -> None:
    worksheet = opened(google, key, "Rows")
    planned = move(worksheet)
    google.labeler(key, "Other").do(
        {"updateSheetProperties": {"properties": {"sheetId": google.labeler(key, "Other").sheet.id, "gridProperties": {
            "rowCount": 99_000, "columnCount": 100}}, "fields": "gridProperties(rowCount,columnCount)"}},
    )  # fmt: skip
    full = opened(google, key, "Rows")
    full.read(AREA, Scope.RANGE)
    google.labeler(key, "Other").do({"appendDimension": {
        "sheetId": google.labeler(key, "Other").sheet.id, "dimension": "ROWS", "length": 705}})  # fmt: skip
    before = first_tab(google, key)
    full = opened(google, key, "Rows")
    assert full.read(AREA, Scope.RANGE).obstacles == (), "a helper column alone still fits"
    with pytest.raises(Unsortable, match="4 columns of 4,000 more"):
        full.reorder(planned)
    assert first_tab(google, key) == before


def test_columns_that_were_taken_apart_are_named_and_not_guessed(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    worksheet.reorder(move(worksheet))
    google.labeler(key).delete_columns(5)
    with pytest.raises(Unsortable, match="group in D, decision in E"):
        worksheet.standing(AREA, NAMES)


def test_new_columns_whose_sort_was_taken_back_go_again(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, "Rows")
    planned = move(worksheet)
    google.before_request(2, lambda _: google.labeler(key).insert_rows(3), match=":batchUpdate")
    with pytest.raises(SheetChanged, match="taken back"):
        worksheet.reorder(planned)
    rows = trimmed(ROWS)
    assert texts(google, key) == [*rows[:2], [], *rows[2:]]
    assert ours(google, key) == [] and formulas(google, key) == [] and tabs(google, key) == ["Rows", "Other"]
