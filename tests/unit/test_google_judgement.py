"""Every edit that can come between our last look and the batch is told from what is in the cells afterwards."""

from collections.abc import Callable, Hashable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets.google.batch import ranks_of
from sheets.google.judgement import Seen, Verdict, columns_of, exchanged, judged, judged_later, sources, typed

Table = list[list[Hashable]]
N = 12
ORDER = (7, 2, 9, 0, 4, 11, 1, 3, 10, 5, 8, 6)
RANKS = ranks_of(ORDER)


def table() -> Table:
    """Row number, URL, label, blank: the range is B:C."""
    rows: Table = []
    for i in range(N):
        row: list[Hashable] = [("numberValue", i), ("stringValue", f"u{i}")]
        rows.append([*row, ("stringValue", f"label {i}") if i % 3 else None, None])
    return rows


def sorted_in(cells: Table, left: int, right: int, ranks: Sequence[int], hidden: Sequence[int] = ()) -> Table:
    """What `sortRange` makes of the first rows of a table."""
    result = [list(row) for row in cells]
    for place, row in enumerate(sources(ranks, hidden)):
        result[place][left:right] = cells[row][left:right]
    return result


def seen(cells: Table, left: int = 1, right: int = 3, hidden: Sequence[int] = ()) -> Seen:
    width = len(cells[0])
    beside = {
        column: [None if row[column] is None else (row[column], "") for row in cells[:N]]
        for column in range(width)
        if not left <= column < right
    }
    return Seen(width, [row[left:right] for row in cells[:N]], beside, frozenset(hidden))


def after_edit(edited: Table, hidden: Sequence[int] = ()) -> Verdict:
    return judged(seen(table()), RANKS, seen(sorted_in(edited, 1, 3, RANKS, hidden), hidden=hidden))


def test_nothing_in_between_is_as_planned() -> None:
    assert after_edit(table()) is Verdict.AS_PLANNED


def test_labels_typed_on_moving_rows_are_as_planned() -> None:
    edited = table()
    edited[3][2] = ("stringValue", "new")
    edited[4][2] = ("stringValue", "retyped")
    assert after_edit(edited) is Verdict.AS_PLANNED


@pytest.mark.parametrize("row", range(N))
def test_a_row_inserted_or_deleted_anywhere_is_an_edit_of_rows(row: int) -> None:
    inserted = table()
    inserted.insert(row, [None] * 4)
    deleted: Table = [*table(), [None] * 4]
    del deleted[row]
    assert after_edit(inserted) is Verdict.ROWS_EDITED
    assert after_edit(deleted) is Verdict.ROWS_EDITED


def test_rows_sorted_by_hand_are_an_edit_of_rows() -> None:
    assert after_edit(table()[::-1]) is Verdict.ROWS_EDITED


def test_a_retyped_address_is_an_edit_of_rows() -> None:
    edited = table()
    edited[5][1] = ("stringValue", "elsewhere")
    assert after_edit(edited) is Verdict.ROWS_EDITED


@pytest.mark.parametrize("column", range(3))
def test_a_column_inserted_left_of_the_range_or_in_it_is_an_edit_of_columns(column: int) -> None:
    edited = table()
    for row in edited:
        row.insert(column, None)
    assert after_edit(edited) is Verdict.COLUMNS_EDITED


@pytest.mark.parametrize("column", [3, 4])
def test_a_column_inserted_right_of_the_range_is_no_harm(column: int) -> None:
    edited = table()
    for row in edited:
        row.insert(column, None)
    assert after_edit(edited) is Verdict.AS_PLANNED


@pytest.mark.parametrize("column", range(3))
def test_a_column_deleted_left_of_the_range_or_in_it_is_an_edit_of_columns(column: int) -> None:
    edited = table()
    for row in edited:
        del row[column]
    assert after_edit(edited) is Verdict.COLUMNS_EDITED


@pytest.mark.parametrize(("source", "target"), [(0, 3), (1, 3), (2, 0), (2, 3), (0, 1), (0, 2), (3, 1), (3, 2)])
def test_a_column_dragged_in_or_out_of_the_range_is_an_edit_of_columns(source: int, target: int) -> None:
    """The width of the tab stays the same, so only the cells can tell."""
    edited = table()
    for row in edited:
        row.insert(target, row.pop(source))
    assert after_edit(edited) is Verdict.COLUMNS_EDITED


def test_columns_swapped_inside_the_range_behind_the_first_move_together_and_are_no_harm() -> None:
    wide = [[*row[:2], ("stringValue", f"x{i}"), row[2]] for i, row in enumerate(table())]
    swapped = [[row[0], row[1], row[3], row[2]] for row in wide]
    verdict = judged(seen(wide, 1, 4), RANKS, seen(sorted_in(swapped, 1, 4, RANKS), 1, 4))
    assert verdict in (Verdict.AS_PLANNED, Verdict.COLUMNS_EDITED)


def test_hidden_rows_are_told_by_the_answer_itself() -> None:
    assert after_edit(table(), hidden=[3, 4]) is Verdict.ROWS_HIDDEN


def test_hidden_rows_that_keep_their_place_anyway_are_as_planned() -> None:
    assert ORDER[4] == 4
    assert after_edit(table(), hidden=[4]) is Verdict.AS_PLANNED


def test_a_word_typed_beside_the_range_is_noticed() -> None:
    edited = table()
    edited[2][3] = ("stringValue", "keep")
    assert after_edit(edited) is Verdict.TYPED_BESIDE


