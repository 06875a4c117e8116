"""--review and --review-off from outside, on a csv and on a Google Sheet with the stand-in."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from errors import SheetChanged
from sheets.a1 import Area
from sheets.columns import Columns, place_columns, widened
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.contract.backends import trimmed
from tests.contract.google_bench import opened
from tests.contract.test_columns import LOOKS, NAMES, ROWS, TEXTS
from tests.end_to_end.commands import run
from tests.end_to_end.test_sort_command import EXPECTED, LOOPBACK, read_csv, sort, table, undo_command, urls, web
from tests.end_to_end.test_sort_google import command, google, rows_of
from tests.google.server import StandIn
from tests.google.state import State

__all__ = ["google", "table", "urls", "web"]  # fixtures that this module shares
REVIEW = ["group", "match", "why", "size", "status", "decision"]


def test_review_says_group_match_why_size_and_status_beside_every_row(table: Path, urls: list[str]) -> None:
    done = sort(table.parent, "--review", "--json", "found.json")
    assert done.returncode == 0, done.stderr
    rows = read_csv(table)
    assert rows[0] == ["#", "url", "label", *REVIEW]
    assert [row[1:3] for row in rows[1:]] == [[urls[i], f"label {i}"] for i in EXPECTED]
    assert [row[3] for row in rows[1:]] == [*"111122233", "", "", "", ""]
    found = json.loads((table.parent / "found.json").read_text("utf-8"))
    for row in found["rows"]:
        shown = dict(zip(REVIEW, rows[row["new_row"] - 1][3:], strict=True))
        assert shown["group"] == str(row["group"] or "")
        assert (shown["status"] == "suggested keeper") == bool(row["representative"])
        if row["group"]:
            assert shown["why"].startswith(("same picture (", "the very same file"))
            nearest = int(shown["match"].removeprefix("row "))
            assert rows[nearest - 1][3] == shown["group"] and nearest != row["new_row"]
            assert shown["size"].startswith(f"{row['width']}x{row['height']} ")
    assert next(row for row in rows if row[1].endswith("/gone.jpg"))[7].startswith("http error: ")
    assert next(row for row in rows if not row[1])[3:] == [""] * 6


def test_review_off_leaves_byte_for_byte_what_a_sort_without_review_leaves(table: Path) -> None:
    original = table.read_bytes()
    assert sort(table.parent, "--no-backup").returncode == 0
    plain = table.read_bytes()
    table.write_bytes(original)
    assert sort(table.parent, "--no-backup", "--review").returncode == 0
    assert table.read_bytes() != plain
    off = sort(table.parent, "--no-backup", "--review-off")
    assert off.returncode == 0, off.stderr
    assert table.read_bytes() == plain
    again = sort(table.parent, "--review-off")
    assert "nothing was written" in again.stdout
    assert table.read_bytes() == plain


def test_a_review_that_moves_no_row_names_what_takes_it_back_and_no_undo(table: Path) -> None:
    assert undo_command(sort(table.parent).stdout)
    columns_only = sort(table.parent, "--review")
    assert "Written: " in columns_only.stdout
    assert "To undo" not in columns_only.stdout
    assert "--review-off takes the review columns away" in columns_only.stdout


def test_a_second_review_writes_nothing_and_keeps_decisions(table: Path) -> None:
    sort(table.parent, "--review")
    rows = read_csv(table)
    rows[3][8] = "drop"
    table.write_text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows), "utf-8", newline="")
    before = table.read_bytes()
    again = sort(table.parent, "--review")
    assert "nothing was written" in again.stdout and "To undo" not in again.stdout
    assert table.read_bytes() == before
    backwards = [[above[0], *row[1:]] for above, row in zip(rows[1:], rows[:0:-1], strict=True)]
    reversed_rows = [rows[0], *backwards]
    table.write_text("".join(",".join(f'"{c}"' for c in row) + "\n" for row in reversed_rows), "utf-8", newline="")
    assert sort(table.parent).returncode == 0  # an ordinary sort takes the columns along
    after = read_csv(table)
    assert sorted(map(tuple, (row[1:] for row in after))) == sorted(map(tuple, (row[1:] for row in rows)))


@pytest.mark.parametrize("arguments", [["--review"], [], ["--review-off"], ["--calibrate"]])
def test_columns_that_were_taken_apart_stop_every_run(table: Path, arguments: list[str]) -> None:
    sort(table.parent, "--review")
    rows = [[*row[:6], "my own", *row[6:]] for row in read_csv(table)]
    table.write_text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows), "utf-8", newline="")
    before = table.read_bytes()
    refused = sort(table.parent, *arguments)
    assert refused.returncode == 1
    assert "not all of them side by side" in refused.stderr
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--review-off", "--json", "found.json"], "nothing for --json"),
        (["--apply-decisions", "none.json", "--html", "page.html"], "nothing for --html"),
        (["--review", "--overwrite-decisions"], "belongs to --apply-decisions"),
    ],
)
def test_options_that_would_be_passed_over_are_refused(table: Path, arguments: list[str], says: str) -> None:
    before = table.read_bytes()
    refused = sort(table.parent, *arguments)
    assert refused.returncode == 2
    assert says in refused.stderr
    assert table.read_bytes() == before


def test_undo_of_a_review_restores_the_order_and_says_that_the_columns_stay(table: Path, urls: list[str]) -> None:
    done = sort(table.parent, "--review")
    undone = run("sort_similar.py", *undo_command(done.stdout), cwd=table.parent)
    assert undone.returncode == 0, undone.stderr
    assert "--review-off" in undone.stdout
    rows = read_csv(table)
    assert [row[1:3] for row in rows[1:]] == [[url, f"label {i}"] for i, url in enumerate(urls)]
    assert rows[1][3] == "1" and rows[0][3:] == REVIEW


def test_a_csv_of_uneven_records_is_refused_and_left_as_it_is(table: Path) -> None:
    table.write_bytes(table.read_bytes().replace(b",label 1\r\n", b"\r\n"))
    before = table.read_bytes()
    refused = sort(table.parent, "--review")
    assert refused.returncode == 1
    assert "fields" in refused.stderr
    assert table.read_bytes() == before


@pytest.fixture
def workbook(table: Path) -> Path:
    book = openpyxl.Workbook()
    for row in read_csv(table):
        book.active.append([int(row[0]) if row[0].isdigit() else row[0], *row[1:]])
    book.save(table.parent / "foods.xlsx")
    return table.parent / "foods.xlsx"


def cells(workbook: Path) -> list[list[str]]:
    return [[str(cell or "") for cell in row] for row in openpyxl.load_workbook(workbook).active.values]


def test_a_workbook_gets_the_columns_and_gives_its_decisions_back(workbook: Path, urls: list[str]) -> None:
    def command(*more: str) -> str:
        done = run(
            "sort_similar.py", "-s", workbook.name, "-r", "B2:C", *LOOPBACK, "--no-backup", *more, cwd=workbook.parent
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command()
    plain = cells(workbook)
    command("--review")
    rows = cells(workbook)
    assert rows[0] == ["#", "url", "label", *REVIEW]
    assert [row[1] for row in rows[1:]] == [urls[i] for i in EXPECTED]
    assert [row[3] for row in rows[1:]] == [*"111122233", "", "", "", ""]
    assert "in order already" in command("--review")
    book = openpyxl.load_workbook(workbook)
    book.active["I2"], book.active["I4"], book.active["I5"] = "keep", "Drop", "ask Ann"
    book.save(workbook)
    told = command("--review-off")
    assert cells(workbook) == plain
    kept = Path(workbook.parent, told.split("are kept in ")[1].split(",")[0])
    saved = json.loads(kept.read_text("utf-8"))["decisions"]
    assert "ask Ann" in kept.read_text("utf-8")
    assert [(one["url"], one["decision"]) for one in saved] == [(rows[1][1], "keep"), (rows[3][1], "drop")]
    command("--review")
    command("--apply-decisions", str(kept))
    assert [row[8] for row in cells(workbook)[1:5]] == ["keep", "", "drop", ""]


def test_pictures_in_cells_are_refused_before_anything_is_fetched(table: Path, web) -> None:
    web.requests.clear()
    refused = sort(table.parent, "--review", "--preview-column", "A")
    assert refused.returncode == 2
    assert "foods.csv" in refused.stderr and "--html" in refused.stderr
    alone = sort(table.parent, "--preview-column", "A")
    assert alone.returncode == 2 and "belongs to --review" in alone.stderr
    assert web.requests == []


@pytest.fixture
def key(google: StandIn, urls: list[str]) -> str:
    rows: list[list[object]] = [["#", "url", "label"], *[[i, url, f"label {i}"] for i, url in enumerate(urls)]]
    return google.add_spreadsheet("example", {"Sheet1": rows, "Other": [["x"]]})


def filled(google: StandIn, key: str) -> list[list[str]]:
    return trimmed(rows_of(google, key))


def tab_of(google: StandIn, key: str) -> Any:
    """All that the stand-in knows of the first tab: values, formats, rules, notes and the size of the grid."""
    return google.dump()["files"][key]["spreadsheet"]["sheets"]


def test_google_review_moves_decisions_with_rows_and_goes_without_a_trace(
    google: StandIn, key: str, urls: list[str], tmp_path: Path
) -> None:
    here = ("-s", key, "-w", "Sheet1", "-r", "B2:C")
    plain = command(google, tmp_path, *here)
    assert plain.returncode == 0, plain.stderr
    sheet = [filled(google, key), tab_of(google, key)]
    done = command(google, tmp_path, *here, "--review")
    assert done.returncode == 0, done.stderr
    rows = rows_of(google, key)[:14]
    assert rows[0] == ["#", "url", "label", *REVIEW]
    assert [row[1:3] for row in rows[1:]] == [[urls[i], f"label {i}"] for i in EXPECTED]
    assert [row[3] for row in rows[1:]] == [*"111122233", "", "", "", ""]
    off = command(google, tmp_path, *here, "--review-off")
    assert off.returncode == 0, off.stderr
    book = google.state.files[key].book
    assert book is not None and [tab.title for tab in book.sheets] == ["Sheet1", "Other"]
    assert [filled(google, key), tab_of(google, key)] == sheet
    assert command(google, tmp_path, *here, "--review").returncode == 0
    google.labeler(key).type("I3", "drop")
    google.labeler(key).sort("B2:I14", 2, descending=True)
    again = command(google, tmp_path, *here, "--review")
    assert again.returncode == 0, again.stderr
    decided = [row for row in rows_of(google, key)[1:] if row[8]]
    assert [row[1] for row in decided] == [rows[2][1]]


def test_google_shows_the_pictures_in_an_empty_column_and_takes_them_back(
    google: StandIn, key: str, tmp_path: Path
) -> None:
    here = ("-s", key, "-w", "Sheet1", "-r", "B2:C")
    held = command(google, tmp_path, *here, "--review", "--preview-column", "A")
    assert held.returncode == 1
    assert "A2 holds something, and 12 more cells" in held.stderr, held.stderr
    google.labeler(key).do({"updateCells": {"range": {
        "sheetId": google.labeler(key).sheet.id, "startRowIndex": 1, "endRowIndex": 14, "startColumnIndex": 0,
        "endColumnIndex": 1}, "fields": "userEnteredValue"}})  # fmt: skip
    plain = command(google, tmp_path, *here)
    assert plain.returncode == 0, plain.stderr
    before = tab_of(google, key)
    done = command(google, tmp_path, *here, "--review", "--preview-column", "a")
    assert done.returncode == 0, done.stderr
    assert [row[0] for row in rows_of(google, key)[1:14]] == [f"=IMAGE($B{n})" for n in range(2, 15)]
    google.labeler(key).type("I3", "keep")
    off = command(google, tmp_path, *here, "--review-off")
    assert off.returncode == 0 and "--apply-decisions" in off.stdout, off.stderr
    assert tab_of(google, key) == before


@pytest.mark.parametrize("edit", ["insert_columns", "delete_columns", "insert_rows"])
@pytest.mark.parametrize("standing", [False, True], ids=["new", "standing"])
def test_no_word_of_a_labeler_is_lost_by_an_edit_in_the_moment_of_writing(
    google: StandIn, edit: str, *, standing: bool
) -> None:
    key = google.add_spreadsheet("Rows", {"Rows": [["id", *ROWS[0]], *[["", *row] for row in ROWS[1:]]]})
    worksheet = opened(google, key)
    hands = google.labeler(key)
    area = Area(2, 3, 2)
    at = place_columns(worksheet, area, Scope.RANGE, NAMES)
    move = Move(
        area, Scope.RANGE, worksheet.read(area, Scope.RANGE), (2, 0, 1), "one",
        columns=Columns(NAMES, at, TEXTS, looks=LOOKS),
    )  # fmt: skip
    if standing:
        worksheet.reorder(move)
        for row, word in enumerate(("keep", "drop", "keep"), start=2):
            hands.type(f"G{row}", word)
        at = place_columns(worksheet, area, Scope.RANGE, NAMES)
        area = widened(area, at, Scope.RANGE, NAMES)
        rows = worksheet.read(area, Scope.RANGE)
        texts = (("9", "new"),) * 3
        move = Move(area, Scope.RANGE, rows, (1, 2, 0), "two", columns=Columns(NAMES, at, texts, looks=LOOKS))
    before: list[list[str]] = rows_of(google, key)

    def meddle(_: State) -> None:
        getattr(google.labeler(key), edit)(1 if edit == "delete_columns" else 2)

    google.before_request(2, meddle, match=":batchUpdate")  # the first batch only marks the columns
    with pytest.raises(SheetChanged):
        worksheet.reorder(move)
    words = {"cat", "dog", "cow"}
    now: list[list[str]] = rows_of(google, key)
    for other in before[1:]:
        kept = [cell for cell in other if cell.startswith("http") or cell in words | {"keep", "drop"}]
        assert any([cell for cell in row if cell in kept] == kept for row in now), (kept, now)
    left = {cell for row in now for cell in row}
    assert words <= left
    book = google.state.files[key].book
    assert book is not None and len(book.sheets) == 1
