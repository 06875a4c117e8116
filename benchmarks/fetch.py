"""Compare ways to fetch pictures: the original program's, stock clients, and ours, against one loopback server.

Every picture has a host name of its own and an answer time of 50 to 200 ms. Each client runs alone, in a
process of its own; memory is that of the process and its children at their peak. Prints one table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
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
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{client} failed:\n{answer.stderr}")
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


if __name__ == "__main__":
    main()
