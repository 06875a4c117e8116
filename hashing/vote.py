"""The vote: two pictures are similar when enough of their hashes lie close together."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hashing.algorithms import VOTERS

DEFAULT_THRESHOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Ballot:
    """The rule of the vote: at least `quorum` Hamming distances strictly below `threshold`.

    `algorithms` names the hashes that vote, each of `words` words of 64 bits, in the order in which a fingerprint
    has them.
    """

    threshold: int
    quorum: int = 2
    algorithms: tuple[str, ...] = VOTERS
    words: int = 1

    @property
    def usual(self) -> bool:
        """Whether the three hashes of 64 bits vote, for which there are the fast engines."""
        return self.algorithms == VOTERS and self.words == 1

    def distances(self, differ: NDArray[np.uint64]) -> NDArray[Any]:
        """Return one distance an algorithm (..., a) for words (..., a * w) that hold the bits that differ."""
        counts: NDArray[Any] = np.bitwise_count(differ)
        if self.words == 1:
            return counts
        summed: NDArray[Any] = counts.reshape(*counts.shape[:-1], -1, self.words).sum(axis=-1, dtype=np.int64)
        return summed

    def similar(self, distances: NDArray[Any]) -> NDArray[np.bool_]:
        """Say which pairs win: `distances` holds one distance an algorithm on its last axis.

        >>> bool(Ballot(8).similar(np.array([3, 30, 7]))), bool(Ballot(8).similar(np.array([3, 30, 8])))
        (True, False)
        """
        won: NDArray[np.bool_] = (distances < self.threshold).sum(axis=-1) >= self.quorum
        return won
