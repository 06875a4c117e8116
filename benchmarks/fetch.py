"""Compare ways to fetch pictures: the original program's, stock clients, and ours, against one loopback server.

Every picture has a host name of its own and an answer time of 50 to 200 ms. Each client runs alone, in a
process of its own; memory is that of the process and its children at their peak. Prints one table.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.picture_server import Addresses, serving

_CLIENTS = Path(__file__).with_name("fetch_clients.py")
_TITLES = {
    "original": "the original's way: one by one, hashed",
    "requests": "requests, 64 threads, stock (fetch only)",
    "aiohttp": "aiohttp, 64 connections (fetch only)",
    "pycurl": "pycurl, 64 connections (fetch only)",
    "ours-fetching": "ours, 64 connections (fetch only)",
    "ours": "ours: fetch, decode, hash, store",
    "ours-fast": "ours, --fast-jpeg",
    "original-one-host": "the original's way, one host, plain HTTP",
    "ours-one-host": "ours, one host, plain HTTP, 64 a host",
}
_SLOW = {"original": 10, "original-one-host": 10, "requests": 2}


def main() -> None:
    """Run the clients one after the other and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000, help="how many a client fetches (slow ones fewer)")
    parser.add_argument("--rounds", type=int, default=1, help="repeat and keep each client's best round")
    parser.add_argument("--clients", nargs="+", choices=list(_TITLES), default=list(_TITLES))
    options = parser.parse_args()
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as addresses:
        for _ in range(options.rounds):
            for client in options.clients:
                count = max(40, options.pictures // _SLOW.get(client, 1))
                figures = run(client, addresses, count, Path(name))
                if client not in best or figures["rate"] > best[client]["rate"]:
                    best[client] = figures
    print(f"{'client':44}{'images/s':>10}{'CPU s/1000':>12}{'MB':>7}{'times the original':>20}")
    for client, figures in best.items():
        base = best.get("original-one-host" if client.endswith("one-host") else "original")
        times = f"{figures['rate'] / base['rate']:.1f}" if base else "-"
        print(f"{_TITLES[client]:44}{figures['rate']:10.1f}{figures['cpu']:12.2f}{figures['memory']:7.0f}{times:>20}")


def run(client: str, addresses: Addresses, count: int, folder: Path, first: int = 0) -> dict[str, float]:
    """Run one client in a process of its own and return its figures."""
    command = [sys.executable, str(_CLIENTS), client, str(addresses.https), str(addresses.http)]
    command += [str(addresses.certificate), str(count), str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        peak = _PeakMemory(process.pid)
        out, errors = process.communicate()
        memory = peak.stop()
    if process.returncode:
        raise SystemExit(f"{client} failed:\n{errors}")
    figures: dict[str, float] = json.loads(out) | {"memory": memory}
    return figures


class _PeakMemory:
    """The largest resident memory of a process and its children together, looked at 20 times a second.

    From outside: a look into a process of 70 threads costs a millisecond, which would be taken from what is measured.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._stopped = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Return the peak in MB."""
        self._stopped.set()
        self._thread.join()
        return self._peak / 2**20

    def _watch(self) -> None:
        while not self._stopped.wait(0.05):
            self._peak = max(self._peak, sum(map(_resident, [self._pid, *_children(self._pid)])))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _children(pid: int) -> list[int]:
    found: list[str] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += (task / "children").read_text().split()
    return [int(child) for child in found]


if __name__ == "__main__":
    main()
