"""download_images.py from outside: csv, workbooks and Google Sheets, with a real web server."""

import contextlib
import csv
import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

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
