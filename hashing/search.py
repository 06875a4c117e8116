"""Where one picture lies in another: the best of nine stretches and all shifts, by correlation of spectra.

Coarse detail decides it, and a glance at the coarsest of it, at 25 shifts, already shows that most pairs are hopeless:
at three stretches it costs a sixtieth of the search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hashing.features import HALF, Floats

STRETCHES: Final = (0.84, 1.0, 1.19)
"""Tried in height and width apart: a crop keeps the ratio of sides, a letterbox or a caption above does not."""
_HIGHEST: Final = 7
"""Highest frequency used; finer ones disagree before the refinement anyway."""
_GLANCE: Final = 3
"""Highest frequency of the glance."""
GLANCE_SIZE: Final = (2 * _GLANCE + 1) * (_GLANCE + 1)
_GLANCE_STEP: Final = 3
"""Pixels between the shifts of the glance; its waves are 10 pixels long and longer."""
_FARTHEST: Final = 6
"""Largest shift, in pixels of 32."""
_TAPER: Final = 4
"""Pixels over which the border fades, so that what wraps around counts little."""

_ALL: Final = slice(None)

Spectra = NDArray[Any]


def between(side: int, place: Floats, lines: slice = _ALL) -> tuple[NDArray[np.intp], Floats]:
    """Return where lines are read at centre + scale * (x - centre) + shift: the line before, and the next one's share.

    `place` is (m, 2), scale and shift; `lines` chooses from 0 to side - 1, n of them: (m, n) each. What is two and
    more lines outside is given as -2 or `side`.
    """
    centre = np.float32((side - 1) / 2)
    read = place[:, :1] * (np.arange(side, dtype=np.float32)[lines] - centre) + (place[:, 1:] + centre)
    before = np.floor(read)
    share: Floats = read - before
    return np.minimum(np.maximum(before, -2), side).astype(np.intp), share


def interpolation(side: int, place: Floats, lines: slice = _ALL) -> Floats:
    """Return matrices (m, side, n) that a line is multiplied with to read it there, linearly.

    Positions outside the line read zero.
    """
    before, share = between(side, place, lines)
    m, n = share.shape
    # Two lines more on either side take the weights of what lies outside.
    weights: Floats = np.zeros((m, side + 4, n), np.float32)
    at = (before + (np.arange(m)[:, None] * (side + 4) + 2)) * n + np.arange(n)
    flat = weights.reshape(-1)
    flat[at] = 1 - share
    flat[at + n] = share
    return weights[:, 2:-2]


def _transforms() -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return the matrices from a line to its tapered spectrum, in height and in width: for one stretch and for all.

    Real parts and imaginary parts are apart: (2 * k * 15, 32) and (32, 2 * k * 8) for k stretches.
    """
    at = np.arange(HALF) - (HALF - 1) / 2
    taper = np.minimum(1.0, (np.minimum(np.arange(HALF), np.arange(HALF)[::-1]) + 0.5) / _TAPER)
    high = np.arange(-_HIGHEST, _HIGHEST + 1)
    across = np.arange(_HIGHEST + 1)
    down = np.exp(-2j * np.pi * np.outer(high, at) / HALF) * taper
    side = np.exp(-2j * np.pi * np.outer(across, at) / HALF) * taper
    stretch = interpolation(HALF, np.array([(scale, 0) for scale in STRETCHES], np.float32)).transpose(0, 2, 1)
    all_down, all_across = (np.concatenate([matrix @ one for one in stretch]) for matrix in (down, side))
    return _parts(down, side), _parts(all_down, all_across)


def _parts(down: Spectra, across: Spectra) -> tuple[Floats, Floats]:
    parts = (np.concatenate([matrix.real, matrix.imag]).astype(np.float32) for matrix in (down, across))
    return next(parts), np.ascontiguousarray(next(parts).T)


_PLAIN, _STRETCHED = _transforms()
_HEIGHT, _WIDTH = 2 * _HIGHEST + 1, _HIGHEST + 1
_SHIFTS: Final = np.arange(-_FARTHEST, _FARTHEST + 1)
_BACK_DOWN: Final = np.exp(2j * np.pi * np.outer(_SHIFTS, np.arange(-_HIGHEST, _HIGHEST + 1)) / HALF).astype(
    np.complex64
)
# Half of the spectrum stands for both halves: twice the real part, but once for the frequency 0.
_TWICE: Final = np.where(np.arange(_WIDTH) == 0, 1, 2).astype(np.float32)


_BOTH_PARTS: Final = np.tile(np.repeat(_TWICE, 2), _HEIGHT)


def _back_across() -> Floats:
    turn = np.exp(2j * np.pi * np.outer(np.arange(_WIDTH), _SHIFTS) / HALF) * _TWICE[:, None]
    return np.stack([turn.real, -turn.imag], axis=1).reshape(2 * _WIDTH, len(_SHIFTS)).astype(np.float32)


_BACK_ACROSS: Final = _back_across()


def _glance_back() -> Floats:
    """Return the matrix from a product of glances, real and imaginary parts in turn, to its 25 shifts, (56, 25)."""
    shifts = np.arange(-_FARTHEST, _FARTHEST + 1, _GLANCE_STEP)
    y, x, v, u = np.meshgrid(shifts, shifts, np.arange(-_GLANCE, _GLANCE + 1), np.arange(_GLANCE + 1), indexing="ij")
    turn = np.exp(2j * np.pi * (y * v + x * u) / HALF) * np.where(u == 0, 1, 2)
    parts = np.stack([turn.real, -turn.imag], axis=-1).reshape(len(shifts) ** 2, -1)
    return np.ascontiguousarray(parts.T, np.float32)


