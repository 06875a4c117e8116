"""One table of algorithms; the three that vote are computed together and equal ImageHash's."""

import imagehash
import numpy as np
import pytest
from PIL import Image

from hashing.algorithms import ALGORITHMS, VOTERS, hash_of, hashes_of, to_hex


def _picture(width: int, height: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    steps = random.normal(0, 12, (height, width))
    return Image.fromarray(np.clip(np.cumsum(steps, axis=seed % 2) + 128, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("size", [8, 16])
@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (90, 400), (400, 90), (641, 640), (63, 65), (1, 9)])
def test_the_three_hashes_are_imagehashs_own_bits(shape: tuple[int, int], size: int) -> None:
    for seed in range(4):
        gray = _picture(*shape, seed)
        for name, words in zip(VOTERS, np.split(hashes_of(gray, size), 3), strict=True):
            assert to_hex(words) == str(ALGORITHMS[name](gray, hash_size=size))


def test_where_rounding_decides_the_bits_are_imagehashs_too() -> None:
    """Flat, striped and symmetric pictures have frequencies at their median, apart by rounding alone."""
    random = np.random.default_rng(5)
    noise = random.integers(0, 256, (32, 32), np.uint8)
    stripes = np.repeat(random.integers(0, 256, (32, 1), np.uint8), 32, axis=1)
    odd = [np.full((32, 32), level, np.uint8) for level in range(0, 256, 15)]
    for pixels in (*odd, stripes, stripes.T, np.maximum(noise, noise[:, ::-1]), np.maximum(noise, noise.T)):
        gray = Image.fromarray(np.ascontiguousarray(pixels)).resize((96, 96), Image.Resampling.NEAREST)
        assert to_hex(np.split(hashes_of(gray), 3)[1]) == str(imagehash.phash(gray))


def test_whash_is_imagehashs_haar_hash() -> None:
    gray = _picture(200, 150, 3)
    assert to_hex(hash_of(gray, "whash")) == str(imagehash.whash(gray))


def test_an_unknown_algorithm_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match="ahash, phash, dhash, whash"):
        hash_of(_picture(9, 9, 1), "md5")
