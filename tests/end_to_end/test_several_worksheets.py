"""sort_similar.py on several worksheets at once: each keeps its rows, and what they have in common is told."""

import json
from pathlib import Path

import openpyxl
import pytest

from tests.end_to_end.commands import ROOT, run
from tests.end_to_end.test_review_columns import REVIEW
from tests.end_to_end.test_sort_command import LOOPBACK, undo_command, urls, web
from tests.end_to_end.test_sort_google import command, google
from tests.google.server import StandIn
from tests.servers import WebServer

__all__ = ["google", "urls", "web"]  # fixtures that this module shares
CATS = ["/1/original.jpg", "/single.jpg", "/1/half.jpg", "/2/original.jpg"]
DOGS = ["/3/original.jpg", "/2/half.jpg", "/gone.jpg", "/3/low.webp", "/1/original.jpg"]


@pytest.fixture
def book(tmp_path: Path, web: WebServer) -> Path:
    made = openpyxl.Workbook()
    made.active.title = "cats"
    for title, paths in (("cats", CATS), ("dogs", DOGS), ("hidden", ["/1/low.webp"])):
        tab = made[title] if title in made.sheetnames else made.create_sheet(title)
        for row in [["url", "label"], *[[web.url + path, f"{title} {i}"] for i, path in enumerate(paths)]]:
            tab.append(row)
    made["hidden"].sheet_state = "hidden"
    made.save(tmp_path / "foods.xlsx")
    return tmp_path / "foods.xlsx"


def sort(book: Path, *arguments: object) -> str:
    done = run("sort_similar.py", "-s", book.name, "-r", "A2:B", *LOOPBACK, "--no-backup", *arguments, cwd=book.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tab(book: Path, title: str) -> list[list[str]]:
    return [[str(cell or "") for cell in row] for row in openpyxl.load_workbook(book)[title].values]


def labels(book: Path, title: str) -> list[str]:
    return [row[1] for row in tab(book, title)[1:]]


def test_each_worksheet_is_sorted_by_itself_and_common_pictures_are_told(book: Path) -> None:
    told = sort(book, "-w", "*", "--review", "--json", "found.json")
    assert labels(book, "cats") == ["cats 0", "cats 2", "cats 1", "cats 3"]
    assert labels(book, "dogs") == ["dogs 0", "dogs 3", "dogs 1", "dogs 4", "dogs 2"]
    assert labels(book, "hidden") == ["hidden 0"]
    cats, dogs = tab(book, "cats"), tab(book, "dogs")
    match, why = 2 + REVIEW.index("match"), 2 + REVIEW.index("why")
    # the very same file on both, a reduced copy on the other, and one within the worksheet as well
    assert [row[match] for row in cats[1:]] == ["row 3, dogs row 5", "row 2, dogs row 5", "", "dogs row 4"]
    assert [row[match] for row in dogs[1:]] == ["row 3", "row 2", "cats row 5", "cats row 2", ""]
    assert dogs[4][why] == "on the worksheet cats: the very same file"
    assert dogs[3][why].startswith("on the worksheet cats: same picture (")
    assert "5 rows have near-duplicates on another of these worksheets" in told
    assert "cats row 2 and dogs row 5" in told
    found = json.loads((book.parent / "found.json").read_text("utf-8"))
    assert [one["worksheet"] for one in found["worksheets"]] == ["cats", "dogs"]
    assert found["worksheets"][1]["summary"]["on_other_worksheets"] == [
        {"row": 3, "worksheet": "cats", "new_row": 5},
        {"row": 6, "worksheet": "cats", "new_row": 2},
    ]
    documented = (ROOT / "docs" / "result.md").read_text("utf-8")
    assert all(f"`{key}`" in documented for key in ("worksheets", "on_other_worksheets"))


def test_a_second_run_finds_everything_as_it_was_and_each_worksheet_is_undone_by_itself(book: Path) -> None:
    before = {title: tab(book, title) for title in ("cats", "dogs")}
    told = sort(book, "-w", "cats", "-w", "dogs")
    both = {title: tab(book, title) for title in before}
    again = sort(book, "-w", "cats", "-w", "dogs")
    assert again.count("in order already") == 2
    assert {title: tab(book, title) for title in before} == both != before
    undone = run("sort_similar.py", *undo_command(told), "--no-backup", cwd=book.parent)
    assert undone.returncode == 0, undone.stderr
    assert tab(book, "cats") == before["cats"]
    assert tab(book, "dogs") == both["dogs"]


def test_an_obstacle_on_one_worksheet_stops_the_run_before_any_is_written(book: Path) -> None:
    made = openpyxl.load_workbook(book)
    made["dogs"].merge_cells("A2:A3")
    made.save(book)
    before = book.read_bytes()
    done = run("sort_similar.py", "-s", book.name, "-r", "A2:B", "-w", "*", *LOOPBACK, "--no-backup", cwd=book.parent)
    assert done.returncode != 0
    assert book.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-w", "cats", "-w", "dogs", "--html", "page.html"], "--html shows one worksheet"),
        (["-w", "cats", "-w", "dogs", "--review-off"], "--review-off takes one worksheet at a time"),
        (["-w", "*", "--undo", "none.json"], "--undo takes one worksheet at a time"),
        (["-w", "cats", "-w", "birds"], 'no tab "birds"'),
    ],
)
def test_what_several_worksheets_cannot_have_is_refused_by_name(book: Path, arguments: list[str], says: str) -> None:
    before = book.read_bytes()
    done = run("sort_similar.py", "-s", book.name, "-r", "A2:B", *LOOPBACK, *arguments, cwd=book.parent)
    assert done.returncode != 0
    assert says in done.stderr
    assert book.read_bytes() == before


