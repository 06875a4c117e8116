"""Which pictures say too little to be compared: blank ones, and smooth ones without a detail to align."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hashing.smoothing import smoother

BLANK_DEVIATION: Final = 5.0
"""Below this standard deviation of gray (0-255) all pictures hash alike; measured, see docs."""
DETAIL_DEVIATION: Final = 1.0
"""Below this deviation of what is left without the smooth part, a picture is a gradient and aligns with any other."""

_SMOOTH: Final = smoother(64, 2.5)
"""Makes the smooth part of a thumbnail, which has 64 lines."""

LEAST_SIDE: Final = 16
"""A picture of fewer lines is a rule or a spacer; stretched to a square it would look like what it was cut from."""


def is_blank(thumbnail: NDArray[np.uint8]) -> bool:
    """Say whether a gray thumbnail is one even area."""
    return bool(thumbnail.std() < BLANK_DEVIATION)


def has_low_detail(thumbnail: NDArray[np.uint8]) -> bool:
    """Say whether a gray thumbnail has nothing finer than a smooth change of tone."""
    gray = thumbnail.astype(np.float64)
    return bool((gray - _SMOOTH @ gray @ _SMOOTH.T).std() < DETAIL_DEVIATION)
