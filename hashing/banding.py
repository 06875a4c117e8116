"""The search for similar pairs at small thresholds: pairs that share enough bands of a hash are looked at.

Cut a hash into threshold + 1 bands: fewer than `threshold` differing bits leave two bands untouched. So pairs that
are equal in some two bands of phash or of dhash hold every pair that wins two votes of three.
"""

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing.vote import Ballot

WIDEST_BANDED: Final = 6
"""Above this threshold the bands are so short that comparing everything is faster."""
_MOST_CANDIDATES: Final = 200
"""Candidates per picture and pair of bands that are worth it; crowded bands are left to the other engines."""

Pairs = NDArray[np.intp]


def banded_pairs(hashes: NDArray[np.uint64], ballot: Ballot, most: int) -> Pairs | None:
    """Return the pairs of rows of `hashes` (n, 3) that win the vote, i < j, in ascending order.

    None when the bands are too crowded or there are more than `most` pairs. The quorum must be 2 or 3.
    """
    n = len(hashes)
    codes = np.empty(0, np.int64)
    for voter in (1, 2):
        for mask in _masks(ballot.threshold + 1):
            keys = hashes[:, voter] & mask
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            sizes = np.diff(np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]])))
            if int((sizes * (sizes - 1) // 2).sum()) > _MOST_CANDIDATES * n:
                return None
            codes = np.union1d(codes, _winners(hashes, order, keys, ballot))
            if len(codes) > most:
                return None
    return np.stack(np.divmod(codes, n), axis=1).astype(np.intp)


def _masks(bands: int) -> list[np.uint64]:
    """Return the masks of every two of the bands that 64 bits are cut into."""
    edges = [64 * band // bands for band in range(bands + 1)]
    single = [(1 << edges[band + 1]) - (1 << edges[band]) for band in range(bands)]
    return [np.uint64(one | other) for one, other in combinations(single, 2)]


def _winners(hashes: NDArray[np.uint64], order: Pairs, keys: NDArray[np.uint64], ballot: Ballot) -> NDArray[np.int64]:
    """Return the pairs i < j of rows with equal keys that win the vote, each as i * n + j."""
    n = len(order)
    found = [np.empty(0, np.int64)]
    at, step = np.arange(n - 1), 1
    while True:
        at = at[at + step < n]
        at = at[keys[at] == keys[at + step]]
        if not len(at):
            return np.concatenate(found)
        one, other = order[at], order[at + step]
        won = ballot.similar(np.bitwise_count(hashes[one] ^ hashes[other]))
        low, high = np.minimum(one[won], other[won]), np.maximum(one[won], other[won])
        found.append(low.astype(np.int64) * n + high)
        step += 1
