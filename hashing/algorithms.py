"""The hash algorithms, by the name that flags and files use."""

from collections.abc import Callable
from typing import Final

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fftpack

from hashing.resample import reduce_to

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


def hashes_of(gray: Image.Image, size: int = 8) -> NDArray[np.uint64]:
    """Compute ahash, phash and dhash of a gray picture, each of `size` squared bits, with one reduction for all.

    The same bits as ImageHash's, its formulas on the same small pictures; SciPy's own transform, because a matrix
    product in its place turned 31 bits on flat pictures.
    """
    average, difference, frequencies = reduce_to(gray, ((size, size), (size + 1, size), (4 * size, 4 * size)))
    low = fftpack.dct(fftpack.dct(frequencies, axis=0), axis=1)[:size, :size]
    bits = (average > average.mean(), low > np.median(low), difference[:, 1:] > difference[:, :-1])
    return np.concatenate([pack_bits(one) for one in bits])
