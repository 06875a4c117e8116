"""Every engine finds the very pairs that the exhaustive one finds, and every batch gives the same scores."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hashing import Ballot, pairs, pairs_numba
from hashing.banding import WIDEST_BANDED, banded_pairs
from hashing.groups import complete_link, components
from hashing.verify import Verifier
from tests.property.hashing_pictures import fingerprints

needs_numba = pytest.mark.skipif(not pairs_numba.AVAILABLE, reason="numba is not installed (requirements-fast.txt)")


@st.composite
def hashes(draw: st.DrawFn) -> NDArray[np.uint64]:
    """Hashes near each other: random ones, and copies of them with a few bits flipped."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, copies, flips = draw(st.integers(0, 60)), draw(st.integers(0, 40)), draw(st.integers(0, 12))
    made = random.integers(0, 2**64, (n, 3), np.uint64)
    if n and copies:
        copied = made[random.integers(0, n, copies)]
        for _ in range(flips):
            copied ^= np.uint64(1) << random.integers(0, 64, copied.shape, np.uint64)
        made = np.concatenate([made, copied])
    return made


def _exhaustive(words: NDArray[np.uint64], ballot: Ballot) -> list[list[int]]:
    return [
        [i, j]
        for i, j in itertools.combinations(range(len(words)), 2)
        if bool(ballot.similar(np.bitwise_count(words[i] ^ words[j])))
    ]


BALLOTS = st.builds(Ballot, st.integers(0, 40), st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(words=hashes(), ballot=BALLOTS)
def test_tiles_find_what_comparing_one_by_one_finds(words: NDArray[np.uint64], ballot: Ballot) -> None:
    assert pairs.compare_all(words, ballot, pairs.tiled).pairs.tolist() == _exhaustive(words, ballot)


@pytest.mark.parametrize(
    "ballot",
    [
        Ballot(20, 1, ("phash",)),
        Ballot(70, 1, ("dhash",), 4),
        Ballot(290, 2, ("ahash", "phash", "whash"), 9),
        *(Ballot(18, quorum, ("ahash", "phash", "dhash", "whash")) for quorum in (1, 2, 3, 4)),
    ],
    ids=str,
)
def test_tiles_take_any_ballot(ballot: Ballot) -> None:
    random = np.random.default_rng(5)
    words = random.integers(0, 2**64, (90, len(ballot.algorithms) * ballot.words), np.uint64)
    words[60:] = words[30:60] ^ (np.uint64(255) << random.integers(0, 57, (30, words.shape[1]), np.uint64))
    similar = [
        [i, j]
        for i, j in itertools.combinations(range(90), 2)
        if bool(ballot.similar(ballot.distances(words[i] ^ words[j])))
    ]
    assert similar and pairs.similar_pairs(words, ballot).pairs.tolist() == similar
    across = pairs.similar_across(words[:70], words[70:], ballot).tolist()
    assert across == [[i, j - 70] for i, j in similar if i < 70 <= j]


@needs_numba
@settings(max_examples=60, deadline=None)
@given(words=hashes(), ballot=BALLOTS)
def test_the_compiled_engine_finds_what_tiles_find(words: NDArray[np.uint64], ballot: Ballot) -> None:
    one, other = (pairs.compare_all(words, ballot, engine).pairs for engine in (pairs.tiled, pairs.compiled))
    assert one.tolist() == other.tolist()


@settings(max_examples=80, deadline=None)
@given(words=hashes(), ballot=st.builds(Ballot, st.integers(1, WIDEST_BANDED), st.integers(2, 3)))
def test_bands_find_what_tiles_find(words: NDArray[np.uint64], ballot: Ballot) -> None:
    banded = banded_pairs(words, ballot, 10**6)
    assert banded is not None
    assert banded.tolist() == pairs.compare_all(words, ballot, pairs.tiled).pairs.tolist()


@settings(max_examples=40, deadline=None)
@given(words=hashes(), ballot=BALLOTS, cut=st.integers(0, 60))
def test_comparing_two_parts_finds_the_pairs_between_them(words: NDArray[np.uint64], ballot: Ballot, cut: int) -> None:
    across = pairs.similar_across(words[:cut], words[cut:], ballot)
    between = [[i, j - cut] for i, j in _exhaustive(words, ballot) if i < cut <= j]
    assert across.tolist() == between


def test_bounded_work_keeps_the_closest_pairs_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    words = np.full((300, 3), 7, np.uint64) ^ (np.uint64(1) << random.integers(0, 64, (300, 3), np.uint64))
    everything = pairs.compare_all(words, Ballot(20), pairs.tiled)
    monkeypatch.setattr(pairs, "MOST_PAIRS", 1000)
    monkeypatch.setattr(pairs, "_KEPT_PAIRS", 3000)
    bounded = pairs.compare_all(words, Ballot(20), pairs.tiled)
    monkeypatch.setattr(pairs, "_CROWDED", -1)
    assert pairs.compare_all(words, Ballot(20), pairs.tiled).pairs.tolist() == bounded.pairs.tolist()
    assert everything.bounded is None
    assert bounded.bounded is not None and "10 closest" in bounded.bounded
    assert len(bounded.pairs) <= 3000 < len(everything.pairs)
    assert {tuple(p) for p in bounded.pairs.tolist()} <= {tuple(p) for p in everything.pairs.tolist()}
    assert set(bounded.pairs.ravel().tolist()) == set(range(300))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_pairs_alignment_does_not_depend_on_its_batch(data: st.DataObject) -> None:
    prints = fingerprints()[:20]
    verifier = Verifier.of(np.array([p.thumbnail for p in prints]), np.array([p.colours for p in prints]))
    every = np.array(list(itertools.combinations(range(20), 2)), np.intp)
    chosen = np.array(data.draw(st.lists(st.integers(0, len(every) - 1), min_size=1, max_size=60)), np.intp)
    assert verifier.align(every[chosen]).tolist() == verifier.align(every)[chosen].tolist()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A number of pictures and near-duplicate pairs among them, in some order of strength."""
    n = draw(st.integers(1, 9))
    possible = list(itertools.combinations(range(n), 2))
    return n, draw(st.permutations(possible))[: draw(st.integers(0, len(possible)))]


@settings(max_examples=300, deadline=None)
@given(graph=graphs())
def test_groups_are_merged_strongest_first_and_only_when_every_cross_pair_is_there(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    n, edges = graph
    present, groups = set(edges), [{i} for i in range(n)]
    for i, j in edges:
        a, b = (next(group for group in groups if k in group) for k in (i, j))
        if a is not b and all((min(x, y), max(x, y)) in present for x in a for y in b):
            groups.remove(b)
            a |= b
    owner, formed = complete_link(n, np.array(edges, np.intp).reshape(-1, 2))
    assert [{k for k in range(n) if owner[k] == owner[i]} for i in range(n)] == [
        next(group for group in groups if i in group) for i in range(n)
    ]
    assert len(formed) == n - len(groups)


@settings(max_examples=200, deadline=None)
@given(graph=graphs())
def test_families_are_the_connected_parts(graph: tuple[int, list[tuple[int, int]]]) -> None:
    n, edges = graph
    name = list(range(n))
    for _ in range(n):
        for i, j in edges:
            name[i] = name[j] = min(name[i], name[j])
    assert components(n, np.array(edges, np.intp).reshape(-1, 2)) == name
