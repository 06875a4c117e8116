"""What decisions say of the diff: shares with their interval, and a suggestion only where enough is known."""

import numpy as np
import pytest

from hashing import Content, fingerprint
from hashing.measuring import Measured, measured
from reviewing.calibration import DIFFS, Share, calibrated, judged_pairs
from reviewing.marks import Marks
from tests.pictures import scene

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def pair(distance: int, alignment: float = 0.9) -> Measured:
    return Measured((distance, distance, 64), alignment)


def test_the_interval_is_wilsons() -> None:
    """Against figures worked out by hand from the formula, at 95 %."""
    for share, low, high in (
        (Share(0, 10), 0.0, 0.2775),
        (Share(9, 10), 0.5958, 0.9821),
        (Share(50, 100), 0.4038, 0.5962),
    ):
        assert share.interval == pytest.approx((low, high), abs=5e-5)


def test_pairs_are_judged_within_the_group_that_is_shown() -> None:
    rows = [("1", "", "keep"), ("1", "", "drop"), ("1", "", ""), ("2", "", "Drop"), ("2", "", "drop"), ("", "", "keep")]
    marks = Marks(*(tuple(column) for column in zip(*rows, strict=True)))
    assert judged_pairs(marks, [A, B, C, D, A, C], frozenset({(C, D)})) == {(A, B): True, (C, D): False}
    assert judged_pairs(marks, [A, B, C, D, A, C], frozenset({(A, B)})) == {}
    assert judged_pairs(marks, [A, A, C, D, A, C], frozenset()) == {}


def test_precision_is_counted_at_each_diff_and_tier() -> None:
    judged = [(pair(3), True), (pair(9), True), (pair(9, 0.45), False), (pair(17, 0.1), False), (pair(19), False)]
    made = calibrated(judged, 24)
    assert made.shares[6, "near-duplicate"] == Share(1, 1)
    assert made.shares[10, "near-duplicate"] == Share(2, 2)
    assert made.shares[10, "look-alike"] == Share(0, 1)
    assert made.shares[20, "near-duplicate"] == Share(2, 3)
    assert made.shares[20, "vote alone"] == Share(2, 5)
    assert {diff for diff, _ in made.shares} == set(DIFFS) == set(range(6, 25, 2))


def test_a_diff_is_suggested_only_where_enough_is_known() -> None:
    few = calibrated([(pair(3), True)] * 34, 20)
    assert few.suggested is None and "34 pairs were judged" in few.why and "too little" in few.why
    enough = calibrated([(pair(3), True)] * 35, 20)
    assert enough.suggested == 20
    assert calibrated([(pair(3), True)] * 35, 13).suggested == 12


def test_the_largest_diff_is_suggested_that_is_right_often_enough() -> None:
    judged = [(pair(5), True)] * 60 + [(pair(15), False)] * 30
    assert calibrated(judged, 24).suggested == 14
    made = calibrated([(pair(5), True)] * 60 + [(pair(5), False)] * 40, 24)
    assert made.suggested == 24 and "No diff is sure to reach 90 %" in made.why
    unverified = calibrated([(pair(5, 0.1), False)] * 50 + judged, 24, verify=False)
    assert "The best is -d 14, with at least 45 %" in unverified.why


def test_given_pairs_measure_as_in_a_sort() -> None:
    def content(name: str, picture) -> Content:
        return Content(name * 64, fingerprint(picture), picture.width * picture.height, 1)

    original = scene(1)
    one, copy, other = (content("a", original), content("b", original.resize((160, 120))), content("c", scene(2)))
    near, far = measured([(copy, one), (one, other)])
    assert near.near and near.similar(20) and not far.near and not far.similar(20)
    assert measured([(one, copy)]) == [near]
    assert near.distances == tuple(
        int(np.bitwise_count(a ^ b)) for a, b in zip(one.fingerprint.hashes, copy.fingerprint.hashes, strict=True)
    )
    assert measured([]) == []
