"""Whether two aligned pictures are one photograph: what is left to move, place by place, once they are aligned.

A copy moves as a whole, however it was cropped, stretched, turned or painted over. Two garments of one cut, or two
photographs of one place, correlate up to .88 but fit here and not there: there is parallax, and a fold lies
elsewhere. So the shift left over is estimated at 36 places, what an affine map explains is taken out, and the
median of the rest is the drift. Measured on aligned pairs: copies below .16 pixels of 64 (99.8 % of tiers 1 and 2),
garments above .20 (99.9 %), photographs of one place above .23. Nothing else that was tried comes near: at equal
recall the correlation alone lets 337 pairs of garments through (scaled to 7.14 million), a correlation of finer detail
137, and both still take four photographs of one place for two.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing.alignment import Side, read, slopes_of
from hashing.features import SIDE, Floats
from hashing.search import Places

_CENTRES: Final = np.linspace(9, 54, 6)
_REACH: Final = 5.0
"""Deviation in pixels of the window around a place."""
_CAUTION: Final = np.float32(0.1)
"""Share of the mean structure added at every place: where there is little to hold on to, no shift is claimed."""

_WINDOWS: Final = np.exp(-0.5 * ((np.arange(SIDE) - _CENTRES[:, None]) / _REACH) ** 2).astype(np.float32)


def _affine_basis() -> NDArray[np.float32]:
    at = (_CENTRES - (SIDE - 1) / 2) / (SIDE / 2)
    y, x = np.meshgrid(at, at, indexing="ij")
    return np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1).astype(np.float32)


_BASIS: Final = _affine_basis()


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What is left to move for m pairs: `drift` (m,) in pixels of 64 beyond any affine map, `turn` in radians."""

    drift: Floats
    turn: Floats


def motion_of(first: Side, second: Side, places: Places) -> Motion:
    """Measure what is left to move between two sides at their places."""
    detail, down, across = read(second, places)
    shown = (down * first.inset().down)[:, :, None] * (across * first.inset().across)[:, None, :]
    return _motion(first.detail, detail, shown)


def _motion(first: Floats, second: Floats, shown: Floats) -> Motion:
    x, y = slopes_of((first + second) * np.float32(0.5))
    rest = (first - second) * shown
    right, down = rest * x, rest * y
    x_shown = x * shown
    xx, xy, yy = _around(x * x_shown), _around(y * x_shown), _around(y * y * shown)
    to_x, to_y = _around(right), _around(down)
    hold = _CAUTION * (xx + yy).mean(axis=1, keepdims=True) + np.float32(1e-3)
    weight = xx + yy
    # A few strong edges must not speak for the whole picture, and an even ground must not speak at all.
    weight = np.minimum(weight, weight.mean(axis=1, keepdims=True)) + np.float32(1e-6)
    xx, yy = xx + hold, yy + hold
    both = xx * yy - xy * xy
    move = np.stack([(yy * to_x - xy * to_y) / both, (xx * to_y - xy * to_x) / both], axis=1)
    normal = (_BASIS.T * weight[:, None, :]) @ _BASIS + np.float32(1e-4) * np.eye(3, dtype=np.float32)
    affine = np.linalg.solve(normal, _BASIS.T @ (move * weight[:, None, :]).transpose(0, 2, 1))
    left = move - (_BASIS @ affine).transpose(0, 2, 1)
    drift = _weighted_median(np.sqrt((left**2).sum(axis=1)), weight)
    # Half the difference of the two shears is the turn; the basis reaches from -1 to 1 over 64 pixels.
    turn = (affine[:, 1, 1] - affine[:, 2, 0]) / np.float32(SIDE)
    return Motion(drift, turn)


def _weighted_median(values: Floats, weight: Floats) -> Floats:
    """Return, for each row of (m, k) values, the least one that half of the weight does not exceed."""
    order = np.argsort(values, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    middle = (reached >= reached[:, -1:] / 2).argmax(axis=1)
    median: Floats = np.take_along_axis(values, order, axis=1)[np.arange(len(values)), middle]
    return median


def _around(values: Floats) -> Floats:
    """Sum (m, 64, 64) values in the windows around the 36 places, (m, 36)."""
    sums: Floats = (_WINDOWS @ values @ _WINDOWS.T).reshape(len(values), -1)
    return sums
