"""sort_similar.py from outside, on csv files and workbooks with a real web server."""

import csv
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from PIL import ImageOps

from tests.end_to_end.commands import ROOT, arguments_of, run
from tests.pictures import encoded, family, scene
from tests.servers import WebServer, web_server

LOOPBACK = ("--allow-private", "127.0.0.0/8")


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    files = {f"/{seed}/{name}": data for seed in (1, 2, 3) for name, data in family(seed).items()}
    files |= {"/single.jpg": encoded(scene(9)), "/page.html": b"<!doctype html><title>none</title>"}
    with web_server(files) as served:
        yield served


@pytest.fixture
def urls(web: WebServer) -> list[str]:
    paths = [
        "/1/original.jpg", "/2/half.jpg", "/gone.jpg", "/3/low.webp", "", "/1/cropped.png", "/single.jpg",
        "/2/original.jpg", "/page.html", "/3/original.jpg", "/1/half.jpg", "/1/original.jpg", "/2/low.webp",
    ]  # fmt: skip
    return [web.url + path if path else "" for path in paths]


EXPECTED = [0, 5, 10, 11, 1, 7, 12, 3, 9, 6, 2, 4, 8]
"""The order of `urls` after a sort: groups by their first row, the unreadable rows last."""


def write_csv(path: Path, rows: list[list[str]]) -> bytes:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path.read_bytes()


