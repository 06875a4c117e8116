"""Pillow's Lanczos reduction, redone for several sizes in one pass over the picture, bit for bit.

Pillow resizes 8-bit pictures in two passes with whole-number weights of 22 bits, and rounds to 8 bits between them.
Sums of such products stay far below 2**53, so a matrix product in float64 gives them exactly, in any order: the
long pass of all sizes becomes one. That is so only while Pillow works this way, so at first use a few small
pictures are resized both ways, and on any difference Pillow itself does the work.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BITS: Final = 22
_SUPPORT: Final = 3.0
_TILE: Final = (64, 128)
"""Rows and columns multiplied at a time: in a core's cache, and so few that the library of matrix products does not
wake its own threads, which would get into the way of ours."""
_SMALLEST: Final = 64 * 64
"""Pixels below which Pillow's own loops are done sooner."""

Size = tuple[int, int]
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


def reduce_to(gray: Image.Image, sizes: Sequence[Size]) -> list[Pixels]:
    """Return what `gray.resize(size, LANCZOS)` gives for each size (width, height), as arrays."""
    tall = _tall_rule()
    if tall is None or gray.width * gray.height < _SMALLEST:
        return [np.asarray(gray.resize(size, Image.Resampling.LANCZOS)) for size in sizes]
    return _reduced(np.asarray(gray), sizes, tall)


def _reduced(gray: Pixels, sizes: Sequence[Size], tall: Callable[[Size, Size], bool]) -> list[Pixels]:
    height, width = gray.shape
    down_first = [tall((width, height), size) for size in sizes]
    across = tuple(sorted({w for (w, _), down in zip(sizes, down_first, strict=True) if not down}))
    downwards = tuple(sorted({h for (_, h), down in zip(sizes, down_first, strict=True) if down}))
    rows = _across(gray, across) if across else {}
    columns = _across(gray.T, downwards) if downwards else {}
    made = []
    for (w, h), down in zip(sizes, down_first, strict=True):
        part = columns[h].T @ _weights(width, w).T if down else _weights(height, h) @ rows[w]
        made.append(_rounded(part).astype(np.uint8))
    return made


def _across(gray: Pixels, counts: tuple[int, ...]) -> dict[int, Floats]:
    """Reduce the width of (height, width) to each count, a tile of the picture at a time."""
    sums = np.zeros((gray.shape[0], sum(counts)))
    for columns, outputs, weights in _column_weights(gray.shape[1], counts):
        strip = np.ascontiguousarray(gray[:, columns]).astype(np.float64)
        part = np.empty((len(strip), len(outputs)))
        for top in range(0, len(strip), _TILE[0]):
            np.matmul(strip[top : top + _TILE[0]], weights, out=part[top : top + _TILE[0]])
        sums[:, outputs] += part
    return dict(zip(counts, np.split(_rounded(sums), np.cumsum(counts)[:-1], axis=1), strict=True))


@lru_cache(maxsize=64)
def _column_weights(n: int, counts: tuple[int, ...]) -> list[tuple[slice, NDArray[np.intp], Floats]]:
    """Return for each tile's columns the outputs they count in, a third of all, and their weights."""
    weights = np.concatenate([_weights(n, count) for count in counts])
    parts = []
    for left in range(0, n, _TILE[1]):
        columns = slice(left, left + _TILE[1])
        outputs = np.flatnonzero(weights[:, columns].any(axis=1))
        parts.append((columns, outputs, np.ascontiguousarray(weights[outputs, columns].T)))
    return parts


def _rounded(sums: Floats) -> Floats:
    rounded: Floats = np.clip(np.floor(sums * 2.0**-_BITS + 0.5), 0, 255)
    return rounded


@lru_cache(maxsize=256)
def _weights(n: int, count: int) -> Floats:
    """Return Pillow's whole-number weights (count, n); the identity, scaled, where nothing is to be reduced."""
    if n == count:
        return np.eye(n) * 2.0**_BITS
    scale = n / count
    stretch = max(scale, 1.0)
    centre = (np.arange(count) + 0.5) * scale
    first = np.maximum((centre - _SUPPORT * stretch + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + _SUPPORT * stretch + 0.5).astype(np.int64), n)
    # The curve is computed where it counts, a fraction of the line, for every width that a folder's pictures have.
    at = first[:, None] + np.arange((last - first).max())
    distance = (at - centre[:, None] + 0.5) / stretch
    inside = (at < last[:, None]) & (distance >= -_SUPPORT) & (distance < _SUPPORT)
    lanczos = np.zeros((count, n))
    lanczos[np.nonzero(inside)[0], at[inside]] = _sinc(distance[inside]) * _sinc(distance[inside] / _SUPPORT)
    lanczos /= lanczos.sum(axis=1, keepdims=True)
    return np.trunc(lanczos * 2.0**_BITS + np.where(lanczos < 0, -0.5, 0.5))


def _sinc(x: Floats) -> Floats:
    turn = x * np.pi
    with np.errstate(invalid="ignore"):
        return np.where(turn == 0, 1.0, np.sin(turn) / turn)


def _down_first_when_tall(picture: Size, size: Size) -> bool:
    """Say whether Pillow 13 reduces the height first (found by trying 500 shapes, not documented)."""
    return picture[1] > size[1] and picture[1] - size[1] > 2 * (picture[0] - size[0])


def _never(_picture: Size, _size: Size) -> bool:
    """Pillow before 13 always reduces the width first."""
    return False


@cache
def _tall_rule() -> Callable[[Size, Size], bool] | None:
    """Return the rule under which this module agrees with the installed Pillow, None when there is none."""
    random = np.random.default_rng(20)
    sizes = ((8, 8), (9, 8), (32, 32))
    shapes = ((100, 50), (50, 100), (64, 120), (64, 122), (40, 48), (40, 49), (9, 70), (70, 9), (12, 36), (200, 300))
    for rule in (_down_first_when_tall, _never):
        if all(_agrees(random.integers(0, 256, (h, w), np.uint8), sizes, rule) for w, h in shapes):
            return rule
    return None


def _agrees(gray: Pixels, sizes: Sequence[Size], rule: Callable[[Size, Size], bool]) -> bool:
    picture = Image.fromarray(gray)
    return all(
        np.array_equal(own, np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))
        for own, size in zip(_reduced(gray, sizes, rule), sizes, strict=True)
    )
