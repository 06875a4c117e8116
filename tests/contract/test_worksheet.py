"""What every back-end promises: rows move whole or not at all, and only where they may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from errors import SheetChanged, Unsortable
from sheets import a1
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.contract.backends import Bench, bench

HEADER = ["#", "url", "label"]
ROWS = [
    HEADER,
    ["1", "https://a.example/1.jpg", "cat"],
    ["2", "https://b.example/2.jpg", "dog"],
    ["3", "", "no url"],
    ["4", "https://a.example/1.jpg", "cat again"],
    ["5", '=HYPERLINK("https://c.example/5.jpg","five")'],
]
ORDER = (0, 3, 1, 4, 2)
SORTED = [
    HEADER,
    ["1", ROWS[1][1], "cat"],
    ["2", ROWS[4][1], "cat again"],
    ["3", ROWS[2][1], "dog"],
    ["4", ROWS[5][1]],
    ["5", "", "no url"],
]


@pytest.fixture(params=["memory", "csv", "xlsx", "google"])
def hands(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from bench(request.param, tmp_path)


def move(worksheet, area="B2:C", order=ORDER, scope=Scope.RANGE) -> Move:
    parsed = a1.parse(area)
    return Move(parsed, scope, worksheet.read(parsed, scope), order, "run-1")


def test_rows_are_padded_and_name_their_addresses(hands: Bench) -> None:
    rows = hands.make(ROWS).read(a1.parse("B2:C"), Scope.RANGE)
    assert rows.first_row == 2
    assert rows.urls == (
        "https://a.example/1.jpg", "https://b.example/2.jpg", "", "https://a.example/1.jpg", "https://c.example/5.jpg",
    )  # fmt: skip
    assert {len(row) for row in rows.cells} == {2}


def test_texts_are_what_the_cells_show_padded_to_what_was_asked(hands: Bench) -> None:
    worksheet = hands.make([[*[*row, "", ""][:3], "good" if i % 2 else ""] for i, row in enumerate(ROWS)])
    shown = worksheet.texts(a1.parse("C2:D8"))
    assert shown == (
        ("cat", "good"), ("dog", ""), ("no url", "good"), ("cat again", ""), ("", "good"), ("", ""), ("", ""),
    )  # fmt: skip
    assert worksheet.texts(a1.parse("A2:A3")) == (("1",), ("2",))


def test_running_numbers_beside_the_range_are_no_obstacle(hands: Bench) -> None:
    assert hands.make(ROWS).read(a1.parse("B2:C"), Scope.RANGE).obstacles == ()


def test_only_the_range_moves(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    assert worksheet.reorder(move(worksheet))
    assert hands.texts() == SORTED


def test_the_inverse_order_restores_every_cell(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(move(worksheet))
    back = tuple(sorted(range(len(ORDER)), key=ORDER.__getitem__))
    worksheet.reorder(move(worksheet, order=back))
    assert hands.texts() == ROWS


def test_a_closed_range_leaves_the_rows_below_alone(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(move(worksheet, "B2:C3", order=(1, 0)))
    swapped = [HEADER, ["1", ROWS[2][1], "dog"], ["2", ROWS[1][1], "cat"], *ROWS[3:]]
    assert hands.texts() == swapped


def test_one_column_is_enough(hands: Bench) -> None:
    plain = [["url"], *[[f"https://a.example/{n}.jpg"] for n in range(3)]]
    worksheet = hands.make(plain)
    worksheet.reorder(move(worksheet, "A2:A", order=(2, 0, 1)))
    assert hands.texts() == [plain[0], plain[3], plain[1], plain[2]]


def test_labels_beside_the_range_are_an_obstacle_that_names_the_column(hands: Bench) -> None:
    worksheet = hands.make([[*[*row, "", ""][:3], "good" if i % 2 else "bad"] for i, row in enumerate(ROWS)])
    before = hands.texts()
    (obstacle,) = worksheet.read(a1.parse("B2:C"), Scope.RANGE).obstacles
    assert "Column D (values)" in obstacle.what
    assert "--whole-rows" in obstacle.hint and "--range-only" in obstacle.hint
    with pytest.raises(Unsortable):
        worksheet.reorder(move(worksheet))
    assert hands.texts() == before


def test_range_only_leaves_labels_beside_where_they_are(hands: Bench) -> None:
    labelled = [[*[*row, "", ""][:3], f"label {i}"] for i, row in enumerate(ROWS)]
    worksheet = hands.make(labelled)
    worksheet.reorder(move(worksheet, scope=Scope.RANGE_ONLY))
    assert hands.texts() == [[*[*row, "", ""][:3], f"label {i}"] for i, row in enumerate(SORTED)]


def test_whole_rows_take_every_column_along(hands: Bench) -> None:
    labelled = [[*[*row, "", ""][:3], f"label {i}"] for i, row in enumerate(ROWS)]
    worksheet = hands.make(labelled)
    worksheet.reorder(move(worksheet, scope=Scope.WHOLE_ROWS))
    assert hands.texts() == [labelled[0], *[labelled[1 + source] for source in ORDER]]


def test_formulas_beside_that_look_at_their_own_row_stay(hands: Bench) -> None:
    rows = [HEADER, *[[f"=IMAGE(B{i})", *row[1:]] for i, row in enumerate(ROWS[1:], start=2)]]
    worksheet = hands.make(rows)
    assert worksheet.read(a1.parse("B2:C"), Scope.RANGE).obstacles == ()
    worksheet.reorder(move(worksheet))
    assert [row[0] for row in hands.texts()[1:]] == [f"=IMAGE(B{i})" for i in range(2, 7)]


def test_a_url_edited_meanwhile_stops_the_write(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    planned = move(worksheet)
    hands.type(3, 2, "https://new.example/x.jpg")
    before = hands.texts()
    with pytest.raises(SheetChanged) as stopped:
        worksheet.reorder(planned)
    assert not stopped.value.landed
    assert hands.texts() == before


def test_the_write_is_announced_once_to_whoever_holds_back_interruptions(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    entered = []

    class Watch:
        def __enter__(self) -> None:
            entered.append("in")

        def __exit__(self, *_: object) -> None:
            entered.append("out")

    worksheet.reorder(move(worksheet), committing=Watch)
    assert entered == ["in", "out"]


def test_an_order_that_would_lose_a_row_is_refused_before_anything_is_written(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    with pytest.raises(AssertionError):
        move(worksheet, order=(0, 1, 1, 2, 3))
    assert hands.texts() == ROWS


def test_an_empty_range_has_no_rows(hands: Bench) -> None:
    assert len(hands.make(ROWS).read(a1.parse("B20:C"), Scope.RANGE)) == 0


def test_blank_rows_at_the_end_are_given_on_request(hands: Bench) -> None:
    worksheet = hands.make(ROWS)
    worksheet.reorder(move(worksheet))
    assert len(worksheet.read(a1.parse("B2:B"), Scope.RANGE)) == 4
    assert worksheet.read(a1.parse("B2:B"), Scope.RANGE, at_least=5).urls[4] == ""
