"""Sheets in which there is nothing, or next to nothing, to compare."""

import hashlib

import pytest

from hashing import Ballot, Content, arrange, fingerprint
from tests.pictures import scene


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_rows_without_a_single_picture_stay(n: int, verify: bool) -> None:
    found = arrange([None] * n, Ballot(16), verify=verify)
    assert found.order == tuple(range(n))
    assert found.groups == ()


@pytest.mark.parametrize("verify", [True, False])
def test_one_picture_goes_before_the_unreadable_rows_and_is_alone(verify: bool) -> None:
    picture = scene(1)
    only = Content(hashlib.sha256(b"1").hexdigest(), fingerprint(picture), picture.width * picture.height, 1)
    found = arrange([None, only, None], Ballot(16), verify=verify)
    assert found.order == (1, 0, 2)
    assert found.group == found.family == found.block == (None, None, None)
