"""The hashes by which pictures are compared, as arrays: n pictures, a algorithms, w words of 64 bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finding.options import Matching
from hashing import Fingerprint
from hashing.algorithms import VOTERS

Hashes = NDArray[np.uint64]


def packed(prints: Sequence[Fingerprint], matching: Matching) -> Hashes:
    """Return the hashes (n, a, w) of fingerprints, for the algorithms that vote."""
    columns = [VOTERS.index(name) for name in matching.algorithms]
    hashes = np.array([one.hashes for one in prints], np.uint64).reshape(len(prints), len(VOTERS), -1)
    return hashes[:, columns]


def distances(first: Hashes, second: Hashes) -> NDArray[np.int64]:
    """Return the Hamming distances (..., a) of hashes (..., a, w)."""
    counted: NDArray[np.int64] = np.bitwise_count(first ^ second).sum(axis=-1, dtype=np.int64)
    return counted
