"""Everything that forbids a sort is found in Google's JSON before anything is written, and says what to click."""

from typing import Any

import pytest

from errors import NotFound
from sheets.a1 import parse
from sheets.google.preflight import Box, Preflight, broken_formulas, compact, obstacles, preflight
from sheets.google.reading import Question, Reading, asked, reading
from sheets.google.stamps import KEY, Stamp
from sheets.rows import Scope

MOVING = Box(1, 9, 1, 3)  # B2:C9


def tab(**sheet: Any) -> Preflight:
    properties = {"sheetId": 7, "title": "Novice", "gridProperties": {"rowCount": 20, "columnCount": 6}}
    return preflight({"sheets": [{"properties": properties, **sheet}]})


def said(found: Preflight, cells: int = 1000, *, backup: bool = False) -> str:
    return " | ".join(f"{o.what} {o.hint}" for o in obstacles(found, MOVING, cells, backup=backup))


def grid(start: int, end: int, left: int | None = None, right: int | None = None) -> dict[str, int]:
    named = {"startRowIndex": start, "endRowIndex": end, "startColumnIndex": left, "endColumnIndex": right}
    return {"sheetId": 7} | {key: value for key, value in named.items() if value is not None}


def hidden(**kinds: list[int]) -> list[dict[str, Any]]:
    rows: list[dict[str, bool]] = [{} for _ in range(20)]
    for kind, numbers in kinds.items():
        for number in numbers:
            rows[number - 1][kind] = True
    return [{"rowMetadata": rows}]


def test_a_plain_tab_has_no_obstacle() -> None:
    assert obstacles(tab(), MOVING, 120) == []


def test_filtered_rows_are_named_by_number_with_what_to_click() -> None:
    text = said(tab(data=hidden(hiddenByFilter=[5, 6, 7, 9])))
    assert "rows 5-7, 9" in text
    assert "Data > Remove filter" in text


def test_rows_hidden_by_hand_have_another_cure_and_rows_outside_the_range_do_not_count() -> None:
    assert "Unhide rows" in said(tab(data=hidden(hiddenByUser=[3])))
    assert said(tab(data=hidden(hiddenByUser=[1, 10, 20]))) == ""


def test_the_start_row_of_a_block_shifts_its_row_numbers() -> None:
    assert "hidden: 4;" in said(tab(data=[{"startRow": 3, "rowMetadata": [{"hiddenByUser": True}]}]))


def test_vertical_merges_refuse_and_one_row_merges_inside_the_range_do_not() -> None:
    assert "B3:C4" in said(tab(merges=[grid(2, 4, 1, 3)]))
    assert said(tab(merges=[grid(2, 3, 1, 3)])) == ""
    assert said(tab(merges=[grid(2, 4, 4, 5), grid(0, 1, 0, 6)])) == ""


def test_a_merge_across_the_edge_of_the_range_refuses() -> None:
    assert "over the edge" in said(tab(merges=[grid(2, 3, 2, 4)]))


def test_only_protections_that_are_not_ours_refuse() -> None:
    foreign = {"range": grid(0, 20, 1, 2), "description": "do not touch"}
    assert "do not touch" in said(tab(protectedRanges=[foreign]))
    assert said(tab(protectedRanges=[{**foreign, "warningOnly": True}])) == ""
    assert said(tab(protectedRanges=[{**foreign, "requestingUserCanEdit": True}])) == ""


def test_a_protected_tab_and_a_protected_header_row_across_the_helper_column_refuse() -> None:
    assert "A1:F20" in said(tab(protectedRanges=[{"range": {"sheetId": 7}}]))
    assert "A1:F1" in said(tab(protectedRanges=[{"range": grid(0, 1)}]))
    assert said(tab(protectedRanges=[{"range": grid(0, 1, 0, 3)}])) == ""


def test_a_table_over_the_range_refuses_and_names_the_conversion() -> None:
    text = said(tab(tables=[{"name": "Foods", "range": grid(0, 9, 1, 3)}]))
    assert "'Foods'" in text
    assert "convert to range" in text


def test_the_limit_of_cells_counts_the_helper_and_the_backup() -> None:
    assert said(tab(), 9_999_980) == ""
    assert "10,000,000" in said(tab(), 9_999_981)
    assert "a copy of the tab" in said(tab(), 9_999_980, backup=True)


def test_formulas_that_look_at_another_row_yield_to_force() -> None:
    found = broken_formulas([(1, 2, "=B2"), (4, 2, "=B4&C2")], MOVING, "Novice")
    assert [o.yields_to_force for o in found] == [True]
    assert "C5" in found[0].what
    assert broken_formulas([(1, 2, "=UPPER(B2)")], MOVING, "Novice") == []


def test_stamps_of_ours_and_ids_of_everybody_are_read() -> None:
    stamp = Stamp(3, 1_700_000_000, "run")
    found = preflight(
        {
            "developerMetadata": [
                {"metadataId": stamp.id, "metadataKey": KEY, "metadataValue": stamp.value},
                {"metadataId": 11, "metadataKey": "theirs", "metadataValue": "x"},
            ]
        }
    )
    assert found.stamps == (stamp,)
    assert found.taken == {stamp.id, 11}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], ""),
        ([0], "1"),
        ([12, 11, 4, 5, 6, 8], "5-7, 9, 12-13"),
        (list(range(0, 28, 2)), "21, 23 and 2 more places"),
    ],
)
def test_row_numbers_are_compacted_and_a_long_list_is_cut(rows: list[int], text: str) -> None:
    assert compact(rows).endswith(text)


