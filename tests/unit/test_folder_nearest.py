"""Nearest neighbours are exactly those of exhaustive search, for any number and size of hashes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.nearest import Collection, Neighbours
from hashing.pairs_numba import AVAILABLE


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32), n=st.integers(0, 60), a=st.integers(1, 4), w=st.sampled_from([1, 4, 16]),
    k=st.integers(1, 70), data=st.data(),
)  # fmt: skip
def test_the_nearest_are_those_of_a_plain_sort(*, seed, n, a, w, k, data) -> None:
    quorum = data.draw(st.integers(1, a))
    random = np.random.default_rng(seed)
    # Few distinct bits, so that there are ties.
    hashes = random.integers(0, 4, (n, a, w), dtype=np.uint64)
    query = random.integers(0, 4, (a, w), dtype=np.uint64)
    each = [[sum(int(x ^ y).bit_count() for x, y in zip(*pair, strict=True)) for pair in zip(row, query, strict=True)]
            for row in hashes.tolist()]  # fmt: skip
    order = sorted(range(n), key=lambda i: (sorted(each[i])[quorum - 1], sum(each[i]), i))
    found = Collection.of(hashes).nearest(query, k, quorum)
    assert found.rows.tolist() == order[:k]
    assert found.each.tolist() == [each[i] for i in order[:k]]
    within = Collection.of(hashes).within(query, 3, quorum)
    assert within.rows.tolist() == [i for i in order if sorted(each[i])[quorum - 1] < 3]


@pytest.mark.skipif(not AVAILABLE, reason="numba is not installed (requirements-fast.txt)")
@pytest.mark.parametrize(("a", "w"), [(1, 1), (3, 1), (2, 4), (4, 16)])
@pytest.mark.parametrize("n", [0, 1, 40, 5000])
def test_the_compiled_engine_finds_the_same(*, n: int, a: int, w: int) -> None:
    random = np.random.default_rng(n + a)
    hashes = random.integers(0, 2**64, (n, a, w), dtype=np.uint64)
    hashes[n // 2 :] = hashes[: n - n // 2] & np.uint64(2**64 - 8)  # near ones, and ties
    queries = np.concatenate([hashes[:20], random.integers(0, 2**64, (3, a, w), dtype=np.uint64)])
    plain = Collection.of(hashes)
    compiled = replace(plain, compiled=True)
    for quorum in range(1, a + 1):
        for k in (0, 1, 10, 700, 6000):
            _compare(plain.nearest_each(queries, k, quorum), compiled.nearest_each(queries, k, quorum))
        for threshold in (0, 1, 10, 33, 64 * w + 1):
            _compare(plain.within_each(queries, threshold, quorum), compiled.within_each(queries, threshold, quorum))


def _compare(first: list[Neighbours], second: list[Neighbours]) -> None:
    for one, other in zip(first, second, strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        assert one.distances.tolist() == other.distances.tolist()
        assert one.each.tolist() == other.each.tolist()


def test_a_large_collection_with_many_ties_gives_the_lowest_rows() -> None:
    hashes = np.zeros((20_000, 1, 1), np.uint64)
    hashes[:10_000] = 1
    assert Collection.of(hashes).nearest(np.zeros((1, 1), np.uint64), 3).rows.tolist() == [10_000, 10_001, 10_002]


@pytest.mark.parametrize("n", [1, 255, 600, 5000, 70_000])
@pytest.mark.parametrize(("a", "w"), [(1, 1), (3, 1), (2, 4)])
def test_many_queries_in_blocks_and_threads_find_what_a_plain_sort_finds(*, n: int, a: int, w: int) -> None:
    """Sizes below and above a tile, a block and what is worth threads, with many ties and equal fingerprints."""
    random = np.random.default_rng(n)
    hashes = random.integers(0, 2**64, (n, a, w), dtype=np.uint64)
    hashes[n // 2 :] = hashes[: n - n // 2] ^ random.integers(0, 8, (n - n // 2, a, w), dtype=np.uint64)
    queries = hashes[random.integers(0, n, 61 if a * w == 1 else 16)] ^ np.uint64(5)
    quorum = (a + 1) // 2
    collection = Collection.of(hashes)
    nearest = collection.nearest_each(queries, 10, quorum)
    within = collection.within_each(queries, 12, quorum)
    for i, query in enumerate(queries):
        each = np.bitwise_count(hashes ^ query).sum(axis=2, dtype=np.int64)
        distance = np.sort(each, axis=1)[:, quorum - 1]
        order = np.lexsort((np.arange(n), each.sum(axis=1), distance))
        assert nearest[i].rows.tolist() == order[:10].tolist()
        assert nearest[i].each.tolist() == each[order[:10]].tolist()
        assert within[i].rows.tolist() == [row for row in order.tolist() if distance[row] < 12]
