"""The memory of what is distinct: pairs by content, read from marks beside rows, and never lost to another run."""

from pathlib import Path

import pytest

from errors import StateError
from reviewing.distinct import among, apart, pairs_of, remember, remembered
from reviewing.marks import Marks

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def marks(*rows: tuple[str, str, str]) -> Marks:
    return Marks(*(tuple(column) for column in zip(*rows, strict=True)))


def test_distinct_speaks_of_the_rows_shown_in_one_group_with_it() -> None:
    beside = marks(("1", "", ""), ("1", "", " Distinct"), ("1", "", "drop"), ("2", "", ""), ("", "", "distinct"))
    assert pairs_of(beside, [B, A, C, D, D]) == {(A, B), (A, C)}
    assert pairs_of(beside, [B, A, None, D, D]) == {(A, B)}
    assert pairs_of(beside, [A, A, A, D, D]) == frozenset()


def test_a_row_that_is_open_again_says_nothing_of_its_new_group() -> None:
    assert pairs_of(marks(("1", "open again: a new match", "distinct"), ("1", "", "")), [A, B]) == frozenset()
    assert pairs_of(marks(("1", "open again: a new match", "distinct"), ("1", "", "distinct")), [A, B]) == {(A, B)}


def test_pairs_are_without_order_and_only_of_what_is_there() -> None:
    assert apart(B, [A, B, None, C]) == {(A, B), (B, C)} == apart(B, [C, A])
    assert apart(None, [A]) == frozenset()
    assert among([(A, B), (B, C)], [A, B, None]) == {(A, B)}


def test_two_runs_that_remember_at_once_lose_nothing(tmp_path: Path) -> None:
    assert remembered(tmp_path) == frozenset()
    assert (remember({(A, B), (A, C)}, tmp_path), remember({(A, C), (B, D)}, tmp_path)) == (2, 1)
    assert remember({(A, B)}, tmp_path) == 0
    assert remembered(tmp_path) == {(A, B), (A, C), (B, D)}
    assert len(list((tmp_path / "distinct").iterdir())) == 2


def test_a_memory_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "distinct" / "folder.json").mkdir(parents=True)
    with pytest.raises(StateError, match="cannot be read"):
        remembered(tmp_path)
