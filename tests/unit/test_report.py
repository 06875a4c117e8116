"""Results round-trip, and say the same as the arrangement they are built from."""

import dataclasses
import json
from pathlib import Path

import pytest

from errors import StateError
from hashing import Ballot, arrange, fingerprint
from images import FetchFailure, Picture
from report import building, result, summary
from report.result import Result
from tests.pictures import scene


def picture(url: str, seed: int, width: int) -> Picture:
    shown = scene(seed).resize((width, width * 3 // 4))
    return Picture(url, url, f"{seed:032d}{width:032d}", 10 * width, "JPEG", width, width * 3 // 4, fingerprint(shown))


READINGS: dict[str, Picture | FetchFailure] = {
    "http://a/1": picture("http://a/1", 1, 320),
    "http://a/2": picture("http://a/2", 2, 320),
    "http://b/1": picture("http://b/1", 1, 640),
    "": FetchFailure("", "blank_cell", "The cell is blank."),
    "http://b/x": FetchFailure("http://b/x", "http_error", "The server answered 404 Not Found."),
}
URLS = ("http://a/1", "", "http://b/x", "http://a/2", "http://b/1", "http://b/x")


def made() -> Result:
    arrangement = arrange(building.contents_of(URLS, READINGS), Ballot(16))
    rows = building.build_rows(5, URLS, READINGS, arrangement)
    found = Result("book", "tab", "B5:C", {"diff": 16}, rows, building.build_groups(5, arrangement))
    found.summary.update(building.summarise(found))
    return found


def test_a_result_round_trips_through_json() -> None:
    assert Result.from_json(made().to_json()) == made()


def test_rows_say_where_they_were_and_go() -> None:
    rows = made().rows
    assert [row.row for row in rows] == [5, 6, 7, 8, 9, 10]
    assert [row.new_row for row in rows] == [5, 8, 9, 7, 6, 10]
    assert [row.group for row in rows] == [1, None, None, None, 1, None]
    assert [row.representative for row in rows] == [False, None, None, None, True, None]
    assert rows[0].sha256 and rows[1].sha256 is None


def test_the_group_names_its_rows_and_the_pair_that_formed_it() -> None:
    (group,) = made().groups
    assert (group.rows, group.representative, group.evidence[0].rows) == ((5, 9), 9, (5, 9))


def test_the_summary_counts_by_status_and_by_host() -> None:
    figures = made().summary
    assert figures["unreadable_by_status"] == {"http_error": 2, "blank_cell": 1}
    assert figures["unreadable_by_host"] == {"b": 2}
    assert (figures["rows"], figures["moved_rows"], figures["rows_in_groups"], figures["largest_family"]) == (
        6,
        4,
        2,
        2,
    )


def test_many_failures_are_a_warning_that_names_the_hosts() -> None:
    assert any("b (2)" in warning for warning in summary.warnings_of(made()))
    healthy = dataclasses.replace(made(), rows=made().rows[:1])
    assert summary.warnings_of(healthy) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": 1}', '{"schema": 99}'])
def test_a_damaged_result_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(StateError):
        Result.from_json(text)


def test_a_result_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "found.json"
    result.write(made(), path)
    assert next(iter(json.loads(path.read_text("utf-8")))) == "schema"
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(StateError):
        result.write(made(), tmp_path)


def test_results_of_other_ranges_lie_elsewhere(tmp_path: Path) -> None:
    paths = {
        result.last_result_path(tmp_path, *key) for key in [("k", "w", "B2:C"), ("k", "w", "B2:D"), ("k", "x", "B2:C")]
    }
    assert len(paths) == 3
