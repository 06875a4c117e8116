"""The search for similar pairs by any selection of hashes, of any size: plain comparing, for what is seldom asked."""

import numpy as np
from numpy.typing import NDArray

from hashing.vote import Ballot

_WIDTH = 16384
"""Pictures that one is compared with at a time, so that the words stay in a core's cache."""

Hashes = NDArray[np.uint64]
Pairs = NDArray[np.intp]


def compared(first: Hashes, second: Hashes, ballot: Ballot) -> Pairs:
    """Return the pairs (row of `first`, row of `second`) that win the vote, in ascending order."""
    columns = np.ascontiguousarray(second.T)
    # Whoever wins q votes of a wins one of any a - q + 1.
    voters = range(max(1, len(ballot.algorithms) - ballot.quorum + 1))
    found = [np.empty((0, 2), np.intp)]
    for row, own in enumerate(first):
        for start in range(0, len(second), _WIDTH):
            part = columns[:, start : start + _WIDTH]
            near = np.zeros(part.shape[1], np.bool_)
            for voter in voters:
                near |= _distance(part, own, voter, ballot.words) < ballot.threshold
            others = start + np.flatnonzero(near)
            if len(others):
                others = others[ballot.similar(ballot.distances(second[others] ^ own))]
                found.append(np.stack([np.full(len(others), row), others], axis=1))
    return np.concatenate(found)


def _distance(columns: Hashes, own: NDArray[np.uint64], voter: int, words: int) -> NDArray[np.uint16]:
    total = np.zeros(columns.shape[1], np.uint16)
    for word in range(voter * words, (voter + 1) * words):
        total += np.bitwise_count(columns[word] ^ own[word])
    return total
