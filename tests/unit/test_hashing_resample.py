"""The reduction to several sizes at once is Pillow's, bit for bit, or Pillow does it."""

import numpy as np
import pytest
from PIL import Image

from hashing import resample

SIZES = ((8, 8), (9, 8), (32, 32))


def _shapes() -> list[tuple[int, int]]:
    random = np.random.default_rng(7)
    return [(int(w), int(h)) for w, h in 2 ** random.uniform(0, 9, (120, 2))]


def _pillow(gray: Image.Image) -> list[np.ndarray]:
    return [np.asarray(gray.resize(size, Image.Resampling.LANCZOS)) for size in SIZES]


def test_this_pillow_is_one_whose_rule_is_known() -> None:
    """Were it not so, every fingerprint would take Pillow's own, slower way."""
    assert resample._tall_rule() is not None


def test_every_shape_gives_what_pillow_gives() -> None:
    random = np.random.default_rng(8)
    rule = resample._tall_rule()
    assert rule is not None
    for width, height in _shapes():
        gray = Image.fromarray(random.integers(0, 256, (height, width), np.uint8))
        own = resample._reduced(np.asarray(gray), SIZES, rule)
        assert all(np.array_equal(a, b) for a, b in zip(own, _pillow(gray), strict=True)), (width, height)


def test_a_pillow_that_works_otherwise_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "_tall_rule", lambda: None)
    monkeypatch.setattr(resample, "_reduced", None)
    gray = Image.fromarray(np.random.default_rng(9).integers(0, 256, (80, 120), np.uint8))
    assert all(np.array_equal(a, b) for a, b in zip(resample.reduce_to(gray, SIZES), _pillow(gray), strict=True))


def test_wrong_weights_are_noticed() -> None:
    """The self-check compares with Pillow: a rule that is wrong for this Pillow does not pass it."""
    gray = np.random.default_rng(10).integers(0, 256, (100, 40), np.uint8)
    rules = [resample._agrees(gray, SIZES, rule) for rule in (resample._down_first_when_tall, resample._never)]
    assert rules.count(True) == 1
