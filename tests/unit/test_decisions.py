"""The file of a review page comes back as decisions; what is none is refused in a sentence with a hint."""

import json
from pathlib import Path
from typing import Any

import pytest

from errors import NotFound, StateError
from report.decisions import Decision, Origin, read_decisions, read_origin, save

ROW = {"url": "http://a/1", "occurrence": 1, "decision": "keep"}


def saved(path: Path, **changed: Any) -> Path:
    target = path / "decisions.json"
    whole = {"schema": 1, "spreadsheet": "s", "worksheet": "w", "range": "B2:C", "decisions": [ROW]} | changed
    target.write_text(json.dumps(whole), "utf-8")
    return target


def test_decisions_come_back_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "occurrence": 2, "decision": "drop"}, {**ROW, "url": "\ud800", "decision": "distinct"}]
    assert read_decisions(saved(tmp_path, decisions=rows)) == [
        Decision("http://a/1", 1, "keep"), Decision("http://a/1", 2, "drop"), Decision("\ud800", 1, "distinct"),
    ]  # fmt: skip
    assert read_decisions(saved(tmp_path, decisions=[])) == []


def test_a_distinct_picture_is_told_with_those_of_its_group(tmp_path: Path) -> None:
    one = {**ROW, "decision": "distinct", "sha256": "a" * 64, "from": ["b" * 64, "c" * 64]}
    (read,) = read_decisions(saved(tmp_path, decisions=[one]))
    assert read == Decision("http://a/1", 1, "distinct", "a" * 64, ("b" * 64, "c" * 64))


@pytest.mark.parametrize(
    "wrong",
    [
        None, 1, "keep", [], {}, {**ROW, "occurrence": 0}, {**ROW, "occurrence": True}, {**ROW, "occurrence": "1"},
        {**ROW, "occurrence": 1.5}, {**ROW, "decision": "burn"}, {**ROW, "decision": None}, {**ROW, "url": None},
        {"url": "http://a/1"}, {**ROW, "sha256": "abc"}, {**ROW, "sha256": 1}, {**ROW, "sha256": "a" * 64, "from": "b"},
        {**ROW, "sha256": "a" * 64, "from": ["B" * 64]},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_decision_is_refused(wrong: object, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="not a file of decisions") as told:
        read_decisions(saved(tmp_path, decisions=[wrong]))
    assert "Save decisions" in told.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"schema": 1}', "[" * 100_000, '"\\ud800"', "1" * 5000])
def test_what_is_no_file_of_decisions_is_refused(text: str, tmp_path: Path) -> None:
    target = tmp_path / "other.json"
    target.write_text(text, "utf-8")
    with pytest.raises(StateError, match="not a file of decisions"):
        read_decisions(target)
    target.write_bytes(b"\xff\xd8\xff\xe0 a picture")
    with pytest.raises(StateError, match="no JSON"):
        read_decisions(target)


def test_a_row_may_be_decided_once_only(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="two decisions are for one row"):
        read_decisions(saved(tmp_path, decisions=[ROW, {**ROW, "decision": "drop"}]))


def test_another_version_a_missing_file_and_a_folder_are_each_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="another version"):
        read_decisions(saved(tmp_path, schema=2))
    with pytest.raises(NotFound, match="There is no file"):
        read_decisions(tmp_path / "none.json")
    with pytest.raises(StateError, match="cannot be read"):
        read_decisions(tmp_path)


def test_what_is_saved_is_read_again_and_other_texts_are_kept_for_people(tmp_path: Path) -> None:
    taken = [Decision("http://a/1", 1, "keep"), Decision("http://a/1", 2, "drop")]
    origin = Origin("my foods.xlsx", "Pictures", "B2:C")
    first = save(taken, {}, origin, tmp_path)
    assert read_origin(first) == origin
    second = save(taken, {7: "ask Ann"}, origin, tmp_path)
    assert first != second and first.name.endswith("-my-foods.json")
    assert read_decisions(first) == read_decisions(second) == taken
    assert json.loads(second.read_text("utf-8"))["other_texts"] == [{"row": 7, "text": "ask Ann"}]
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="Nothing was taken away"):
        save(taken, {}, origin, tmp_path / "file")
