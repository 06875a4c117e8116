"""Verification: does a pair that won the vote really show the same picture?"""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hashing.alignment import Side, correlation, line_weights, plain_correlation, refine
from hashing.colour import contradicts
from hashing.features import HALF, SIDE, UNIT, Features, Floats, features_of
from hashing.rigidity import motion_of
from hashing.search import (
    GLANCE_SIZE,
    STRETCHES,
    Places,
    Spectra,
    best_places,
    glance,
    glances_of,
    keeping_ratio,
    likeness,
    spectra_of,
    stretched_spectra_of,
)

NEAR_DUPLICATE: Final = 0.5
"""Alignment above which a similar pair is a near-duplicate."""
LOOK_ALIKE: Final = 0.4
"""Alignment from which a similar pair is in doubt; both limits are read off `benchmarks/accuracy.py`."""

_DRIFT_COSTS: Final = np.float32(2.5)
"""Alignment is at most 1 - 2.5 * drift: a drift of .2 pixels is the border between copies and look-alikes."""
_CERTAIN: Final = 0.98
"""Correlation above which the drift is not measured: garments and bursts reach .88."""
_BLEAK: Final = 0.48
"""Correlation at a glance at three stretches below which a pair is not searched: 78 % of false pairs, none of 26,000
true ones, 7 of 4,751 pairs of crops of one photograph."""
_DIM: Final = 0.52
"""Correlation at a glance at all nine stretches below which a pair is not searched: 85 % of false pairs, none of the
true ones, 3 more of the crops."""
_ALIKE: Final = 0.95
"""Correlation at a glance from which a pair may be evident: those that are have .995 and more."""
_HOPELESS: Final = 0.52
"""Coarse correlation below which a pair is not looked at any closer: 98 % of false pairs, 0.6 % of tier 3."""
_PLAIN: Final = 0.9
"""Correlation of two thumbnails as they are that needs no search."""
_GOOD: Final = 0.85
"""Correlation after the search at half size that needs no finer one."""
_POOR: Final = 0.35
"""Correlation after the search at half size that a finer one does not save: one of 25,000 copies and
crops, which .30 leaves out too, and a quarter of the finer searches."""
_SAME_COLOURS: Final = 12
"""Mean difference of the colour thumbnails, in levels, up to which colours cannot contradict."""
_CHUNK: Final = 1024
"""Pairs scored at a time: below, the steps between NumPy's calls take longer than the calls (37 us of CPU a pair at
256, 22 at 1024); above, memory has to be asked for anew each time."""
_PREPARED: Final = 64
"""Pictures prepared at a time."""
_SEARCH_CHUNK: Final = 128
"""Pairs searched at a time: their products are a megabyte (5 us a pair; 15 at 1024)."""
_FINE_CHUNK: Final = 192
"""Pairs refined at a time, at most: 130 us a pair, 190 at 32."""
_KEPT_MEMORY: Final = 31 * 2**20
_NOTHING: Final = np.empty((0, HALF, HALF), np.float32)

