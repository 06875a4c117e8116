"""Time an export: from the store beside a plain copy of the same files, and from the network beside img2dataset.

The copy is Python's own (shutil.copyfile, one after the other, nothing checked, nothing synced). img2dataset, which
compares no pictures, is run with and without resizing on the same loopback server. Prints two tables.
"""

import argparse
import csv
import hashlib
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.picture_server import serving
from export.folder import Folder
from export.memory import Memory
from images.store import Store

_ROOT = Path(__file__).resolve().parent.parent
_MODES = {
    "as they are": ("--resize_mode", "no", "--skip_reencode", "True"),
    "to 256 pixels": (),
}
"""What img2dataset is asked for: the bytes as they came (decoded and hashed, as ours are), and what it does unasked."""


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20_000, help="from the store (default: %(default)s)")
    parser.add_argument("--kilobytes", type=int, default=60, help="of a picture, on average (default: %(default)s)")
    parser.add_argument("--fetched", type=int, default=1000, help="from the network (default: %(default)s)")
    parser.add_argument(
        "--img2dataset",
        metavar="PYTHON",
        help="interpreter of an environment with img2dataset",
    )
    parser.add_argument("--rounds", type=int, default=3, help="the best one counts (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        from_store(Path(name), options)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        from_network(Path(name), options.fetched, options.img2dataset, options.rounds)


def from_store(folder: Path, options: argparse.Namespace) -> None:
    """Compare the export with a copy, turn by turn, so that a busy machine hits both."""
    with Store(folder / "store") as store:
        files = filled(store, options.pictures, options.kilobytes)
        some = dict(list(files.items())[: max(1, len(files) // 20)])  # one by one, syncing takes minutes
        steps: dict[str, tuple[int, Callable[[int], None]]] = {
            "plain copy": (len(files), lambda n: copied(store, files, folder / f"copy{n}")),
            "plain copy, each file synced": (
                len(some),
                lambda n: copied(store, some, folder / f"s{n}", synced=True),
            ),
            "export: verified, synced, renamed": (len(files), lambda n: exported(store, files, folder / f"out{n}")),
            "export again: verified, nothing to do": (len(files), lambda n: exported(store, files, folder / f"out{n}")),
        }
        best = dict.fromkeys(steps, 0.0)
        for n in range(options.rounds):
            for title, (count, step) in steps.items():
                best[title] = max(best[title], count / timed(step, n))
            for path in folder.glob(f"*[a-z]{n}"):
                shutil.rmtree(path)
    print(f"{'from the store, ' + str(len(files)) + ' files':44}{'files/s':>10}{'of the copy':>14}")
    for title, rate in best.items():
        row(title, rate, best["plain copy"])


def from_network(folder: Path, count: int, peer: str | None, rounds: int) -> None:
    """Compare the command, imports and all, with img2dataset: the same server, 64 connections each, turn by turn."""
    with serving(folder) as addresses:
        urls = [f"http://127.0.0.1:{addresses.http}/{n}.jpg" for n in range(count)]
        with (folder / "urls.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([["url"], *[[url] for url in urls]])
        steps: dict[str, Callable[[], None]] = {
            "export --no-groups": lambda: command(folder, "--no-groups"),
            "export": lambda: command(folder),
            "export, known to the store": lambda: command(folder, state="known"),
        }
        for mode, options in _MODES.items() if peer else ():
            for processes in (1, 2):
                title = f"img2dataset {mode}, {processes} process{'es' * (processes > 1)}"
                steps[title] = partial(img2dataset, folder, str(peer), processes, count, options)
        command(folder, state="known")
        times: dict[str, tuple[float, float]] = {}
        for _ in range(rounds):
            for title, step in steps.items():
                times[title] = min(times.get(title, (math.inf, 0.0)), used(step))
    print(f"{'from the network, ' + str(count) + ' pictures':44}{'files/s':>10}{'of the first':>14}{'CPU s/1000':>12}")
    ours = times["export --no-groups"][0]
    for title, (seconds, cpu) in times.items():
        print(f"{title:44}{count / seconds:10.0f}{ours / seconds:14.2f}{1000 * cpu / count:12.1f}")


def row(title: str, rate: float, base: float) -> None:
    """Print a line: the rate, and that as a share of the base's."""
    print(f"{title:44}{rate:10.0f}{rate / base:14.2f}")


def filled(store: Store, count: int, kilobytes: int) -> dict[str, str]:
    """Keep random files in the store, of half to one and a half times the size; return their hashes by name."""

    def keep(n: int) -> str:
        chance = random.Random(n)
        data = chance.randbytes(chance.randrange(kilobytes * 512, kilobytes * 1536))
        sha256 = hashlib.sha256(data).hexdigest()
        store.objects.keep(sha256, data)
        return sha256

    with ThreadPoolExecutor(8) as pool:
        return {f"{n:06}.jpg": sha256 for n, sha256 in enumerate(pool.map(keep, range(count)))}


def copied(store: Store, files: dict[str, str], out: Path, *, synced: bool = False) -> None:
    """Copy the files as a script would."""
    out.mkdir()
    for name, sha256 in files.items():
        shutil.copyfile(store.objects.path(sha256), out / name)
        if synced:
            with (out / name).open("rb") as stream:
                os.fsync(stream.fileno())


def exported(store: Store, files: dict[str, str], out: Path) -> None:
    """Write the files as the command does."""
    folder = Folder(out)
    todo = folder.standing(files, {"manifest.csv": b""}, lambda *_: None)
    folder.write(todo, Memory(files), store.open_bytes, lambda *_: None)


def command(folder: Path, *options: str, state: str = "") -> None:
    """Run download_images.py with a state folder of its own, if none is named."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        script = [sys.executable, str(_ROOT / "download_images.py"), "-s", "urls.csv", "-r", "A2:A", *options]
        script += ["-o", f"{own}/out", "--state", state or f"{own}/state"]
        finish([*script, "--allow-private", "127.0.0.0/8", "--per-host", "64"], folder)


def finish(command: list[str], folder: Path) -> None:
    """Run a program to its end, and stop with what it said where it fails."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")


def img2dataset(folder: Path, python: str, processes: int, count: int, mode: tuple[str, ...]) -> None:
    """Run img2dataset on the same addresses: 64 threads in all, and as many shards as processes, so that all work."""
    options = ["--url_list", "urls.csv", "--input_format", "csv", "--url_col", "url", "--output_format", "files"]
    options += ["--enable_wandb", "False", "--retries", "2", *mode]
    options += ["--processes_count", str(processes), "--thread_count", str(64 // processes)]
    options += ["--number_sample_per_shard", str(-(-count // processes))]
    program = "import sys; from img2dataset import download; from img2dataset.main import main; main()"
    with tempfile.TemporaryDirectory(dir=folder) as out:
        finish([python, "-c", program, *options, "--output_folder", out], folder)


def used(step: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds of a step, and the seconds of CPU of the processes that it ran and waited for."""
    before = os.times()
    seconds = timed(lambda _: step(), 0)
    after = os.times()
    return seconds, sum(after[2:4]) - sum(before[2:4])


def timed(step: Callable[[int], None], n: int) -> float:
    """Return the seconds of a step."""
    start = time.perf_counter()
    step(n)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
