"""The search for similar pairs: every pair of pictures votes.

Any pair that wins two votes of three wins one of any two, so the first cut needs phash and dhash only. Trees (BK,
ball, k-d) lose to comparing everything at every threshold, by 10 to 1000 times; see `benchmarks/pairs.py`.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hashing import pairs_numba
from hashing.banding import WIDEST_BANDED, banded_pairs
from hashing.vote import Ballot

MOST_PAIRS: Final = 10_000_000
"""Beyond this many similar pairs only the closest of each picture are kept; 100,000 mixed photographs have 9.3
million at diff 20, 400,000 copies of one picture would have 80 billion."""
_KEPT_PAIRS: Final = 3_000_000
_CROWDED: Final = 5_000
"""Similar pictures of one picture above which they are counted instead of listed and sorted."""
_FEW: Final = 32
"""Rows whose similar pictures are listed at a time."""
_BLOCK: Final = 512
"""Rows that a thread compares before it reports."""
_TILE: Final = (8, 8192)
"""Rows and columns compared at a time: half a megabyte of differences, which stays in a core's cache."""
_GATHERED: Final = 2**16
"""Pairs whose hashes are gathered at a time: those of all pairs may be a gigabyte."""
_WORTH_BANDING: Final = 20_000
_WORTH_COMPILING: Final = 20_000
"""Pictures from which a compiled engine makes up for the second it takes to compile."""

Hashes = NDArray[np.uint64]
Pairs = NDArray[np.intp]
Progress = Callable[[str, int, int], None]
Engine = Callable[[Hashes, Hashes, Ballot], Pairs]
"""Gives the pairs (row of the first, row of the second) that win the vote, in ascending order."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The pairs (m, 2) that win the vote, i < j, in ascending order; `bounded` says what was left out."""

    pairs: Pairs
    bounded: str | None = None


def similar_pairs(hashes: Hashes, ballot: Ballot, progress: Progress | None = None) -> Found:
    """Return the pairs of rows of `hashes` (n, 3) that win the vote, with the engine that suits n and threshold."""
    n = len(hashes)
    if ballot.threshold <= 0:
        return Found(np.empty((0, 2), np.intp))
    if ballot.usual and n >= _WORTH_BANDING and ballot.threshold <= WIDEST_BANDED and ballot.quorum >= 2:
        banded = banded_pairs(hashes, ballot, MOST_PAIRS)
        if banded is not None:
            return Found(banded)
    engine = compiled if ballot.usual and n >= _WORTH_COMPILING and pairs_numba.AVAILABLE else tiled
    return compare_all(hashes, ballot, engine, progress)


def compare_all(hashes: Hashes, ballot: Ballot, engine: Engine, progress: Progress | None = None) -> Found:
    """Return the pairs that win the vote by comparing every pair, on all cores."""
    n = len(hashes)
    found, count = [np.empty((0, 2), np.intp)], 0
    for start, pairs in _blocks(n, lambda start: _upper(hashes, start, ballot, engine)):
        found.append(pairs)
        count += len(pairs)
        if count > MOST_PAIRS:
            looked_at = sum(n - row for row in range(min(start + _BLOCK, n)))
            return _closest(hashes, ballot, engine, count / looked_at, progress)
        if progress is not None:
            progress("comparing", min(start + _BLOCK, n), n)
    return Found(np.concatenate(found))


def _blocks(n: int, work: Callable[[int], Pairs]) -> Iterator[tuple[int, Pairs]]:
    """Run `work` for the first row of every block, on all cores, and yield the results in order.

    At most a few blocks are ahead of the reader, so that an abandoned search stops at once.
    """
    cores = os.cpu_count() or 1
    starts = list(range(0, n, _BLOCK))
    with ThreadPoolExecutor(cores) as pool:
        ahead = [(start, pool.submit(work, start)) for start in starts[: 2 * cores]]
        for i, _ in enumerate(starts):
            start, future = ahead[i]
            yield start, future.result()
            if len(ahead) < len(starts):
                ahead.append((starts[len(ahead)], pool.submit(work, starts[len(ahead)])))


def _upper(hashes: Hashes, start: int, ballot: Ballot, engine: Engine) -> Pairs:
    pairs = engine(hashes[start : start + _BLOCK], hashes[start:], ballot)
    return pairs[pairs[:, 1] > pairs[:, 0]] + start


def similar_across(first: Hashes, second: Hashes, ballot: Ballot) -> Pairs:
    """Return the pairs (row of `first`, row of `second`) that win the vote, in ascending order."""
    worthwhile = ballot.usual and min(len(first), len(second)) >= _WORTH_COMPILING
    engine = compiled if worthwhile and pairs_numba.AVAILABLE else tiled
    moved = np.array([[1, 0]], np.intp)
    blocks = _blocks(len(first), lambda i: engine(first[i : i + _BLOCK], second, ballot) + i * moved)
    return np.concatenate([np.empty((0, 2), np.intp), *(pairs for _, pairs in blocks)])


