"""Nearest neighbours by Hamming distance, exactly: every fingerprint is compared, which beats every tree here.

The distance of two pictures under a quorum q is the q-th smallest of their distances, one an algorithm: they are
similar at every threshold above it. With one algorithm it is that hash's Hamming distance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing import nearest_numba, nearest_plain
from hashing.pairs_numba import AVAILABLE

_MUCH: Final = 5e9
"""Words to be compared from which on it pays to compile: NumPy takes a second for each thousand million."""

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
        return self._found(queries, k, quorum, 64 * self.words.shape[1])

    def within_each(self, queries: Hashes, threshold: int, quorum: int = 1) -> list[Neighbours]:
        """Return what `within` returns for each of the queries (q, a, w)."""
        return self._found(queries, len(self), quorum, threshold - 1)

    def _found(self, queries: Hashes, k: int, quorum: int, most: int) -> list[Neighbours]:
        engine = nearest_numba if self.compiled and k > 0 and most >= 0 else nearest_plain
        keys, counts = engine.keys_of(self.words, queries, k, quorum, most)
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
