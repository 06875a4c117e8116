"""The search for similar pairs: every pair of pictures votes, a block of rows at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing.vote import Ballot

_BLOCK: Final = 256
"""Rows compared at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The pairs (m, 2) that win the vote, i < j, in ascending order; `bounded` says what was left out."""

    pairs: NDArray[np.intp]
    bounded: str | None = None


def similar_pairs(
    hashes: NDArray[np.uint64], ballot: Ballot, progress: Callable[[str, int, int], None] | None = None
) -> Found:
    """Return the pairs of rows of `hashes` (n, 3) that win the vote."""
    found = [np.empty((0, 2), np.intp)]
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK]
        pairs = similar_across(rows, hashes[start:], ballot)
        found.append(pairs[pairs[:, 1] > pairs[:, 0]] + start)
        if progress is not None:
            progress("comparing", min(start + _BLOCK, len(hashes)), len(hashes))
    return Found(np.concatenate(found))


def similar_across(first: NDArray[np.uint64], second: NDArray[np.uint64], ballot: Ballot) -> NDArray[np.intp]:
    """Return the pairs (row of `first`, row of `second`) that win the vote, in ascending order."""
    found = [np.empty((0, 2), np.intp)]
    for start in range(0, len(first), _BLOCK):
        distances = np.bitwise_count(first[start : start + _BLOCK, None, :] ^ second[None, :, :])
        found.append(np.argwhere(ballot.similar(distances)) + np.array([start, 0]))
    return np.concatenate(found)


def distances_of(hashes: NDArray[np.uint64], pairs: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the three Hamming distances of each pair, (m, 3)."""
    distances: NDArray[np.uint8] = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]])
    return distances
