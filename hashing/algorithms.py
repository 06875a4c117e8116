"""The hash algorithms, by the name that flags and files use."""

from collections.abc import Callable
from typing import Final

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

ALGORITHMS: Final[dict[str, Callable[..., imagehash.ImageHash]]] = {
    "ahash": imagehash.average_hash,
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "whash": imagehash.whash,
}
"""Each takes a picture and `hash_size` and gives ImageHash's own hash of `hash_size` squared bits."""

VOTERS: Final = ("ahash", "phash", "dhash")
"""The algorithms of a fingerprint, in the order of its hashes."""


def pack_bits(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack the bits of one hash, in ImageHash's order, into 64-bit words; the first bit is the most significant.

    >>> int(pack_bits(np.array([True] + [False] * 62 + [True]))[0])
    9223372036854775809
    """
    flat = np.ascontiguousarray(bits, dtype=np.bool_).reshape(-1)
    return np.packbits(flat).view(">u8").astype(np.uint64)


def to_hex(words: NDArray[np.uint64]) -> str:
    """Return the text that ImageHash prints for a hash.

    >>> to_hex(np.array([255], np.uint64))
    '00000000000000ff'
    """
    return "".join(f"{int(word):016x}" for word in np.atleast_1d(words))


def hash_of(picture: Image.Image, algorithm: str, size: int = 8) -> NDArray[np.uint64]:
    """Compute one hash with ImageHash itself; raise `KeyError`, naming the known ones, for an unknown algorithm."""
    if algorithm not in ALGORITHMS:
        raise KeyError(f"{algorithm!r} is not an algorithm; there are {', '.join(ALGORITHMS)}")
    return pack_bits(ALGORITHMS[algorithm](picture, hash_size=size).hash)
