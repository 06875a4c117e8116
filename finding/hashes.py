"""The hashes by which pictures are compared, as arrays: n pictures, a algorithms, w words of 64 bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finding.options import Matching
from hashing.algorithms import VOTERS
from images import Picture, Store
from images.files import Wanted, hashes_of

Hashes = NDArray[np.uint64]


def wanted_by(matching: Matching) -> Wanted:
    """Return the hashes that a fingerprint does not have anyway."""
    in_fingerprint = matching.size == 8 and set(matching.algorithms) <= set(VOTERS)
    return Wanted() if in_fingerprint else Wanted(matching.algorithms, matching.size)


def voting(pictures: Sequence[Picture], matching: Matching, store: Store, *, fast: bool) -> Hashes:
    """Return the hashes (n, a, w) that vote; the pictures were read with `wanted_by`."""
    wanted = wanted_by(matching)
    if wanted.algorithms:
        return hashes_of([picture.sha256 for picture in pictures], wanted, store, fast=fast)
    columns = [VOTERS.index(name) for name in matching.algorithms]
    hashes = np.array([picture.fingerprint.hashes for picture in pictures], np.uint64)
    return hashes.reshape(len(pictures), len(VOTERS), 1)[:, columns]


def distances(first: Hashes, second: Hashes) -> NDArray[np.int64]:
    """Return the Hamming distances (..., a) of hashes (..., a, w)."""
    counted: NDArray[np.int64] = np.bitwise_count(first ^ second).sum(axis=-1, dtype=np.int64)
    return counted