def read_csv(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


@pytest.fixture
def table(tmp_path: Path, urls: list[str]) -> Path:
    path = tmp_path / "foods.csv"
    write_csv(path, [["#", "url", "label"], *[[str(i), url, f"label {i}"] for i, url in enumerate(urls)]])
    return path


def sort(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run("sort_similar.py", "-s", "foods.csv", "-r", "B2:C", *LOOPBACK, *arguments, cwd=folder)


def undo_command(output: str) -> list[str]:
    command = re.search(r"python \S*sort_similar\.py (--undo .*)", output)
    assert command, output
    return shlex.split(command[1])


def test_similar_pictures_become_neighbours_and_no_row_is_lost(table: Path, urls: list[str]) -> None:
    before = table.read_bytes()
    done = sort(table.parent, "--json", "found.json")
    assert done.returncode == 0, done.stderr
    rows = read_csv(table)
    assert rows[0] == ["#", "url", "label"]
    assert [row[1:] for row in rows[1:]] == [[urls[i], f"label {i}"] for i in EXPECTED]
    assert [row[0] for row in rows[1:]] == [str(i) for i in range(len(urls))]
    (backup,) = table.parent.glob("foods.backup-*.csv")
    assert backup.read_bytes() == before
    for fact in ("13 rows", "3 groups", "9 rows", "largest family has 4", "3 unreadable rows", "127.0.0.1"):
        assert fact in done.stdout
    assert "--undo" in done.stdout


def test_the_json_holds_every_documented_key(table: Path) -> None:
    sort(table.parent, "--json", "found.json")
    found = json.loads((table.parent / "found.json").read_text("utf-8"))
    assert list(found) == ["schema", "spreadsheet", "worksheet", "range", "parameters", "rows", "groups", "summary"]
    assert set(found["rows"][0]) == {
        "row", "new_row", "url", "final_url", "status", "reason", "flags", "sha256", "bytes", "format", "width",
        "height", "ahash", "phash", "dhash", "group", "family", "block", "representative",
    }  # fmt: skip
    statuses = {row["row"]: row["status"] for row in found["rows"] if row["status"] != "ok"}
    assert statuses == {4: "http_error", 6: "blank_cell", 10: "not_an_image"}
    assert [row["new_row"] for row in found["rows"]] == [2 + EXPECTED.index(i) for i in range(13)]
    group = found["groups"][0]
    assert (group["group"], group["rows"]) == (1, [2, 7, 12, 13])
    assert set(group) == {"group", "family", "rows", "representative", "evidence"}
    assert {frozenset(pair) for pair in map(tuple, group["evidence"])} == {
        frozenset({"rows", "distances", "alignment"})
    }
    linked = {row for pair in group["evidence"] for row in pair["rows"]}
    assert linked == set(group["rows"])
    assert [row["row"] for row in found["rows"] if row["group"] is None] == [4, 6, 8, 10]
    documented = (ROOT / "docs" / "result.md").read_text("utf-8")
    for key in [*found, *found["rows"][0], *group, *found["summary"]]:
        assert f"`{key}`" in documented, key


def test_sorting_twice_moves_nothing_and_asks_no_server_for_what_is_known(table: Path, web: WebServer) -> None:
    sort(table.parent, "--json", "first.json")
    after = table.read_bytes()
    web.requests.clear()
    again = sort(table.parent, "--json", "second.json")
    assert again.returncode == 0
    assert "in order already: nothing was written" in again.stdout
    assert table.read_bytes() == after
    assert not [path for path in web.requests if path not in ("/gone.jpg", "/page.html")]
    third = sort(table.parent, "--json", "third.json")
    assert third.returncode == 0
    one, two = (json.loads((table.parent / name).read_text("utf-8")) for name in ("second.json", "third.json"))
    assert {key: one[key] for key in one if key != "summary"} == {key: two[key] for key in two if key != "summary"}


def test_a_dry_run_changes_no_file_and_prints_the_plan_of_the_real_run(table: Path, urls: list[str]) -> None:
    before = table.read_bytes()
    dry = sort(table.parent, "--dry-run", "--json", "plan.json")
    assert dry.returncode == 0
    assert table.read_bytes() == before
    assert sorted(path.name for path in table.parent.iterdir()) == [".curation", "foods.csv", "plan.json"]
    assert [path.name for path in (table.parent / ".curation").iterdir()] == ["store"]
    planned = [int(line.split()[1]) - 2 for line in dry.stdout.splitlines() if re.match(r"\s+\d+\s+\d+\s", line)]
    assert planned == EXPECTED
    sort(table.parent)
    assert [row[1] for row in read_csv(table)[1:]] == [urls[i] for i in planned]


def test_a_preview_prints_a_table_per_diff_and_writes_nothing(table: Path) -> None:
    before = table.read_bytes()
    shown = sort(table.parent, "--preview")
    assert shown.returncode == 0, shown.stderr
    lines = [line.split() for line in shown.stdout.splitlines() if re.match(r"\s+\d+(\s+\d+){5}$", line)]
    assert [int(line[0]) for line in lines] == list(range(6, 25, 2))
    assert lines[5][2:] == ["3", "3", "9", "4"]
    assert table.read_bytes() == before


def test_undo_gives_the_file_back_byte_for_byte_and_a_second_one_says_so(table: Path) -> None:
    before = table.read_bytes()
    command = undo_command(sort(table.parent).stdout)
    assert table.read_bytes() != before
    undone = run("sort_similar.py", *command, cwd=table.parent)
    assert undone.returncode == 0, undone.stderr
    assert table.read_bytes() == before
    again = run("sort_similar.py", *command, cwd=table.parent)
    assert again.returncode == 1
    assert "nothing to undo" in again.stderr
    assert table.read_bytes() == before


def test_undo_keeps_what_was_typed_since_with_its_row(table: Path, urls: list[str]) -> None:
    command = undo_command(sort(table.parent).stdout)
    rows = read_csv(table)
    typed = rows[3][1]
    rows[3][2] = "a better label"
    write_csv(table, [*rows, ["13", "https://example.org/added.jpg", "added"]])
    assert run("sort_similar.py", *command, cwd=table.parent).returncode == 0
    after = read_csv(table)
    assert [row[1] for row in after[1:]] == [*urls, "https://example.org/added.jpg"]
    assert after[1 + urls.index(typed, 1)][2] == "a better label"


def test_undoing_a_run_that_never_landed_changes_nothing(table: Path) -> None:
    before = table.read_bytes()
    command = undo_command(sort(table.parent).stdout)
    table.write_bytes(before)
    file = table.parent / command[1]
    saved = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(saved | {"state": "prepared"}), "utf-8")
    refused = run("sort_similar.py", *command, cwd=table.parent)
    assert refused.returncode == 1
    assert "never landed" in refused.stderr
    assert table.read_bytes() == before


def test_labels_beside_the_range_stop_the_run_before_anything_is_fetched(table: Path, web: WebServer) -> None:
    write_csv(table, [[*row, f"d{i}"] for i, row in enumerate(read_csv(table))])
    before = table.read_bytes()
    web.requests.clear()
    stopped = sort(table.parent)
    assert stopped.returncode == 1
    assert "Column D" in stopped.stderr and "--whole-rows" in stopped.stderr
    assert not web.requests
    assert table.read_bytes() == before
    rows = read_csv(table)
    assert sort(table.parent, "--whole-rows").returncode == 0
    assert read_csv(table) == [rows[0], *[rows[1 + i] for i in EXPECTED]]


def test_a_workbook_is_sorted_and_undone(tmp_path: Path, urls: list[str]) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Foods"
    for row in [["#", "url", "label"], *[[i, url or None, f"label {i}"] for i, url in enumerate(urls)]]:
        book.active.append(row)
    book.save(tmp_path / "foods.xlsx")
    common = ("-s", "foods.xlsx", "-r", "b2:$c", *LOOPBACK)
    done = run("sort_similar.py", *common, "-w", "Foods", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert workbook_rows(tmp_path) == [[i, urls[j] or None, f"label {j}"] for i, j in enumerate(EXPECTED)]
    assert run("sort_similar.py", *undo_command(done.stdout), cwd=tmp_path).returncode == 0
    assert workbook_rows(tmp_path) == [[i, url or None, f"label {i}"] for i, url in enumerate(urls)]


def workbook_rows(folder: Path) -> list[list[object]]:
    sheet = openpyxl.load_workbook(folder / "foods.xlsx")["Foods"]
    return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]


@pytest.mark.parametrize("value", ["65", "-1", "1.5", "x", "", "٣", "1e1"])
def test_a_bad_diff_is_a_usage_error_before_any_work(table: Path, web: WebServer, value: str) -> None:
    web.requests.clear()
    refused = sort(table.parent, f"--diff={value}")
    assert refused.returncode == 2
    assert "0 to 64" in refused.stderr
    assert not web.requests


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-s", "foods.csv"],
        ["-s", "foods.csv", "-r", "B"],
        ["-s", "foods.csv", "-r", "C2:B"],
        ["-s", "foods.csv", "-w", "Tab", "-r", "B2:C"],
        ["-s", "foods.csv", "-r", "Tab!B2:C", "-w", "Other"],
        ["-s", "foods.csv", "-r", "B2:C", "--whole-rows", "--range-only"],
        ["-s", "foods.ods", "-r", "B2:C"],
        ["-s", "a title", "-r", "B2:C", "--allow-files", "."],
    ],
)
def test_a_command_that_is_not_understood_exits_with_2_and_an_error_of_its_own(table: Path, arguments) -> None:
    refused = run("sort_similar.py", *arguments, cwd=table.parent)
    assert refused.returncode == 2
    assert "rror: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [path.name for path in table.parent.iterdir()] == ["foods.csv"]


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    refused = sort(tmp_path)
    assert refused.returncode == 1
    assert "There is no file foods.csv" in refused.stderr


