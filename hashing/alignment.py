"""How well two pictures align: their place in each other refined, and the correlation of detail there."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing.features import SIDE, Floats
from hashing.search import Places, between, interpolation

_ALL: Final = slice(None)
_NONE: Final = np.float32(0)
_INSET: Final = 7
"""Lines left out inside the frame when judging: the white corners of a turned photo lie there."""
_DAMPING: Final = np.float32(0.02)
_GAIN: Final = (np.float32(0.3), np.float32(3))
_SCALES: Final = (np.float32(0.6), np.float32(1.67))
_STRETCH: Final = np.float32(0.12)
_LEAST_COVER: Final = 0.5
"""Share of the smaller inside that both must show; less is a strip that any two pictures may have in common."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of m pairs: detail (m, n, n) and 0/1 weights of its lines, `down` and `across` (m, n)."""

    detail: Floats
    down: Floats
    across: Floats

    def take(self, which: NDArray[np.intp]) -> "Side":
        """Return the side of some of the pairs."""
        return Side(self.detail[which], self.down[which], self.across[which])

    def inset(self) -> "Side":
        """Return the side with its outermost lines left out."""
        return Side(self.detail, _inset(self.down), _inset(self.across))


def line_weights(spans: NDArray[np.int16], side: int, step: int = 1) -> Floats:
    """Return 1 for lines that lie wholly in the span, else 0, (m, side); `step` lines of 64 make one."""
    at = np.arange(side) * step
    return ((at >= spans[:, :1]) & (at + step <= spans[:, 1:])).astype(np.float32)


def _inset(weights: Floats) -> Floats:
    reached = np.cumsum(weights, axis=1)
    return weights * ((reached > _INSET) & (reached <= reached[:, -1:] - _INSET))


def read(side: Side, places: Places, lines: slice = _ALL) -> tuple[Floats, Floats, Floats]:
    """Return detail and line weights (down, across) of a side read at its places, at all lines or some."""
    m, n = side.down.shape
    before, share = between(n, places.down, lines)
    own = np.arange(m)[:, None] * n
    outside = (before < 0) | (before >= n), (before < -1) | (before >= n - 1)
    rows = np.maximum(np.minimum(before, n - 1), 0) + own, np.maximum(np.minimum(before + 1, n - 1), 0) + own
    weights = np.where(outside[0], _NONE, 1 - share), np.where(outside[1], _NONE, share)
    across = interpolation(n, places.across, lines)
    # A quarter of the cost of a second product of matrices, which are nearly empty.
    mixed = side.detail.reshape(m * n, n).take(rows[0], axis=0)
    mixed *= weights[0][:, :, None]
    following = side.detail.reshape(m * n, n).take(rows[1], axis=0)
    following *= weights[1][:, :, None]
    mixed += following
    down = side.down.ravel()[rows[0]] * weights[0] + side.down.ravel()[rows[1]] * weights[1]
    return mixed @ across, down, (side.across[:, None, :] @ across)[:, 0]


def _weighted_sum(values: Floats, down: Floats, across: Floats) -> Floats:
    """Sum (m, n, n) values weighted by line."""
    total: Floats = (down[:, None, :] @ values @ across[:, :, None])[:, 0, 0]
    return total


def correlation(first: Side, second: Side, places: Places | None) -> Floats:
    """Return the correlation of two sides where both show something, -1 where that is too little.

    Without `places` the second is taken as it is.
    """
    first, second = first.inset(), second.inset()
    # Beyond them nothing has weight.
    lines = slice(_INSET, first.detail.shape[-1] - _INSET)
    if places is None:
        detail, down, across = second.detail[:, lines, lines], second.down[:, lines], second.across[:, lines]
        scale = np.ones(len(detail), np.float32)
    else:
        detail, down, across = read(second, places, lines)
        scale = places.across[:, 0] * places.down[:, 0]
    down, across = down * first.down[:, lines], across * first.across[:, lines]
    own_detail = first.detail[:, lines, lines]
    both = _weighted_sum(own_detail * detail, down, across)
    energy = _weighted_sum(own_detail**2, down, across) * _weighted_sum(detail**2, down, across)
    cover = down.sum(axis=1) * across.sum(axis=1)
    own = first.down.sum(axis=1) * first.across.sum(axis=1)
    other = second.down.sum(axis=1) * second.across.sum(axis=1) / scale
    enough = cover > _LEAST_COVER * np.minimum(own, other)
    found: Floats = np.where(enough, both / np.sqrt(energy + np.float32(1e-3)), np.float32(-1))
    return found


