"""The vote: two pictures are similar when enough of their hashes lie close together."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DEFAULT_THRESHOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Ballot:
    """The rule of the vote: at least `quorum` Hamming distances strictly below `threshold`."""

    threshold: int
    quorum: int = 2

    def similar(self, distances: NDArray[Any]) -> NDArray[np.bool_]:
        """Say which pairs win: `distances` holds one distance an algorithm on its last axis.

        >>> bool(Ballot(8).similar(np.array([3, 30, 7]))), bool(Ballot(8).similar(np.array([3, 30, 8])))
        (True, False)
        """
        won: NDArray[np.bool_] = (distances < self.threshold).sum(axis=-1) >= self.quorum
        return won
