"""The search for similar pairs: every pair of pictures votes, a block of rows at a time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing.vote import Ballot

_BLOCK: Final = 256
"""Rows compared at a time: the distances of a block stay within the processor's cache for some thousand pictures."""


def similar_pairs(hashes: NDArray[np.uint64], ballot: Ballot) -> NDArray[np.intp]:
    """Return the pairs (i < j) that win the vote as an array (m, 2), in ascending order.

    `hashes` is (n, 3).
    """
    found = [np.empty((0, 2), np.intp)]
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK]
        distances = np.bitwise_count(rows[:, None, :] ^ hashes[None, start:, :])
        i, j = np.nonzero(ballot.similar(distances))
        keep = j > i
        found.append(np.stack([i[keep], j[keep]], axis=1) + start)
    return np.concatenate(found)


def distances_of(hashes: NDArray[np.uint64], pairs: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the three Hamming distances of each pair, (m, 3)."""
    distances: NDArray[np.uint8] = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]])
    return distances