def plain_correlation(fine: NDArray[np.int8], pairs: NDArray[np.intp]) -> Floats:
    """Return the correlation of unframed pictures as they are: `correlation` without places, for many at once."""
    inside = fine[:, _INSET : SIDE - _INSET, _INSET : SIDE - _INSET]
    one, other = (inside[pairs[:, side]].astype(np.float32) for side in (0, 1))
    energy = np.einsum("kij,kij->k", one, one) * np.einsum("kij,kij->k", other, other)
    found: Floats = np.einsum("kij,kij->k", one, other) / np.sqrt(energy + np.float32(1))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Slopes:
    """The gradients of the first side and their products, which stay the same while the second is moved."""

    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats


def slopes_of(detail: Floats) -> tuple[Floats, Floats]:
    """Return the slopes of (m, n, n) detail across and down, 0 at the border."""
    half = detail * np.float32(0.5)
    x, y = np.empty_like(half), np.empty_like(half)
    x[:, :, [0, -1]] = y[:, [0, -1]] = 0
    np.subtract(half[:, :, 2:], half[:, :, :-2], out=x[:, :, 1:-1])
    np.subtract(half[:, 2:], half[:, :-2], out=y[:, 1:-1])
    return x, y


def _slopes(detail: Floats) -> _Slopes:
    x, y = slopes_of(detail)
    return _Slopes(x, y, x * x, y * y, x * y)


def refine(first: Side, second: Side, places: Places, steps: int) -> Places:
    """Improve scale and shift by Gauss-Newton steps on the squared difference of detail.

    The slopes are those of the first side (as in Lucas and Kanade's method turned around: Baker and Matthews,
    "Lucas-Kanade 20 years on", 2004), so a step reads the second side once.
    """
    n = first.detail.shape[-1]
    slopes = _slopes(first.detail)
    at = np.arange(n, dtype=np.float32) - np.float32((n - 1) / 2)
    basis = np.stack([at, np.ones_like(at)], axis=1)
    for _ in range(steps):
        detail, down, across = read(second, places)
        down, across = down * first.down, across * first.across
        gain = _weighted_sum(first.detail * detail, down, across) / (
            _weighted_sum(detail**2, down, across) + np.float32(1e-6)
        )
        rest = first.detail - np.clip(gain, *_GAIN)[:, None, None] * detail
        step = np.linalg.solve(_curvature(slopes, down, across, basis), _pull(slopes, rest, (down, across), basis))
        places = _moved(places, step[:, :, 0], n)
    return places


def _curvature(slopes: _Slopes, down: Floats, across: Floats, basis: Floats) -> Floats:
    """Return the (m, 4, 4) matrix of the normal equations for (scale, shift) across, then down."""
    xx = (down[:, None, :] @ slopes.xx)[:, 0] * across
    yy = (slopes.yy @ across[:, :, None])[:, :, 0] * down
    mixed = (basis * across[:, :, None]).transpose(0, 2, 1) @ slopes.xy.transpose(0, 2, 1) @ (basis * down[:, :, None])
    matrix = np.empty((len(down), 4, 4), np.float32)
    matrix[:, :2, :2] = (basis.T * xx[:, None, :]) @ basis
    matrix[:, 2:, 2:] = (basis.T * yy[:, None, :]) @ basis
    matrix[:, :2, 2:] = mixed
    matrix[:, 2:, :2] = mixed.transpose(0, 2, 1)
    diagonal = np.arange(4)
    matrix[:, diagonal, diagonal] = matrix[:, diagonal, diagonal] * (1 + _DAMPING) + np.float32(1e-3)
    return matrix


def _pull(slopes: _Slopes, rest: Floats, weights: tuple[Floats, Floats], basis: Floats) -> Floats:
    down, across = weights
    x = (down[:, None, :] @ (rest * slopes.x)) * across[:, None, :]
    y = ((rest * slopes.y) @ across[:, :, None]).transpose(0, 2, 1) * down[:, None, :]
    return np.concatenate([x @ basis, y @ basis], axis=2).transpose(0, 2, 1)


def _moved(places: Places, step: Floats, n: int) -> Places:
    """Apply a step, held short so that a bad one does not lose the place."""
    farthest, longest = np.float32(0.35 * n), np.float32(n / 16)
    place, step = np.stack([places.across, places.down], axis=1), step.reshape(-1, 2, 2)
    moved = np.empty_like(place)
    moved[:, :, 0] = _within(place[:, :, 0] * (1 + _within(step[:, :, 0], -_STRETCH, _STRETCH)), *_SCALES)
    shift = place[:, :, 0] * _within(step[:, :, 1], -longest, longest)
    moved[:, :, 1] = _within(place[:, :, 1] + shift, -farthest, farthest)
    return Places(moved[:, 0], moved[:, 1])


def _within(values: Floats, least: np.float32, most: np.float32) -> Floats:
    """Return what `np.clip` returns, which takes six times as long for a hundred numbers."""
    held: Floats = np.minimum(np.maximum(values, least), most)
    return held
