"""The whole way of a decision: by keyboard on the page, into a file, into the sheet, and back onto a page."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.browser import CHROMIUM, PIPE, Tab, browser
from tests.end_to_end.test_review_page import NOW, SHOWN, TOLD
from tests.end_to_end.test_sort_command import read_csv, sort, table, urls, web
from tests.end_to_end.test_sort_google import command, google, rows_of
from tests.google.server import StandIn

__all__ = ["google", "table", "urls", "web"]  # fixtures that this module shares
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(not PIPE, reason="a browser is driven through a pipe, which needs a POSIX system"),
]
DECISION = 8


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path) as opened:
        yield opened


def decided_on(tab: Tab, page: Path, *keys: str) -> tuple[list[list[str]], Path]:
    """Decide by keyboard and save; return what the page shows as decided, by row, and the saved file."""
    tab.open(page)
    before = len(tab.downloaded)
    tab.press(*keys, "s")
    tab.until(lambda: len(tab.downloaded) > before)
    shown = tab.run("[...decided].map(([i, decision]) => [String(data.rows[i].row), decision])")
    return sorted(shown, key=lambda one: int(one[0])), next(page.parent.glob("decisions-*.json"))


def in_sheet(rows: list[list[str]]) -> list[list[str]]:
    return [
        [str(n), row[DECISION]] for n, row in enumerate(rows, start=1) if n > 1 and row[DECISION : DECISION + 1] > [""]
    ]


def test_what_is_decided_by_keyboard_stands_in_the_csv_and_the_next_sort_obeys(table: Path, tab: Tab) -> None:
    assert sort(table.parent, "--review", "--html", "review.html", "--no-backup").returncode == 0
    shown, saved = decided_on(tab, table.parent / "review.html", "1", "3", "2", "2", "ArrowDown", "a")
    assert shown[:4] == [["2", "keep"], ["3", "distinct"], ["4", "drop"], ["5", "drop"]] and len(shown) > 5
    done = sort(table.parent, "--apply-decisions", saved.name, "--no-backup")
    assert f"{len(shown)} decisions, {len(shown)} written" in done.stdout, done.stderr
    assert in_sheet(read_csv(table)) == shown
    distinct = read_csv(table)[2]
    done = sort(table.parent, "--review", "--undecided-first", "--no-backup")
    assert done.returncode == 0, done.stderr
    rows = read_csv(table)
    again = next(row for row in rows if row[1:3] == distinct[1:3])
    assert (again[3], again[DECISION]) == ("", "distinct")
    grouped = [row for row in rows[1:] if row[3]]
    assert [bool(row[DECISION]) for row in grouped] == sorted(bool(row[DECISION]) for row in grouped)
    assert not grouped[0][DECISION] and grouped[-1][DECISION]


def test_what_is_decided_by_keyboard_stands_in_the_google_sheet(
    google: StandIn, urls: list[str], tab: Tab, tmp_path: Path
) -> None:
    rows: list[list[object]] = [["#", "url", "label"], *[[i, url, f"label {i}"] for i, url in enumerate(urls)]]
    key = google.add_spreadsheet("example", {"Sheet1": rows})
    here = ("-s", key, "-r", "B2:C")
    assert command(google, tmp_path, *here, "--review", "--html", "review.html").returncode == 0
    shown, saved = decided_on(tab, tmp_path / "review.html", "a", "2", "n", "1")
    google.before_request(1, lambda _: google.labeler(key).type("I2", "drop"), match=":batchUpdate")
    done = command(google, tmp_path, *here, "--apply-decisions", saved.name)
    assert done.returncode == 0, done.stderr
    after = in_sheet(rows_of(google, key))
    assert after == [["2", "drop"], *shown[1:]] != shown
    assert "row 2 says 'drop', not" in done.stdout


def test_a_saved_file_comes_back_onto_a_new_page(table: Path, tab: Tab) -> None:
    sort(table.parent, "--dry-run", "--html", "review.html")
    page = table.parent / "review.html"
    shown, saved = decided_on(tab, page, "1", "2", "3")
    tab.run("localStorage.clear()")
    tab.open(page)
    assert tab.run("decided.size") == 0
    tab.choose("#file", saved)
    tab.until(lambda: tab.run("decided.size") == 3)
    assert "3 loaded from decisions-foods.json" in tab.run(TOLD)
    assert sorted(tab.run("[...decided].map(([i, decision]) => [String(data.rows[i].row), decision])")) == sorted(shown)
    tab.press("z")
    assert tab.run("decided.size") == 0
    whole = json.loads(saved.read_text("utf-8"))
    other = table.parent / "other.json"
    other.write_text(
        json.dumps({**whole, "decisions": [*whole["decisions"][:1], {**whole["decisions"][1], "url": "x"}]})
    )
    tab.choose("#file", other)
    tab.until(lambda: "1 loaded from other.json, 1 for no picture here" in tab.run(TOLD))
    for wrong in ("{", "null", '{"schema": 2, "decisions": []}', '{"schema": 1, "decisions": [null]}', '{"schema": 1}'):
        other.write_text(wrong)
        tab.choose("#file", other)
        tab.until(lambda: "other.json is no file of decisions" in tab.run(TOLD))
        tab.press("0")
        tab.run("notice = ''; tell()")
    assert tab.run(NOW).startswith("row ") and tab.run(SHOWN)
    assert tab.console == []


def test_rows_without_a_readable_picture_are_listed_below(table: Path, tab: Tab) -> None:
    sort(table.parent, "--dry-run", "--html", "review.html")
    tab.open(table.parent / "review.html")
    assert tab.run("document.querySelector('#unreadable summary').textContent") == "2 rows without a readable picture"
    assert tab.run("document.querySelectorAll('#unreadable li').length") == 0
    tab.click("#unreadable summary")
    tab.until(lambda: tab.run("document.querySelectorAll('#unreadable li').length") == 2)
    told = tab.run("[...document.querySelectorAll('#unreadable li')].map((one) => one.textContent)")
    assert told[0].startswith("row 4 ") and told[0].endswith("/gone.jpg") and "404" in told[0]
    assert told[1].startswith("row 10 ") and told[1].endswith("/page.html")
