"""The engine of the search for neighbours that needs nothing but NumPy: several queries in one array, row by row."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hashing.nearest_numba import DISTANCE_AT, ROW_BITS

_BLOCK: Final = 2**20
"""Distances looked through at a time, of as many queries as that makes."""
_TILE: Final = 2**14
"""Distances computed at a time: these stay in the second cache with the words that they are made from."""
_THREADS: Final = 2**22
"""Words to be compared from which on threads, a tenth of a millisecond to start, gain more than they cost."""
_FEW: Final = 16
"""Columns for each neighbour that is wanted: that many of them have their smallest within the bound, and few more."""
_LEAST: Final = 256

Hashes = NDArray[np.uint64]
Keys = NDArray[np.int64]
Found = tuple[NDArray[np.intp], NDArray[np.intp]]


def keys_of(words: Hashes, queries: Hashes, k: int, quorum: int, most: int) -> tuple[Keys, Keys]:
    """Return what `nearest_numba.keys_of` returns."""
    n = words.shape[2]
    if not (n and len(queries) and k > 0 and most >= 0):
        return np.empty(0, np.int64), np.zeros(len(queries), np.int64)
    size = max(1, _BLOCK // n)
    parts = [queries[start : start + size] for start in range(0, len(queries), size)]

    def search(part: Hashes) -> tuple[Keys, Keys]:
        return _keys(words, part, min(k, n), quorum, most)

    if len(parts) == 1 or words.size * len(queries) < _THREADS:
        found = [search(part) for part in parts]
    else:
        with ThreadPoolExecutor(min(len(parts), os.cpu_count() or 1)) as pool:
            found = list(pool.map(search, parts))
    return np.concatenate([keys for keys, _ in found]), np.concatenate([counts for _, counts in found])


def _keys(words: Hashes, queries: Hashes, k: int, quorum: int, most: int) -> tuple[Keys, Keys]:
    each = [_hamming(own, queries[:, a]) for a, own in enumerate(words)]
    distance = _smallest(each, quorum)
    owner, rows = _near_enough(distance, k, most)
    total = each[0][owner, rows].astype(np.int64)
    for one in each[1:]:
        total += one[owner, rows]
    keys = (distance[owner, rows].astype(np.int64) << DISTANCE_AT) | (total << ROW_BITS) | rows
    order = np.lexsort((keys, owner))
    owner, keys = owner[order], keys[order]
    starts = np.searchsorted(owner, np.arange(len(queries) + 1))
    counts = np.minimum(np.diff(starts), k).astype(np.int64)
    return keys[np.arange(len(owner)) - starts[owner] < k], counts


def _near_enough(distance: NDArray[Any], k: int, most: int) -> Found:
    """Return query and row of all that may be among the k nearest of each query (b, n), and are not beyond `most`.

    Rows lie in columns, and the smallest of each column is found first: only where that one is near enough is the
    column looked at.
    """
    b, n = distance.shape
    columns = max(_LEAST, math.isqrt(2 * _FEW * n))
    if k < n:
        columns = max(columns, _FEW * k)
    depth = n // columns
    if depth < 2:
        owner, row = np.nonzero(distance <= _bound(distance, k, most)[:, None])
        return owner, row
    whole = depth * columns
    top = distance[:, :whole].reshape(b, depth, columns)
    low = top.min(axis=1)
    bound = _bound(low, k, most)
    owner, column = np.nonzero(low <= bound[:, None])
    place, row = np.nonzero(top[owner, :, column] <= bound[owner, None])
    rest_owner, rest = np.nonzero(distance[:, whole:] <= bound[:, None])
    return (
        np.concatenate([owner[place], rest_owner]),
        np.concatenate([row * columns + column[place], rest + whole]),
    )


def _bound(distance: NDArray[Any], k: int, most: int) -> NDArray[Any]:
    """Return for each query a distance within which k of these are, or `most`."""
    most = min(most, np.iinfo(distance.dtype).max)
    if k > distance.shape[1]:
        return np.full(len(distance), most, distance.dtype)
    bound: NDArray[Any] = np.minimum(np.partition(distance, k - 1, axis=1)[:, k - 1], most)
    return bound


def _hamming(words: Hashes, queries: Hashes) -> NDArray[Any]:
    """Return the distances (b, n) of n hashes, words (w, n), to b queries (b, w)."""
    (w, n), b = words.shape, len(queries)
    # 256 bits no longer fit into a byte.
    found: NDArray[Any] = np.empty((b, n), np.uint8 if w < 4 else np.uint16)
    width = min(n, _TILE)
    height = max(1, _TILE // width)
    for left in range(0, n, width):
        for top in range(0, b, height):
            part = found[top : top + height, left : left + width]
            own, other = words[:, left : left + width], queries[top : top + height]
            np.bitwise_count(own[0] ^ other[:, :1], out=part)
            for one in range(1, w):
                part += np.bitwise_count(own[one] ^ other[:, one, None])
    return found


def _smallest(each: list[NDArray[Any]], quorum: int) -> NDArray[Any]:
    """Return the quorum-th smallest of each picture's distances, by exchanging neighbours until that one is found."""
    rows = list(each)
    for done in range(quorum):
        for i in range(len(rows) - 1, done, -1):
            rows[i - 1], rows[i] = np.minimum(rows[i - 1], rows[i]), np.maximum(rows[i - 1], rows[i])
    return rows[quorum - 1]