Pairs = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Verifier:
    """The features of n pictures and their spectra; `align` scores pairs of them."""

    features: Features
    colours: NDArray[np.uint8]
    unframed: NDArray[np.bool_]
    spectra: Spectra
    glances: tuple[Spectra, Spectra]

    @classmethod
    def of(cls, thumbnails: NDArray[np.uint8], colours: NDArray[np.uint8]) -> "Verifier":
        """Prepare gray thumbnails (n, 64, 64) and colour thumbnails (n, 16, 16, 3)."""
        n = len(colours)
        spectra = np.empty((n, *spectra_of(_NOTHING).shape[1:]), np.complex64)
        firsts, seconds = (np.empty((n, k, GLANCE_SIZE), np.complex64) for k in (1, len(STRETCHES)))
        with _one_thread_each() as pool:
            features = features_of(thumbnails)

            def fill(start: int) -> None:
                part = slice(start, start + _PREPARED)
                coarse = _inside_coarse(features, np.arange(n)[part])
                spectra[part] = spectra_of(coarse)
                firsts[part] = glances_of(spectra[part])
                seconds[part] = glances_of(keeping_ratio(stretched_spectra_of(coarse)))

            list(pool.map(fill, range(0, n, _PREPARED)))
        return cls(features, colours, features.unframed(), spectra, (firsts, seconds))

    def align(self, pairs: Pairs, done: Callable[[int], object] | None = None) -> Floats:
        """Return the alignment of each pair (m, 2), 0 to 1 in thousandths.

        A pair's score depends on the two pictures and their order alone, not on the other pairs; the caller
        puts the same one first every time. Chunks go to as many threads as there are cores.
        """
        scores = np.zeros(len(pairs), np.float32)
        with _one_thread_each() as pool:
            which, seen = self._promising(pool, pairs, done)
            # By the second picture: its nine stretches are computed once a chunk.
            order = np.argsort(pairs[which, 1] * len(self.colours) + pairs[which, 0])
            which, seen = which[order], seen[order]
            chunks = _chunks(len(which))
            found = pool.map(lambda chunk: self._score(pairs[which[chunk]], seen[chunk]), chunks)
            for chunk, score in zip(chunks, found, strict=True):
                scores[which[chunk]] = score
                if done is not None:
                    done(len(score))
        return scores

    def _promising(
        self, pool: ThreadPoolExecutor, pairs: Pairs, done: Callable[[int], object] | None
    ) -> tuple[Pairs, Floats]:
        """Return which pairs are worth a search, and their correlation at a glance."""
        chunks = _chunks(len(pairs))
        which, seen = [np.empty(0, np.intp)], [np.empty(0, np.float32)]
        for chunk, found in zip(chunks, pool.map(lambda chunk: self._glance(pairs[chunk]), chunks), strict=True):
            promising = np.flatnonzero(found >= _BLEAK)
            which.append(promising + chunk.start)
            seen.append(found[promising])
            if done is not None:
                done(len(found) - len(promising))
        return np.concatenate(which), np.concatenate(seen)

    def _glance(self, pairs: Pairs) -> Floats:
        return glance(self.glances[0][pairs[:, 0]], self.glances[1][pairs[:, 1]])

    def _score(self, pairs: Pairs, seen: Floats) -> Floats:
        score = np.zeros(len(pairs), np.float32)
        alike = np.flatnonzero(seen >= _ALIKE)
        score[alike] = self._evident(pairs[alike])
        rest = np.flatnonzero(score < _CERTAIN)
        score[rest] = self._searched(pairs[rest])
        thousandths: Floats = np.rint(np.clip(score, 0, 1) * 1000).astype(np.float32) / np.float32(1000)
        return thousandths

    def _evident(self, pairs: Pairs) -> Floats:
        """Return the correlation of pairs of unframed pictures of the same colours as they are, 0 for others.

        A tenth of the cost of a search: a sheet of thousands of copies of one picture has millions of such pairs.
        """
        score = np.zeros(len(pairs), np.float32)
        one, other = (self.spectra[pairs[:, side]] for side in (0, 1))
        likely = np.flatnonzero(likeness(one, other) > _PLAIN)
        shades = self.colours[pairs[likely]].astype(np.int16)
        same = np.abs(shades[:, 0] - shades[:, 1]).mean(axis=(1, 2, 3)) < _SAME_COLOURS
        likely = likely[same & self.unframed[pairs[likely]].all(axis=1)]
        score[likely] = plain_correlation(self.features.fine, pairs[likely])
        return score

    def _searched(self, pairs: Pairs) -> Floats:
        score = np.zeros(len(pairs), np.float32)
        if not len(pairs):
            return score
        hopeful, places = self._search(pairs)
        # In even parts: eight pairs left over would cost as much as fifty.
        for part in np.array_split(np.arange(len(hopeful)), len(hopeful) // _FINE_CHUNK + 1):
            score[hopeful[part]] = self._judged(pairs[hopeful[part]], places.take(part))
        return score

    def _judged(self, pairs: Pairs, places: Places) -> Floats:
        found, at = self._refined(pairs, places)
        self._hold_together(pairs, found, at)
        doubtful = np.flatnonzero(found > LOOK_ALIKE)
        first, second = self.colours[pairs[doubtful].T]
        found[doubtful[contradicts(first, second, at.take(doubtful))]] = 0
        return found

    def _hold_together(self, pairs: Pairs, found: Floats, at: Places) -> None:
        """Lower, in place, the score of pairs that align but are not one photograph."""
        unsure = np.flatnonzero((found > LOOK_ALIKE) & (found < _CERTAIN))
        if len(unsure):
            first, second = (self._side(pairs[unsure, side], SIDE) for side in (0, 1))
            drift = motion_of(first, second, at.take(unsure)).drift
            found[unsure] = np.minimum(found[unsure], 1 - _DRIFT_COSTS * drift)

    def _search(self, pairs: Pairs) -> tuple[Pairs, Places]:
        """Return which of the pairs are hopeful, and the place of each of these."""
        second, which_second = np.unique(pairs[:, 1], return_inverse=True)
        stretched = stretched_spectra_of(_inside_coarse(self.features, second))
        seen = glance(self.glances[0][pairs[:, 0]], glances_of(stretched)[which_second])
        fair = np.flatnonzero(seen >= _DIM)
        found = []
        for start in range(0, len(fair), _SEARCH_CHUNK):
            part = fair[start : start + _SEARCH_CHUNK]
            height, places = best_places(self.spectra[pairs[part, 0]], stretched[which_second[part]])
            high = np.flatnonzero(height >= _HOPELESS)
            found.append((part[high], places.take(high)))
        if not found:
            return fair, Places(*np.empty((2, 0, 2), np.float32))
        return np.concatenate([hopeful for hopeful, _ in found]), Places.joined([places for _, places in found])

    def _side(self, pictures: Pairs, size: int) -> Side:
        return _side(self.features, pictures, size)

    def _refined(self, pairs: Pairs, places: Places) -> tuple[Floats, Places]:
        """Return the correlation of pairs and the place it was found at, spending effort only where it may matter."""
        m = len(pairs)
        one = np.tile(np.array([1, 0], np.float32), (m, 1))
        first, second = (self._side(pairs[:, side], SIDE) for side in (0, 1))
        best, at = correlation(first, second, None), Places(one.copy(), one.copy())

        todo = np.flatnonzero(best < _PLAIN)
        if len(todo):
            small = tuple(self._side(pairs[todo, side], HALF) for side in (0, 1))
            found = refine(small[0], small[1], places.take(todo), 4).doubled()
            _keep(best, at, todo, correlation(first.take(todo), second.take(todo), found), found)
            again = np.flatnonzero((best[todo] < _GOOD) & (best[todo] > _POOR))
            if len(again):
                todo, found = todo[again], found.take(again)
                sides = first.take(todo), second.take(todo)
                found = refine(*sides, found, 3)
                _keep(best, at, todo, correlation(*sides, found), found)
        return best, at


@contextlib.contextmanager
def _one_thread_each() -> Iterator[ThreadPoolExecutor]:
    """Give as many threads as there are cores.

    The chunks are the parallelism: threads of the library of matrix products would only get in their way (a third of
    all CPU time, and half as long again on two cores).
    """
    _keep_memory()
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield pool


def _keep_memory() -> None:
    """Make the allocator keep the memory of small arrays for the next ones: half of the time of a verification.

    glibc returns memory to the system and asks for it anew, page by page, unless as large an array was given back
    before: 32 MB is the most that it goes by (`mallopt(3)`, M_MMAP_THRESHOLD). Elsewhere this does nothing.
    """
    np.empty(_KEPT_MEMORY, np.uint8)


def _chunks(count: int) -> list[slice]:
    return [slice(start, start + _CHUNK) for start in range(0, count, _CHUNK)]


def _side(features: Features, pictures: Pairs, size: int) -> Side:
    detail = features.fine if size == SIDE else features.coarse
    step = SIDE // size
    return Side(
        detail[pictures].astype(np.float32) * np.float32(1 / UNIT),
        line_weights(features.rows[pictures], size, step),
        line_weights(features.columns[pictures], size, step),
    )


def _inside_coarse(features: Features, pictures: Pairs) -> Floats:
    side = _side(features, pictures, HALF)
    return side.detail * side.down[:, :, None] * side.across[:, None, :]


def _keep(best: Floats, at: Places, which: Pairs, score: Floats, places: Places) -> None:
    """Take over, in place, the scores that are better than what there was."""
    better = score > best[which]
    best[which[better]] = score[better]
    at.across[which[better]] = places.across[better]
    at.down[which[better]] = places.down[better]