def values(*rows: list[Any]) -> dict[str, Any]:
    def cell(value: Any) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        if isinstance(value, str) and value.startswith("="):
            return {"userEnteredValue": {"formulaValue": value}, "formattedValue": "shown"}
        return {"userEnteredValue": {"stringValue": value}, "formattedValue": value}

    return {
        "sheets": [
            {
                "properties": {"sheetId": 7, "gridProperties": {"rowCount": 20, "columnCount": 6}},
                "data": [{"startRow": 1, "rowData": [{"values": [cell(v) for v in row]} for row in rows]}],
            }
        ]
    }


def read(answer: dict[str, Any], scope: Scope = Scope.RANGE, area: str = "B2:C") -> Reading:
    wanted = parse(area)
    return reading(tab(), Question(wanted, scope, 120), asked(tab(), wanted, scope), answer)


def test_rows_end_with_the_last_one_that_holds_anything_in_the_area_and_are_padded() -> None:
    found = read(values([None, "u1"], [None, None, None], [None, None, "label"], ["9"], []))
    assert found.rows.urls == ("u1", "", "")
    assert [len(row) for row in found.rows.cells] == [2, 2, 2]
    assert found.rows.cells[1] == (None, None)
    assert found.box == Box(1, 4, 1, 3)


def test_an_address_is_found_behind_text_links_chips_and_formulas() -> None:
    linked = {"userEnteredValue": {"stringValue": "cat"}, "hyperlink": "https://example.org/1.jpg"}
    run = {
        "userEnteredValue": {"stringValue": "a cat"},
        "textFormatRuns": [{}, {"format": {"link": {"uri": "https://example.org/2.jpg"}}}],
    }
    chip = {
        "userEnteredValue": {"stringValue": "@"},
        "chipRuns": [{"chip": {"richLinkProperties": {"uri": "https://example.org/3.jpg"}}}],
    }
    found = read(
        values(
            [None, linked],
            [None, run],
            [None, chip],
            [None, '=HYPERLINK("https://example.org/4.jpg"; "cat")'],
            [None, '=IMAGE("https://example.org/5.jpg")'],
            [None, " https://example.org/6.jpg "],
        )
    )
    assert found.rows.urls == tuple(f"https://example.org/{i}.jpg" for i in range(1, 7))


def test_same_row_formulas_hold_the_same_on_every_row_and_others_do_not() -> None:
    found = read(values([None, "u", "=UPPER(B2)"], [None, "u", "=UPPER(B3)"], [None, "u", "=UPPER(A4)"]))
    assert found.rows.cells[0] == found.rows.cells[1] != found.rows.cells[2]


def test_a_number_a_truth_value_and_a_text_of_the_same_look_differ() -> None:
    one, true = {"userEnteredValue": {"numberValue": 1}}, {"userEnteredValue": {"boolValue": True}}
    found = read(values([None, "u", one], [None, "u", true], [None, "u", "1"]))
    assert len(set(found.rows.cells)) == 3


def fill(red: float = 0, green: float = 0, blue: float = 0) -> dict[str, Any]:
    rgb = {key: value for key, value in (("red", red), ("green", green), ("blue", blue)) if value}
    return {"userEnteredFormat": {"backgroundColorStyle": {"rgbColor": rgb}}}


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("drop", "values"),
        ({"note": "look again"}, "notes"),
        (fill(1, 0.8), "colours"),
        (fill(), "colours"),
        ({"userEnteredValue": {}}, "pictures"),
        ("=B2", "formulas"),
    ],
)
def test_columns_beside_the_range_that_belong_to_rows_are_named(cell: Any, kind: str) -> None:
    answer = values([None, "u1"], [None, "u2", None, cell], [None, "u3"])
    (obstacle,) = read(answer).rows.obstacles
    assert "D" in obstacle.what
    assert kind in obstacle.what
    assert read(answer, Scope.RANGE_ONLY).rows.obstacles == ()


def test_row_numbers_white_fills_and_formulas_of_their_own_row_beside_the_range_are_fine() -> None:
    def number(i: float) -> dict[str, Any]:
        return {"userEnteredValue": {"numberValue": i}}

    answer = values(
        [number(1), "u1", None, "=IMAGE(B2)", fill(1, 1, 1)], [number(2), "u2", None, "=IMAGE(B3)"], [number(3), "u3"]
    )
    assert read(answer).rows.obstacles == ()


def test_whole_rows_move_the_whole_width_and_their_formulas_count() -> None:
    found = read(values([None, "u1", None, None, "=B3"], [None, "u2"]), Scope.WHOLE_ROWS)
    assert found.box == Box(1, 3, 0, 6)
    assert [o.yields_to_force for o in found.rows.obstacles] == [True]


def test_an_area_wider_than_the_tab_is_padded_and_one_past_its_edge_is_refused() -> None:
    found = read(values([None, "u1"]), area="B2:H")
    assert len(found.rows.cells[0]) == 7
    assert found.box == Box(1, 2, 1, 6)
    with pytest.raises(NotFound, match="ends at F20"):
        read(values(), area="G2:H")
    with pytest.raises(NotFound, match="outside the worksheet"):
        read(values(), area="B21:C")
