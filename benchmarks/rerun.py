"""Measure a run in which everything is known: no request, no decoding, just the store.

Fills a store with rows as a first run leaves them (bytes not kept), then reads them all again in a process
of its own. Nothing listens at the addresses, so that a single request would show as a failure.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image

from hashing import fingerprint
from images import Picture, Settings, Store, read_pictures
from images.store import Content, Visit

_SETTINGS = Settings(keep_bytes=False, allow_private=(ip_network("127.0.0.0/8"),), attempts=1)


def main() -> None:
    """Fill a store, read it in a second process, print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--read", metavar="STORE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(Path(options.read), options.rows[0])))
        return
    print(f"{'rows':>8}{'seconds':>10}{'CPU s':>8}{'peak MB':>9}{'store MB':>10}{'requests':>10}")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), rows)
            command = [sys.executable, __file__, "--rows", str(rows), "--read", folder]
            figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            with Store(Path(folder)) as store:
                size = store.usage().bytes / 2**20
        print(
            f"{rows:8}{figures['seconds']:10.2f}{figures['cpu']:8.2f}{figures['memory']:9.0f}{size:10.0f}"
            f"{figures['failed']:10}"
        )


def urls_of(rows: int) -> list[str]:
    """Return addresses at which nobody answers."""
    return [f"http://127.0.0.1:9/{number}.jpg" for number in range(rows)]


def fill(folder: Path, rows: int) -> None:
    """Record every row as fetched and fingerprinted."""
    rng = np.random.default_rng(1)
    made = fingerprint(Image.radial_gradient("L"))
    with Store(folder) as store:
        urls = urls_of(rows)
        for start in range(0, rows, 1000):
            visits, contents = [], []
            for url in urls[start : start + 1000]:
                sha256 = hashlib.sha256(url.encode()).hexdigest()
                hashes = rng.integers(0, 2**63, len(made.hashes), np.uint64)
                contents.append(
                    Content(sha256, "ok", "", 106_000, "JPEG", 800, 600, False, replace(made, hashes=hashes))
                )
                visits.append(Visit(url, "", "ok", "", url, sha256, time=time.time(), private=("127.0.0.1",)))
            store.record(visits, contents)


def read(folder: Path, rows: int) -> dict[str, float]:
    """Read all rows and return what it took."""
    start, cpu = time.perf_counter(), time.process_time()
    with Store(folder) as store:
        results = read_pictures(urls_of(rows), _SETTINGS, store)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "failed": sum(not isinstance(result, Picture) for result in results.values()),
    }


if __name__ == "__main__":
    main()
