"""download_images.py from outside: csv, workbooks and Google Sheets, with a real web server."""

import contextlib
import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

import download_images
from tests.end_to_end.commands import run
from tests.end_to_end.fetching_servers import Answer, serving
from tests.google.server import StandIn
from tests.pictures import encoded, family, scene
from tests.servers import WebServer, web_server

LOOPBACK = ("--allow-private", "127.0.0.0/8")
PATHS = [
    "/1/original.jpg", "/2/half.jpg", "/gone.jpg", "/3/low.webp", "", "/1/cropped.png", "/single.jpg", "/page.html",
    "/2/original.jpg", "/3/original.jpg", "/1/half.jpg", "/1/original.jpg",
]  # fmt: skip
LABELS = ["soup", "tea", "x", "Tea", "x", "soup", "../../up", "x", "tea", "Tea", "stew", ""]
READABLE = [i for i, path in enumerate(PATHS) if path not in ("", "/gone.jpg", "/page.html")]


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    files = {f"/{seed}/{name}": data for seed in (1, 2, 3) for name, data in family(seed).items()}
    files |= {"/single.jpg": encoded(scene(9)), "/page.html": b"<!doctype html><title>none</title>"}
    with web_server(files) as served:
        yield served


@pytest.fixture
def rows(web: WebServer) -> list[list[str]]:
    urls = [web.url + path if path else "" for path in PATHS]
    return [
        ["#", "url", "note", "label"],
        *[[str(i), url, "", label] for i, (url, label) in enumerate(zip(urls, LABELS, strict=True))],
    ]


@pytest.fixture
def table(tmp_path: Path, rows: list[list[str]]) -> Path:
    write_csv(tmp_path / "foods.csv", rows)
    return tmp_path


