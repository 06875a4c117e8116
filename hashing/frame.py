"""Even margins around a picture: letterbox bars, borders, the strip that a caption stands on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_EVEN: Final = 10
"""Gray levels within which the pixels of an even line lie around its median."""
_EVEN_SHARE: Final = 0.9
_DEEPEST: Final = 0.3
"""A letterbox leaves at least 40 % of a side; a deeper even margin is part of the picture."""
_LONGEST_SIDE: Final = 512
"""Margins are looked for in a picture of at most this size: a margin of 0.2 % is none."""


def even_lines(lines: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Say for each line of gray pixels, along the last axis, whether nearly all lie close to its median."""
    # The upper of the two middle values: a partition is a third of the cost of np.median.
    middle = lines.shape[-1] // 2
    median = np.partition(lines, middle, axis=-1)[..., middle].astype(np.int16)
    near = np.abs(lines.astype(np.int16) - median[..., None]) <= _EVEN
    even: NDArray[np.bool_] = near.mean(axis=-1) >= _EVEN_SHARE
    return even


def margins(even: NDArray[np.bool_], *, across_text: bool = False) -> tuple[int, int]:
    """Return how many lines at the start and at the end are margin, the mixed line beside it included.

    A margin ends at the first line that is not even; `across_text` lets it go on as long as half of its lines
    are even, so that the text on a strip does not end it.
    """
    deepest = int(_DEEPEST * len(even))
    depths = []
    for lines in (even, even[::-1]):
        if across_text:
            share = np.cumsum(lines[:deepest]) / np.arange(1, deepest + 1)
            ends = np.flatnonzero(lines[:deepest] & (share >= 0.5))
            run = int(ends[-1]) + 1 if len(ends) and lines[0] else 0
        else:
            run = int(np.logical_and.accumulate(lines).sum())
        depths.append(min(run + 1, deepest) if run else 0)
    return depths[0], depths[1]


def without_margins(picture: Image.Image) -> Image.Image | None:
    """Return the picture inside its even margins, None when it has none."""
    factor = max(1, max(picture.size) // _LONGEST_SIDE)
    gray = np.asarray(picture.convert("L").reduce(factor))
    top, bottom = margins(even_lines(gray), across_text=True)
    left, right = margins(even_lines(gray.T), across_text=True)
    if not top + bottom + left + right:
        return None
    box = (
        left * factor,
        top * factor,
        picture.width - right * factor,
        picture.height - bottom * factor,
    )
    return picture.crop(box) if box[0] < box[2] and box[1] < box[3] else None
