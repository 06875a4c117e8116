"""How far apart and how well aligned given pairs of pictures are, whether or not they win a vote."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashing.content import Content
from hashing.verify import LOOK_ALIKE, NEAR_DUPLICATE, Verifier
from hashing.vote import Ballot


@dataclass(frozen=True, slots=True)
class Measured:
    """One pair as it stands: its Hamming distances, and its alignment (0 to 1)."""

    distances: tuple[int, ...]
    alignment: float

    def similar(self, threshold: int) -> bool:
        """Say whether the pair wins the vote at a threshold.

        >>> Measured((3, 30, 7), 0.9).similar(8), Measured((3, 30, 8), 0.9).similar(8)
        (True, False)
        """
        return bool(Ballot(threshold).similar(np.array(self.distances)))

    @property
    def near(self) -> bool:
        """Whether a similar pair of this alignment counts as near-duplicates."""
        return self.alignment > NEAR_DUPLICATE

    @property
    def in_doubt(self) -> bool:
        """Whether a similar pair of this alignment counts as look-alikes."""
        return LOOK_ALIKE < self.alignment <= NEAR_DUPLICATE


def measured(pairs: Sequence[tuple[Content, Content]]) -> list[Measured]:
    """Return how each pair measures, the pictures as they are: neither trimmed nor turned."""
    if not pairs:
        return []
    contents = list({content.sha256: content for pair in pairs for content in pair}.values())
    place = {content.sha256: i for i, content in enumerate(contents)}
    prints = [content.fingerprint for content in contents]
    # The same picture first as in a sort, so that a pair has the score it has there.
    sides = [sorted(pair, key=lambda content: (content.fingerprint.digest, content.sha256)) for pair in pairs]
    numbers = np.array([[place[one.sha256] for one in pair] for pair in sides], np.intp)
    verifier = Verifier.of(np.array([p.thumbnail for p in prints]), np.array([p.colours for p in prints]))
    hashes = np.array([p.hashes for p in prints], np.uint64)
    distances = np.bitwise_count(hashes[numbers[:, 0]] ^ hashes[numbers[:, 1]])
    scores = verifier.align(numbers)
    return [Measured(tuple(far), round(float(score), 3)) for far, score in zip(distances.tolist(), scores, strict=True)]
