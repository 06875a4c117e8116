"""Two people decide at once on a Google tab: whatever happens in the moment of our write, no decision is lost."""

from collections.abc import Callable, Iterator

import pytest

from errors import ServiceFailed, SheetChanged
from sheets.a1 import Area
from sheets.columns import find_columns
from sheets.filling import Filling
from sheets.google import GoogleWorksheet
from sheets.rows import Scope
from tests.contract.google_bench import Hours, opened
from tests.end_to_end.test_sort_google import rows_of
from tests.google.labeler import Labeler
from tests.google.server import StandIn
from tests.google.state import State

NAMES = ("group", "status", "decision")
AREA = Area(1, 2, 2)
LABELS = ("cat", "dog", "cow", "hen")


@pytest.fixture(scope="module")
def google() -> Iterator[StandIn]:
    with StandIn() as served:
        yield served


@pytest.fixture
def key(google: StandIn) -> str:
    rows = [[i, f"https://a.example/{i}.jpg", label, "1", "", ""] for i, label in enumerate(LABELS)]
    return google.add_spreadsheet("Rows", {"Rows": [["#", "url", "label", *NAMES], *rows]})


def planned(worksheet: GoogleWorksheet, texts: tuple[str | None, ...]) -> Filling:
    rows = worksheet.read(AREA, Scope.RANGE_ONLY)
    at = find_columns(worksheet.texts, AREA, NAMES)
    assert at is not None
    return Filling(AREA, rows, NAMES, at, tuple(text for (text,) in worksheet.texts(Area(5, 5, 2, 5))), texts)


def decided(google: StandIn, key: str) -> dict[str, list[str]]:
    """Return by label the decisions on its row: one, or none."""
    labelled = {label: row for row in rows_of(google, key) for label in set(row) & set(LABELS)}
    return {label: [cell for cell in row if cell in ("keep", "drop", "distinct")] for label, row in labelled.items()}


def tabs(google: StandIn, key: str) -> list[str]:
    book = google.state.files[key].book
    assert book is not None
    return [sheet.title for sheet in book.sheets]


TEXTS = ("keep", "drop", None, "distinct")
WRITTEN: dict[str, list[str]] = {"cat": ["keep"], "dog": ["drop"], "cow": [], "hen": ["distinct"]}


def test_a_decision_typed_in_the_very_moment_stands_and_the_others_are_written(google: StandIn, key: str) -> None:
    worksheet = opened(google, key)
    filling = planned(worksheet, TEXTS)
    google.before_request(1, lambda _: google.labeler(key).type("F3", "keep"), match=":batchUpdate")
    with pytest.raises(SheetChanged, match="row 3") as told:
        worksheet.fill(filling)
    assert told.value.landed
    assert decided(google, key) == {**WRITTEN, "dog": ["keep"]}
    assert tabs(google, key) == ["Rows"]


def test_a_decision_typed_beside_ours_in_the_very_moment_stands(google: StandIn, key: str) -> None:
    worksheet = opened(google, key)
    filling = planned(worksheet, TEXTS)
    google.before_request(1, lambda _: google.labeler(key).type("F4", "drop"), match=":batchUpdate")
    assert worksheet.fill(filling)
    assert decided(google, key) == {**WRITTEN, "cow": ["drop"]}
    assert tabs(google, key) == ["Rows"]


MOVES: dict[str, Callable[[Labeler], object]] = {
    "rows sorted": lambda hands: hands.sort("A2:F5", 1, descending=True),
    "a row inserted": lambda hands: hands.insert_rows(3),
    "a row deleted": lambda hands: hands.delete_rows(5),
    "a column inserted": lambda hands: hands.insert_columns(2),
    "a column deleted": lambda hands: hands.delete_columns(4),
    "an address retyped": lambda hands: hands.type("B4", "https://new.example/x.jpg"),
}


@pytest.mark.parametrize("edit", MOVES)
def test_rows_or_columns_moved_in_the_very_moment_get_no_decision_that_is_not_theirs(
    google: StandIn, key: str, edit: str
) -> None:
    google.labeler(key).type("F4", "drop")
    worksheet = opened(google, key)
    filling = planned(worksheet, TEXTS)
    expected: dict[str, list[str]] = {label: ["drop"] if label == "cow" else [] for label in LABELS}
    if edit == "a row deleted":
        del expected["hen"]

    def meddle(_: State) -> None:
        MOVES[edit](google.labeler(key))

    google.before_request(1, meddle, match=":batchUpdate")
    with pytest.raises(SheetChanged) as told:
        worksheet.fill(filling)
    assert not told.value.landed
    assert decided(google, key) == expected
    assert sum(cell in ("keep", "drop", "distinct") for row in rows_of(google, key) for cell in row) == 1
    assert tabs(google, key) == ["Rows"]


@pytest.mark.parametrize("kind", ["503", "500", "502-html", "reset", "broken-body", "500-quota", "time-out", "429"])
@pytest.mark.parametrize("after", [False, True], ids=["lost before", "lost after"])
def test_a_write_whose_answer_is_lost_is_applied_once(google: StandIn, key: str, kind: str, *, after: bool) -> None:
    seconds = 1.5 if kind == "time-out" else 20.0
    worksheet = opened(google, key, patience=Hours().patience(seconds))
    filling = planned(worksheet, TEXTS)
    google.faults.add(kind, match=":batchUpdate", after=after, seconds=seconds + 0.5)
    assert worksheet.fill(filling)
    assert decided(google, key) == WRITTEN
    assert tabs(google, key) == ["Rows"]


def test_a_lasting_outage_of_writes_ends_with_nothing_written(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, patience=Hours().patience())
    filling = planned(worksheet, TEXTS)
    google.faults.add("503", match=":batchUpdate", times=10**6)
    with pytest.raises(ServiceFailed):
        worksheet.fill(filling)
    google.faults.planned.clear()
    assert decided(google, key) == {label: [] for label in LABELS}


def test_an_outage_right_after_the_write_says_so_and_leaves_the_copy(google: StandIn, key: str) -> None:
    worksheet = opened(google, key, patience=Hours().patience())
    filling = planned(worksheet, TEXTS)
    google.before_request(
        1, lambda _: google.faults.add("503", method="GET", times=10**6), match=":batchUpdate", method="POST"
    )
    with pytest.raises(ServiceFailed, match="was written, but it cannot be checked") as told:
        worksheet.fill(filling)
    google.faults.planned.clear()
    assert decided(google, key) == WRITTEN
    (copy,) = [title for title in tabs(google, key) if title != "Rows"]
    assert copy in told.value.hint


def test_rows_that_a_filter_hides_are_decided_all_the_same(google: StandIn, key: str) -> None:
    hands = google.labeler(key)
    hands.hide_rows(3)
    worksheet = opened(google, key)
    worksheet.fill(planned(worksheet, TEXTS))
    assert decided(google, key) == WRITTEN
