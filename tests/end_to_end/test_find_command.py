"""The commands on folders as a person runs them: a process, a folder of real files, its output and exit code."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.end_to_end.commands import arguments_of, run
from tests.pictures import encoded, family, scene
from tests.servers import web_server

SCRIPT = "find_similar.py"
HOSTILE = "<img src=x onerror=alert(1)>&\"';= \u202e.jpg"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two families of four, a picture alone, a byte-identical copy, and a file that is no picture."""
    folder = tmp_path / "photos"
    for seed in (1, 2):
        for name, data in family(seed).items():
            path = folder / f"{seed}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (folder / "alone.jpg").write_bytes(encoded(scene(9)))
    (folder / "copy 10.jpg").write_bytes((folder / "1" / "original.jpg").read_bytes())
    (folder / "notes.txt").write_text("milk")
    return folder


def _state(folder: Path) -> dict[str, str]:
    return {
        os.fsencode(path.relative_to(folder)).hex(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _find(command: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run(SCRIPT, command, *arguments, cwd=cwd)


def test_duplicates_prints_the_groups_and_writes_json_and_csv(photos: Path, tmp_path: Path) -> None:
    done = _find("duplicates", photos, "--json", "found.json", "--csv", "found.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert [len(group["pictures"]) for group in found["groups"]] == [5, 4]
    assert found["summary"]["other_files"] == 1
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(row["keeper"] == "yes" for row in rows) == 2
    assert len(rows) == 9
    assert "group 1 (family 1): 5 pictures" in done.stdout
    again = _find("duplicates", photos, "--json", "again.json", cwd=tmp_path)
    second = json.loads((tmp_path / "again.json").read_text("utf-8"))
    assert again.returncode == 0
    assert {**second, "summary": 0} == {**found, "summary": 0}


def test_search_ranks_by_distance_whatever_the_query_is_called(photos: Path, tmp_path: Path) -> None:
    query = tmp_path / "lost  picture.jpg"
    query.write_bytes(encoded(scene(2).resize((200, 150))))
    done = _find("search", "--query", query, photos, "--json", "s.json", "--png", "s.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (searched,) = json.loads((tmp_path / "s.json").read_text("utf-8"))["searches"]
    assert {Path(one["path"]).parent.name for one in searched["matches"]} == {"2"}
    assert len(searched["matches"]) == 4
    distances = [one["distance"] for one in searched["matches"]]
    assert distances == sorted(distances)
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.width == 1200
    nearest = _find("search", "--query", query, photos, "--nearest", 7, "--json", "n.json", cwd=tmp_path)
    assert nearest.returncode == 0
    ranked = json.loads((tmp_path / "n.json").read_text("utf-8"))["searches"][0]["matches"]
    assert len(ranked) == 7
    assert [one["path"] for one in ranked[:4]] == [one["path"] for one in searched["matches"]]
    assert {one["verdict"] for one in ranked[4:]} == {"-"}


def test_a_query_may_be_an_address_and_private_ones_are_refused(photos: Path, tmp_path: Path) -> None:
    with web_server({"/a.jpg": encoded(scene(1))}) as server:
        done = _find("search", "--query", server.url + "/a.jpg", photos, cwd=tmp_path)
        assert done.returncode == 1
        assert "cannot be used" in done.stderr
        assert server.requests == []
        allowed = _find(
            "search", "--query", server.url + "/a.jpg", photos, "--allow-private", "127.0.0.0/8", cwd=tmp_path
        )
    assert allowed.returncode == 0, allowed.stderr
    assert "5 found" in allowed.stdout


@pytest.mark.parametrize("options", [
    ["--algorithms", "whash"], ["--hash-algorithm", "phash", "--similarity", "90"], ["--hash-size", "16"],
    ["--algorithms", "ahash,phash,dhash,whash", "--quorum", "3", "--hash-size", "32"], ["--mirrored", "--rotated"],
], ids=" ".join)  # fmt: skip
def test_any_selection_of_hashes_finds_the_families(photos: Path, tmp_path: Path, options: list[str]) -> None:
    done = _find("duplicates", photos, *options, "--json", "found.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    for group in found["groups"]:
        seeds = {Path(path).parent.name for path in group["pictures"] if "copy" not in path}
        assert len(seeds) == 1, "pictures of two families in one group"
    assert "alone.jpg" not in str(found["groups"])
    assert sum(len(group["pictures"]) for group in found["groups"]) >= 6


def test_similarity_100_means_equal_hashes(photos: Path, tmp_path: Path) -> None:
    options = ["--similarity", "100", "--algorithms", "ahash,phash,dhash", "--quorum", "3"]
    done = _find("duplicates", photos, *options, "--json", "found.json", cwd=tmp_path)
    assert done.returncode == 0
    for group in json.loads((tmp_path / "found.json").read_text("utf-8"))["groups"]:
        assert all(evidence["distances"] == [0, 0, 0] for evidence in group["evidence"])


def test_a_dry_run_is_the_default_and_its_plan_is_what_is_done(photos: Path, tmp_path: Path) -> None:
    before = _state(photos)
    dry = _find("delete", photos, "--backup", "gone", "--json", "dry.json", cwd=tmp_path)
    assert dry.returncode == 0, dry.stderr
    assert "nothing was removed" in dry.stdout
    assert _state(photos) == before
    assert not (tmp_path / "gone").exists()
    real = _find("delete", photos, "--backup", "gone", "--yes", "--json", "real.json", cwd=tmp_path)
    assert real.returncode == 0, real.stderr
    plan, carried_out = (json.loads((tmp_path / name).read_text("utf-8"))["plan"] for name in ("dry.json", "real.json"))
    assert plan == carried_out
    planned = {path for choice in plan for path in choice["remove"]}
    assert len(planned) == 7
    assert all(not Path(path).exists() for path in planned)
    assert all(Path(choice["keep"]).exists() for choice in plan)
    assert len(_state(photos)) == len(before) - 7
    (log,) = (tmp_path / ".curation" / "removed").iterdir()
    undone = _find("delete", "--undo", log, cwd=tmp_path)
    assert undone.returncode == 0, undone.stderr
    assert _state(photos) == before
    again = _find("delete", "--undo", log, cwd=tmp_path)
    assert again.returncode == 0
    assert "Restored: 0 files, 7 were in their places already" in again.stdout


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("oldest", "half.jpg"), ("newest", "cropped.png"), ("first", "cropped.png"), ("largest", "original.jpg")],
)
def test_the_keeper_is_the_one_that_was_asked_for(tmp_path: Path, keep: str, kept: str) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for age, (name, data) in enumerate(sorted(family(3).items(), key=lambda item: item[0] != "half.jpg")):
        (folder / name).write_bytes(data)
        when = 2_000_000 if name == "cropped.png" else 1_000_000 + age
        os.utime(folder / name, (when, when))
    done = _find("delete", folder, "--keep", keep, "--json", "plan.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (choice,) = json.loads((tmp_path / "plan.json").read_text("utf-8"))["plan"]
    assert Path(choice["keep"]).name == kept


@pytest.fixture
def framed(tmp_path: Path) -> Path:
    """A picture, a smaller copy of it in so thick a frame that it is the largest file, and another picture."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "plain.png").write_bytes(encoded(scene(21), "PNG"))
    (folder / "framed.png").write_bytes(encoded(ImageOps.expand(scene(21).resize((256, 192)), 90, "black"), "PNG"))
    (folder / "other.png").write_bytes(encoded(scene(22), "PNG"))
    return folder


@pytest.mark.parametrize("more", [(), ("--algorithms", "phash,whash"), ("--mirrored",)], ids=" ".join)
def test_trim_finds_a_picture_in_a_thick_frame_and_does_not_take_the_frame_for_size(
    framed: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    plans = {}
    for options in ((), ("--trim",), ()):  # the store keeps both kinds of fingerprint apart
        done = _find("delete", framed, *options, *more, "--json", "plan.json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        plans[options] = json.loads((tmp_path / "plan.json").read_text("utf-8"))["plan"]
    plain, larger = str(framed / "plain.png"), str(framed / "framed.png")
    assert plans == {(): [], ("--trim",): [{"keep": plain, "remove": [larger]}]}


@pytest.mark.parametrize("query", ["plain.png", "framed.png"])
def test_trim_searches_inside_the_frames_of_both_sides(framed: Path, tmp_path: Path, query: str) -> None:
    found = {}
    for options in ((), ("--trim",), ("--trim", "--nearest", 2)):
        done = _find("search", framed, "--query", framed / query, *options, "--json", "found.json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        (searched,) = json.loads((tmp_path / "found.json").read_text("utf-8"))["searches"]
        found[options] = {Path(one["path"]).name: one["verdict"] for one in searched["matches"]}
    other = "plain.png" if query == "framed.png" else "framed.png"
    both = {query: "same bytes", other: "near-duplicate"}
    assert found == {(): {query: "same bytes"}, ("--trim",): both, ("--trim", "--nearest", 2): both}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps names that are no text")
def test_names_in_any_encoding_go_and_come_back(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/photos"
    os.mkdir(folder)  # noqa: PTH102
    for name, seed in (
        (b"caf\xe9.jpg", 1),
        (b"\xff\xfe.jpg", 1),
        (HOSTILE.encode().replace(b"/", b""), 1),
        (b"\n.jpg", 1),
    ):
        with open(folder + b"/" + name, "wb") as stream:  # noqa: PTH123
            stream.write(encoded(scene(seed)))
    before = _state(Path(os.fsdecode(folder)))
    done = _find("delete", "photos", "--yes", "--backup", "gone", "--csv", "t.csv", "--json", "t.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(_state(Path(os.fsdecode(folder)))) == 1
    assert b"caf\xe9.jpg" in (tmp_path / "t.csv").read_bytes()
    (group,) = json.loads((tmp_path / "t.json").read_text("utf-8"))["groups"]
    assert "photos/caf\udce9.jpg" in group["pictures"]
    assert "\u202e" not in done.stdout
    (log,) = (tmp_path / ".curation" / "removed").iterdir()
    assert _find("delete", "--undo", log, cwd=tmp_path).returncode == 0
    assert _state(Path(os.fsdecode(folder))) == before


@pytest.mark.skipif(os.name != "posix", reason="links need a right there")
def test_links_are_never_followed_by_delete(photos: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "treasure.jpg").write_bytes((photos / "1" / "original.jpg").read_bytes())
    (photos / "there").symlink_to(outside)
    (photos / "treasure.jpg").symlink_to(outside / "treasure.jpg")
    (photos / "loop").symlink_to(photos)
    done = _find("delete", photos, "--yes", "--permanently", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (outside / "treasure.jpg").exists()
    assert (photos / "treasure.jpg").is_symlink()
    refused = _find("delete", photos, "--follow-links", cwd=tmp_path)
    assert refused.returncode == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 there")
def test_a_removal_that_was_killed_is_undone(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    data = encoded(scene(1))
    for i in range(3000):
        (photos / f"{i}.jpg").write_bytes(data)
    before = _state(photos)
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            arguments_of(SCRIPT, "delete", photos, "--yes", "--backup", "gone"), cwd=tmp_path, stdout=out, stderr=out
        )
        gone, deadline = tmp_path / "gone", time.monotonic() + 100
        while process.poll() is None and time.monotonic() < deadline and len(list(gone.glob("*"))) < 20:
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert 20 <= len(list(gone.iterdir())) < 2999, (tmp_path / "out").read_text()
    (log,) = (tmp_path / ".curation" / "removed").iterdir()
    undone = _find("delete", "--undo", log, cwd=tmp_path)
    assert undone.returncode == 0, undone.stderr
    assert _state(photos) == before


@pytest.mark.parametrize(("arguments", "says"), [
    (["delete", "x", "--threshold", "40"], "hexadecimal digits"),
    (["delete", "x", "--tree-type", "KDTree"], "no tree"),
    (["search", "x", "--distance-metric=manhattan"], "Hamming"),
    (["delete", "x", "--nearest-neighbors", "5"], "not cut"),
    (["delete", "x", "--output-path", "y"], "--backup"),
    (["duplicates", "x", "-d", "65"], "64 bits"),
    (["duplicates", "x", "--similarity", "101"], "percentage"),
    (["duplicates", "x", "--similarity", "90", "-d", "3"], "not allowed"),
    (["duplicates", "x", "--algorithms", "md5"], "ahash, phash, dhash, whash"),
    (["duplicates", "x", "--quorum", "4"], "3 algorithms"),
    (["duplicates", "x", "--hash-size", "16", "--mirrored"], "--hash-size 8"),
    (["delete", "x", "--yes", "--dry-run"], "contradict"),
    (["duplicates"], "No folder"),
    (["search", "."], "--query"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")  # fmt: skip
def test_what_has_no_meaning_is_refused_before_any_work(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = _find(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_known_spellings_work(photos: Path, tmp_path: Path) -> None:
    options = ["--images-path", photos, "--hash-algorithm", "average_hash", "--hash-size", "8"]
    query = photos / "alone.jpg"
    done = _find("search", *options, "--query", query, "--nearest-neighbors", 3, "--output-path", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["search.csv", "search.html", "search.png"]
    assert "3 found" in done.stdout


def test_a_backup_inside_the_folder_is_refused(photos: Path, tmp_path: Path) -> None:
    done = _find("delete", photos, "--backup", photos / "gone", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert "inside" in done.stderr


def test_strict_tells_of_unreadable_pictures(photos: Path, tmp_path: Path) -> None:
    (photos / "cut.jpg").write_bytes(encoded(scene(3))[:2000])
    assert _find("duplicates", photos, cwd=tmp_path).returncode == 0
    assert _find("duplicates", photos, "--strict", cwd=tmp_path).returncode == 3


@pytest.mark.skipif(os.name != "posix", reason="devices are files")
def test_a_result_can_go_into_a_pipe_and_a_device_is_not_replaced(photos: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    done = _find("duplicates", photos, "--json", pipe, "--csv", "/dev/null", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(reader.communicate(timeout=60)[0])["groups"]) == 2
    assert pipe.is_fifo()
    assert Path("/dev/null").is_char_device()


def test_only_what_can_be_undone_says_so_and_a_backup_is_a_folder(photos: Path, tmp_path: Path) -> None:
    refused = _find("delete", photos, "--yes", "--backup", photos / "notes.txt", cwd=tmp_path)
    assert (refused.returncode, "is a file" in refused.stderr) == (2, True)
    above = _find("delete", photos / "1", photos / "2", "--yes", "--backup", photos, cwd=tmp_path)
    assert (above.returncode, "The backup would lie in" in above.stderr) == (2, True)
    assert not (tmp_path / ".curation" / "removed").exists()
    done = _find("delete", photos, "--yes", "--permanently", cwd=tmp_path)
    assert (done.returncode, "To undo" in done.stdout) == (0, False)
    assert len(list(photos.rglob("*"))) == 2 + 3 + 1


def test_where_no_file_could_be_moved_there_is_nothing_to_undo(photos: Path, tmp_path: Path) -> None:
    before = sorted(photos.rglob("*"))
    (tmp_path / "back").mkdir()
    for folder in (path for path in before if path.is_dir()):
        (tmp_path / "back" / folder.relative_to(photos)).write_bytes(b"in the way")
    done = _find("delete", photos, "--yes", "--backup", tmp_path / "back", cwd=tmp_path)
    assert sorted(photos.rglob("*")) == before
    assert "cannot be moved" in done.stdout and "Log: " in done.stdout
    assert "To undo" not in done.stdout


def test_two_results_never_go_into_one_file(photos: Path, tmp_path: Path) -> None:
    done = _find("duplicates", photos, "--json", "found", "--csv", tmp_path / "found", cwd=tmp_path)
    assert (done.returncode, "--json and --csv name the same file" in done.stderr) == (2, True)
    assert not (tmp_path / "found").exists()
