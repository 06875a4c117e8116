"""What download_images.py leaves in its folder: nothing of others touched, leftovers told, formats that load."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.end_to_end.commands import run
from tests.end_to_end.test_download_command import (
    LOOPBACK,
    export,
    manifest,
    pictures,
    rows,
    table,
    tree,
    web,
    write_csv,
)
from tests.pictures import encoded, scene
from tests.servers import WebServer

__all__ = ["rows", "table", "web"]  # fixtures that this module shares


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
        (["-o", ".curation/decisions"], "is the state folder"),
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
