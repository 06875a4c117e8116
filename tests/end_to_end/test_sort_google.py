"""sort_similar.py from outside on a Google Sheet: the unchanged command reaches the stand-in as it would Google."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.commands import run
from tests.end_to_end.test_sort_command import EXPECTED, LOOPBACK, undo_command, urls, web
from tests.google.server import StandIn

__all__ = ["urls", "web"]  # fixtures that this module shares


@pytest.fixture(scope="module")
def google() -> Iterator[StandIn]:
    with StandIn() as served:
        yield served


def command(google: StandIn, folder: Path, *arguments: object):
    reach = {"HTTPS_PROXY": google.proxy, "REQUESTS_CA_BUNDLE": str(google.ca)}
    return run("sort_similar.py", "-a", google.credentials, *LOOPBACK, *arguments, cwd=folder, env=reach)


def rows_of(google: StandIn, key: str) -> list[list[str]]:
    return [["" if cell is None else str(cell) for cell in row] for row in google.labeler(key).rows()]


@pytest.fixture
def key(google: StandIn, urls: list[str]) -> str:
    rows: list[list[object]] = [["#", "url", "label"], *[[i, url, f"label {i}"] for i, url in enumerate(urls)]]
    return google.add_spreadsheet("example", {"Sheet1": rows, "Other": [["x"]]})


def test_a_google_sheet_is_sorted_by_key_and_undone(google: StandIn, key: str, urls: list[str], tmp_path: Path) -> None:
    done = command(google, tmp_path, "-s", key, "-w", "Sheet1", "-r", "B2:C", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    assert [row[1:3] for row in rows_of(google, key)[1:]] == [[urls[i], f"label {i}"] for i in EXPECTED]
    assert [row[0] for row in rows_of(google, key)[1:]] == [str(i) for i in range(len(urls))]
    assert json.loads((tmp_path / "found.json").read_text("utf-8"))["spreadsheet"] == "example"
    again = command(google, tmp_path, "-s", key, "-w", "Sheet1", "-r", "B2:C")
    assert "nothing was written" in again.stdout
    google.labeler(key).type("C3", "typed since")
    typed_url = rows_of(google, key)[2][1]
    undone = command(google, tmp_path, *undo_command(done.stdout))
    assert undone.returncode == 0, undone.stderr
    after = rows_of(google, key)
    assert [row[1] for row in after[1:]] == urls
    assert next(row for row in after if row[2] == "typed since")[1] == typed_url
    second = command(google, tmp_path, *undo_command(done.stdout))
    assert second.returncode == 1
    assert "nothing to undo" in second.stderr
    assert rows_of(google, key) == after


def test_a_title_finds_the_sheet_and_an_ambiguous_one_lists_the_candidates(google, urls, tmp_path: Path) -> None:
    rows = [["url"], *[[url] for url in urls[:3]]]
    key = google.add_spreadsheet("a 'quoted' title", {"Sheet1": rows})
    found = command(google, tmp_path, "-s", "a 'quoted' title", "-w", "Sheet1", "-r", "A2:A", "--dry-run")
    assert found.returncode == 0, found.stderr
    other = google.add_spreadsheet("a 'quoted' title", {"Sheet1": rows})
    refused = command(google, tmp_path, "-s", "a 'quoted' title", "-w", "Sheet1", "-r", "A2:A", "--dry-run")
    assert refused.returncode in (1, 2)
    assert key in refused.stderr and other in refused.stderr


def test_a_sheet_that_is_not_shared_names_the_address_to_share_it_with(google: StandIn, tmp_path: Path) -> None:
    key = google.add_spreadsheet("private", {"Sheet1": [["url"]]}, shared=False)
    refused = command(google, tmp_path, "-s", key, "-w", "Sheet1", "-r", "A2:A")
    assert refused.returncode == 1
    assert google.client_email in refused.stderr


def test_an_unknown_tab_lists_the_tabs(google: StandIn, key: str, tmp_path: Path) -> None:
    refused = command(google, tmp_path, "-s", key, "-w", "Shet1", "-r", "B2:C")
    assert refused.returncode == 1
    assert "Sheet1" in refused.stderr and "Other" in refused.stderr


def test_missing_credentials_are_one_clear_error(key: str, tmp_path: Path) -> None:
    refused = run("sort_similar.py", "-s", key, "-w", "Sheet1", "-r", "B2:C", "-a", "none.json", cwd=tmp_path)
    assert refused.returncode == 1
    assert "none.json" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_hidden_rows_stop_the_run_with_what_to_click(google: StandIn, key: str, tmp_path: Path) -> None:
    google.labeler(key).hide_rows(3, 4)
    before = rows_of(google, key)
    refused = command(google, tmp_path, "-s", key, "-w", "Sheet1", "-r", "B2:C")
    assert refused.returncode == 1
    assert "3" in refused.stderr and "nhide" in refused.stderr
    assert rows_of(google, key) == before


def test_a_local_path_in_a_google_sheet_reads_no_file(google: StandIn, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(b"secret")
    rows = [["url"], [str(tmp_path / "cat.jpg")], [f"file://{tmp_path}/cat.jpg"], ["cat.jpg"]]
    key = google.add_spreadsheet("paths", {"Sheet1": rows})
    done = command(google, tmp_path, "-s", key, "-w", "Sheet1", "-r", "A2:A", "--dry-run", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert {row["status"] for row in found["rows"]} <= {"refused_path", "not_a_url"}