def tiled(first: Hashes, second: Hashes, ballot: Ballot) -> Pairs:
    """Compare with NumPy, a tile at a time; any ballot."""
    height, width = _TILE
    rows, columns = np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)
    tile = _Tile.of(ballot)
    found = [np.empty(0, np.intp)]
    for i in range(0, len(first), height):
        for j in range(0, len(second), width):
            own, others = rows[:, i : i + height], columns[:, j : j + width]
            # Where a quarter of a million are marked or not, this is four times as fast as `argwhere`.
            near = np.flatnonzero(tile.near(own, others))
            if len(near):
                row, column = np.divmod(near, others.shape[1])
                found.append((row + i) * len(second) + (column + j))
    codes = np.sort(np.concatenate(found))
    pairs = np.stack(np.divmod(codes, max(1, len(second))), axis=1)
    if ballot.quorum > 1:
        pairs = pairs[ballot.similar(ballot.distances(first[pairs[:, 0]] ^ second[pairs[:, 1]]))]
    return pairs


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """The arrays that one tile after the other is compared in."""

    ballot: Ballot
    differ: Hashes
    bits: NDArray[np.uint8]
    distance: NDArray[Any]
    least: NDArray[Any]

    @classmethod
    def of(cls, ballot: Ballot) -> "_Tile":
        size = _TILE[0] * _TILE[1]
        # 256 bits no longer fit into a byte.
        distance = np.empty((2, size), np.uint8 if ballot.words < 4 else np.uint16)
        return cls(ballot, np.empty(size, np.uint64), np.empty(size, np.uint8), *distance)

    def near(self, rows: Hashes, columns: Hashes) -> NDArray[np.bool_]:
        """Say of all pairs, row by row, whether they may win: hashes (words of all algorithms, h) and (..., w)."""
        voters, size = len(self.ballot.algorithms), rows.shape[1] * columns.shape[1]
        # Whoever wins q votes of a wins one of any a - q + 1; ahash, the first of the usual, says least.
        for voter in range(self.ballot.quorum - 1, voters):
            out = self.least if voter == self.ballot.quorum - 1 else self.distance
            self._measure(rows, columns, voter, out[:size])
            if out is self.distance:
                np.minimum(self.least[:size], out[:size], out=self.least[:size])
        near: NDArray[np.bool_] = self.least[:size] < self.ballot.threshold
        return near

    def _measure(self, rows: Hashes, columns: Hashes, voter: int, out: NDArray[Any]) -> None:
        differ, bits = self.differ[: len(out)], self.bits[: len(out)]
        first = voter * self.ballot.words
        for word in range(first, first + self.ballot.words):
            shape = rows.shape[1], columns.shape[1]
            np.bitwise_xor(rows[word, :, None], columns[word], out=differ.reshape(shape))
            np.bitwise_count(differ, out=out if word == first else bits)
            if word > first:
                np.add(out, bits, out=out)


def compiled(first: Hashes, second: Hashes, ballot: Ballot) -> Pairs:
    """Compare with the compiled engine."""
    return pairs_numba.pairs_across(first, second, ballot.threshold, ballot.quorum)


def _closest(hashes: Hashes, ballot: Ballot, engine: Engine, share: float, progress: Progress | None) -> Found:
    """Return for each picture the pairs with its closest similar ones: least sum of distances, then lowest row.

    `share` of the pairs looked at so far are similar: where they are few, the engine finds them.
    """
    n = len(hashes)
    kept = max(4, _KEPT_PAIRS // n)

    def work(start: int) -> Pairs:
        if share * n > _CROWDED:
            return _closest_of_crowd(hashes, range(start, min(start + _BLOCK, n)), kept, ballot)
        slices = [slice(row, row + _FEW) for row in range(start, min(start + _BLOCK, n), _FEW)]
        return np.concatenate([_closest_of(hashes, rows, kept, ballot, engine) for rows in slices])

    found = []
    for start, pairs in _blocks(n, work):
        found.append(pairs)
        if progress is not None:
            progress("comparing", min(start + _BLOCK, n), n)
    pairs = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    return Found(
        pairs,
        f"More than {MOST_PAIRS:,} pairs are similar: of each picture only the {kept} closest were looked at.",
    )


def _closest_of(hashes: Hashes, rows: slice, kept: int, ballot: Ballot, engine: Engine) -> Pairs:
    pairs = engine(hashes[rows], hashes, ballot) + np.array([rows.start, 0])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    order = np.lexsort((pairs[:, 1], distances_of(hashes, pairs, ballot).sum(axis=1), pairs[:, 0]))
    pairs = pairs[order]
    closest: Pairs = pairs[np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0]) < kept]
    return closest


def _closest_of_crowd(hashes: Hashes, rows: range, kept: int, ballot: Ballot) -> Pairs:
    found = [np.empty((0, 2), np.intp)]
    for row in rows:
        distances = ballot.distances(hashes[row] ^ hashes)
        won = ballot.similar(distances)
        won[row] = False
        others = np.flatnonzero(won)
        if len(others) > kept:
            total = distances[others].sum(axis=1)
            border = int(np.searchsorted(np.cumsum(np.bincount(total)), kept))
            closer, at_border = others[total < border], others[total == border]
            others = np.concatenate([closer, at_border[: kept - len(closer)]])
        found.append(np.stack([np.full(len(others), row), others], axis=1))
    return np.concatenate(found)


def distances_of(hashes: Hashes, pairs: Pairs, ballot: Ballot) -> NDArray[Any]:
    """Return the Hamming distances of each pair, one an algorithm: (m, 3) unless others vote."""
    parts = np.array_split(pairs, len(pairs) // _GATHERED + 1)
    return np.concatenate([ballot.distances(hashes[part[:, 0]] ^ hashes[part[:, 1]]) for part in parts])
