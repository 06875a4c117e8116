"""Print how fast similar pairs are found: the vote alone by every engine and its peers, and the whole default path.

    python benchmarks/pairs.py [--rows 10000 100000] [--diffs 5 10 16 20] [--whole] [--peers]

Realistic rows are crops of real photographs (`../shared/data`), a tenth of them copies with small changes; uniform
rows are random bits. Each line runs in its own process, so that its peak memory is its own. Peers that are trees or
loops are timed on as many rows as they manage in seconds; what counts is pairs per second.
"""

import argparse
import importlib
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import near_duplicates as nd
from hashing import Ballot, Content, Fingerprint, arrange, pairs, pairs_numba
from hashing.banding import banded_pairs

Hashes = NDArray[np.uint64]


def crops(n: int, data: Path, seed: int = 3) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return n gray and colour thumbnails of random crops of the photographs; every tenth is a changed copy."""
    random = np.random.default_rng(seed)
    paths = sorted([*(data / "photos").glob("*"), *(data / "natural").glob("*")])
    photos = [np.asarray(Image.open(path).convert("RGB").resize((256, 256))) for path in paths]
    thumbnails, colours = np.empty((n, 64, 64), np.uint8), np.empty((n, 16, 16, 3), np.uint8)
    for i in range(n):
        if i % 10 == 9:
            source = int(random.integers(0, i))
            noisy = thumbnails[source] * random.uniform(0.8, 1.1) + random.normal(0, 6, (64, 64))
            thumbnails[i], colours[i] = np.clip(noisy, 0, 255), colours[source]
            continue
        photo, side = photos[int(random.integers(len(photos)))], 64 * int(random.integers(1, 4))
        y, x = random.integers(0, 257 - side, 2)
        part = photo[y : y + side, x : x + side][:, :: -1 if random.random() < 0.5 else 1]
        small = part.reshape(64, side // 64, 64, side // 64, 3).mean((1, 3))
        thumbnails[i] = small @ (0.299, 0.587, 0.114)
        colours[i] = small.reshape(16, 4, 16, 4, 3).mean((1, 3))
    return thumbnails, colours


def hashes_of(thumbnails: NDArray[np.uint8]) -> Hashes:
    """Return ahash, phash and dhash of thumbnails, by the same formulas on averaged pixels."""
    words = []
    for start in range(0, len(thumbnails), 10_000):
        gray = thumbnails[start : start + 10_000].astype(np.float32)
        small = gray.reshape(-1, 8, 8, 8, 8).mean((2, 4))
        wide = np.stack([gray[:, :, int(a) : int(a) + 8].mean(2) for a in np.linspace(0, 56, 9)], axis=2)
        wide = wide.reshape(-1, 8, 8, 9).mean(2)
        low = fft.dctn(gray.reshape(-1, 32, 2, 32, 2).mean((2, 4)), axes=(1, 2))[:, :8, :8]
        bits = (
            small > small.mean((1, 2), keepdims=True),
            low > np.median(low, (1, 2), keepdims=True),
            wide[:, :, 1:] > wide[:, :, :-1],
        )
        words.append(np.stack([np.packbits(b.reshape(len(gray), 64), axis=1).view(">u8")[:, 0] for b in bits], axis=1))
    return np.concatenate(words).astype(np.uint64)


def uniform(n: int) -> Hashes:
    """Return n rows of random bits."""
    return np.random.default_rng(1).integers(0, 2**64, (n, 3), np.uint64)


def _bits(hashes: Hashes) -> NDArray[np.uint8]:
    return np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(len(hashes), -1), axis=1)


def original(hashes: Hashes, diff: int) -> int:
    """The original program's loop: three ImageHash differences a pair."""
    imagehash: Any = importlib.import_module("imagehash")
    rows = [[imagehash.ImageHash(b.reshape(8, 8).astype(bool)) for b in np.split(row, 3)] for row in _bits(hashes)]
    return sum(
        sum(int(x - y < diff) for x, y in zip(rows[i], rows[j], strict=True)) >= 2
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
    )


def faiss(hashes: Hashes, diff: int) -> int:
    """faiss: range search on phash alone, in binary."""
    library: Any = importlib.import_module("faiss")
    words = np.ascontiguousarray(hashes[:, 1]).view(np.uint8).reshape(len(hashes), 8)
    index = library.IndexBinaryFlat(64)
    index.add(words)
    limits, _, _ = index.range_search(words, diff)
    return (int(limits[-1]) - len(words)) // 2


def ball_tree(hashes: Hashes, diff: int) -> int:
    """scikit-learn's BallTree on phash alone."""
    tree: Any = importlib.import_module("sklearn.neighbors").BallTree(_bits(hashes[:, 1:2]), metric="hamming")
    return (int(tree.query_radius(_bits(hashes[:, 1:2]), (diff - 1) / 64, count_only=True).sum()) - len(hashes)) // 2


def kd_tree(hashes: Hashes, diff: int) -> int:
    """SciPy's cKDTree on phash alone, city-block distance."""
    tree: Any = importlib.import_module("scipy.spatial").cKDTree(_bits(hashes[:, 1:2]).astype(np.float64))
    return (int(tree.count_neighbors(tree, diff - 0.5, p=1)) - len(hashes)) // 2


