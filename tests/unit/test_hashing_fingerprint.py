"""A fingerprint holds ImageHash's own hashes and survives being stored."""

import imagehash
import numpy as np
import pytest
from PIL import Image

from hashing import Fingerprint, fingerprint


def _noise(width: int, height: int, seed: int = 1) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels).resize((width * 2, height * 2), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (40, 30), (400, 9)])
def test_hexes_are_those_of_imagehash(size: tuple[int, int]) -> None:
    picture = _noise(*size)
    expected = (imagehash.average_hash(picture), imagehash.phash(picture), imagehash.dhash(picture))
    assert fingerprint(picture).hexes() == tuple(str(value) for value in expected)


def test_bytes_round_trip() -> None:
    made = fingerprint(_noise(40, 30))
    read = Fingerprint.from_bytes(made.to_bytes())
    assert read.to_bytes() == made.to_bytes()
    assert read.hexes() == made.hexes()
    assert np.array_equal(read.colours, made.colours)
    assert (read.blank, read.low_detail, read.digest) == (made.blank, made.low_detail, made.digest)
    assert np.array_equal(read.thumbnail, made.thumbnail)


@pytest.mark.parametrize("data", [b"", b"fpr1", b"x" * 5000])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no fingerprint"):
        Fingerprint.from_bytes(data)


def test_one_even_colour_is_blank() -> None:
    assert fingerprint(Image.new("RGB", (320, 240), "red")).blank


def test_a_smooth_gradient_has_low_detail_but_is_not_blank() -> None:
    print_ = fingerprint(Image.linear_gradient("L"))
    assert (print_.blank, print_.low_detail) == (False, True)


def test_a_trimmed_fingerprint_is_that_of_the_picture_inside_its_border_and_is_kept() -> None:
    inner = _noise(40, 30)
    framed = Image.new("RGB", (100, 80), "black")
    framed.paste(inner, (10, 10))
    made = fingerprint(framed, trim=True)
    assert made.trimmed is not None
    near = np.bitwise_count(made.trimmed.hashes ^ fingerprint(inner).hashes)
    far = np.bitwise_count(made.hashes ^ fingerprint(inner).hashes)
    assert near.sum() < far.sum()
    again = Fingerprint.from_bytes(made.to_bytes()).trimmed
    assert again is not None
    assert again.to_bytes() == made.trimmed.to_bytes()


def test_the_colours_of_a_large_picture_are_those_of_all_its_pixels() -> None:
    """Only every seventh pixel of every seventh line is looked at; what varies from pixel to pixel evens out."""
    random = np.random.default_rng(3)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8)).resize(
        (2560, 1920), Image.Resampling.BICUBIC
    )
    grain = random.integers(-30, 31, (1920, 2560, 3))
    pixels = np.clip(np.asarray(coarse).astype(np.int16) + grain, 0, 255).astype(np.uint8)
    # triangles of twice a cell's width, as Pillow's bilinear reduction weighs them
    whole = np.asarray(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR)).astype(np.int16)
    off = np.abs(fingerprint(Image.fromarray(pixels)).colours - whole)
    assert off.mean() < 1
    assert off.max() <= 4


def test_without_a_margin_nothing_is_trimmed() -> None:
    assert fingerprint(_noise(40, 30), trim=True).trimmed is None


def test_a_green_and_a_white_picture_share_their_hashes_but_not_their_digest() -> None:
    green, white = (fingerprint(Image.new("RGB", (9, 9), colour)) for colour in ("green", "white"))
    assert green.hexes() == white.hexes()
    assert green.digest != white.digest
