"""The compiled engine of the search for neighbours, when numba is installed (`requirements-fast.txt`).

Every fingerprint is compared here too; but few distances leave the first cache, and only those near enough are kept.
Functions have many arguments, because compiled code does best with plain arrays and numbers.
"""

from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hashing.pairs_numba import intrinsic_popcount

ROW_BITS: Final = 39
DISTANCE_AT: Final = 52
"""A key is distance, sum of distances and row, from high bits to low: its order is that of the answer."""
_WIDTH: Final = 2048
"""Fingerprints that are compared with every query in turn, so that they stay in the first cache."""
_PART: Final = 128
"""Distances looked at one by one when the smallest of them is near enough."""
_SMALL_PART: Final = 16
_ROOM: Final = 256
_COUNT, _INSIDE, _BOUND = 0, 1, 2
_NONE: Final = np.iinfo(np.int64).max
_kernel: list[Any] = []


def keys_of(
    words: NDArray[np.uint64], queries: NDArray[np.uint64], k: int, quorum: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted keys of what is found for each query, one query after the other, and how many each has (q,).

    `words` is (a, w, n), `queries` (q, a, w). Found are the k nearest of those not farther than `most`; k and most
    are not negative.
    """
    if not _kernel:
        _kernel.append(_compile())
    voters, per_hash, n = words.shape
    queries = np.ascontiguousarray(queries)
    # 256 bits no longer fit into a byte.
    each = np.empty((2 * voters, min(n, _WIDTH)), np.uint8 if per_hash < 4 else np.uint16)
    room = _ROOM
    while True:
        keys = np.empty((len(queries), room), np.int64)
        counts = _kernel[0](words, queries, min(k, n), quorum, min(most, 64 * per_hash), each, keys)
        needed = int(counts.max(initial=0))
        if needed <= room:
            ascending = np.sort(keys[:, :needed], axis=1)
            counts = np.minimum(counts, k)
            return ascending[np.arange(needed) < counts[:, None]], counts
        room *= 8


def forget() -> None:
    """Forget the kernel, so that building it can be timed again."""
    _kernel.clear()


def _compile() -> Any:  # noqa: PLR0915 - the functions of one kernel see each other
    """Build the kernel; imported here, because numba takes 0.3 s that few pictures need not spend."""
    numba: Any = import_module("numba")
    count_bits = intrinsic_popcount()

    def compiled(function: Any) -> Any:
        return numba.njit(nogil=True, boundscheck=False)(function)

    @compiled
    def measure(words: Any, own: Any, out: Any) -> None:
        for j in range(len(out)):
            out[j] = count_bits(words[j] ^ own)

    @compiled
    def measure_on(words: Any, own: Any, out: Any) -> None:
        for j in range(len(out)):
            out[j] += count_bits(words[j] ^ own)

    @compiled
    def exchange(first: Any, second: Any) -> None:
        for j in range(len(first)):
            one, other = first[j], second[j]
            first[j], second[j] = min(one, other), max(one, other)

    @compiled
    def smallest(some: Any) -> Any:
        low = some[0]
        for j in range(len(some)):
            low = min(low, some[j])
        return low

    @compiled
    def compare(words: Any, query: Any, start: int, width: int, each: Any, quorum: int) -> Any:  # noqa: PLR0913, PLR0917
        """Fill the rows of `each`: distances an algorithm, then those ranked; return the one that decides."""
        voters = len(query)
        for a in range(voters):
            measure(words[a, 0, start : start + width], query[a, 0], each[a, :width])
            for w in range(1, query.shape[1]):
                measure_on(words[a, w, start : start + width], query[a, w], each[a, :width])
        if voters == 1:
            return each[0, :width]
        each[voters:, :width] = each[:voters, :width]
        for done in range(quorum):
            for a in range(2 * voters - 1, voters + done, -1):
                exchange(each[a - 1, :width], each[a, :width])
        return each[voters + quorum - 1, :width]

    @compiled
    def first_bound(found: Any, k: int, tally: Any, most: int) -> int:
        """Return a distance within which k are for sure: that many parts have their smallest within it."""
        parts = len(found) // _SMALL_PART
        if parts < k:
            return most
        for part in range(0, parts * _SMALL_PART, _SMALL_PART):
            tally[smallest(found[part : part + _SMALL_PART])] += 1
        bound, count = 0, tally[0]
        while count < k:
            bound += 1
            count += tally[bound]
        tally[:] = 0
        return min(bound, most)

    @compiled
    def packed(keys: Any, count: int, bound: int) -> int:
        """Keep the keys within the bound alone, and return how many these are."""
        kept = 0
        for i in range(count):
            if keys[i] >> DISTANCE_AT <= bound:
                keys[kept] = keys[i]
                kept += 1
        return kept

    @compiled
    def take(found: Any, each: Any, part: int, start: int, k: int, keys: Any, state: Any, tally: Any) -> None:  # noqa: PLR0913, PLR0917
        """Add what is near enough in one small part to the keys of a query; `state` is its count, inside and bound."""
        for j in range(part, min(part + _SMALL_PART, len(found))):
            distance = np.int64(found[j])
            if distance > state[_BOUND]:
                continue
            if state[_COUNT] >= len(keys):
                state[_COUNT] = packed(keys, len(keys), state[_BOUND])
                if state[_COUNT] == len(keys):
                    state[_COUNT] += 1
                    return
            total = np.int64(0)
            for a in range(len(each) // 2):
                total += np.int64(each[a, j])
            keys[state[_COUNT]] = (distance << DISTANCE_AT) | (total << ROW_BITS) | (start + j)
            state[_COUNT] += 1
            state[_INSIDE] += 1
            tally[distance] += 1
            # Whoever is as far as the bound is needed only while fewer than k are nearer.
            while state[_INSIDE] - tally[state[_BOUND]] >= k:
                state[_INSIDE] -= tally[state[_BOUND]]
                state[_BOUND] -= 1

    @compiled
    def search(words: Any, queries: Any, k: int, quorum: int, most: int, each: Any, keys: Any) -> Any:  # noqa: PLR0913, PLR0917
        n, room = words.shape[2], keys.shape[1]
        states = np.zeros((len(queries), 3), np.int64)
        tally = np.zeros((len(queries), 64 * words.shape[1] + 1), np.int64)
        for start in range(0, n, _WIDTH):
            width = min(_WIDTH, n - start)
            for q in range(len(queries)):
                state = states[q]
                found = compare(words, queries[q], start, width, each, quorum)
                if start == 0:
                    state[_BOUND] = first_bound(found, k, tally[q], most)
                for part in range(0, width, _PART):
                    if smallest(found[part : part + _PART]) <= state[_BOUND]:
                        for small in range(part, min(part + _PART, width), _SMALL_PART):
                            if smallest(found[small : small + _SMALL_PART]) <= state[_BOUND]:
                                take(found, each, small, start, k, keys[q], state, tally[q])
                if state[_COUNT] > room:
                    return states[:, _COUNT]
        for q in range(len(queries)):
            kept = packed(keys[q], states[q, _COUNT], states[q, _BOUND])
            keys[q, kept:] = _NONE
            states[q, _COUNT] = kept
        return states[:, _COUNT]

    return search
