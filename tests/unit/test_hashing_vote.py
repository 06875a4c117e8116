"""The vote: enough distances strictly below the threshold."""

import numpy as np
import pytest

from hashing import Ballot


@pytest.mark.parametrize(
    ("distances", "similar"),
    [((7, 7, 64), True), ((7, 8, 8), False), ((0, 0, 0), True), ((8, 8, 8), False), ((64, 7, 7), True)],
)
def test_two_of_three_below_eight(distances: tuple[int, int, int], similar: bool) -> None:
    assert bool(Ballot(8).similar(np.array(distances, np.uint8))) is similar


def test_nothing_is_below_zero() -> None:
    assert not Ballot(0).similar(np.zeros((1, 3), np.uint8)).any()


@pytest.mark.parametrize(("quorum", "similar"), [(1, True), (2, True), (3, False)])
def test_the_quorum_counts_the_votes(quorum: int, similar: bool) -> None:
    assert bool(Ballot(8, quorum).similar(np.array([1, 1, 60], np.uint8))) is similar
