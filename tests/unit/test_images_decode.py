"""From bytes to a prepared picture: upright, opaque, eight bits, first frame, and honest about what fails."""

import io
from collections import Counter
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from hashing import Fingerprint
from images.decode import Decoded, decode, prepare
from images.results import Problem

LIMIT = 50_000_000
COLOURS = np.random.default_rng(5).integers(0, 256, (6, 9, 3), np.uint8)


def scene() -> Image.Image:
    return Image.fromarray(COLOURS).resize((90, 60), Image.Resampling.BICUBIC)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(source: bytes | Path, *, fast_jpeg: bool = False) -> Decoded:
    result = decode(source, max_pixels=LIMIT, fast_jpeg=fast_jpeg)
    assert isinstance(result, Decoded), result
    return result


def made(result: Decoded) -> Fingerprint:
    assert result.fingerprint is not None
    return result.fingerprint


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO"])
def test_every_allowed_format_is_read(kind: str) -> None:
    result = decoded(saved(scene(), kind))
    assert (result.format, result.animated) == (kind, False)
    assert (result.width, result.height) == ((90, 60) if kind != "ICO" else (48, 32))  # the largest in it


def test_the_hashes_are_those_of_imagehash() -> None:
    data = saved(scene(), "JPEG")
    with Image.open(io.BytesIO(data)) as picture:
        expected = tuple(str(f(picture)) for f in (imagehash.average_hash, imagehash.phash, imagehash.dhash))
    assert made(decoded(data)).hexes() == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone_and_decides_the_size(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(scene(), "PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        upright = prepare(picture, orientation)
    result = decoded(data)
    assert (result.width, result.height) == upright.size == ((90, 60) if orientation < 5 else (60, 90))
    assert made(result).hexes()[1] == str(imagehash.phash(upright))


def test_damaged_exif_does_not_cost_a_sound_picture() -> None:
    data = saved(scene(), "JPEG")
    broken = data[:2] + b"\xff\xe1\0\x20Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 14 + b"\0\0" + data[2:]
    assert decoded(broken).width == 90


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_lies_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert np.asarray(prepare(clear.convert(mode) if mode != "PA" else clear.convert("LA"))).min() == 255


def test_transparent_palettes_and_colours_lie_on_white() -> None:
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    for data in (saved(palette, "PNG", transparency=0), saved(Image.new("RGB", (8, 8)), "PNG", transparency=(0, 0, 0))):
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert np.asarray(prepare(picture)).min() == 255


def test_sixteen_bits_are_divided_by_257_and_rounded() -> None:
    values = np.array([[0, 128, 129, 257, 65535, 65407, 65406, 32896]], np.uint16)
    with Image.open(io.BytesIO(saved(Image.fromarray(values), "PNG"))) as picture:
        picture.load()
        assert np.asarray(prepare(picture)).tolist() == [[0, 0, 1, 1, 255, 255, 254, 128]]


def test_other_modes_become_gray_or_rgb() -> None:
    for mode in ("1", "L", "P", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "RGBX"):
        picture = (
            scene().convert(mode) if mode not in {"I", "F", "LAB"} else scene().convert("L" if mode != "LAB" else "RGB")
        )
        picture = picture.convert(mode) if mode != "LAB" else picture
        assert prepare(picture).mode in {"L", "RGB"}
        assert prepare(picture).size == (90, 60)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts_and_it_is_marked(kind: str) -> None:
    frames = [scene(), scene().transpose(Image.Transpose.ROTATE_180)]
    result = decoded(saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))
    still = decoded(saved(frames[0], kind, lossless=True))
    assert result.animated
    assert made(result).hexes() == made(still).hexes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_a_truncated_file_is_broken_and_not_half_read(kind: str) -> None:
    data = saved(scene(), kind)
    result = decode(data[: len(data) * 2 // 3], max_pixels=LIMIT)
    assert isinstance(result, Problem)
    assert result.status == "broken_picture"


def test_the_size_is_judged_before_the_pixels() -> None:
    result = decode(saved(scene(), "PNG"), max_pixels=5399)
    assert isinstance(result, Problem)
    assert result.status == "too_many_pixels"
    assert isinstance(decode(saved(scene(), "PNG"), max_pixels=5400), Decoded)


def test_fast_jpegs_keep_their_size_and_nearly_their_hashes(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(saved(scene().resize((2700, 1800)), "JPEG"))
    slow, fast = decoded(path), decoded(path, fast_jpeg=True)
    assert (fast.width, fast.height) == (slow.width, slow.height) == (2700, 1800)
    assert max(int(a ^ b).bit_count() for a, b in zip(made(slow).hashes, made(fast).hashes, strict=True)) <= 4


def test_heic_says_what_to_install_or_is_read() -> None:
    result = decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100, max_pixels=LIMIT)
    assert isinstance(result, Problem)
    assert result.status in {"unsupported_format", "broken_picture"}
    assert "pillow-heif" in result.reason or result.status == "broken_picture"


def test_a_picture_that_is_only_checked_gets_the_verdict_and_the_size_of_a_decoded_one() -> None:
    whole = scene().resize((333, 222))
    chance = np.random.default_rng(4)
    files = [saved(whole, "JPEG", progressive=shape) for shape in (False, True)]
    files += [saved(whole.convert(mode), "JPEG") for mode in ("L", "CMYK")] + [saved(whole, "PNG")]
    verdicts: Counter[object] = Counter()
    for data in [file for file in files for _ in range(60)]:
        damaged = bytearray(data)
        for _ in range(chance.integers(3)):
            damaged[chance.integers(len(data))] = chance.integers(256)
        mutant = bytes(damaged[: len(data) if chance.random() < 0.6 else chance.integers(len(data))])
        verdict = _verdict(decode(mutant, max_pixels=LIMIT))
        assert _verdict(decode(mutant, max_pixels=LIMIT, bare=True)) == verdict
        verdicts[verdict[0]] += 1
    assert verdicts["JPEG"] > 50 and verdicts["broken_picture"] > 50


def _verdict(result: Decoded | Problem) -> tuple[object, ...]:
    match result:
        case Problem():
            return result.status, result.reason
        case Decoded():
            return result.format, result.width, result.height, result.animated
