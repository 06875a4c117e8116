"""What every back-end that takes columns promises: found by name, moved with their rows, gone without a trace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import SheetChanged, Unsortable
from sheets.a1 import Area
from sheets.columns import Columns, Looks, place_columns, widened
from sheets.filling import Filling
from sheets.rows import Scope
from sheets.worksheet import Move, Worksheet
from tests.contract.backends import Bench, bench

NAMES = ("group", "why", "decision")
AREA = Area(1, 2, 2)
ROWS = [
    ["#", "url", "label"],
    ["1", "https://a.example/1.jpg", "cat"],
    ["2", "https://b.example/2.jpg", "dog"],
    ["3", "https://c.example/3.jpg", "cow"],
]
ORDER = (2, 0, 1)
LOOKS = Looks("group", ("why", "one"), "possible duplicates", (7, 20, 9))
TEXTS = (("1", "=1+1"), ("", "+49"), ("1", "one, two"))
FIRST = [
    [*ROWS[0], *NAMES],
    ["1", *ROWS[3][1:], "1", "one, two"],
    ["2", *ROWS[1][1:], "1", "=1+1"],
    ["3", *ROWS[2][1:], "", "+49"],
]


@pytest.fixture(params=["memory", "csv", "xlsx", "google"])
def hands(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from bench(request.param, tmp_path)


def reviewed(worksheet: Worksheet, texts=TEXTS, order=ORDER, scope=Scope.RANGE, area=AREA) -> Move:
    at = place_columns(worksheet, area, scope, NAMES)
    wide = widened(area, at, scope, NAMES)
    columns = Columns(NAMES, at, texts, choices=("keep", "drop"), looks=LOOKS)
    return Move(wide, scope, worksheet.read(wide, scope), order, f"run-{at.standing}", columns=columns)


def test_columns_are_written_as_text_and_move_with_their_rows(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    assert hands.texts() == FIRST


def test_columns_are_written_where_no_row_moves(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet, order=(0, 1, 2)))
    assert [row[3:] for row in hands.texts()] == [list(NAMES), *map(list, TEXTS)]


def test_a_second_writing_replaces_the_texts_and_never_a_decision(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    hands.type(2, 6, "keep")
    again = reviewed(worksheet, texts=(("7", "x"), ("8", ""), ("", "z")), order=(1, 2, 0))
    assert again.columns is not None and again.columns.place.standing
    worksheet.reorder(again)
    assert hands.texts() == [
        FIRST[0],
        ["1", *ROWS[1][1:], "8"],
        ["2", *ROWS[2][1:], "", "z"],
        ["3", *ROWS[3][1:], "7", "x", "keep"],
    ]


def test_a_decision_typed_since_the_reading_stays_with_its_row(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    planned = reviewed(worksheet, order=(1, 2, 0))
    hands.type(2, 6, "drop")
    worksheet.reorder(planned)
    assert [row[1:] for row in hands.texts() if row[-1] == "drop"] == [[*ROWS[3][1:], *TEXTS[0], "drop"]]


def test_an_ordinary_move_takes_standing_columns_along(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    hands.type(3, 6, "keep")
    at = worksheet.standing(AREA, NAMES)
    wide = widened(AREA, at, Scope.RANGE, NAMES)
    worksheet.reorder(Move(wide, Scope.RANGE, worksheet.read(wide, Scope.RANGE), (1, 2, 0), "run-2"))
    assert hands.texts() == [
        FIRST[0],
        ["1", *ROWS[1][1:], "1", "=1+1", "keep"],
        ["2", *ROWS[2][1:], "", "+49"],
        ["3", *ROWS[3][1:], "1", "one, two"],
    ]


def test_taken_away_they_leave_what_a_move_without_them_leaves(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    at = worksheet.standing(AREA, NAMES)
    assert at is not None
    hands.type(3, 6, "drop")
    kept: list[tuple[str, ...]] = []
    assert worksheet.remove(NAMES, at, kept.append)
    assert hands.texts() == [[*row[:3]] for row in FIRST]
    ((nothing, decided, *rest),) = kept
    assert (nothing, decided) == ("", "drop") and not any(rest)
    assert worksheet.standing(AREA, NAMES) is None


def test_whole_rows_take_them_right_of_labels_beside_the_range(hands: Bench) -> None:
    rows = [[*row, "seen" if i else "state"] for i, row in enumerate(ROWS)]
    worksheet = hands.make(rows)
    worksheet.reorder(reviewed(worksheet, scope=Scope.WHOLE_ROWS))
    expected = [[*rows[1 + source], *texts] for source in ORDER for texts in [TEXTS[source]]]
    assert hands.texts() == [[*rows[0], *NAMES], *expected]


def test_columns_between_the_range_and_the_place_are_refused(hands: Bench) -> None:
    worksheet = hands.make([[*row, "seen" if i else "state"] for i, row in enumerate(ROWS)])
    with pytest.raises(Unsortable) as refused:
        reviewed(worksheet)
    assert "--whole-rows" in refused.value.hint and "B2:D" in refused.value.hint


def test_columns_moved_away_from_the_range_are_refused_even_with_range_only(hands: Bench) -> None:
    worksheet = hands.make([[*row[:3], "x" if i else "own", *(NAMES if i == 0 else ())] for i, row in enumerate(ROWS)])
    at = worksheet.standing(AREA, NAMES)
    assert at is not None and at.column == 4
    with pytest.raises(Unsortable) as refused:
        widened(AREA, at, Scope.RANGE_ONLY, NAMES)
    assert "E to G" in refused.value.what


def test_own_columns_of_such_names_are_neither_found_nor_written(hands: Bench) -> None:
    rows = [[*row, *(("group", "status") if i == 0 else ("mine", "good"))] for i, row in enumerate(ROWS)]
    worksheet = hands.make(rows)
    wide = Area(1, 4, 2)
    assert worksheet.standing(wide, NAMES) is None
    worksheet.reorder(reviewed(worksheet, area=wide))
    assert [row[3:5] for row in hands.texts()] == [row[3:] for row in rows]


def test_half_of_the_columns_is_refused(hands: Bench) -> None:
    worksheet = hands.make([[*row, *(("why", "decision") if i == 0 else ())] for i, row in enumerate(ROWS)])
    with pytest.raises(Unsortable, match="not all of them"):
        reviewed(worksheet)
    with pytest.raises(Unsortable, match="not all of them"):  # or the decisions there would go unseen
        worksheet.standing(AREA, NAMES)


def test_without_a_row_of_names_nothing_is_added(hands: Bench) -> None:
    worksheet = hands.make(ROWS[1:])
    with pytest.raises(Unsortable, match="begins in row 1"):
        reviewed(worksheet, area=Area(1, 2, 1))
    with pytest.raises(Unsortable, match="holds an address"):
        reviewed(worksheet, area=Area(1, 2, 2))
    assert hands.texts() == ROWS[1:]


def test_an_address_edited_meanwhile_leaves_no_columns(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    planned = reviewed(worksheet)
    hands.type(3, 2, "https://new.example/x.jpg")
    before = hands.texts()
    with pytest.raises(SheetChanged):
        worksheet.reorder(planned)
    assert hands.texts() == before


@pytest.mark.parametrize("kind", ["memory", "csv", "xlsx"])
def test_a_column_put_in_before_the_standing_ones_meanwhile_is_never_written_over(tmp_path: Path, kind: str) -> None:
    """A Google tab knows its columns by a tag, and tests of its own move them."""
    (hands,) = bench(kind, tmp_path)
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    planned = reviewed(worksheet, texts=(("7", "x"), ("8", ""), ("", "z")), order=(1, 2, 0))
    for number, row in enumerate(hands.texts(), start=1):
        shifted = ["own" if number == 1 else "mine", *row[3:]]
        for column, text in enumerate(shifted, start=4):
            hands.type(number, column, text)
    before = hands.texts()
    with pytest.raises(SheetChanged):
        worksheet.reorder(planned)
    assert hands.texts() == before


def filling(worksheet: Worksheet, texts: tuple[str | None, ...]) -> Filling:
    rows = worksheet.read(AREA, Scope.RANGE_ONLY)
    at = worksheet.standing(AREA, NAMES)
    assert at is not None
    cells = Area(5, 5, rows.first_row, rows.first_row + len(rows) - 1)
    return Filling(AREA, rows, NAMES, at, tuple(text for (text,) in worksheet.texts(cells)), texts)


def test_a_filling_writes_its_cells_and_no_other(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    hands.type(3, 6, "keep")
    before = hands.texts()
    assert worksheet.fill(filling(worksheet, ("drop", None, "=1+1"))).startswith(("decision of", "memory"))
    before[1] += ["drop"]
    before[3] += ["=1+1"]
    assert hands.texts() == before
    worksheet.fill(filling(worksheet, (None, "distinct", "")))
    before[2][5] = "distinct"
    before[3].pop()
    assert hands.texts() == before


@pytest.mark.parametrize("edit", [(2, 6, "keep"), (3, 2, "https://new.example/x.jpg")])
def test_a_filling_of_what_has_changed_since_is_refused_and_writes_nothing(hands: Bench, edit) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    planned = filling(worksheet, ("drop", None, "drop"))
    hands.type(*edit)
    before = hands.texts()
    with pytest.raises(SheetChanged):
        worksheet.fill(planned)
    assert hands.texts() == before


def test_a_filling_of_columns_that_were_renamed_is_refused_in_a_file(tmp_path: Path) -> None:
    """A Google tab knows its columns by a tag."""
    (hands,) = bench("csv", tmp_path)
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    planned = filling(worksheet, ("drop", None, "drop"))
    hands.type(1, 5, "reason")
    before = hands.texts()
    with pytest.raises(Unsortable, match="not all of them"):
        worksheet.fill(planned)
    assert hands.texts() == before


def test_a_decision_typed_since_in_a_cell_that_is_left_alone_does_not_stop_a_filling(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(reviewed(worksheet))
    planned = filling(worksheet, ("drop", None, None))
    hands.type(3, 6, "keep")
    worksheet.fill(planned)
    assert [row[5:] for row in hands.texts()] == [["decision"], ["drop"], ["keep"], []]
