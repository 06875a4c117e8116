"""A map of an album in two dimensions: t-SNE of the families, each with its pictures close around its place."""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from errors import UsageError
from finding.looking import Album
from hashing import Arrangement
from images import Picture

_COMPONENTS: Final = 50
_PERPLEXITY: Final = 30
_ROUNDS: Final = (250, 500)
"""Rounds of the two phases of t-SNE: openTSNE's own numbers, and as many as are usual."""
_TOLD: Final = 10
_FEW: Final = 8
"""Below this many families there is nothing to compute: they are laid on a circle."""
_MARGIN: Final = 0.04
_GOLDEN: Final = math.pi * (3 - math.sqrt(5))


def planar(album: Album, arrangement: Arrangement, progress: Callable[[int, int], None]) -> NDArray[np.float64]:
    """Return the place of each readable picture in the unit square, (m, 2); `progress(done, total)` counts rounds.

    Pictures of one family lie around one place, which is theirs: nothing else is placed between them. The rest of
    the map is t-SNE: what is near is alike, what is far says nothing. Raises `UsageError` without the extra.
    """
    families: dict[object, list[int]] = defaultdict(list)
    for row, i in enumerate(album.pictures):
        family = arrangement.family[i]
        families[("alone", i) if family is None else family].append(row)
    groups = list(families.values())
    if not groups:
        return np.empty((0, 2))
    of_each = _features(album)
    features = np.stack([of_each[rows].mean(axis=0) for rows in groups])
    centres = _unit(_embedded(features, progress) if len(groups) >= _FEW else _circle(len(groups)))
    return _spread(centres, groups, len(album.pictures))


def _features(album: Album) -> NDArray[np.float64]:
    """Return what pictures look like: colours, coarse gray, and the bits of their hashes, (m, f)."""
    prints = [reading.fingerprint for i in album.pictures if isinstance(reading := album.readings[i], Picture)]
    colours = np.array([one.colours[::2, ::2] for one in prints], np.float64).reshape(len(prints), -1) / 64
    gray = np.array([one.thumbnail[2::4, 2::4] for one in prints], np.float64).reshape(len(prints), -1) / 64
    words = np.array([one.hashes for one in prints], np.uint64)
    bits = np.unpackbits(words.view(np.uint8).reshape(len(prints), -1), axis=1).astype(np.float64)
    return np.hstack([colours, gray, bits])


def _embedded(features: NDArray[np.float64], progress: Callable[[int, int], None]) -> NDArray[np.float64]:
    try:
        from openTSNE import TSNE  # noqa: PLC0415  (an extra, and slow to import)
    except ImportError as error:
        raise UsageError(
            "The map needs an extra that is not installed.", "pip install -r requirements-map.txt"
        ) from error
    # The principal components: t-SNE in 50 dimensions sees the same neighbours and takes a tenth of the time.
    centred = features - features.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    reduced = centred @ vectors[:, ::-1][:, : min(_COMPONENTS, *features.shape)]
    told = 0

    def tell(*_: object) -> None:  # each of its two phases begins to count anew
        nonlocal told
        told += 1
        progress(min(told * _TOLD, sum(_ROUNDS)), sum(_ROUNDS))

    made = TSNE(
        perplexity=min(_PERPLEXITY, (len(features) - 1) / 3), initialization="pca", random_state=0, n_jobs=-1,
        early_exaggeration_iter=_ROUNDS[0], n_iter=_ROUNDS[1], callbacks=tell, callbacks_every_iters=_TOLD,
    ).fit(reduced)  # fmt: skip
    return np.asarray(made, np.float64)


def _circle(n: int) -> NDArray[np.float64]:
    turn = 2 * math.pi * np.arange(n) / n
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _unit(places: NDArray[np.float64]) -> NDArray[np.float64]:
    low = places.min(axis=0)
    extent = float((places.max(axis=0) - low).max()) or 1.0
    centred = (places - low - (places.max(axis=0) - low) / 2) / extent + 0.5
    inside: NDArray[np.float64] = _MARGIN + (1 - 2 * _MARGIN) * centred
    return inside


def _spread(centres: NDArray[np.float64], groups: list[list[int]], n: int) -> NDArray[np.float64]:
    """Lay each family's pictures on a spiral around its place.

    A quarter of the way to the next place at most: two of a family are then nearer to each other than to any other.
    """
    # As if all places were spread evenly: a quarter of the distance to the next one.
    step = min(_MARGIN, 0.25 / math.sqrt(len(centres) + 1))
    places = np.empty((n, 2))
    for centre, rows in zip(centres, groups, strict=True):
        others = np.sort(np.hypot(*(centres - centre).T))
        reach = min(step, float(others[1]) / 4.2) if len(others) > 1 else step
        for k, row in enumerate(rows):
            radius = reach * math.sqrt(k / len(rows))
            places[row] = centre + radius * np.array([math.cos(k * _GOLDEN), math.sin(k * _GOLDEN)])
    return places
