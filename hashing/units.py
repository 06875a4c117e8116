"""Contents that are one from the start: the same bytes, or the same pixels."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.content import Fingerprints


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The units in the order of their smallest sha256: their contents, and the rows that show them.

    `rank` (n,) orders units by their pixels, so that whatever is computed from a pair has the same first picture.
    """

    contents: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    keys: tuple[str, ...]
    rank: NDArray[np.intp]

    def __len__(self) -> int:
        """The number of units."""
        return len(self.contents)

    @property
    def first(self) -> list[int]:
        """The content that stands for each unit."""
        return [unit[0] for unit in self.contents]


def units_of(prints: Fingerprints, *, same_pixels: bool, kept_apart: Collection[str] = ()) -> Units:
    """Join the contents of equal pixels where `same_pixels` says so, but for those of a sha256 `kept_apart`."""
    by_pixels: dict[object, list[int]] = {}
    for i, content in enumerate(prints.contents):
        alone = not same_pixels or content.sha256 in kept_apart
        by_pixels.setdefault(i if alone else content.fingerprint.digest, []).append(i)
    contents = tuple(tuple(unit) for unit in by_pixels.values())
    unit_of = {i: u for u, unit in enumerate(contents) for i in unit}
    rows: list[list[int]] = [[] for _ in contents]
    for row, shown in enumerate(prints.shown.tolist()):
        if shown >= 0:
            rows[unit_of[shown]].append(row)
    order = sorted(range(len(contents)), key=lambda u: (prints.contents[contents[u][0]].fingerprint.digest, u))
    rank = np.empty(len(contents), np.intp)
    rank[order] = np.arange(len(contents))
    keys = tuple(prints.contents[unit[0]].sha256 for unit in contents)
    return Units(contents, tuple(tuple(shown_by) for shown_by in rows), keys, rank)