def bk_tree(hashes: Hashes, diff: int) -> int:
    """The tree of pybktree on phash alone."""
    words = [int(word) for word in hashes[:, 1]]
    tree: Any = importlib.import_module("pybktree").BKTree(lambda a, b: (a ^ b).bit_count(), words)
    return (sum(len(tree.find(word, diff - 1)) for word in words) - len(words)) // 2


def imagededup(hashes: Hashes, diff: int) -> int:
    """The brute-force search of imagededup over phash."""
    search: Any = importlib.import_module("imagededup.handlers.search.brute_force").BruteForce
    names = {str(i): f"{int(word):016x}" for i, word in enumerate(hashes[:, 1])}
    engine = search(names, lambda a, b: (int(a, 16) ^ int(b, 16)).bit_count())
    return sum(len(engine.search(query=word, tol=diff - 1)) - 1 for word in names.values()) // 2


PEERS: dict[str, tuple[Callable[[Hashes, int], int], int]] = {
    "the original's loop": (original, 1_000),
    "faiss IndexBinaryFlat, phash only": (faiss, 20_000),
    "sklearn BallTree, phash only": (ball_tree, 5_000),
    "scipy cKDTree, phash only": (kd_tree, 2_000),
    "pybktree, phash only": (bk_tree, 2_000),
    "imagededup brute force, phash only": (imagededup, 2_000),
}


def _engine(name: str) -> Callable[[Hashes, int], int]:
    if name == "bands":
        return lambda hashes, diff: (
            len(found) if (found := banded_pairs(hashes, Ballot(diff), 10**8)) is not None else -1
        )
    if name == "default":
        return lambda hashes, diff: len(pairs.similar_pairs(hashes, Ballot(diff)).pairs)
    engine = pairs.compiled if name == "numba" else pairs.tiled
    return lambda hashes, diff: len(pairs.compare_all(hashes, Ballot(diff), engine).pairs)


def _measure(send: Any, work: Callable[[Hashes, int], int], hashes: Hashes, diff: int) -> None:
    try:
        if work is not original:
            work(hashes[:50], diff)  # imports and compiles
        start = time.perf_counter()
        found = work(hashes, diff)
        took = time.perf_counter() - start
        send.send((found, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    except ImportError as error:
        send.send(str(error))


def line(title: str, work: Callable[[Hashes, int], int], hashes: Hashes, diff: int) -> None:
    """Run one measurement in a process of its own and print its line."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_measure, args=(send, work, hashes, diff))
    process.start()
    result = receive.recv()
    process.join()
    if isinstance(result, str):
        print(f"{title:<44} not installed: {result}")
        return
    found, took, peak = result
    n = len(hashes)
    print(
        f"{title:<44}{n:>9,}{diff:>5}{found:>13,}{took:>9.2f} s{n * n / 2e9 / took:>10.4f} G/s{peak:>8.0f} MB",
        flush=True,
    )


def whole(n: int, data: Path, diff: int) -> None:
    """Time the whole default path from fingerprints to the order of rows."""
    thumbnails, colours = crops(n, data)
    hashes = hashes_of(thumbnails)
    rows = [
        Content(
            f"{i:064x}", Fingerprint(hashes[i], thumbnails[i], colours[i], False, False, i.to_bytes(16, "big")), 1, 1
        )
        for i in range(n)
    ]
    shown: dict[str, float] = {}
    start, start_cpu = time.perf_counter(), time.process_time()
    done = arrange(
        rows, Ballot(diff), progress=lambda step, _done, _total: shown.update({step: time.perf_counter() - start})
    )
    took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"whole path, {n:,} rows, diff {diff}: {took:.1f} s ({cpu:.1f} s of CPU), {peak:.0f} MB; {done.counts}")
    print("   steps ended after", {step: round(seconds, 1) for step, seconds in shown.items()}, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=nd.DATA)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--diffs", type=int, nargs="+", default=[5, 10, 16, 20])
    parser.add_argument("--whole", action="store_true", help="time the whole default path instead")
    parser.add_argument("--peers", action="store_true", help="time the peers too")
    args = parser.parse_args()
    if args.whole:
        for n in args.rows:
            for diff in args.diffs:
                whole(n, args.data, diff)
        return
    print(f"{'':<44}{'rows':>9}{'diff':>5}{'pairs':>13}{'time':>11}{'speed':>14}{'peak':>11}")
    for n in args.rows:
        for kind, hashes in (("crops", hashes_of(crops(n, args.data)[0])), ("uniform", uniform(n))):
            for diff in args.diffs:
                for name in (
                    "NumPy",
                    *(("numba",) if pairs_numba.AVAILABLE else ()),
                    *(("bands",) if diff <= 6 else ()),
                ):
                    line(f"{kind}: {name}", _engine(name), hashes, diff)
    if args.peers:
        hashes = hashes_of(crops(20_000, args.data)[0])
        for diff in args.diffs:
            for name, (work, most) in PEERS.items():
                line(name, work, hashes[:most], diff)


if __name__ == "__main__":
    main()