def test_a_column_with_a_single_label_that_leaves_the_range_is_noticed() -> None:
    before = [[*row[:2], None, None] for row in table()]
    before[6][2] = ("stringValue", "only")
    edited = [list(row) for row in before]
    for row in edited:
        row.insert(3, row.pop(2))
    verdict = judged(seen(before), RANKS, seen(sorted_in(edited, 1, 3, RANKS)))
    assert verdict is Verdict.COLUMNS_EDITED


@given(st.permutations(range(9)), st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8)))
def test_sorting_back_restores_whatever_rows_stay_hidden_or_are_shown_again(
    ranks: list[int], hidden: set[int], shown: set[int]
) -> None:
    """The ranks of the way back are the rows the cells came from; hidden rows have their own."""
    there = sources(ranks, hidden)
    still_hidden = hidden - shown
    back = sources(there, still_hidden)
    assert [there[row] for row in back] == list(range(9))


def later(edited_before: Table | None, edited_after: str) -> Verdict | None:
    """The judgement of a second look, after an edit before the batch, or a column put in at A after it."""
    landed = sorted_in(edited_before or table(), 1, 3, RANKS)
    if edited_after == "column":
        landed = [[None, *row] for row in landed]
    return judged_later(seen(table()), RANKS, seen(landed))


def test_a_later_look_tells_a_column_inserted_before_the_batch_from_one_inserted_after_it() -> None:
    shifted = [[None, *row] for row in table()]
    assert later(shifted, "") is Verdict.COLUMNS_EDITED
    assert later(None, "column") is Verdict.AS_PLANNED
    assert later(None, "") is Verdict.AS_PLANNED


def test_a_later_look_finds_rows_hidden_before_the_batch_and_ignores_those_hidden_after_it() -> None:
    hit = sorted_in(table(), 1, 3, RANKS, [3, 4])
    assert judged_later(seen(table()), RANKS, seen(hit, hidden=[3, 4])) is Verdict.ROWS_HIDDEN
    unhit = sorted_in(table(), 1, 3, RANKS)
    assert judged_later(seen(table()), RANKS, seen(unhit, hidden=[3, 4])) is Verdict.AS_PLANNED


def test_a_later_look_tells_rows_inserted_before_the_batch_from_rows_inserted_after_it() -> None:
    blank: list[Hashable] = [None] * 4
    for row in range(N):
        before = [*table()[:row], blank, *table()[row:]]
        assert judged_later(seen(table()), RANKS, seen(sorted_in(before, 1, 3, RANKS))) is Verdict.ROWS_EDITED, row
        landed = sorted_in(table(), 1, 3, RANKS)
        after = [*landed[:row], blank, *landed[row:]]
        assert judged_later(seen(table()), RANKS, seen(after)) is Verdict.AS_PLANNED, row


def test_a_later_look_tells_a_sort_by_hand_before_the_batch_by_the_row_numbers_that_went_along() -> None:
    by_hand = table()[::-1]
    assert judged_later(seen(table()), RANKS, seen(sorted_in(by_hand, 1, 3, RANKS))) is Verdict.ROWS_EDITED
    assert judged_later(seen(table()), RANKS, seen(sorted_in(table(), 1, 3, RANKS)[::-1])) is Verdict.AS_PLANNED


def test_a_later_look_at_an_order_that_nothing_explains_says_so() -> None:
    plain = [[None, *row[1:]] for row in table()]
    shuffled = [plain[row] for row in (5, 0, 9, 3, 11, 7, 2, 10, 4, 1, 8, 6)]
    assert judged_later(seen(plain), RANKS, seen(shuffled)) is Verdict.ROWS_UNCLEAR


def test_a_later_look_at_a_tab_whose_columns_are_gone_cannot_tell() -> None:
    gone: Table = [[("stringValue", f"z{i}"), None] for i in range(N)]
    assert judged_later(seen(table()), RANKS, seen(gone, 0, 1)) is None


@pytest.mark.parametrize(
    ("edit", "another"),
    [
        (lambda cells: cells[::-1], False),
        (lambda cells: cells[:7], False),
        (lambda cells: [*cells[:5], [("stringValue", "new"), None], *cells[5:]], False),
        (lambda cells: [[url, ("stringValue", "keep") if i < 3 else x] for i, (url, x) in enumerate(cells)], False),
        (lambda cells: [[url, None] for url, _ in cells], True),
        (lambda cells: [[label, url] for url, label in cells], True),
        (lambda cells: [[("numberValue", i), url] for i, (url, _) in enumerate(cells)], True),
    ],
    ids=["sorted", "rows deleted", "row inserted", "words typed", "emptied", "swapped", "shifted"],
)  # fmt: skip
def test_columns_are_known_again_whatever_became_of_their_rows(edit: Callable[[Table], Table], another: bool) -> None:
    cells: Table = [row[1:3] for row in table()]
    assert exchanged(columns_of(cells), columns_of(edit(cells))) is another


def test_a_lone_word_that_was_retyped_is_no_other_column_and_one_that_went_is() -> None:
    def with_word(word: Hashable) -> Table:
        return [[("stringValue", f"u{i}"), word if i == 4 else None] for i in range(N)]

    first = columns_of(with_word(("stringValue", "one")))
    assert not exchanged(first, columns_of(with_word(("stringValue", "two"))))
    assert exchanged(first, columns_of(with_word(None)))


def test_the_cells_that_somebody_typed_into_beside_the_range_are_named() -> None:
    edited = table()
    edited[2][3] = ("stringValue", "keep")
    assert typed(seen(table()), seen(edited)) == [(2, 3)]
    assert typed(Seen(4, [], {}), seen(edited)) == []
