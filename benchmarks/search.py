"""Nearest neighbours of a query among many fingerprints: ours beside the indexes that known tools use.

    python benchmarks/search.py [--sizes 1000,10000,100000,1000000] [--seconds 60] [--whole]

64-bit hashes that look like those of photographs: most are independent, one in ten is a copy of an earlier one with up
to 12 bits turned; queries are made likewise. Building an index is told beside the search, because a command builds it
anew in each run. `same` says whether the distances found are those of exhaustive search. With --whole each tool has a
process of its own, and what is told is the time from a started Python with NumPy and the hashes at hand to the answers:
importing the library, building, 100 queries for the K nearest, 100 within the distance; the best of three.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from hashing.nearest import Collection

K = 10
WITHIN = 10
Hashes = NDArray[np.uint64]
Ask = Callable[[Hashes], list[list[int]]]
"""Gives the sorted distances of what was found, for each query."""


def hashes(n: int, seed: int) -> Hashes:
    """Return n hashes (n,), one in ten near an earlier one."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 2**64, n, dtype=np.uint64)
    copies = np.flatnonzero(random.random(n) < 0.1)[1:]
    made[copies] = turned(made[(copies * random.random(len(copies))).astype(np.intp)], random)
    return made


def turned(some: Hashes, random: np.random.Generator) -> Hashes:
    """Return hashes with up to 12 bits turned."""
    changed = some.copy()
    for i, count in enumerate(random.integers(0, 13, len(some)).tolist()):
        for bit in random.choice(64, count, replace=False).tolist():
            changed[i] ^= np.uint64(1 << bit)
    return changed


def ours(data: Hashes) -> tuple[Ask, Ask]:
    """Compare with everything, by NumPy."""
    from hashing.nearest import Collection  # noqa: PLC0415  (with --whole everyone pays for their own imports)

    return asks_of(replace(Collection.of(data.reshape(-1, 1, 1)), compiled=False))


def ours_compiled(data: Hashes) -> tuple[Ask, Ask]:
    """Compare with everything, by the kernel; building it is told as building, and needed once in a process."""
    from hashing import nearest_numba  # noqa: PLC0415
    from hashing.nearest import Collection  # noqa: PLC0415
    from hashing.pairs_numba import AVAILABLE  # noqa: PLC0415

    if not AVAILABLE:
        raise ImportError("numba")
    nearest_numba.forget()
    collection = replace(Collection.of(data.reshape(-1, 1, 1)), compiled=True)
    collection.nearest(data[:1].reshape(1, 1), 1)
    return asks_of(collection)


def asks_of(collection: "Collection") -> tuple[Ask, Ask]:
    """Return the two searches."""
    return (
        lambda q: [one.distances.tolist() for one in collection.nearest_each(q.reshape(-1, 1, 1), K)],
        lambda q: [one.distances.tolist() for one in collection.within_each(q.reshape(-1, 1, 1), WITHIN + 1)],
    )


def bits_of(some: Hashes) -> NDArray[np.uint8]:
    """Return one column a bit, (n, 64)."""
    return np.unpackbits(some.view(np.uint8).reshape(-1, 8), axis=1)


def ball_tree(data: Hashes) -> tuple[Ask, Ask]:
    """Use scikit-learn's BallTree over bits."""
    from sklearn.neighbors import BallTree  # noqa: PLC0415  (a peer, perhaps not installed)

    tree = BallTree(bits_of(data), metric="hamming")

    def within(q: Hashes) -> list[list[int]]:
        _, found = tree.query_radius(bits_of(q), (WITHIN + 0.5) / 64, return_distance=True)
        return [sorted(np.rint(one * 64).astype(int).tolist()) for one in found]

    return lambda q: np.rint(tree.query(bits_of(q), K)[0] * 64).astype(int).tolist(), within


def kd_tree(data: Hashes) -> tuple[Ask, Ask]:
    """Use scipy's cKDTree over bits; Manhattan distance of bits is Hamming distance."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  (a peer, perhaps not installed)

    tree = cKDTree(bits_of(data).astype(np.float64))

    def within(q: Hashes) -> list[list[int]]:
        points = bits_of(q).astype(np.float64)
        found = tree.query_ball_point(points, WITHIN + 0.5, p=1)
        return [sorted(np.bitwise_count(data[rows] ^ one).tolist()) for rows, one in zip(found, q, strict=True)]

    return lambda q: np.rint(tree.query(bits_of(q).astype(np.float64), K, p=1)[0]).astype(int).tolist(), within


def bk_tree(data: Hashes) -> tuple[Ask, Ask]:
    """Use pybktree; it has no search for the K nearest, so that the radius grows until there are enough."""
    import pybktree  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415  (a peer)

    tree = pybktree.BKTree(pybktree.hamming_distance, data.tolist())

    def nearest(q: Hashes) -> list[list[int]]:
        answers = []
        for one in q.tolist():
            radius = 4
            while len(found := tree.find(one, radius)) < min(K, len(data)):
                radius += 4
            answers.append(sorted(distance for distance, _ in found)[:K])
        return answers

    return nearest, lambda q: [sorted(distance for distance, _ in tree.find(one, WITHIN)) for one in q.tolist()]


def faiss_flat(data: Hashes) -> tuple[Ask, Ask]:
    """Use faiss' exhaustive binary index."""
    import faiss  # noqa: PLC0415  (a peer, perhaps not installed)

    index = faiss.IndexBinaryFlat(64)
    index.add(data.view(np.uint8).reshape(-1, 8))

    def within(q: Hashes) -> list[list[int]]:
        limits, found, _ = index.range_search(q.view(np.uint8).reshape(-1, 8), WITHIN + 1)
        return [sorted(found[a:b].astype(int).tolist()) for a, b in itertools.pairwise(limits)]

    return lambda q: index.search(q.view(np.uint8).reshape(-1, 8), K)[0].tolist(), within