_GLANCE_BACK: Final = _glance_back()


def _unit(spectra: Spectra, axes: tuple[int, ...]) -> Spectra:
    energy = ((spectra.real**2 + spectra.imag**2) * _TWICE[: spectra.shape[-1]]).sum(axis=axes, keepdims=True)
    unit: Spectra = (spectra / np.sqrt(energy + np.float32(1e-6))).astype(np.complex64)
    return unit


def spectra_of(coarse: Floats) -> Spectra:
    """Return the spectra (n, 15, 1, 8), of length one, of coarse detail (n, 32, 32)."""
    return _spectra(coarse, _PLAIN).conj()


def stretched_spectra_of(coarse: Floats) -> Spectra:
    """Return the conjugate spectra (n, 15, 9, 8), of length one, of coarse detail stretched in nine ways."""
    return _spectra(coarse, _STRETCHED)


def _spectra(coarse: Floats, transform: tuple[Floats, Floats]) -> Spectra:
    """Return the conjugate spectra (n, 15, k * k, 8), of length one, under k stretches in either direction.

    Products of real matrices, as half of the numbers of a complex one would be zero.
    """
    n, k = len(coarse), transform[0].shape[0] // (2 * _HEIGHT)
    parts = (transform[0] @ (coarse @ transform[1])).reshape(n, 2, k, _HEIGHT, 2, k, _WIDTH)
    real = parts[:, 0, :, :, 0] - parts[:, 1, :, :, 1]
    imaginary = parts[:, 0, :, :, 1] + parts[:, 1, :, :, 0]
    energy = ((real * real + imaginary * imaginary) * _TWICE).sum(axis=(2, 4), keepdims=True)
    length = np.sqrt(energy + np.float32(1e-6))
    unit: Spectra = np.empty((n, _HEIGHT, k, k, _WIDTH), np.complex64)
    unit.real = (real / length).transpose(0, 2, 1, 3, 4)
    unit.imag = (imaginary / -length).transpose(0, 2, 1, 3, 4)
    return unit.reshape(n, _HEIGHT, k * k, _WIDTH)


def glances_of(spectra: Spectra) -> Spectra:
    """Return the coarsest frequencies of spectra (n, 15, k, 8), of length one again, as (n, k, 28)."""
    kept = spectra[:, _HIGHEST - _GLANCE : _HIGHEST + _GLANCE + 1, :, : _GLANCE + 1]
    return _unit(kept, (1, 3)).transpose(0, 2, 1, 3).reshape(len(spectra), spectra.shape[2], GLANCE_SIZE)


def keeping_ratio(stretched: Spectra) -> Spectra:
    """Return, of the nine stretches of spectra (n, 15, 9, 8), the three that keep the ratio of sides."""
    return stretched[:, :, :: len(STRETCHES) + 1]


def glance(first: Spectra, second: Spectra) -> Floats:
    """Return the highest correlation for each pair of glances, in ten-thousandths so that last bits do not count."""
    product = (first * second).view(np.float32)
    found = product.reshape(-1, product.shape[-1]) @ _GLANCE_BACK
    highest: Floats = np.rint(found.reshape(len(first), -1).max(axis=1) * np.float32(1e4))
    return highest * np.float32(1e-4)


def likeness(first: Spectra, second: Spectra) -> Floats:
    """Return the correlation of pairs of spectra of length one without any shift."""
    # Real and imaginary parts side by side: their products add up to the real part wanted.
    one, other = (spectra.view(np.float32).reshape(len(spectra), 2 * _HEIGHT * _WIDTH) for spectra in (first, second))
    found: Floats = (one * other * _BOTH_PARTS).sum(axis=1)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where the second picture of each of m pairs is to be read to look like the first.

    `across` and `down` are (m, 2): scale and shift, the shift in pixels of the level at hand.
    """

    across: Floats
    down: Floats

    def doubled(self) -> "Places":
        """Return the same places for thumbnails of twice the side."""
        twice = np.array([1, 2], np.float32)
        return Places(self.across * twice, self.down * twice)

    @classmethod
    def joined(cls, parts: Sequence["Places"]) -> "Places":
        """Return the places of all parts, one after the other."""
        return cls(np.concatenate([part.across for part in parts]), np.concatenate([part.down for part in parts]))

    def take(self, which: NDArray[np.intp]) -> "Places":
        """Return the places of some of the pairs."""
        return Places(self.across[which], self.down[which])


def best_places(first: Spectra, second: Spectra) -> tuple[Floats, Places]:
    """Return the highest correlation for each pair of spectra and where it was found, in pixels of 32."""
    m, k, s = len(first), len(STRETCHES), len(_SHIFTS)
    product = (first * second).reshape(m, _HEIGHT, k * k * _WIDTH)
    half = np.ascontiguousarray(_BACK_DOWN @ product).reshape(m, s * k * k, _WIDTH)
    found = (half.view(np.float32) @ _BACK_ACROSS).reshape(m, s * k * k * s)
    # Rounded so that the last bits, which may differ between machines, do not decide between two places.
    found = np.rint(found * np.float32(1e4))
    best = found.argmax(axis=1)
    height = found[np.arange(m), best] * np.float32(1e-4)
    down, stretch, across = np.unravel_index(best, (s, k * k, s))
    scales = np.array(STRETCHES, np.float32)
    sy, sx = scales[stretch // k], scales[stretch % k]
    places = Places(
        np.stack([sx, -sx * _SHIFTS[across]], axis=1).astype(np.float32),
        np.stack([sy, -sy * _SHIFTS[down]], axis=1).astype(np.float32),
    )
    return height, places
