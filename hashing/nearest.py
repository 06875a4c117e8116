"""Nearest neighbours by Hamming distance, exactly: every fingerprint is compared, which beats every tree here.

The distance of two pictures under a quorum q is the q-th smallest of their distances, one an algorithm: they are
similar at every threshold above it. With one algorithm it is that hash's Hamming distance.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_SAMPLE: Final = 4096
"""Fingerprints from which a first bound for the k-th distance is read."""

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
    """n fingerprints to be searched: `words` is (a, w, n), each word of each algorithm's hash in one row."""

    words: Hashes

    @classmethod
    def of(cls, hashes: Hashes) -> "Collection":
        """Take hashes (n, a, w): n pictures, a algorithms, w words a hash."""
        return cls(np.ascontiguousarray(hashes.transpose(1, 2, 0)))

    def __len__(self) -> int:
        """The number of fingerprints."""
        return int(self.words.shape[2])

    def nearest(self, query: Hashes, k: int, quorum: int = 1) -> Neighbours:
        """Return the k nearest to a query (a, w); ties go to the smaller sum of distances, then to the lower row."""
        distance, each = self._distances(query, quorum)
        k = min(k, len(distance))
        if k <= 0:
            return self._chosen(np.empty(0, np.intp), distance, each, 0)
        # The k-th smallest of a part bounds the k-th smallest of all; few lie within it, and only these are sorted.
        part = distance[: max(_SAMPLE, 4 * k)]
        bound = np.partition(part, k - 1)[k - 1]
        rows = np.flatnonzero(distance <= bound)
        if len(rows) > 4 * k:
            rows = rows[distance[rows] <= np.partition(distance[rows], k - 1)[k - 1]]
        return self._chosen(rows, distance, each, k)

    def within(self, query: Hashes, threshold: int, quorum: int = 1) -> Neighbours:
        """Return all whose distance to a query (a, w) is below the threshold, in the order of `nearest`."""
        distance, each = self._distances(query, quorum)
        rows = np.flatnonzero(distance < threshold)
        return self._chosen(rows, distance, each, len(rows))

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
