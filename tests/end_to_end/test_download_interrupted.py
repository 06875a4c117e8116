"""Exports that are killed, interrupted or out of space: whole files only, and the next run completes them."""

import contextlib
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.commands import arguments_of, run
from tests.end_to_end.test_fetching_interrupted import small_disk
from tests.pictures import encoded, scene

KILLS = 30 if os.environ.get("CURATION_STRESS") == "1" else 4
ROWS = 200


@pytest.fixture(scope="module")
def foods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a sheet of local pictures, all known to the store, and exports of two orders of it."""
    folder = tmp_path_factory.mktemp("foods")
    picture = encoded(scene(1, 64, 48), "PNG")
    for i in range(ROWS):
        # What follows the end of a PNG is not drawn: contents that differ, without so many pictures to make.
        (folder / f"{i}.png").write_bytes(picture + b"%d" % i * 20_000)
    write_sheet(folder, range(ROWS))
    assert run("download_images.py", *arguments("old"), cwd=folder).returncode == 0
    write_sheet(folder, [*range(7, ROWS), *range(7)])
    assert run("download_images.py", *arguments("new"), cwd=folder).returncode == 0
    shutil.copytree(folder / "old", folder / "updated")
    assert run("download_images.py", *arguments("updated"), cwd=folder).returncode == 0
    return folder


def write_sheet(folder: Path, order: range | list[int]) -> None:
    with (folder / "foods.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["url", "label"], *[[f"{i}.png", f"label {i % 3}"] for i in order]])


def arguments(out: str) -> list[str]:
    return ["-s", "foods.csv", "-r", "A2:A", "-o", out, "--label-column", "B", "--splits", "train=80,test=20"]


def tree(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def killed(folder: Path, out: str, chance: random.Random) -> None:
    """Run the export and kill it: at a random moment, most often of the writing."""
    process = subprocess.Popen(
        arguments_of("download_images.py", *arguments(out)), cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    manifest = folder / out / "manifest.csv"
    if chance.random() < 0.8:
        while manifest.exists() and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, 0.15))
    else:
        time.sleep(chance.uniform(0.2, 2))
    with contextlib.suppress(ProcessLookupError):  # it was faster
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to kill")
@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_the_next_run_ends_as_if_nothing_had_been(foods: Path, seed: int) -> None:
    out = f"killed-{seed}"
    shutil.copytree(foods / "old", foods / out)
    killed(foods, out, random.Random(seed))  # noqa: S311 - a seeded moment
    old, new, left = tree(foods / "old"), tree(foods / "updated"), tree(foods / out)
    hidden = {name for name in left if name.startswith(".")}
    for name in left.keys() - hidden:
        assert left[name] in (old.get(name), new.get(name)), f"{name} is neither the old nor the new file"
    if (complete := left.get("manifest.csv")) is not None:
        wanted = old if complete == old["manifest.csv"] else new
        assert {name: left.get(name) for name in wanted if not name.startswith(".")} == {
            name: data for name, data in wanted.items() if not name.startswith(".")
        }, "a folder with a manifest is complete"
    assert run("download_images.py", *arguments(out), cwd=foods).returncode == 0
    assert tree(foods / out) == new
    shutil.rmtree(foods / out)


def test_an_update_has_the_files_of_a_fresh_export(foods: Path) -> None:
    fresh, updated = tree(foods / "new"), tree(foods / "updated")
    assert {name: updated.get(name) for name in fresh if name != ".export.json"} == {
        name: data for name, data in fresh.items() if name != ".export.json"
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT and SIGTERM to send to another process")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_says_how_to_go_on(foods: Path, number: signal.Signals, code: int) -> None:
    out = f"interrupted-{code}"
    for attempt in range(8):  # the writing takes a moment only: the signal may come too late
        shutil.rmtree(foods / out, ignore_errors=True)
        shutil.copytree(foods / "old", foods / out)
        process = subprocess.Popen(
            arguments_of("download_images.py", *arguments(out)), cwd=foods, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said.startswith("Fetching")
        while attempt < 6 and (foods / out / "manifest.csv").exists() and process.poll() is None:
            time.sleep(0.0005)
        process.send_signal(number)
        said += process.communicate(timeout=30)[1]
        if process.returncode:
            break
    assert process.returncode == code, said
    assert "run the same command again to go on" in said
    assert not [name for name in tree(foods / out) if name.startswith(".export-part")]
    assert run("download_images.py", *arguments(out), cwd=foods).returncode == 0
    assert tree(foods / out) == tree(foods / "updated")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
def test_an_interruption_after_the_last_write_says_that_the_export_is_complete(foods: Path) -> None:
    reader, writer = os.pipe()  # full, so that the summary waits
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 512)
    os.set_blocking(writer, True)
    process = subprocess.Popen(
        arguments_of("download_images.py", *arguments("late")),
        cwd=foods,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    lock = foods / "late" / ".export-lock"
    while not (foods / "late" / ".export.json").exists() or lock.exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    os.close(reader)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130, said
    assert f"The export into {foods / 'late'} is complete" in said and "not complete" not in said


def test_a_disk_that_is_too_small_is_said_before_a_file_is_written(foods: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1M") as disk:
        stopped = run("download_images.py", *arguments(str(disk / "out")), cwd=foods)
        assert stopped.returncode == 1
        assert "MB are to be written" in stopped.stderr
        assert not list(disk.iterdir())