def faiss_hash(data: Hashes) -> tuple[Ask, Ask]:
    """Use faiss' multi-index hashing; it answers by radius alone, and probes one bit around each of its 4 keys."""
    import faiss  # noqa: PLC0415  (a peer, perhaps not installed)

    index = faiss.IndexBinaryMultiHash(64, 4, 16)
    index.nflip = 2
    index.add(data.view(np.uint8).reshape(-1, 8))

    def within(q: Hashes) -> list[list[int]]:
        limits, found, _ = index.range_search(q.view(np.uint8).reshape(-1, 8), WITHIN + 1)
        return [sorted(found[a:b].astype(int).tolist()) for a, b in itertools.pairwise(limits)]

    return lambda q: [[] for _ in q], within


PEERS: dict[str, tuple[Callable[[Hashes], tuple[Ask, Ask]], int]] = {
    "ours": (ours, 10**9),
    "ours, compiled": (ours_compiled, 10**9),
    "faiss flat": (faiss_flat, 10**9),
    "faiss multi-hash": (faiss_hash, 10**9),
    "BallTree": (ball_tree, 100_000),
    "cKDTree": (kd_tree, 100_000),
    "pybktree": (bk_tree, 100_000),
}
"""Each with the number of fingerprints up to which it ends within minutes."""


def exhaustive(data: Hashes, q: Hashes) -> tuple[list[list[int]], list[list[int]]]:
    """Return the right answers."""
    tables = [np.sort(np.bitwise_count(data ^ one)) for one in q]
    return [t[:K].tolist() for t in tables], [t[t <= WITHIN].tolist() for t in tables]


def timed(work: Callable[[], Any], seconds: float) -> tuple[float, Any]:
    """Return the best time of up to five runs that together take at most so long, and the answer."""
    best, spent, answer = float("inf"), 0.0, None
    for _ in range(5):
        started = time.perf_counter()
        answer = work()
        took = time.perf_counter() - started
        best, spent = min(best, took), spent + took
        if spent > seconds:
            break
    return best, answer


def measure(n: int, seconds: float) -> None:
    """Print one table."""
    data = hashes(n, 1)
    random = np.random.default_rng(2)
    queries = turned(data[random.integers(0, n, 100)], random)
    right = exhaustive(data, queries)
    found = f"K={K}: 1 query   100 queries  same   within {WITHIN}: 1   100 queries  same"
    print(f"\n{n:,} fingerprints       build   {found}")
    for name, (make, most) in PEERS.items():
        if n > most:
            print(f"  {name:<18} left out: it does not end within minutes")
            continue
        try:
            started = time.perf_counter()
            asks = make(data)
            built = time.perf_counter() - started
        except ImportError:
            print(f"  {name:<18} not installed: pip install -r benchmarks/requirements.txt")
            continue
        line = f"  {name:<18} {built:8.3f} s"
        for ask, expected in zip(asks, right, strict=True):
            one, first = timed(partial(ask, queries[:1]), seconds)
            if first and not first[0] and expected[0]:
                line += "   (no such search)                 "
                continue
            if one * 100 > 3 * seconds:
                line += f"  {one * 1e3:9.2f} ms     (too slow)  {'yes' if first == expected[:1] else 'NO':>5}"
                continue
            many, answers = timed(partial(ask, queries), seconds)
            share = sum(a == b for a, b in zip(answers, expected, strict=True))
            line += f"  {one * 1e3:9.2f} ms  {many * 1e3:9.1f} ms  {'yes' if share == 100 else f'{share} %':>5}"
        print(line, flush=True)


_CHILD = """
import sys, time
import numpy as np
started = time.perf_counter()
sys.path.insert(0, sys.argv[1])
from benchmarks.search import PEERS
stored = np.load(sys.argv[3])
nearest, within = PEERS[sys.argv[2]][0](stored["data"])
nearest(stored["queries"])
within(stored["queries"])
print(time.perf_counter() - started)
"""


def whole(n: int) -> None:
    """Print one table of processes."""
    data = hashes(n, 1)
    random = np.random.default_rng(2)
    print(f"\n{n:,} fingerprints, 200 queries, a process each")
    with tempfile.TemporaryDirectory() as here:
        stored = Path(here) / "hashes.npz"
        np.savez(stored, data=data, queries=turned(data[random.integers(0, n, 100)], random))
        for name, (_, most) in PEERS.items():
            if n > most or name == "faiss multi-hash":
                continue
            times = []
            for _ in range(3):
                command = [sys.executable, "-c", _CHILD, str(Path(__file__).resolve().parent.parent), name, str(stored)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    break
                times.append(float(done.stdout.split()[-1]))
                if times[-1] > 20:
                    break
            told = f"{min(times):8.3f} s" if times else f"   failed: {done.stderr.strip().splitlines()[-1:]}"
            print(f"  {name:<18} {told}", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--seconds", type=float, default=10.0, help="at most so long for one figure")
    parser.add_argument("--whole", action="store_true", help="processes with all they need instead of searches alone")
    options = parser.parse_args(argv)
    for n in map(int, options.sizes.split(",")):
        if options.whole:
            whole(n)
        else:
            measure(n, options.seconds)


if __name__ == "__main__":
    main()