def test_a_worksheet_that_is_named_twice_is_no_other_than_itself(book: Path) -> None:
    told = sort(book, "-w", "cats", "-w", "CATS", "--review")
    assert told.count("4 rows, ") == 1
    assert "on another" not in told
    assert not any("worksheet" in row[2 + REVIEW.index("why")] for row in tab(book, "cats")[1:])


def test_a_report_stands_below_the_name_of_its_worksheet_and_is_printed_once(book: Path) -> None:
    told = sort(book, "-w", "cats", "-w", "dogs", "--preview", "--calibrate")
    order = ["foods.xlsx, cats,", "  diff     pairs", "What people decided", "foods.xlsx, dogs,"]
    places = [told.index(text) for text in order]
    assert places == sorted(places)
    assert told.count("  diff     pairs") == 2


def test_a_csv_has_no_worksheets(tmp_path: Path) -> None:
    (tmp_path / "foods.csv").write_text("url\nhttps://example.org/a.jpg\n", encoding="utf-8")
    done = run("sort_similar.py", "-s", "foods.csv", "-r", "A2:A", "-w", "*", cwd=tmp_path)
    assert done.returncode == 2
    assert "has no tabs" in done.stderr


def test_worksheets_of_a_google_sheet_are_sorted_and_told_of_each_other(
    google: StandIn, web: WebServer, tmp_path: Path
) -> None:
    rows = {
        title: [["url", "label"], *[[web.url + path, f"{title} {i}"] for i, path in enumerate(paths)]]
        for title, paths in (("cats", CATS), ("dogs", DOGS))
    }
    key = google.add_spreadsheet("animals", rows)
    done = command(google, tmp_path, "-s", key, "-w", "*", "-r", "A2:B", "--review")
    assert done.returncode == 0, done.stderr
    found = {title: [[str(cell or "") for cell in row] for row in google.labeler(key, title).rows()] for title in rows}
    assert [row[1] for row in found["cats"][1:5]] == ["cats 0", "cats 2", "cats 1", "cats 3"]
    assert [row[1] for row in found["dogs"][1:6]] == ["dogs 0", "dogs 3", "dogs 1", "dogs 4", "dogs 2"]
    assert [row[3] for row in found["dogs"][1:5]] == ["row 3", "row 2", "cats row 5", "cats row 2"]
    assert "5 rows have near-duplicates" in done.stdout
