"""Verification tells copies of one photograph from pictures that merely look alike."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from hashing import Fingerprint, fingerprint, search, verify
from hashing.features import Floats
from hashing.search import Places, Spectra
from hashing.verify import LOOK_ALIKE, NEAR_DUPLICATE, Verifier
from tests.property.hashing_pictures import scene

SIZE = (240, 180)


def _alignment(one: Image.Image, other: Image.Image) -> float:
    prints: list[Fingerprint] = [fingerprint(one), fingerprint(other)]
    verifier = Verifier.of(np.array([p.thumbnail for p in prints]), np.array([p.colours for p in prints]))
    return float(verifier.align(np.array([[0, 1]]))[0])


def _captioned(picture: Image.Image) -> Image.Image:
    marked = picture.copy()
    ImageDraw.Draw(marked).rectangle((0, 158, 240, 180), fill="black")
    return marked


COPIES = {
    "half size": lambda p: p.resize((120, 90), Image.Resampling.BICUBIC),
    "square": lambda p: p.resize((128, 128), Image.Resampling.BICUBIC),
    "blurred": lambda p: p.filter(ImageFilter.GaussianBlur(2)),
    "gray": lambda p: p.convert("L"),
    "darker": lambda p: p.point([v * 6 // 10 for v in range(256)] * 3),
    "captioned": _captioned,
    "cropped by a tenth": lambda p: p.crop((4, 14, 220, 176)),
    "cropped to a square": lambda p: p.crop((30, 0, 210, 180)),
    "with a white border": lambda p: ImageOps.expand(p, 12, "white"),
    "letterboxed": lambda p: ImageOps.expand(p, (0, 40), "black"),
    "turned by a degree": lambda p: p.rotate(1, Image.Resampling.BICUBIC).crop((4, 4, 236, 176)),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_a_near_duplicate(copy: str) -> None:
    photo = scene(5, SIZE)
    assert _alignment(photo, COPIES[copy](photo)) > NEAR_DUPLICATE


@pytest.mark.parametrize("seed", range(6))
def test_another_scene_is_not(seed: int) -> None:
    assert _alignment(scene(5, SIZE), scene(6 + seed, SIZE)) < LOOK_ALIKE


@pytest.mark.parametrize("frame", ["white", "black"])
def test_a_common_frame_is_no_likeness(frame: str) -> None:
    one, other = (ImageOps.expand(scene(seed, SIZE), (20, 50), frame) for seed in (7, 8))
    assert _alignment(one, other) < LOOK_ALIKE


def test_a_scene_whose_parts_have_moved_is_not_a_near_duplicate() -> None:
    """As in two photographs of one place from two steps apart: near things move more than far ones."""
    photo = scene(9, SIZE)
    pixels = np.asarray(photo)
    rows, columns = np.meshgrid(np.arange(180), np.arange(240), indexing="ij")
    moved = columns + (9 * np.sin(rows / 14) * np.cos(columns / 20)).astype(int)
    other = Image.fromarray(pixels[rows, np.clip(moved, 0, 239)])
    assert _alignment(photo, other) <= NEAR_DUPLICATE


def _shirt(colour: str) -> Image.Image:
    picture = scene(10, SIZE).convert("L").convert("RGB")
    overlay = Image.new("RGB", SIZE, colour)
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).ellipse((60, 40, 180, 140), fill=110)
    picture.paste(overlay, mask=mask)
    return picture


def test_a_red_and_a_blue_one_of_the_same_cut_are_not_copies_but_a_gray_copy_is() -> None:
    red, blue = _shirt("#d02020"), _shirt("#2040d0")
    assert _alignment(red, blue) < LOOK_ALIKE
    assert _alignment(red, red.convert("L").convert("RGB")) > NEAR_DUPLICATE


def test_no_pairs_have_no_scores() -> None:
    verifier = Verifier.of(np.empty((0, 64, 64), np.uint8), np.empty((0, 16, 16, 3), np.uint8))
    assert len(verifier.align(np.empty((0, 2), np.intp))) == 0


def test_the_glances_leave_out_no_copy_and_most_of_what_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [
        made for seed in range(4) for made in (scene(seed, SIZE), *(c(scene(seed, SIZE)) for c in COPIES.values()))
    ]
    prints = [fingerprint(picture) for picture in pictures]
    verifier = Verifier.of(np.array([p.thumbnail for p in prints]), np.array([p.colours for p in prints]))
    pairs = np.stack(np.triu_indices(len(pictures), 1), axis=1)
    searched: list[int] = []
    best_places = search.best_places

    def counted(first: Spectra, second: Spectra) -> tuple[Floats, Places]:
        searched.append(len(first))
        return best_places(first, second)

    monkeypatch.setattr(verify, "best_places", counted)
    scores = verifier.align(pairs)
    glanced = sum(searched)
    for limit in ("_BLEAK", "_DIM"):
        monkeypatch.setattr(verify, limit, -1.0)
    searched.clear()
    whole = verifier.align(pairs)
    assert np.array_equal(scores[whole > LOOK_ALIKE], whole[whole > LOOK_ALIKE])
    assert np.count_nonzero(whole > NEAR_DUPLICATE) > 200
    strangers = np.count_nonzero(whole <= LOOK_ALIKE)
    assert sum(searched) - glanced > strangers / 2
