"""Which units are linked: the pairs that win the vote, what verification says of them, and how strong they are."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.content import Fingerprints
from hashing.faces import Faces, faces_of
from hashing.pairs import Found, distances_of, similar_across, similar_pairs
from hashing.units import Units
from hashing.verify import LOOK_ALIKE, NEAR_DUPLICATE, Verifier
from hashing.vote import Ballot

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much is done, and how much there is."""
Pairs = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Options:
    """How pictures are compared beyond the ballot.

    `orientations` may hold "mirrored" and "rotated"; `distinct_pairs` are pairs of sha256 that never share a
    group.
    """

    verify: bool = True
    orientations: frozenset[str] = frozenset()
    distinct_pairs: Collection[tuple[str, str]] = ()
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Pairs of units (m, 2) that won the vote under some face: distances (m, 3) and alignment (m,).

    A pair of units may come several times, once for each pair of faces; without verification there is no alignment.
    """

    pairs: Pairs
    distances: NDArray[Any]
    alignment: NDArray[np.float32] | None
    bounded: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Near-duplicate pairs, strongest first, each pair of units once, and look-alike pairs."""

    near: Pairs
    distances: NDArray[Any]
    alignment: NDArray[np.float32] | None
    look: Pairs
    similar: int
    bounded: str | None


def scores_of(prints: Fingerprints, units: Units, ballot: Ballot, options: Options) -> Scores:
    """Find the pairs of units that win the vote and align them, unless they are kept distinct."""
    faces = faces_of(prints, units.first, options.orientations, ballot.algorithms)
    pairs, bounded = _compared(faces, units, ballot, options)
    alignment = _aligned(faces, pairs, options.progress) if options.verify else None
    distances = distances_of(faces.hashes, pairs, ballot)
    return Scores(np.sort(faces.owner[pairs], axis=1), distances, alignment, bounded)


def _compared(faces: Faces, units: Units, ballot: Ballot, options: Options) -> tuple[Pairs, str | None]:
    """Return the pairs of faces to be aligned and what was left out, the same picture first whatever the rows."""
    found = _voted(faces, ballot, options.progress)
    wanted = _wanted(faces.owner[found.pairs], units, options.distinct_pairs)
    # Millions of pairs are seldom copied in vain: nearly always all of them are wanted.
    pairs = found.pairs if wanted.all() else found.pairs[wanted]
    rank = units.rank[faces.owner]
    turned = rank[pairs[:, 0]] > rank[pairs[:, 1]]
    return np.where(turned[:, None], pairs[:, ::-1], pairs), found.bounded


def _voted(faces: Faces, ballot: Ballot, progress: Progress | None) -> Found:
    upright = similar_pairs(faces.hashes[: faces.upright], ballot, progress)
    if faces.upright == len(faces.owner):
        return upright
    turned = similar_across(faces.hashes[: faces.upright], faces.hashes[faces.upright :], ballot)
    return Found(np.concatenate([upright.pairs, turned + np.array([0, faces.upright])]), upright.bounded)


def _wanted(owners: Pairs, units: Units, distinct_pairs: Collection[tuple[str, str]]) -> NDArray[np.bool_]:
    wanted: NDArray[np.bool_] = owners[:, 0] != owners[:, 1]
    if distinct_pairs:
        index = {key: unit for unit, key in enumerate(units.keys)}
        n = len(units)
        known = [sorted((index[a], index[b])) for a, b in distinct_pairs if a in index and b in index]
        apart = [n * first + second for first, second in known]
        wanted &= ~np.isin(n * owners.min(axis=1) + owners.max(axis=1), np.array(apart, np.intp))
    return wanted


def _aligned(faces: Faces, pairs: Pairs, progress: Progress | None) -> NDArray[np.float32]:
    taken = np.zeros(len(faces.owner), np.bool_)
    taken[pairs] = True
    used = np.flatnonzero(taken).tolist()
    compact = np.cumsum(taken) - 1
    verifier = Verifier.of(
        np.array([faces.thumbnails[i] for i in used], np.uint8).reshape(-1, 64, 64),
        np.array([faces.colours[i] for i in used], np.uint8).reshape(-1, 16, 16, 3),
    )
    total, done = len(pairs), 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress("verifying", done, total)

    return verifier.align(compact[pairs], tell)


def links_of(scores: Scores, ballot: Ballot) -> Links:
    """Choose the strongest face of each pair of units that wins this ballot, and sort them by strength.

    Strength: alignment in thousandths, then the smaller sum of distances, then the pair of sha256.
    """
    won = np.flatnonzero(ballot.similar(scores.distances))
    similar = _distinct(_codes(scores.pairs[won]))
    if scores.alignment is not None:
        won = won[scores.alignment[won] > LOOK_ALIKE]
    score = np.ones(len(won), np.float32) if scores.alignment is None else scores.alignment[won]
    codes = _codes(scores.pairs[won])
    order = np.lexsort((codes, scores.distances[won].sum(axis=1, dtype=np.uint16), -score))
    _, first = np.unique(codes[order], return_index=True)
    order = order[np.sort(first)]
    near, look = (won[order[chosen]] for chosen in (score[order] > NEAR_DUPLICATE, score[order] <= NEAR_DUPLICATE))
    alignment = None if scores.alignment is None else scores.alignment[near]
    return Links(scores.pairs[near], scores.distances[near], alignment, scores.pairs[look], similar, scores.bounded)


def _codes(pairs: Pairs) -> Pairs:
    """Return a number for each pair (m, 2), in the order of the pairs: sorting numbers is ten times as fast."""
    codes: Pairs = pairs[:, 0] * (pairs.max(initial=0) + 1) + pairs[:, 1]
    return codes


def _distinct(codes: Pairs) -> int:
    ascending = np.sort(codes)
    return min(1, len(codes)) + int(np.count_nonzero(ascending[1:] != ascending[:-1]))
