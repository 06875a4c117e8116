"""The reduction to several sizes at once is Pillow's, bit for bit, or Pillow does it."""

from collections.abc import Callable

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


def _stripes(width: int, height: int) -> np.ndarray:
    """Return two tones whose sums are exactly a half wherever a stripe ends in the middle of the weights."""
    return np.tile((np.arange(width) * 16 // width % 2 * 255).astype(np.uint8), (height, 1))


def _two_tones(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(11).integers(0, 2, (height, width), np.uint8) * np.uint8(255)


def _ramp(width: int, height: int) -> np.ndarray:
    return np.tile((np.arange(width) % 256).astype(np.uint8), (height, 1))


@pytest.mark.parametrize("drawn", [_stripes, _two_tones, _ramp])
@pytest.mark.parametrize("size", [(96, 80), (640, 100), (100, 640), (1000, 700)])
def test_drawings_with_sums_of_exactly_a_half_give_what_pillow_gives(
    drawn: Callable[[int, int], np.ndarray], size: tuple[int, int]
) -> None:
    gray = drawn(*size)
    own = resample.reduce_to(Image.fromarray(gray), SIZES)
    assert all(np.array_equal(a, b) for a, b in zip(own, _pillow(Image.fromarray(gray)), strict=True))


def test_no_sum_in_single_precision_is_farther_off_than_its_doubt() -> None:
    """The worst lines there are: black where a weight is negative and white where it is positive, or the reverse."""
    for n in (70, 333, 1155, 4000):
        line = resample._line_of(n, (8, 9, 32))
        worst = np.where(line.weights > 0, 255, 0).astype(np.uint8)
        for lines in (worst, 255 - worst, np.random.default_rng(n).integers(0, 256, (200, n), np.uint8)):
            exact = lines.astype(np.float64) @ line.weights.T.astype(np.float64) + 0.5
            off = np.abs(resample._sums(lines, line) - exact)
            assert (off <= line.doubt).all()
            assert line.doubt.max() < 0.01


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
