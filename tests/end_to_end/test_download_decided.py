"""download_images.py obeys what people decided: beside the rows, in a saved file, and for ever what is distinct."""

import csv
import json
from pathlib import Path

import pytest

from tests.end_to_end.commands import run
from tests.end_to_end.test_download_command import LOOPBACK, export, manifest, rows, sort, table, web, write_csv
from tests.end_to_end.test_sort_google import command as sort_google
from tests.end_to_end.test_sort_google import google
from tests.google.server import StandIn

__all__ = ["google", "rows", "table", "web"]  # fixtures that this module shares


@pytest.fixture
def reviewed(table: Path) -> Path:
    sort(table, "-r", "B2:C", "--whole-rows", "--review", "--no-backup")
    return table


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def decide(folder: Path, decisions: dict[int, str]) -> list[list[str]]:
    """Write decisions into the last column, by row number; return the rows."""
    cells = read(folder / "foods.csv")
    for number, decision in decisions.items():
        cells[number - 1][-1] = decision
    write_csv(folder / "foods.csv", cells)
    return cells


def statuses(folder: Path) -> dict[int, tuple[str, str]]:
    return {int(row["row"]): (row["status"], row["reason"]) for row in manifest(folder / "out")}


def test_dropped_rows_stay_out_and_the_summary_counts_them(reviewed: Path) -> None:
    before = decide(reviewed, {2: "drop", 3: "Keep", 10: "drop"})
    done = export(reviewed)
    assert done.returncode == 0, done.stderr
    assert "2 left out as decided (drop): rows 2, 10" in done.stdout
    assert "3 groups not decided yet" in done.stdout
    assert {number for number, told in statuses(reviewed).items() if told == ("left_out", "It was decided: drop.")} == {
        2,
        10,
    }
    assert read(reviewed / "foods.csv") == before


def test_texts_that_are_no_decisions_are_named_by_the_export_and_the_sort(reviewed: Path) -> None:
    decide(reviewed, {2: "drop!", 3: "DROP", 4: " "})
    told = "none of keep, drop, distinct: row 2 says 'drop!'."
    assert told in export(reviewed).stdout
    seen = run("sort_similar.py", "-s", "foods.csv", "-r", "B2:C", "--whole-rows", "--dry-run", *LOOPBACK, cwd=reviewed)
    assert told in seen.stdout


def test_decisions_in_columns_that_were_taken_apart_stop_the_export(reviewed: Path) -> None:
    cells = decide(reviewed, {2: "drop"})
    write_csv(reviewed / "foods.csv", [[*row[:-1], "mine", row[-1]] for row in cells])
    done = export(reviewed)
    assert done.returncode == 1
    assert "not all of them side by side" in done.stderr
    assert not (reviewed / "out").exists()


def test_keep_one_follows_keep_before_its_own_suggestion(reviewed: Path) -> None:
    cells = decide(reviewed, {})
    at = cells[0].index("status")
    suggested = next(i for i, row in enumerate(cells, start=1) if row[at] == "suggested keeper")
    other = next(
        i for i, row in enumerate(cells, start=1) if row[at - 4] == cells[suggested - 1][at - 4] and i != suggested
    )
    export(reviewed, "--keep", "one")
    assert statuses(reviewed)[suggested][0] == "ok"
    decide(reviewed, {other: "keep"})
    export(reviewed, "--keep", "one", "--clean")
    assert statuses(reviewed)[other][0] == "ok"
    assert statuses(reviewed)[suggested] == ("left_out", f"Of its group, row {other} is kept.")


def test_what_is_distinct_is_no_duplicate_of_the_one_that_is_kept(reviewed: Path) -> None:
    """Also before any sort has seen the decision, and where the last sort's result says otherwise."""
    done = export(reviewed, "--keep", "one")
    left = [number for number, told in statuses(reviewed).items() if told[0] == "left_out"]
    assert "from the last sort" in done.stdout
    decide(reviewed, {left[0]: "distinct"})
    done = export(reviewed, "--keep", "one")
    assert "decided to be distinct since the last sort" in done.stdout
    assert statuses(reviewed)[left[0]][0] == "ok"


def test_undecided_error_writes_nothing_until_all_is_decided(reviewed: Path) -> None:
    refused = export(reviewed, "--undecided", "error")
    assert refused.returncode == 1 and "3 groups of near-duplicates are not decided yet" in refused.stderr
    assert not (reviewed / "out" / "manifest.csv").exists()
    cells = decide(reviewed, {})
    decide(reviewed, dict.fromkeys(range(2, len(cells) + 1), "keep"))
    assert export(reviewed, "--undecided", "error").returncode == 0


def test_a_saved_file_goes_before_the_column_and_needs_none(table: Path) -> None:
    url = read(table / "foods.csv")[1][1]
    decisions = [
        {"url": url, "occurrence": 2, "decision": "drop"},
        {"url": "gone", "occurrence": 1, "decision": "drop"},
    ]
    (table / "decisions.json").write_text(json.dumps({"schema": 1, "decisions": decisions}), "utf-8")
    done = export(table, "--decisions", "decisions.json", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    assert "1 left out as decided (drop): row 13" in done.stdout and "1 decision of the file for no row" in done.stdout
    summary = json.loads((table / "found.json").read_text("utf-8"))["summary"]
    assert (summary["decisions"], summary["dropped"]) == ({"drop": 1}, 1)
    assert export(table, "--decisions", "none.json").returncode == 1


def test_on_google_the_column_is_read_with_the_right_to_read_alone(
    google: StandIn, rows: list[list[str]], tmp_path: Path
) -> None:
    key = google.add_spreadsheet("Foods", {"Sheet1": rows})
    assert sort_google(google, tmp_path, "-s", key, "-r", "B2:D", "--review").returncode == 0
    google.labeler(key).type("J3", "drop")
    before = google.labeler(key).rows()
    reach = {"HTTPS_PROXY": google.proxy, "REQUESTS_CA_BUNDLE": str(google.ca)}
    done = run(
        "download_images.py", "-a", google.credentials, "-s", key, "-r", "B2:C", "-o", "out", *LOOPBACK,
        cwd=tmp_path, env=reach,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 left out as decided (drop): row 3" in done.stdout
    assert google.labeler(key).rows() == before