def test_a_header_inside_the_range_earns_a_hint(table: Path) -> None:
    common = ("-s", "foods.csv", "-r", "B:C", "--range-only", "--dry-run", *LOOPBACK)
    done = run("sort_similar.py", *common, cwd=table.parent)
    assert "'url'" in done.stdout and "header" in done.stdout


def test_unreadable_rows_matter_to_the_exit_code_only_under_strict(table: Path) -> None:
    assert sort(table.parent, "--strict").returncode == 3
    write_csv(table, [["url", "label"], ["", ""]])
    assert run("sort_similar.py", "-s", "foods.csv", "-r", "A2:A", cwd=table.parent).returncode == 0


def test_local_pictures_are_read_beside_the_workbook_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "set" / "pictures").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for i, (name, data) in enumerate(family(5).items()):
        (tmp_path / ("elsewhere" if i == 0 else "set/pictures") / name).write_bytes(data)
    names = ["pictures/half.jpg", "../elsewhere/original.jpg", "pictures/none.jpg", "pictures/low.webp"]
    write_csv(tmp_path / "set" / "foods.csv", [[name] for name in names])
    common = ("-s", "set/foods.csv", "-r", "A1:A", "--dry-run", "--json", "found.json")
    assert run("sort_similar.py", *common, cwd=tmp_path).returncode == 0
    statuses = [row["status"] for row in json.loads((tmp_path / "found.json").read_text("utf-8"))["rows"]]
    assert statuses == ["ok", "refused_path", "file_not_found", "ok"]
    assert run("sort_similar.py", *common, "--allow-files", "elsewhere", cwd=tmp_path).returncode == 0
    statuses = [row["status"] for row in json.loads((tmp_path / "found.json").read_text("utf-8"))["rows"]]
    assert statuses == ["ok", "ok", "file_not_found", "ok"]


def test_trim_finds_a_picture_in_a_thick_frame(tmp_path: Path) -> None:
    picture = scene(21)
    (tmp_path / "plain.png").write_bytes(encoded(picture, "PNG"))
    (tmp_path / "framed.png").write_bytes(encoded(ImageOps.expand(picture, 70, "black"), "PNG"))
    (tmp_path / "other.png").write_bytes(encoded(scene(22), "PNG"))
    write_csv(tmp_path / "foods.csv", [["plain.png"], ["other.png"], ["framed.png"]])
    groups = {}
    for options in ((), ("--trim",), ()):  # the store keeps both kinds of fingerprint apart
        common = ("-s", "foods.csv", "-r", "A1:A", "--dry-run", "--json", "found.json")
        assert run("sort_similar.py", *common, *options, cwd=tmp_path).returncode == 0
        found = json.loads((tmp_path / "found.json").read_text("utf-8"))
        groups[options] = [group["rows"] for group in found["groups"]]
    assert groups == {(): [], ("--trim",): [[1, 3]]}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_while_fetching_leaves_the_sheet_alone_and_ends_soon(
    table: Path, web: WebServer, number: signal.Signals, code: int
) -> None:
    before = table.read_bytes()
    web.before = lambda path: time.sleep(60 if path == "/single.jpg" else 0)
    web.requests.clear()
    try:
        process = subprocess.Popen(
            arguments_of("sort_similar.py", "-s", "foods.csv", "-r", "B2:C", *LOOPBACK),
            cwd=table.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while "/single.jpg" not in web.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(number)
        asked = time.monotonic()
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - asked < 25  # five are promised; the slow answer would have taken sixty
    finally:
        web.before = lambda _: None
    assert process.returncode == code
    assert "nothing was written" in said
    assert table.read_bytes() == before
    assert not list(table.parent.glob("*.backup-*"))
