"""Undo files bring rows back by URL and occurrence."""

import json
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import StateError
from sheets import undo
from sheets.a1 import Area
from sheets.rows import Rows, Scope
from sheets.undo import UndoFile
from sheets.worksheet import Identity, Move


def rows_of(urls) -> Rows:
    return Rows(2, tuple((url,) for url in urls), tuple(urls))


def undo_of(urls, order) -> UndoFile:
    rows = rows_of(urls)
    identity = Identity("csv", "/x", "", "x.csv", "")
    return UndoFile.of(identity, Move(Area(0, 0, 2), Scope.RANGE, rows, tuple(order), "r"))


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=8), st.randoms(use_true_random=False))
def test_any_order_is_restored(urls, chance) -> None:
    """Rows of one URL keep their order in a sort, so that occurrences tell them apart."""
    order = list(range(len(urls)))
    chance.shuffle(order)
    places = {url: sorted(i for i in order if urls[i] == url) for url in urls}
    order = [places[urls[i]].pop(0) for i in order]
    now = [urls[i] for i in order]
    back = undo_of(urls, order).order_back(rows_of(now))
    assert [order[i] for i in back] == list(range(len(urls)))


def test_rows_added_since_stay_behind_and_deleted_ones_are_passed_over() -> None:
    saved = undo_of(["a", "b", "c"], [0, 2, 1])
    assert saved.order_back(rows_of(["http://new", "a", "c", "b", "newer"])) == (1, 3, 2, 0, 4)
    assert saved.order_back(rows_of(["c", "b"])) == (1, 0)


def test_a_row_whose_address_was_edited_is_known_by_its_place() -> None:
    saved = undo_of(["a", "b", "c"], [2, 0, 1])
    assert saved.order_back(rows_of(["c", "a, mended", "b"])) == (1, 2, 0)


def test_rows_that_were_deleted_do_not_come_back_as_blank_ones() -> None:
    """The rows read for an undo are as many as before, so that the last of them may be blank ones that are not rows."""
    saved = undo_of(["dead", "a", "dead too", "b"], [1, 3, 0, 2])
    assert saved.order_back(rows_of(["b", "a", "", ""])) == (1, 0, 2, 3)


def test_a_blank_row_that_went_last_comes_back_to_its_place() -> None:
    saved = undo_of(["a", "", "b"], [0, 2, 1])
    assert saved.order_back(rows_of(["a", "b", ""])) == (0, 2, 1)


def test_a_heading_inserted_above_stays_above() -> None:
    saved = undo_of(["http://a/1", "http://a/2"], [1, 0])
    assert saved.order_back(rows_of(["url", "http://a/2", "http://a/1"])) == (0, 2, 1)
    assert saved.order_back(rows_of(["http://b/new", "http://a/2", "http://a/1"])) == (2, 1, 0)


def test_the_rows_of_another_sheet_are_refused() -> None:
    saved = undo_of(["a", "b", "c"], [2, 1, 0])
    with pytest.raises(StateError, match="not the rows of that run"):
        saved.order_back(rows_of(["x", "y", "z"]))


def test_an_undo_file_round_trips_and_is_private(tmp_path: Path) -> None:
    saved = undo.save(undo_of(["a", "b"], [1, 0]), tmp_path / "undo")
    assert undo.load(saved.path) == saved
    assert undo.load(saved.marked(undo.LANDED).path).undo.state == undo.LANDED
    if sys.platform != "win32":
        assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
    assert [path.name for path in saved.path.parent.iterdir()] == [saved.path.name]


def test_two_runs_in_one_second_get_two_files(tmp_path: Path) -> None:
    paths = {undo.save(undo_of(["a"], [0]), tmp_path).path for _ in range(3)}
    assert len(paths) == 3


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema": 1}', "\x00"])
def test_what_is_no_undo_file_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(StateError):
        undo.load(path)


def test_a_damaged_order_is_refused(tmp_path: Path) -> None:
    saved = undo.save(undo_of(["a", "b"], [1, 0]), tmp_path)
    content = json.loads(saved.path.read_text())
    saved.path.write_text(json.dumps(content | {"order": [0, 0]}))
    with pytest.raises(StateError, match="damaged"):
        undo.load(saved.path)
    for change in ({"identity": {"key": 5}}, {"state": "half"}, {"area": "B"}, {"scope": "all"}):
        saved.path.write_text(json.dumps(content | change))
        with pytest.raises(StateError, match="not an undo file"):
            undo.load(saved.path)
