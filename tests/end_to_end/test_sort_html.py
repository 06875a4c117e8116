"""sort_similar.py --html from outside: when the page is written, what it says of the sheet, and what is refused."""

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.commands import run
from tests.pictures import family
from tests.servers import WebServer, web_server

NAMES = ("1/half.jpg", "2/half.jpg", "1/original.jpg", "gone.jpg", "2/low.webp", "1/half.jpg")


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_server({f"/{seed}/{name}": data for seed in (1, 2) for name, data in family(seed).items()}) as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path, web: WebServer) -> Path:
    with (tmp_path / "foods.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = [(f"{web.url}/{name}", f"label {i}", "") for i, name in enumerate(NAMES)]
        csv.writer(stream).writerows([("url", "label", "note"), *rows])
    return tmp_path


def sort(folder: Path, *arguments: object, area: str = "A2:C") -> subprocess.CompletedProcess[str]:
    return run(
        "sort_similar.py", "-s", "foods.csv", "-r", area, "--allow-private", "127.0.0.0/8", *arguments, cwd=folder
    )


def rows_of(page: Path) -> list[dict[str, Any]]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    rows: list[dict[str, Any]] = json.loads(found[1])["rows"]
    return rows


def test_after_a_sort_the_page_names_the_rows_as_they_stand_with_what_is_beside_them(folder: Path) -> None:
    done = sort(folder, "--html", "review.html")
    assert done.returncode == 0, done.stderr
    with (folder / "foods.csv").open(newline="", encoding="utf-8") as stream:
        sheet = list(csv.reader(stream))
    on_page = rows_of(folder / "review.html")
    assert [one["row"] for one in on_page] == [2, 3, 4, 5, 6]
    assert [[one["url"], one["label"], ""] for one in on_page] == sheet[1:6]
    again = sort(folder, "--html", "again.html")
    assert "in order already" in again.stdout
    assert (folder / "again.html").read_bytes() == (folder / "review.html").read_bytes()


def test_a_dry_run_and_a_preview_write_the_page_and_no_sheet(folder: Path) -> None:
    before = (folder / "foods.csv").read_bytes()
    for flag in ("--dry-run", "--preview"):
        assert sort(folder, flag, "--html", "review.html").returncode == 0
        assert [one["row"] for one in rows_of(folder / "review.html")] == [2, 4, 7, 3, 6]
        (folder / "review.html").unlink()
    assert (folder / "foods.csv").read_bytes() == before


def test_without_kept_bytes_the_page_has_gray_pictures_and_with_one_column_no_labels(folder: Path) -> None:
    done = sort(folder, "--html", "review.html", "--no-keep-bytes", "--range-only", area="A2:A")
    assert done.returncode == 0, done.stderr
    page = (folder / "review.html").read_text("utf-8")
    assert {one["label"] for one in rows_of(folder / "review.html")} == {""}
    assert page.count("data:image/jpeg;base64,") == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--html", "no/such/review.html"), "--html no/such/review.html is not a file in an existing folder"),
        (("--html", "."), "--html . is not a file"),
        (("--html", "foods.csv"), "would overwrite the spreadsheet itself"),
        (("--html", "one", "--json", "one"), "--json and --html name the same file"),
    ],
)
def test_a_page_that_cannot_be_written_stops_the_run_before_any_work(
    folder: Path, web: WebServer, arguments: tuple[str, ...], told: str
) -> None:
    web.requests.clear()
    before = (folder / "foods.csv").read_bytes()
    refused = sort(folder, *arguments)
    assert (refused.returncode, web.requests) == (2, [])
    assert told in refused.stderr.replace("\\", "/")
    assert (folder / "foods.csv").read_bytes() == before
