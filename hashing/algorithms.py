"""The hash algorithms, by the name that flags and files use."""

from collections.abc import Callable
from functools import cache
from typing import Final

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

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


_SURE: Final = 1e-6
"""Sums of 1,024 products of pixels and cosines stay below 2**20, so that two ways of adding them up in float64 differ
by less than a millionth of this: what lies farther from the median lies on the same side of it in both."""


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

    The same bits as ImageHash's, its formulas on the same small pictures.
    """
    average, difference, frequencies = reduce_to(gray, ((size, size), (size + 1, size), (4 * size, 4 * size)))
    bits = (average > average.mean(), _above_median(frequencies, size), difference[:, 1:] > difference[:, :-1])
    return np.concatenate([pack_bits(one) for one in bits])


def _above_median(pixels: NDArray[np.uint8], size: int) -> NDArray[np.bool_]:
    """Say which of the lowest frequencies (size, size) lie above their median, as SciPy's transform has it.

    A matrix product finds them sooner, and without importing SciPy. On flat and on symmetric pictures, where rounding
    decides, it turned 31 bits: there SciPy itself is asked.
    """
    cosines = _cosines(size)
    low = cosines @ pixels @ cosines.T
    above = low - np.median(low)
    if np.abs(above).min() < _SURE:
        from scipy import fftpack  # noqa: PLC0415  (a quarter of a second, which few pictures need)

        low = fftpack.dct(fftpack.dct(pixels, axis=0), axis=1)[:size, :size]
        above = low - np.median(low)
    bits: NDArray[np.bool_] = above > 0
    return bits


@cache
def _cosines(size: int) -> NDArray[np.float64]:
    """Return the matrix (size, 4 * size) of the lowest frequencies of SciPy's type-II transform, not normalised."""
    turns = np.outer(np.arange(size), 2 * np.arange(4 * size) + 1) / (8 * size)
    return 2 * np.cos(np.pi * turns)
