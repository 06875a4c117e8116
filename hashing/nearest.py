"""Nearest neighbours by Hamming distance, exactly: every fingerprint is compared, which beats every tree here.

The distance of two pictures under a quorum q is the q-th smallest of their distances, one an algorithm: they are
similar at every threshold above it. With one algorithm it is that hash's Hamming distance.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hashing import nearest_numba
from hashing.pairs_numba import AVAILABLE

_MUCH: Final = 5e9
"""Words to be compared from which on it pays to compile: NumPy takes a second for each thousand million."""
_COLUMNS: Final = 256
_FEW: Final = 16
"""For up to 16 nearest, the smallest of each of 256 columns bounds their distance; for more, as many more columns."""

Hashes = NDArray[np.uint64]
Distances = NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """What was found for one query, nearest first: rows (k,), their distances (k,), and those an algorithm (k, a)."""

    rows: NDArray[np.intp]
    distances: Distances
    each: Distances


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """n fingerprints to be searched: `words` is (a, w, n), each word of each algorithm's hash in one row.

    With `compiled` they are searched by a kernel that takes seconds to build, once in a process.
    """

    words: Hashes
    compiled: bool = False

    @classmethod
    def of(cls, hashes: Hashes, queries: int = 1) -> "Collection":
        """Take hashes (n, a, w), n pictures, a algorithms, w words a hash, to be searched for so many queries."""
        words = np.ascontiguousarray(hashes.transpose(1, 2, 0))
        return cls(words, compiled=AVAILABLE and words.size * queries >= _MUCH)

    def __len__(self) -> int:
        """The number of fingerprints."""
        return int(self.words.shape[2])

    def nearest(self, query: Hashes, k: int, quorum: int = 1) -> Neighbours:
        """Return the k nearest to a query (a, w); ties go to the smaller sum of distances, then to the lower row."""
        (found,) = self.nearest_each(query[None], k, quorum)
        return found

    def within(self, query: Hashes, threshold: int, quorum: int = 1) -> Neighbours:
        """Return all whose distance to a query (a, w) is below the threshold, in the order of `nearest`."""
        (found,) = self.within_each(query[None], threshold, quorum)
        return found

    def nearest_each(self, queries: Hashes, k: int, quorum: int = 1) -> list[Neighbours]:
        """Return what `nearest` returns for each of the queries (q, a, w)."""
        if self.compiled and k > 0:
            return self._compiled(queries, k, quorum, 64 * self.words.shape[1])
        return [self._nearest(query, min(k, len(self)), quorum) for query in queries]

    def within_each(self, queries: Hashes, threshold: int, quorum: int = 1) -> list[Neighbours]:
        """Return what `within` returns for each of the queries (q, a, w)."""
        if self.compiled and threshold > 0 and len(self):
            return self._compiled(queries, len(self), quorum, threshold - 1)
        return [self._within(query, threshold, quorum) for query in queries]

    def _nearest(self, query: Hashes, k: int, quorum: int) -> Neighbours:
        distance, each = self._distances(query, quorum)
        if k <= 0:
            return self._chosen(np.empty(0, np.intp), distance, each, 0)
        # So many columns have a smallest within the bound: at least k are within it. Only these are sorted.
        columns = _COLUMNS * -(-k // _FEW)
        top = distance[: len(distance) // columns * columns].reshape(-1, columns)
        part = top.min(axis=0) if len(top) else distance
        rows = np.flatnonzero(distance <= np.partition(part, k - 1)[k - 1])
        if len(rows) > 4 * k:
            rows = rows[distance[rows] <= np.partition(distance[rows], k - 1)[k - 1]]
        return self._chosen(rows, distance, each, k)

    def _within(self, query: Hashes, threshold: int, quorum: int) -> Neighbours:
        distance, each = self._distances(query, quorum)
        rows = np.flatnonzero(distance < threshold)
        return self._chosen(rows, distance, each, len(rows))

    def _compiled(self, queries: Hashes, k: int, quorum: int, most: int) -> list[Neighbours]:
        keys, counts = nearest_numba.keys_of(self.words, queries, k, quorum, most)
        rows = (keys & ((1 << nearest_numba.ROW_BITS) - 1)).astype(np.intp)
        distances = (keys >> nearest_numba.DISTANCE_AT).astype(np.uint16)
        each = distances[:, None]
        if len(self.words) > 1:
            owners = np.repeat(np.arange(len(queries)), counts)
            bits = np.bitwise_count(self.words[:, :, rows] ^ queries[owners].transpose(1, 2, 0))
            each = bits.sum(axis=1, dtype=np.uint16).T
        ends = np.cumsum(counts).tolist()
        return [
            Neighbours(rows[start:end], distances[start:end], each[start:end])
            for start, end in zip([0, *ends], ends, strict=False)
        ]

    def _distances(self, query: Hashes, quorum: int) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        each = [_hamming(words, own) for words, own in zip(self.words, query, strict=True)]
        return _smallest(each, quorum), each

    def _chosen(self, rows: NDArray[np.intp], distance: NDArray[Any], each: list[NDArray[Any]], k: int) -> Neighbours:
        table = np.stack([one[rows] for one in each], axis=1).astype(np.uint16)
        order = np.lexsort((rows, table.sum(axis=1, dtype=np.int64), distance[rows]))[:k]
        return Neighbours(rows[order], distance[rows[order]].astype(np.uint16), table[order])


def _hamming(words: Hashes, query: Hashes) -> NDArray[Any]:
    """Return the distances of n hashes, words (w, n), to one (w,)."""
    found: NDArray[Any] = np.bitwise_count(words[0] ^ query[0])
    if len(words) > 3:  # 256 bits no longer fit into a byte
        found = found.astype(np.uint16)
    for word, own in zip(words[1:], query[1:], strict=True):
        found += np.bitwise_count(word ^ own)
    return found


def _smallest(each: list[NDArray[Any]], quorum: int) -> NDArray[Any]:
    """Return the quorum-th smallest of each picture's distances, by exchanging neighbours until that one is found."""
    rows = list(each)
    for done in range(quorum):
        for i in range(len(rows) - 1, done, -1):
            rows[i - 1], rows[i] = np.minimum(rows[i - 1], rows[i]), np.maximum(rows[i - 1], rows[i])
    return rows[quorum - 1]
