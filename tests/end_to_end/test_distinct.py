"""What was decided to be distinct never groups again: in the same sheet, another one, and after any sort."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.end_to_end.test_sort_command import read_csv, sort, write_csv
from tests.pictures import encoded, family, scene
from tests.servers import WebServer, web_server

GROUP, STATUS, DECISION = 3, 7, 8
NAMES = ("original.jpg", "half.jpg", "low.webp", "cropped.png")


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    files = {f"/{name}": data for name, data in family(1).items()} | {"/single.jpg": encoded(scene(9))}
    cropped = Image.open(io.BytesIO(files["/cropped.png"]))
    files["/again.jpg"] = encoded(cropped.convert("RGB"), quality=85)
    with web_server(files) as served:
        yield served


@pytest.fixture
def table(tmp_path: Path, web: WebServer) -> Path:
    path = tmp_path / "foods.csv"
    rows = [f"{web.url}/{name}" for name in (*NAMES, "single.jpg")]
    write_csv(path, [["#", "url", "label"], *[[str(i), url, "x"] for i, url in enumerate(rows)]])
    assert sort(tmp_path, "--review", "--no-backup").returncode == 0
    return path


def decide(table: Path, decisions: dict[str, str]) -> None:
    rows = read_csv(table)
    for row in rows[1:]:
        row[DECISION] = decisions.get(row[1].rpartition("/")[2], row[DECISION])
    write_csv(table, rows)


def column(table: Path, at: int) -> dict[str, str]:
    return {row[1].rpartition("/")[2]: row[at] for row in read_csv(table)[1:]}


def groups_of(folder: Path, name: str = "foods.csv", *arguments: str) -> dict[str, int | None]:
    """Return the group that a dry run puts each picture in."""
    done = sort(folder, "-s", name, "--dry-run", "--json", "found.json", *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / "found.json").read_text("utf-8"))
    return {row["url"].rpartition("/")[2]: row["group"] for row in found["rows"]}


def test_a_distinct_picture_leaves_its_group_and_stays_away(table: Path) -> None:
    assert set(groups_of(table.parent).values()) == {1, None}
    decide(table, {"cropped.png": "distinct"})
    done = sort(table.parent, "--review", "--no-backup")
    assert (
        "decided: 1 distinct" in done.stdout
        and "pairs kept apart, as they were decided to be distinct: 3" in done.stdout
    )
    assert column(table, GROUP) == {**dict.fromkeys(NAMES, "1"), "cropped.png": "", "single.jpg": ""}
    assert column(table, DECISION)["cropped.png"] == "distinct"
    assert column(table, STATUS)["cropped.png"] == ""
    again = sort(table.parent, "--review")
    assert "nothing was written" in again.stdout


def test_it_is_remembered_in_another_sheet_in_another_order_without_the_column(table: Path) -> None:
    decide(table, {"cropped.png": "distinct"})
    assert sort(table.parent, "--no-backup").returncode == 0
    rows = read_csv(table)
    backwards = [[str(i), *row[1:3]] for i, row in enumerate(rows[:0:-1])]
    write_csv(table.parent / "renamed.csv", [rows[0][:3], *backwards])
    assert groups_of(table.parent, "renamed.csv")["cropped.png"] is None
    shutil.rmtree(table.parent / ".curation" / "distinct")
    assert groups_of(table.parent, "renamed.csv")["cropped.png"] == 1


def test_a_dry_run_obeys_the_column_and_remembers_nothing(table: Path) -> None:
    decide(table, {"cropped.png": "Distinct "})
    assert groups_of(table.parent)["cropped.png"] is None
    assert not (table.parent / ".curation" / "distinct").exists()


def test_a_new_match_opens_the_row_again_until_it_is_judged_too(table: Path, web: WebServer) -> None:
    decide(table, {"cropped.png": "distinct"})
    sort(table.parent, "--review", "--no-backup")
    write_csv(table, [*read_csv(table), ["5", f"{web.url}/again.jpg", "x", *[""] * 6]])
    for _ in range(2):  # the decision is older than this match, however often the rows are sorted
        done = sort(table.parent, "--review", "--no-backup")
        assert "0 of 2 groups are settled" in done.stdout
        assert column(table, STATUS)["cropped.png"].startswith("open again: a new match since")
        assert column(table, GROUP)["cropped.png"] == column(table, GROUP)["again.jpg"] != ""
        assert column(table, DECISION)["cropped.png"] == "distinct"
    rows = read_csv(table)
    for row in rows:
        row[STATUS] = "" if row[STATUS].startswith("open again") else row[STATUS]
    write_csv(table, rows)
    sort(table.parent, "--review", "--no-backup")
    assert column(table, GROUP)["cropped.png"] == "" == column(table, STATUS)["cropped.png"]


def test_the_very_same_file_cannot_be_distinct_and_the_status_says_so(table: Path, web: WebServer) -> None:
    write_csv(table, [*read_csv(table), ["5", f"{web.url}/single.jpg", "x", *[""] * 6]])
    sort(table.parent, "--review", "--no-backup")
    decide(table, {"single.jpg": "distinct"})
    done = sort(table.parent, "--review", "--no-backup")
    assert done.returncode == 0, done.stderr
    assert "cannot be distinct" in column(table, STATUS)["single.jpg"]


def test_a_saved_file_that_tells_the_pictures_is_remembered_at_once(table: Path) -> None:
    found = json.loads(next((table.parent / ".curation" / "results").glob("*.json")).read_text("utf-8"))
    by = {row["url"].rpartition("/")[2]: row for row in found["rows"]}
    one = {"url": by["half.jpg"]["url"], "occurrence": 1, "decision": "distinct", "sha256": by["half.jpg"]["sha256"]}
    one["from"] = [by[name]["sha256"] for name in NAMES if name != "half.jpg"]
    (table.parent / "decisions.json").write_text(json.dumps({"schema": 1, "decisions": [one]}), "utf-8")
    assert sort(table.parent, "--apply-decisions", "decisions.json", "--no-backup").returncode == 0
    write_csv(table.parent / "plain.csv", [[*row[:3]] for row in read_csv(table)])
    assert groups_of(table.parent, "plain.csv")["half.jpg"] is None


def test_a_page_from_before_a_new_match_does_not_settle_it(table: Path, web: WebServer) -> None:
    found = json.loads(next((table.parent / ".curation" / "results").glob("*.json")).read_text("utf-8"))
    by = {row["url"].rpartition("/")[2]: row for row in found["rows"]}
    one = {
        "url": by["cropped.png"]["url"],
        "occurrence": 1,
        "decision": "distinct",
        "sha256": by["cropped.png"]["sha256"],
    }
    one["from"] = [by[name]["sha256"] for name in NAMES if name != "cropped.png"]
    (table.parent / "decisions.json").write_text(json.dumps({"schema": 1, "decisions": [one]}), "utf-8")
    write_csv(table, [*read_csv(table), ["5", f"{web.url}/again.jpg", "x", *[""] * 6]])
    sort(table.parent, "--review", "--no-backup")
    done = sort(table.parent, "--apply-decisions", "decisions.json", "--no-backup")
    assert "1 row decided to be distinct, with a new match since" in done.stdout
    assert column(table, DECISION)["cropped.png"] == ""
    sort(table.parent, "--review", "--no-backup")
    groups = column(table, GROUP)
    assert groups["cropped.png"] == groups["again.jpg"] != groups["original.jpg"]


def test_a_damaged_memory_is_one_clear_error_and_nothing_is_written(table: Path) -> None:
    before = table.read_bytes()
    folder = table.parent / ".curation" / "distinct"
    folder.mkdir()
    for damaged in ("{", "[]", '{"schema": 2, "pairs": []}', '{"schema": 1, "pairs": [["a", "b"]]}', '{"pairs": 1}'):
        (folder / "one.json").write_text(damaged, "utf-8")
        refused = sort(table.parent)
        assert refused.returncode == 1
        assert "one.json is not a file of pairs" in refused.stderr and "Traceback" not in refused.stderr
    assert table.read_bytes() == before


def test_decided_groups_sink_and_what_is_sorted_so_stays(tmp_path: Path) -> None:
    files = {f"/{seed}/{name}": data for seed in (1, 2, 3) for name, data in family(seed).items()}
    with web_server({**files, "/single.jpg": encoded(scene(9))}) as web:
        names = [f"{seed}/{name}" for seed in (1, 2, 3) for name in NAMES[:2]]
        table = tmp_path / "foods.csv"
        urls = [f"{web.url}/{name}" for name in (*names, "gone.jpg", "single.jpg")]
        write_csv(table, [["#", "url", "label"], *[[str(i), url, "x"] for i, url in enumerate(urls)]])
        assert sort(tmp_path, "--review", "--no-backup").returncode == 0
        rows = read_csv(table)
        for row, decision in zip(rows[1:5], ("keep", "drop", "keep", ""), strict=True):
            row[DECISION] = decision
        write_csv(table, rows)
        assert sort(tmp_path, "--review", "--undecided-first", "--no-backup").returncode == 0
        shown = [row[1].removeprefix(f"{web.url}/") for row in read_csv(table)[1:]]
        assert shown == [*names[2:], "single.jpg", *names[:2], "gone.jpg"]
        again = sort(tmp_path, "--review", "--undecided-first", "--no-backup")
        assert "nothing was written" in again.stdout
