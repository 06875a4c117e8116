"""Runs that are interrupted, killed, or out of space: what was fetched stays, nothing is corrupt, a rerun goes on."""

import csv
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from errors import StateError
from images import Picture, Store, read_pictures
from tests.end_to_end.commands import ROOT, arguments_of
from tests.end_to_end.fetching_servers import Answer, Request, local_settings, picture, serving

STRESS = os.environ.get("CURATION_STRESS") == "1"

PROMPT = 5 if STRESS else 25
"""Seconds. Five are promised; a machine that other work keeps busy stretches them, so only a stress run insists."""

READER = """
import signal, sys
from ipaddress import ip_network
from pathlib import Path
from images import Settings, Store, read_pictures
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
urls = [f"http://127.0.0.1:{sys.argv[1]}/{n}" for n in range(int(sys.argv[3]))]
settings = Settings(allow_private=(ip_network("127.0.0.0/8"),), timeout=20)
with Store(Path(sys.argv[2])) as store:
    read_pictures(urls, settings, store, lambda done, total: print(done, flush=True))
"""


def serve(request: Request) -> Answer:
    """Serve a picture; every seventh one never comes."""
    number = int(request.path.strip("/").split(".")[0])
    return Answer(picture(number, size=(320, 240)), delay=30 if number % 7 == 6 else 0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT and SIGTERM to send to another process")
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_an_interruption_ends_soon_and_keeps_what_was_fetched(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    with serving(serve) as server:
        command = [sys.executable, "-c", READER, str(server.port), str(tmp_path / "store"), "60"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   start_new_session=True)  # fmt: skip
        assert process.stdout is not None
        while int(process.stdout.readline()) < 8:
            continue
        start = time.monotonic()
        process.send_signal(signum)
        process.communicate(timeout=60)
        seconds = time.monotonic() - start
        answered = [path for path in server.log if int(path.strip("/")) % 7 != 6]
    assert process.returncode in {code, 130}
    assert seconds < PROMPT
    assert _group_is_empty(process.pid)
    with sqlite3.connect(tmp_path / "store" / "index.sqlite") as index:
        (kept,) = index.execute("SELECT count(*) FROM fetch WHERE sha256 IS NOT NULL").fetchone()
    assert kept >= max(8, len(answered) - 4)  # all but those that were on their way


def _group_is_empty(group: int) -> bool:
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def quick(request: Request) -> Answer:
    """Serve pictures in pairs that look alike, pages and nothing, a little slowly."""
    number = int(request.path.strip("/").split(".")[0])
    if number % 9 == 8:
        return Answer(b"<html>gone</html>", delay=0.02)
    return Answer(picture(number // 2, kind="JPEG" if number % 2 else "PNG", size=(320, 240)), delay=0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 has no like on Windows")
def test_the_command_killed_at_random_moments_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    """The same result as an undisturbed run, no byte wrong, whatever the moment; one store takes all the kills."""
    kills, rows = (50, 150) if STRESS else (3, 60)
    rng = random.Random(2)  # noqa: S311  (no secret)
    with serving(quick) as server:
        table = [["url", "label"]] + [[f"http://127.0.0.1:{server.port}/{n}.jpg", str(n)] for n in range(rows)]
        undisturbed, seconds = sort(tmp_path / "once", table)
        asked = len(server.log)
        store, moments = tmp_path / "often" / "state" / "store", []
        for number in range(kills):
            if number % 5 == 2:  # begin with nothing again: every moment of a first run is to be hit
                shutil.rmtree(store, ignore_errors=True)
            moments.append(rng.uniform(0.3, seconds))
            sort(tmp_path / "often", table, kill_after=moments[-1])
            check_store(store)
        before = len(server.log)
        result, _ = sort(tmp_path / "often", table)
        repeated = len(server.log) - before
    print(f"{kills} kills within {seconds:.1f} s; {asked} requests undisturbed, {repeated} in the last run")
    assert result == undisturbed
    check_store(store)


def sort(folder: Path, table: list[list[str]], *, kill_after: float | None = None) -> tuple[dict[str, object], float]:
    """Sort a fresh csv with the real command; return what it says of the rows, and the seconds it took."""
    folder.mkdir(exist_ok=True)
    with (folder / "sheet.csv").open("w", newline="") as file:
        csv.writer(file).writerows(table)
    command = arguments_of("sort_similar.py", "-s", "sheet.csv", "-r", "A2:B", "--state", "state", "--json", "out.json",
                           "--allow-private", "127.0.0.0/8", "--no-backup")  # fmt: skip
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = process.communicate(timeout=kill_after or 120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {}, time.monotonic() - start
    assert process.returncode == 0, errors
    result = json.loads((folder / "out.json").read_text())
    return {key: result[key] for key in ("rows", "groups")}, time.monotonic() - start


def check_store(store: Path) -> None:
    """Every file is what its name says, and the index is sound."""
    for path in (store / "objects").rglob("*"):
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    if (store / "index.sqlite").exists():
        with sqlite3.connect(store / "index.sqlite") as index:
            assert index.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a small file system in memory, or skip where that is not allowed."""
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root on Linux only")
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let us mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("keep_bytes", [True, False])
def test_a_full_disk_is_a_clear_stop_and_the_run_resumes(tmp_path: Path, keep_bytes: bool) -> None:
    def padded(request: Request) -> Answer:
        return Answer(picture(int(request.path.strip("/"))) + b"\0" * 1_200_000)

    with small_disk(tmp_path / "disk", "6m" if keep_bytes else "1100k") as disk, serving(padded) as server:
        urls = [f"http://h{n}.test:{server.port}/{n}" for n in range(30)]
        settings = local_settings(keep_bytes=keep_bytes)
        with pytest.raises(StateError) as stop, Store(disk / "store") as store:
            read_pictures(urls, settings, store)
        assert "full" in stop.value.what
        check_store(disk / "store")
        subprocess.run(["mount", "-o", "remount,size=90m", str(disk)], check=True)
        with Store(disk / "store") as store:
            results = read_pictures(urls, settings, store)
        check_store(disk / "store")
        assert all(isinstance(result, Picture) for result in results.values())


def test_two_runs_at_once_share_one_store(tmp_path: Path) -> None:
    with serving(quick) as server:
        command = [sys.executable, "-c", READER, str(server.port), str(tmp_path / "store"), "60"]
        runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(2)]
        assert [run.wait(60) for run in runs] == [0, 0]
        check_store(tmp_path / "store")
        asked = len(server.log)
        with Store(tmp_path / "store") as store:
            urls = [f"http://127.0.0.1:{server.port}/{n}" for n in range(60)]
            results = read_pictures(urls, local_settings(), store)
        assert len(server.log) == asked
    assert sum(isinstance(result, Picture) for result in results.values()) == 54
