"""The hashes by which pictures are compared, as arrays: n pictures, a algorithms, w words of 64 bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from finding.options import Matching
from hashing import Fingerprint
from hashing.algorithms import VOTERS, hash_of
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


def inside(trimmed: Fingerprint, matching: Matching) -> Hashes:
    """Return the hashes (a,) of 64 bits that vote, of the picture inside its margins.

    A hash that its fingerprint lacks is taken from its thumbnail: within a few bits of the picture's own.
    """
    own = dict(zip(VOTERS, trimmed.hashes, strict=True))
    small = Image.fromarray(trimmed.thumbnail)
    return np.array([own[name] if name in own else hash_of(small, name)[0] for name in matching.algorithms], np.uint64)


def distances(first: Hashes, second: Hashes) -> NDArray[np.int64]:
    """Return the Hamming distances (..., a) of hashes (..., a, w)."""
    counted: NDArray[np.int64] = np.bitwise_count(first ^ second).sum(axis=-1, dtype=np.int64)
    return counted