def write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def export(folder: Path, *arguments: object, sheet: str = "foods.csv") -> subprocess.CompletedProcess[str]:
    """Run the command in this process: most tests need no new one, and most of its time goes into imports."""
    command = ["-s", sheet, "-r", "B2:C", "-o", "out", *LOOPBACK, *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = download_images.main(command)
        except SystemExit as refused:  # argparse's own
            code = int(str(refused.code))
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def sort(folder: Path, *arguments: object) -> None:
    done = run("sort_similar.py", "-s", "foods.csv", "-r", "B2:D", *LOOPBACK, *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr


def as_a_person(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run("download_images.py", "-s", "foods.csv", "-r", "B2:C", "-o", "out", *LOOPBACK, *arguments, cwd=folder)


def manifest(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def tree(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def pictures(out: Path) -> set[str]:
    return {name for name in tree(out) if not name.startswith(".") and not name.endswith((".csv", ".jsonl"))}


def check(out: Path, web: WebServer) -> None:
    """Every row is in the manifest, and every file is the very bytes of its row, under its real extension."""
    for i, row in enumerate(manifest(out)):
        assert row["row"] == str(2 + i)
        if i in READABLE:
            data = (out / row["file"]).read_bytes()
            assert data == web.files[PATHS[i]]
            assert row["sha256"] == hashlib.sha256(data).hexdigest()
            assert row["file"].endswith({"webp": ".webp", "png": ".png"}.get(PATHS[i].split(".")[-1], ".jpg"))
            assert (row["status"], row["bytes"]) == ("ok", str(len(data)))
        else:
            assert (row["file"], row["sha256"]) == ("", "")
            assert row["status"] in ("blank_cell", "http_error", "not_an_image") and row["reason"]


def test_a_csv_is_exported_under_the_numbers_of_its_rows_and_not_touched(table: Path, web: WebServer) -> None:
    before = (table / "foods.csv").read_bytes()
    done = as_a_person(table)
    assert done.returncode == 0, done.stderr
    assert (table / "foods.csv").read_bytes() == before
    check(table / "out", web)
    assert {Path(name).stem for name in pictures(table / "out")} == {f"{i + 1:06}" for i in READABLE}
    for fact in ("12 rows: 9 with a picture", "3 unreadable rows", "1 http error: row 4", "9 files written"):
        assert fact in done.stdout


def test_a_workbook_is_exported_with_its_labels_as_folders(
    tmp_path: Path, rows: list[list[str]], web: WebServer
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Foods"
    for row in rows:
        book.active.append([cell or None for cell in row])
    book.save(tmp_path / "foods.xlsx")
    before = (tmp_path / "foods.xlsx").read_bytes()
    done = export(tmp_path, "--label-column", "D", "-w", "Foods", sheet="foods.xlsx")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "foods.xlsx").read_bytes() == before
    check(tmp_path / "out", web)
    assert [row["label"] for row in manifest(tmp_path / "out")] == LABELS
    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders >= {"soup", "stew", "_unlabelled"} and len(folders) == 6
    assert len({folder.lower() for folder in folders}) == 6
    assert not (tmp_path.parent / "up").exists() and not (tmp_path / "up").exists()
    assert "Label conflict in group" in done.stdout
    assert "'soup'" in done.stdout and "'stew'" in done.stdout


def test_a_google_sheet_is_only_read(tmp_path: Path, rows: list[list[str]], web: WebServer) -> None:
    with StandIn() as google:
        key = google.add_spreadsheet("example", {"Sheet1": [list(row) for row in rows]})
        before = google.labeler(key).rows()
        reach = {"HTTPS_PROXY": google.proxy, "REQUESTS_CA_BUNDLE": str(google.ca)}
        done = run(
            "download_images.py", "-s", "example", "-w", "Sheet1", "-r", "B2:C", "-a", google.credentials, "-o", "out",
            "--label-column", "D", "--names", "sha256", *LOOPBACK, cwd=tmp_path, env=reach,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert google.labeler(key).rows() == before
        assert {request.method for request in google.requests if "token" not in request.path} == {"GET"}
        (asked,) = [request.body for request in google.requests if "token" in request.path]
        assert "assertion=" in asked
        assert scopes_of(asked) == {"spreadsheets.readonly", "drive.metadata.readonly"}
    check(tmp_path / "out", web)
    assert [row["label"] for row in manifest(tmp_path / "out")] == LABELS
    for row in manifest(tmp_path / "out"):
        assert not row["file"] or row["sha256"] in row["file"]


def scopes_of(body: str) -> set[str]:
    import base64  # noqa: PLC0415 - for this function only
    from urllib.parse import parse_qs  # noqa: PLC0415

    claims = parse_qs(body)["assertion"][0].split(".")[1]
    scope = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["scope"]
    return {name.rsplit("/", 1)[-1] for name in scope.split()}


def test_a_second_run_asks_no_server_and_writes_nothing(table: Path, web: WebServer) -> None:
    export(table)
    before = {path: path.stat().st_mtime_ns for path in (table / "out").iterdir()}
    web.requests.clear()
    again = export(table)
    assert "0 files written, 9 were there already" in again.stdout
    assert not [path for path in web.requests if path not in ("/gone.jpg", "/page.html")]
    assert {path: path.stat().st_mtime_ns for path in (table / "out").iterdir()} == before


def test_the_pictures_come_from_the_store_when_a_sort_fetched_them(table: Path, web: WebServer) -> None:
    sort(table)
    web.requests.clear()
    done = export(table, "-r", "B2:D")
    assert done.returncode == 0, done.stderr
    assert not [path for path in web.requests if path not in ("/gone.jpg", "/page.html")]
    assert "Groups and families: from the last sort of these rows" in done.stdout
    groups = [row["group"] for row in manifest(table / "out")]
    assert groups == ["1", "1", "1", "1", "2", "2", "3", "3", "", "", "", ""]
    assert sum(row["representative"] == "true" for row in manifest(table / "out")) == 3


def test_without_groups_the_same_files_are_written_and_a_later_run_can_still_compare(table: Path) -> None:
    done = export(table, "--no-groups")
    assert "Groups and families: not looked for, as --no-groups was given" in done.stdout
    bare = manifest(table / "out")
    assert {row[key] for row in bare for key in ("group", "family", "block", "representative")} == {""}
    files = {name: data for name, data in tree(table / "out").items() if name in pictures(table / "out")}
    export(table)  # from the bytes in the store
    assert {name: data for name, data in tree(table / "out").items() if name in pictures(table / "out")} == files
    apart = {"group": "", "family": "", "block": "", "representative": ""}
    assert [row | apart for row in manifest(table / "out")] == bare
    assert {row["group"] for row in manifest(table / "out")} == {"", "1", "2", "3"}


def test_without_groups_those_of_a_sort_are_taken(table: Path) -> None:
    sort(table)
    done = export(table, "--no-groups", "-r", "B2:D")
    assert "Groups and families: from the last sort of these rows" in done.stdout
    assert {row["group"] for row in manifest(table / "out")} == {"", "1", "2", "3"}


def test_a_picture_that_changed_since_the_sort_says_so(table: Path, web: WebServer) -> None:
    sort(table)
    original = web.files["/single.jpg"]
    web.files["/single.jpg"] = encoded(scene(77))
    try:
        export(table, "-r", "B2:D")
        (row,) = [row for row in manifest(table / "out") if row["url"].endswith("/single.jpg")]
        assert (table / "out" / row["file"]).read_bytes() == original, "what was reviewed is exported"
        done = export(table, "-r", "B2:D", "--refresh")
    finally:
        web.files["/single.jpg"] = original
    (row,) = [row for row in manifest(table / "out") if row["url"].endswith("/single.jpg")]
    assert row["flags"] == "changed" and "The last sort saw another picture" in row["reason"]
    assert (table / "out" / row["file"]).read_bytes() == encoded(scene(77))
    assert f"Changed, so not what was reviewed or known: row {row['row']}" in done.stdout
    assert "computed now: pictures changed since the last sort" in done.stdout


@pytest.mark.parametrize("now", [None, b"<!doctype html><title>Sorry</title>", encoded(scene(5), "PNG")[:3000]])
def test_where_a_refresh_fails_the_last_good_picture_is_exported_and_says_so(
    table: Path, web: WebServer, now: bytes | None
) -> None:
    export(table)
    before, original = tree(table / "out"), web.files.pop("/single.jpg")
    if now:
        web.files["/single.jpg"] = now
    try:
        done = export(table, "--refresh", "--json", "found.json")
        (row,) = [row for row in manifest(table / "out") if row["url"].endswith("/single.jpg")]
        assert (row["status"], row["flags"], row["file"]) == ("ok", "stale", "000007.jpg")
        assert row["reason"].startswith("The live picture cannot be read now (The ")
        assert "Exported as last known, as the live picture fails: row 8 (The live picture" in done.stdout
        assert json.loads((table / "found.json").read_text("utf-8"))["summary"]["stale"] == [8]
        assert export(table, "-o", "fresh").returncode == 0
    finally:
        web.files["/single.jpg"] = original
    assert (table / "fresh" / "000007.jpg").read_bytes() == (table / "out" / "000007.jpg").read_bytes() == original
    export(table)
    assert tree(table / "out") == before


def test_where_the_store_is_lost_and_a_server_fails_the_picture_in_the_folder_stays(
    table: Path, web: WebServer
) -> None:
    export(table)
    before, original = tree(table / "out"), web.files.pop("/single.jpg")
    shutil.rmtree(table / ".curation")
    try:
        done = export(table)
    finally:
        web.files["/single.jpg"] = original
    (row,) = [row for row in manifest(table / "out") if row["url"].endswith("/single.jpg")]
    assert (row["status"], row["flags"], row["file"]) == ("ok", "stale", "000007.jpg")
    assert (row["sha256"], row["width"]) == (hashlib.sha256(original).hexdigest(), "320")
    assert "Exported as last known, as the live picture fails: row 8" in done.stdout
    changed = {name for name, data in tree(table / "out").items() if before.get(name) != data}
    assert changed == {"manifest.csv", ".export.json"}
    shutil.rmtree(table / ".curation")
    (table / "out" / "000007.jpg").write_bytes(b"no longer what was exported")
    web.files.pop("/single.jpg")
    try:
        export(table)
    finally:
        web.files["/single.jpg"] = original
    (row,) = [row for row in manifest(table / "out") if row["url"].endswith("/single.jpg")]
    assert (row["status"], row["file"]) == ("http_error", "")


def test_a_picture_whose_owner_opted_out_meanwhile_is_not_taken_from_the_store(tmp_path: Path) -> None:
    headers: dict[str, str] = {}
    with serving(lambda _: Answer(encoded(scene(3)), headers=headers)) as server:
        write_csv(tmp_path / "foods.csv", [["#", "url"], ["", f"http://127.0.0.1:{server.port}/a.jpg"]])
        assert len(manifest_of(tmp_path)) == 1
        headers["X-Robots-Tag"] = "noimageai"
        assert [row["status"] for row in manifest_of(tmp_path, "--refresh")] == ["opted_out"]


def manifest_of(folder: Path, *arguments: object) -> list[dict[str, str]]:
    assert export(folder, *arguments).returncode == 0
    return manifest(folder / "out")


@pytest.mark.parametrize("lost", ["objects", "."])
def test_a_picture_that_changed_after_the_store_lost_it_says_so(table: Path, web: WebServer, lost: str) -> None:
    export(table)
    shutil.rmtree(table / ".curation" / "store" / lost)
    original = web.files["/single.jpg"]
    web.files["/single.jpg"] = encoded(scene(77))
    try:
        done = export(table, "--names", "sha256")
    finally:
        web.files["/single.jpg"] = original
    flagged = [(row["row"], row["flags"], row["reason"]) for row in manifest(table / "out") if row["flags"]]
    digits = hashlib.sha256(original).hexdigest()[:12]
    sentence = {"objects": "Another picture was here when it was last read", ".": "The last export had another"}[lost]
    assert [(row, flags) for row, flags, _ in flagged] == [("8", "changed")]
    assert flagged[0][2].startswith(sentence) and digits in flagged[0][2]
    assert "Changed, so not what was reviewed or known: row 8" in done.stdout


def test_pictures_that_the_store_did_not_keep_are_fetched_once_more(table: Path) -> None:
    sort(table, "--no-keep-bytes")
    assert not list((table / ".curation" / "store" / "objects").glob("*/*"))
    done = export(table, "-r", "B2:D", "--no-keep-bytes")
    assert done.returncode == 0, done.stderr
    assert len(pictures(table / "out")) == 9
    assert not list((table / ".curation" / "store" / "objects").glob("*/*"))


def test_damaged_pictures_in_the_store_are_fetched_again(table: Path) -> None:
    sort(table)
    for path in (table / ".curation" / "store" / "objects").glob("*/*"):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = export(table, "-r", "B2:D")
    assert done.returncode == 0, done.stderr
    for row in manifest(table / "out"):
        data = (table / "out" / row["file"]).read_bytes() if row["file"] else b""
        assert hashlib.sha256(data).hexdigest() == row["sha256"] or not row["file"]
    assert len(pictures(table / "out")) == 9


def test_a_dry_run_writes_nothing_and_shows_what_the_real_run_writes(table: Path) -> None:
    dry = export(table, "--dry-run", "--json", "plan.json")
    assert dry.returncode == 0
    assert not (table / "out").exists()
    planned = {row["file"] for row in json.loads((table / "plan.json").read_text("utf-8"))["rows"]} - {None}
    assert all(file in dry.stdout for file in planned)
    export(table, "--json", "done.json")
    assert pictures(table / "out") == planned
    plan, real = (json.loads((table / name).read_text("utf-8")) for name in ("plan.json", "done.json"))
    assert {key: plan[key] for key in plan if key != "summary"} == {key: real[key] for key in real if key != "summary"}


def test_the_json_holds_every_documented_key(table: Path) -> None:
    export(table, "--json", "found.json", "--splits", "train=1,test=1", "--label-column", "D", "--manifest", "jsonl")
    found = json.loads((table / "found.json").read_text("utf-8"))
    documented = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")
    for key in [*found, *found["rows"][0], *found["summary"]]:
        assert f"`{key}`" in documented, key
    lines = (table / "out" / "manifest.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == found["rows"]


def test_files_that_no_row_owns_any_more_are_told_and_removed_on_request(table: Path, rows: list[list[str]]) -> None:
    export(table)
    before = pictures(table / "out")
    write_csv(table / "foods.csv", [rows[0], *rows[5:]])
    (table / "out" / "mine.txt").write_text("mine")
    done = export(table)
    left = len(before - {row["file"] for row in manifest(table / "out")})
    assert f"{left} files of earlier exports belong to no row any more (--clean removes them):" in done.stdout
    assert all(name in done.stdout for name in before - {row["file"] for row in manifest(table / "out")})
    assert before < pictures(table / "out")
    cleaned = export(table, "--clean")
    assert left > 3 and f"Removed {left} files" in cleaned.stdout
    files = {row["file"] for row in manifest(table / "out")} - {""}
    assert pictures(table / "out") == files | {"mine.txt"}


def test_what_another_split_format_or_manifest_left_is_named_and_cleaned(table: Path) -> None:
    splits = ["--splits", "train=1,test=1", "--label-column", "D"]
    export(table, *splits, "--format", "huggingface", "--manifest", "jsonl", "--seed", "1")
    first = {name for name in tree(table / "out") if not name.startswith(".")}
    export(table, *splits, "--seed", "2", "-o", "fresh")
    wanted = tree(table / "fresh")
    done = export(table, *splits, "--seed", "2")
    left = first - wanted.keys()
    assert {"train/metadata.csv", "test/metadata.csv", "manifest.jsonl"} <= left
    assert all(name in done.stdout for name in left), "each is named"
    assert "whoever loads the whole folder loads them too" in done.stdout
    assert f"Removed {len(left)} files" in export(table, *splits, "--seed", "2", "--clean").stdout
    assert {name: data for name, data in tree(table / "out").items() if name != ".export.json"} == {
        name: data for name, data in wanted.items() if name != ".export.json"
    }


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permissions of this kind")
def test_a_leftover_that_cannot_be_removed_is_said_after_the_whole_summary(table: Path, rows: list[list[str]]) -> None:
    export(table, "--label-column", "D")
    (file,) = [row["file"] for row in manifest(table / "out") if row["label"] == "stew"]
    write_csv(table / "foods.csv", [*rows[:11], rows[12]])
    (table / "out" / "stew").chmod(0o555)
    done = export(table, "--label-column", "D", "--clean", "--json", "found.json")
    (table / "out" / "stew").chmod(0o755)
    assert done.returncode == 1 and "1 cannot be removed. The export is complete." in done.stderr
    assert f"Not removed: {file} (its folder is read-only)" in done.stdout
    assert json.loads((table / "found.json").read_text("utf-8"))["summary"]["kept_as_stuck"] == {
        file: "its folder is read-only"
    }
    assert export(table, "--label-column", "D", "--clean").returncode == 0
    assert not (table / "out" / "stew").exists()


def test_a_file_that_somebody_changed_is_replaced_and_named(table: Path) -> None:
    export(table)
    before = tree(table / "out")
    (table / "out" / "000007.jpg").write_bytes(b"cropped by hand")
    assert "Replaced, as somebody changed them since they were exported: 000007.jpg" in export(table).stdout
    assert tree(table / "out") == before


def test_a_file_of_others_stops_the_run_before_it_writes(table: Path) -> None:
    (table / "out").mkdir()
    (table / "out" / "000001.jpg").write_bytes(b"the only copy")
    stopped = export(table)
    assert stopped.returncode == 2
    assert "is there already" in stopped.stderr
    assert tree(table / "out") == {"000001.jpg": b"the only copy"}


def test_files_of_others_that_hold_the_very_pictures_never_become_ours(tmp_path: Path, web: WebServer) -> None:
    mine = {"000001.jpg": web.files["/single.jpg"], "000002.jpg": web.files["/1/original.jpg"]}
    for name, data in mine.items():
        (tmp_path / name).write_bytes(data)
    write_csv(tmp_path / "s.csv", [["url"], *[[name] for name in mine]])
    first = export(tmp_path, "-r", "A2:B", "-o", ".", sheet="s.csv")
    assert "0 files written, 2 were there already" in first.stdout
    write_csv(tmp_path / "s.csv", [["url"], *[[name] for name in reversed(mine)]])
    for options in ([], ["--clean"], ["--clean", "--names", "sha256"]):
        done = export(tmp_path, "-r", "A2:B", "-o", ".", *options, sheet="s.csv")
        assert ("is there already" in done.stderr) == ("--names" not in options)
        (tmp_path / ".export.json").unlink(missing_ok=True)
        assert {name: (tmp_path / name).read_bytes() for name in mine} == mine


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "foods.csv"], "is a file"),
        (["-o", ".curation/store/x"], "inside the store"),
        (["-o", ".curation"], "is the state folder"),
        (["-o", ".curation/results"], "is the state folder"),
        (["--splits", "train"], "Splits look like"),
        (["--label-column", "4"], "is not a column"),
        (["--format", "classes"], "--label-column D"),
        (["--names", "size"], "is not a column"),
        (["--label-column", "C"], "Column C holds nothing"),
        (["-r", "B"], "is not understood"),
        (["--json", "missing/found.json"], "--json"),
        (["-o", ".", "--json", "000001.jpg"], "inside the output folder"),
        (["-o", ""], "name is empty"),
        (["--no-groups", "--splits", "train=50,test=50"], "--no-groups looks for none"),
        (["--no-groups", "--keep", "one"], "--no-groups looks for none"),
    ],
)
def test_what_cannot_work_is_said_before_any_work(table: Path, web: WebServer, arguments: list[str], said: str) -> None:
    web.requests.clear()
    refused = export(table, *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not web.requests
    assert not (table / "out").exists()


def test_the_sheet_itself_is_never_overwritten(tmp_path: Path, rows: list[list[str]]) -> None:
    write_csv(tmp_path / "manifest.csv", rows)
    before = (tmp_path / "manifest.csv").read_bytes()
    for folder in (".", tmp_path):
        refused = run("download_images.py", "-s", "manifest.csv", "-r", "B2:C", *LOOPBACK, "-o", folder, cwd=tmp_path)
        assert refused.returncode in (1, 2)
        assert (tmp_path / "manifest.csv").read_bytes() == before


def test_strict_says_that_rows_were_unreadable(table: Path) -> None:
    assert export(table, "--strict").returncode == 3
    assert len(pictures(table / "out")) == 9


def test_keep_one_exports_one_of_each_group(table: Path) -> None:
    export(table, "--keep", "one")
    rows = manifest(table / "out")
    kept = [row for row in rows if row["file"]]
    assert len(kept) == 4 and all(row["representative"] in ("true", "") for row in kept)
    assert sum(row["status"] == "left_out" for row in rows) == 5


def test_every_family_is_in_one_split(table: Path) -> None:
    done = export(table, "--splits", "train=50,test=50", "--seed", "3")
    rows = [row for row in manifest(table / "out") if row["file"]]
    assert all(row["file"].startswith(f"{row['split']}/") for row in rows)
    assert all(len({row["split"] for row in rows if row["family"] == f}) == 1 for f in ("1", "2", "3"))
    assert "% of 50 %" in done.stdout


def test_suspected_placeholders_stay_out_unless_asked_for(tmp_path: Path, web: WebServer) -> None:
    gone = encoded(scene(50))
    web.files |= {f"/lost/{i}.jpg": gone for i in range(3)}
    write_csv(tmp_path / "foods.csv", [["#", "url"], *[["", f"{web.url}/lost/{i}.jpg"] for i in range(3)]])
    done = export(tmp_path)
    assert "3 left out as suspected placeholders: rows 2, 3, 4" in done.stdout
    assert pictures(tmp_path / "out") == set()
    assert {row["status"] for row in manifest(tmp_path / "out")} == {"left_out"}
    export(tmp_path, "--placeholders")
    assert len(pictures(tmp_path / "out")) == 3


def test_class_folders_load_as_image_folder_documents_it(table: Path) -> None:
    export(table, "--label-column", "D")
    loaded = image_folder(table / "out")
    rows = [row for row in manifest(table / "out") if row["file"]]
    assert {(path.as_posix(), name) for path, name in loaded} == {
        (row["file"], row["file"].split("/")[0]) for row in rows
    }
    for path, _ in loaded:
        with Image.open(table / "out" / path) as opened:
            opened.load()


def image_folder(root: Path) -> list[tuple[Path, str]]:
    """Read a folder as torchvision documents its ImageFolder (torchvision itself brings 200 MB and more).

    https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html: classes are the
    folders of the root in alphabetical order, each must hold a picture by its extension.
    """
    extensions = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    assert classes
    found = []
    for name in classes:
        files = [p for p in sorted((root / name).rglob("*")) if p.name.lower().endswith(extensions)]
        assert files, f"ImageFolder refuses a class without pictures: {name}"
        found += [(p.relative_to(root), name) for p in files]
    return found


def test_the_metadata_loads_as_hugging_face_documents_it(table: Path) -> None:
    export(table, "--label-column", "D", "--format", "huggingface", "--splits", "train=50,test=50", "--seed", "3")
    rows = {row["file"]: row for row in manifest(table / "out") if row["file"]}
    seen = set()
    for split in ("train", "test"):
        with (table / "out" / split / "metadata.csv").open(newline="", encoding="utf-8") as stream:
            for entry in csv.DictReader(stream):
                file = f"{split}/{entry['file_name']}"
                assert (rows[file]["label"] or "_unlabelled", rows[file]["url"]) == (entry["label"], entry["url"])
                seen.add(file)
    assert seen == set(rows) == pictures(table / "out")


def test_the_datasets_library_loads_it(table: Path) -> None:
    datasets = pytest.importorskip(
        "datasets", reason="Hugging Face's datasets brings 400 MB: pip install datasets, and run this test again"
    )
    export(table, "--label-column", "D", "--format", "huggingface", "--splits", "train=50,test=50", "--seed", "3")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(table / "out"), cache_dir=str(table / "cache"))
    rows = [row for row in manifest(table / "out") if row["file"]]
    assert {split: len(part) for split, part in loaded.items()} == {
        split: sum(row["split"] == split for row in rows) for split in ("train", "test")
    }
    for split, part in loaded.items():
        expected = sorted((row["label"] or "_unlabelled", int(row["width"])) for row in rows if row["split"] == split)
        assert sorted((entry["label"], entry["image"].width) for entry in part) == expected


def test_a_side_that_somebody_wrote_into_the_memory_leads_nowhere(table: Path) -> None:
    export(table, "--splits", "train=1,test=1")
    before = pictures(table / "out")
    memory = table / "out" / ".export.json"
    saved = json.loads(memory.read_text("utf-8"))
    memory.write_text(json.dumps({**saved, "sides": dict.fromkeys(saved["sides"], "../../evil")}), "utf-8")
    done = export(table, "--splits", "train=1,test=1")
    assert done.returncode == 0, done.stderr
    assert pictures(table / "out") == before
    assert not (table.parent / "evil").exists()
    memory.write_text(json.dumps({**saved, "sides": {key: ["train"] for key in saved["sides"]}}), "utf-8")
    refused = export(table, "--splits", "train=1,test=1")
    assert refused.returncode == 1 and "is damaged" in refused.stderr


def test_clean_keeps_the_files_of_rows_that_are_unreadable_now(table: Path, web: WebServer) -> None:
    export(table)
    before = tree(table / "out")
    original = web.files.pop("/single.jpg")
    shutil.rmtree(table / ".curation" / "store")
    memory = table / "out" / ".export.json"  # as an earlier version left it: whose files these are is not known
    memory.write_text(json.dumps({**json.loads(memory.read_text("utf-8")), "sources": {}}), "utf-8")
    try:
        done = export(table, "--clean", "--refresh")
    finally:
        web.files["/single.jpg"] = original
    assert "Kept, as the rows they may be of are still there and unreadable now: 000007.jpg" in done.stdout
    assert (table / "out" / "000007.jpg").read_bytes() == before["000007.jpg"]
    assert {name for name in tree(table / "out") if name.endswith(".jpg")} == {n for n in before if n.endswith(".jpg")}
    export(table, "--clean", "--refresh")
    assert tree(table / "out") == before


def test_a_range_without_rows_stops_before_anything_is_written_or_removed(table: Path) -> None:
    export(table)
    before = tree(table / "out")
    for options in ([], ["--clean"]):
        stopped = export(table, "-r", "B200:C", *options)
        assert stopped.returncode == 1 and "holds no rows" in stopped.stderr
        assert tree(table / "out") == before


def test_a_run_without_splits_forgets_no_side(table: Path) -> None:
    export(table, "--splits", "train=1,test=1")
    before = json.loads((table / "out" / ".export.json").read_text("utf-8"))
    export(table)
    after = json.loads((table / "out" / ".export.json").read_text("utf-8"))
    assert before["sides"] and (before["sides"], before["rules"]) == (after["sides"], after["rules"])
