"""--apply-decisions from outside: a saved file of decisions goes beside its rows, on a csv and on a Google Sheet."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.test_review_columns import key
from tests.end_to_end.test_sort_command import read_csv, sort, table, urls, web, write_csv
from tests.end_to_end.test_sort_google import command, google, rows_of
from tests.google.server import StandIn

__all__ = ["google", "key", "table", "urls", "web"]  # fixtures that this module shares


def saved(folder: Path, *decisions: tuple[str, int, str]) -> Path:
    path = folder / "decisions.json"
    rows = [{"url": url, "occurrence": occurrence, "decision": kind} for url, occurrence, kind in decisions]
    path.write_text(json.dumps({"schema": 1, "decisions": rows}), "utf-8")
    return path


def decisions_of(rows: list[list[str]]) -> list[tuple[str, str]]:
    """Return the URL and the decision of each row that has one, in sheet order."""
    return [(row[1], row[8]) for row in rows[1:] if len(row) > 8 and row[8]]


def test_decisions_are_written_beside_their_rows_and_nothing_else_changes(table: Path, urls: list[str]) -> None:
    assert sort(table.parent, "--review", "--no-backup").returncode == 0
    before = read_csv(table)
    saved(table.parent, (urls[0], 1, "keep"), (urls[1], 1, "drop"), (urls[3], 1, "distinct"))
    plan = sort(table.parent, "--apply-decisions", "decisions.json", "--dry-run")
    assert "3 to write" in plan.stdout and read_csv(table) == before
    done = sort(table.parent, "--apply-decisions", "decisions.json")
    assert done.returncode == 0, done.stderr
    assert "3 decisions, 3 written, 0 there already" in done.stdout
    after = read_csv(table)
    assert [row[:8] for row in after] == [row[:8] for row in before]
    assert dict(decisions_of(after)) == {urls[0]: "keep", urls[1]: "drop", urls[3]: "distinct"}
    (backup,) = table.parent.glob("foods.backup-*.csv")
    assert read_csv(backup) == before
    again = sort(table.parent, "--apply-decisions", "decisions.json")
    assert "0 written, 3 there already" in again.stdout and "Nothing was written" in again.stdout


def test_rows_of_one_address_are_told_apart_by_their_occurrence(table: Path, urls: list[str]) -> None:
    rows = [["url"], *[[urls[0]], [urls[1]], [urls[0]], [urls[0]]]]
    write_csv(table, [["#", "url", "label"], *[[str(i), row[0], ""] for i, row in enumerate(rows[1:])]])
    assert sort(table.parent, "--review").returncode == 0
    saved(table.parent, (urls[0], 1, "keep"), (urls[0], 3, "drop"))
    assert sort(table.parent, "--apply-decisions", "decisions.json").returncode == 0
    assert [row[8] for row in read_csv(table)[1:] if row[1] == urls[0]] == ["keep", "", "drop"]


def test_what_a_labeler_decided_otherwise_stands_and_is_named(table: Path) -> None:
    sort(table.parent, "--review", "--no-backup")
    rows = read_csv(table)
    rows[1][8], rows[2][8] = "DROP ", "ask Ann"
    write_csv(table, rows)
    saved(table.parent, (rows[1][1], 1, "keep"), (rows[2][1], 1, "keep"), (rows[3][1], 1, "keep"))
    done = sort(table.parent, "--apply-decisions", "decisions.json")
    assert "1 written" in done.stdout and "2 rows decided otherwise" in done.stdout
    assert f"row 2 says 'DROP ', not keep: {rows[1][1]}" in done.stdout and "row 3 says 'ask Ann'" in done.stdout
    assert [row[8] for row in read_csv(table)[1:4]] == ["DROP ", "ask Ann", "keep"]
    sort(table.parent, "--apply-decisions", "decisions.json", "--overwrite-decisions")
    assert [row[8] for row in read_csv(table)[1:4]] == ["keep"] * 3


def test_decisions_for_no_row_are_named_and_a_file_for_other_rows_is_refused(table: Path, urls: list[str]) -> None:
    sort(table.parent, "--review", "--no-backup")
    before = table.read_bytes()
    saved(table.parent, ("https://elsewhere.example/x.jpg", 1, "keep"))
    refused = sort(table.parent, "--apply-decisions", "decisions.json")
    assert refused.returncode == 1 and "None of the 1 decisions" in refused.stderr
    assert table.read_bytes() == before
    saved(table.parent, ("https://elsewhere.example/x.jpg", 1, "keep"), (urls[1], 2, "drop"), (urls[1], 1, "drop"))
    done = sort(table.parent, "--apply-decisions", "decisions.json")
    assert "2 decisions for no row of B2:C" in done.stdout
    assert "https://elsewhere.example/x.jpg" in done.stdout and f"row 2 of its address: {urls[1]}" in done.stdout
    assert decisions_of(read_csv(table)) == [(urls[1], "drop")]


def test_a_file_for_another_range_is_refused(table: Path, urls: list[str]) -> None:
    sort(table.parent, "--review", "--no-backup")
    before = table.read_bytes()
    one = {"url": urls[0], "occurrence": 1, "decision": "keep"}
    path = table.parent / "decisions.json"
    path.write_text(json.dumps({"schema": 1, "range": "B4:C", "decisions": [one]}), "utf-8")
    refused = sort(table.parent, "--apply-decisions", "decisions.json")
    assert refused.returncode == 2 and "saved for the range B4:C, and -r names B2:C" in refused.stderr
    assert table.read_bytes() == before
    path.write_text(json.dumps({"schema": 1, "range": "B2:D", "decisions": [one]}), "utf-8")
    assert sort(table.parent, "--apply-decisions", "decisions.json").returncode == 0


def test_a_file_for_another_spreadsheet_is_taken_and_named(table: Path, urls: list[str]) -> None:
    """It may have been copied or renamed since."""
    sort(table.parent, "--review", "--no-backup")
    one = {"url": urls[0], "occurrence": 1, "decision": "keep"}
    path = table.parent / "decisions.json"
    for name, told in (("foods.csv", False), ("plants.csv", True)):
        path.write_text(json.dumps({"schema": 1, "spreadsheet": name, "decisions": [one]}), "utf-8")
        done = sort(table.parent, "--apply-decisions", "decisions.json", "--dry-run")
        assert done.returncode == 0
        assert ("was saved for 'plants.csv'; it is taken for 'foods.csv' now" in done.stderr) == told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--apply-decisions", "none.json"), "no file none.json"),
     (("--apply-decisions", "foods.csv"), "not a file of decisions"),
     (("--apply-decisions", "decisions.json"), "--review first"),
     (("--apply-decisions", "decisions.json", "--review"), "at once")],
)  # fmt: skip
def test_what_cannot_be_applied_says_what_to_do_and_writes_nothing(table: Path, urls, arguments, said) -> None:
    before = table.read_bytes()
    saved(table.parent, (urls[0], 1, "keep"))
    refused = sort(table.parent, *arguments)
    assert refused.returncode in (1, 2) and said in refused.stderr
    assert table.read_bytes() == before


def test_on_google_two_people_who_decide_at_once_lose_nothing(google: StandIn, key: str, tmp_path: Path) -> None:
    here = ("-s", key, "-w", "Sheet1", "-r", "B2:C")
    assert command(google, tmp_path, *here, "--review").returncode == 0
    rows = rows_of(google, key)
    addresses = [row[1] for row in rows[1:6]]
    saved(tmp_path, *[(url, addresses[: i + 1].count(url), "drop") for i, url in enumerate(addresses)])

    def decide(_: object) -> None:
        google.labeler(key).type("I3", "keep")
        google.labeler(key).type("I9", "keep")

    google.before_request(1, decide, match=":batchUpdate")
    done = command(google, tmp_path, *here, "--apply-decisions", "decisions.json")
    assert done.returncode == 0, done.stderr
    assert "5 decisions, 4 written, 0 there already" in done.stdout
    assert f"row 3 says 'keep', not drop: {rows[2][1]}" in done.stdout
    after = rows_of(google, key)
    assert [row[8] for row in after[1:10]] == ["drop", "keep", "drop", "drop", "drop", "", "", "keep", ""]
    assert [row[:8] for row in after] == [row[:8] for row in rows]
    book = google.state.files[key].book
    assert book is not None and [sheet.title for sheet in book.sheets] == ["Sheet1", "Other"]


def test_on_google_the_column_takes_decisions_under_another_name_too(google: StandIn, key: str, tmp_path: Path) -> None:
    here = ("-s", key, "-w", "Sheet1", "-r", "B2:C")
    assert command(google, tmp_path, *here, "--review").returncode == 0
    google.labeler(key).type("I1", "What to do?")
    rows = rows_of(google, key)
    saved(tmp_path, (rows[1][1], 1, "keep"))
    done = command(google, tmp_path, *here, "--apply-decisions", "decisions.json")
    assert done.returncode == 0, done.stderr
    assert rows_of(google, key)[1][8] == "keep"
