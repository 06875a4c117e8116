"""Smoothing with a Gaussian as a matrix, so that SciPy's filters, a quarter of a second to import, are not needed."""

import numpy as np
from numpy.typing import NDArray

_REACH = 4.0
"""Deviations at which the Gaussian ends, as in SciPy's `gaussian_filter`."""


def smoother(side: int, sigma: float) -> NDArray[np.float64]:
    """Return the matrix (side, side) that smooths a line, its end pixels repeated outwards.

    >>> smoother(3, 1.0).sum(axis=1).round(9).tolist()
    [1.0, 1.0, 1.0]
    """
    radius = int(_REACH * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / sigma**2 * offsets**2)
    weights /= weights.sum()
    made = np.zeros((side, side))
    lines = np.arange(side)
    for offset, weight in zip(offsets.tolist(), weights.tolist(), strict=True):
        made[lines, np.clip(lines + offset, 0, side - 1)] += weight
    return made
