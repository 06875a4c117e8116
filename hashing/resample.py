"""Pillow's Lanczos reduction, redone for several sizes in one pass over the picture, bit for bit.

Pillow resizes 8-bit pictures in two passes with whole-number weights of 22 bits, and rounds to 8 bits between them.
The long pass of all sizes becomes one matrix product in float32, whose error has a bound in whatever order the sums are
made; the few sums so close to a half that the error could decide are made again in float64, where whole numbers below
2**53 are exact. That is so only while Pillow works this way, so at first use a few small pictures are resized both
ways, and on any difference Pillow itself does the work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BITS: Final = 22
_SUPPORT: Final = 3.0
_ROUNDING: Final = 2.0**-24
"""Largest relative error of one step in float32."""
_TILE: Final = (128, 192)
"""Lines and pixels multiplied at a time, in a core's cache; each pixel of a tile counts in half of all outputs. The
processes that fingerprint have one thread in the library of matrix products, or several would be woken for that."""
_EXACT: Final = 32
"""Sums made again at a time, in memory that need not be asked for anew."""
_MANY: Final = 1 / 32
"""Share of sums in doubt above which all are made again: a drawing in two tones has many that are exactly a half."""
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
    rows = _along(gray, across) if across else {}
    columns = _along(gray.T, downwards) if downwards else {}
    made = []
    for (w, h), down in zip(sizes, down_first, strict=True):
        part = columns[h].T @ _exact(width, w).T if down else _exact(height, h) @ rows[w]
        made.append(np.clip(np.floor(part + 0.5), 0, 255).astype(np.uint8))
    return made


def _along(lines: Pixels, counts: tuple[int, ...]) -> dict[int, Floats]:
    """Reduce each line of (lines, n) to each count and round: (lines, count)."""
    line = _line_of(lines.shape[1], counts)
    values = _sums(lines, line)
    doubtful = np.flatnonzero(np.abs(values - np.rint(values)) < line.doubt)
    if len(doubtful) > _MANY * values.size:
        exact = lines.astype(np.float64) @ line.weights.T.astype(np.float64)
        values = np.floor(exact + 0.5).astype(np.float32)
    else:
        for start in range(0, len(doubtful), _EXACT):
            which, outputs = np.divmod(doubtful[start : start + _EXACT], len(line.weights))
            exact = np.vecdot(lines[which].astype(np.float64), line.weights[outputs].astype(np.float64))
            values[which, outputs] = np.floor(exact + 0.5)
    rounded = np.clip(np.floor(values), 0, 255).astype(np.float64)
    return dict(zip(counts, np.split(rounded, np.cumsum(counts)[:-1], axis=1), strict=True))


def _sums(lines: Pixels, line: "_Line") -> NDArray[np.float32]:
    """Return each sum and a half, (lines, outputs), each at most its doubt away from what it is."""
    parts = np.empty((len(lines), len(line.adding)), np.float32)
    left = 0
    for pixels, weights in line.tiles:
        strip = lines[:, pixels].astype(np.float32, order="C")
        strip -= np.float32(128)  # around zero, so that the sums and with them their errors are half as large
        part = parts[:, left : left + weights.shape[1]]
        for top in range(0, len(strip), _TILE[0]):
            np.matmul(strip[top : top + _TILE[0]], weights, out=part[top : top + _TILE[0]])
        left += weights.shape[1]
    # A product adds the parts up in half the time of a sum into scattered columns.
    sums: NDArray[np.float32] = parts @ line.adding + line.middle
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """How a line of n pixels becomes all `outputs` of some counts, side by side.

    `weights` (outputs, n) are whole numbers / 2**22; `tiles` are the parts of them, turned, that are not all zero, each
    with its pixels; `adding` (parts, outputs) is one where a part of a tile belongs to an output; `middle` (outputs,)
    is what gray 128 gives, and a half to round; `doubt` (outputs,) bounds the error of a sum.
    """

    weights: NDArray[np.float32]
    tiles: list[tuple[slice, NDArray[np.float32]]]
    adding: NDArray[np.float32]
    middle: NDArray[np.float32]
    doubt: NDArray[np.float32]


@lru_cache(maxsize=32)
def _line_of(n: int, counts: tuple[int, ...]) -> _Line:
    weights = np.concatenate([_weights(n, count) for count in counts])
    tiles, belongs = [], []
    for left in range(0, n, _TILE[1]):
        pixels = slice(left, left + _TILE[1])
        outputs = np.flatnonzero(weights[:, pixels].any(axis=1))
        tiles.append((pixels, np.ascontiguousarray(weights[outputs, pixels].T)))
        belongs.append(outputs)
    adding = np.eye(len(weights), dtype=np.float32)[np.concatenate(belongs)]
    # One rounding for each pixel of a tile, each tile and the middle, at most (N. Higham, Accuracy and Stability of
    # Numerical Algorithms, 3.1: the bound holds for any order of summation).
    steps = min(n, _TILE[1]) + len(tiles) + 4
    size = 128 * np.abs(weights).sum(axis=1, dtype=np.float64) + 1
    middle = 128 * weights.sum(axis=1, dtype=np.float64) + 0.5
    return _Line(
        weights, tiles, adding, middle.astype(np.float32), (1.01 * steps * _ROUNDING * size).astype(np.float32)
    )


def _exact(n: int, count: int) -> Floats:
    return _weights(n, count).astype(np.float64)


@lru_cache(maxsize=128)
def _weights(n: int, count: int) -> NDArray[np.float32]:
    """Return Pillow's weights (count, n), whole numbers / 2**22; the identity where nothing is to be reduced."""
    if n == count:
        return np.eye(n, dtype=np.float32)
    scale = n / count
    stretch = max(scale, 1.0)
    centre = (np.arange(count) + 0.5) * scale
    first = np.maximum((centre - _SUPPORT * stretch + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + _SUPPORT * stretch + 0.5).astype(np.int64), n)
    # The curve is computed where it counts, a fraction of the line, for every width that a folder's pictures have.
    at = first[:, None] + np.arange((last - first).max())
    curve = _lanczos((at - centre[:, None] + 0.5) / stretch)
    curve[at >= last[:, None]] = 0
    curve *= 2.0**_BITS / curve.sum(axis=1, keepdims=True)
    whole = np.trunc(curve + np.copysign(0.5, curve))
    # The places past the end of the line all hold zero.
    weights = np.zeros((count, int(at.max()) + 1), np.float32)
    weights[np.arange(count)[:, None], at] = whole * 2.0**-_BITS
    return weights[:, :n]


def _lanczos(x: Floats) -> Floats:
    """Return sinc(x) * sinc(x / 3) with one sine: sin 3a = 3 sin a - 4 sin^3 a."""
    third = x * (np.pi / _SUPPORT)
    third[third == 0] = 1e-9  # where the curve is 1
    sine = np.sin(third)
    curve: Floats = (sine / third) ** 2 * (1 - sine * sine * (4 / 3))
    curve[np.abs(x) > _SUPPORT] = 0
    return curve


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
