"""Bytes into a prepared picture: known formats only, the header looked at before the pixels. Runs in a worker."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError, features

from hashing import Fingerprint, fingerprint
from hashing.algorithms import hash_of
from images.formats import HEAD, sniff
from images.results import Problem

DECODER_VERSION: Final = f"1;pillow={PIL.__version__}"
"""Names what decides whether bytes are a picture and which size it has, for the cache key."""

# What Pillow's readers of the allowed formats raise on damaged files, beside OSError and SyntaxError, its own
# two ways to say so. Anything else is a defect of the decoder: it ends this worker and costs one row.
_DAMAGED: Final = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, KeyError, TypeError,
    AttributeError, ZeroDivisionError, OverflowError, RuntimeError, AssertionError,
)  # fmt: skip
_ANIMATED: Final = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION: Final = 0x0112
_FAST_SIDE: Final = 256
_CHECKED_SIDE: Final = 1
"""A JPEG that is only checked is scaled down as far as its decoder can: by 8."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What is known of a picture's content; `width` and `height` are pixels after orientation.

    `hashes` are those that were asked for besides the fingerprint, in that order; `fingerprint` is None for a
    picture that was only checked.
    """

    format: str
    width: int
    height: int
    animated: bool
    fingerprint: Fingerprint | None
    hashes: tuple[NDArray[np.uint64], ...] = ()


def decode(  # noqa: PLR0913 - one keyword each for what decides the result
    source: bytes | Path,
    *,
    max_pixels: int,
    fast_jpeg: bool = False,
    trim: bool = False,
    hashes: Sequence[str] = (),
    hash_size: int = 8,
    bare: bool = False,
) -> Decoded | Problem:
    """Decode the first frame of a picture and take its fingerprint, or say why that can not be done.

    `fast_jpeg` lets the JPEG decoder scale large pictures down; their hashes may then differ by some bits.
    `trim` adds a fingerprint of the picture inside its even margins.
    `hashes` names algorithms whose hashes of `hash_size` squared bits are wanted, too. `bare` wants none of these
    but the verdict alone: every byte of a JPEG is still decoded, into an eighth of its pixels.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        kind = sniff(file.read(HEAD))
        if isinstance(kind, Problem):
            return kind
        if problem := _missing_decoder(kind):
            return problem
        file.seek(0)
        try:
            return _decode(
                file,
                kind,
                max_pixels,
                _CHECKED_SIDE if bare else _FAST_SIDE if fast_jpeg else None,
                lambda picture: (
                    None if bare else fingerprint(picture, trim=trim),
                    () if bare else _hashes(picture, hashes, hash_size),
                ),
            )
        except Image.DecompressionBombError:
            return Problem("too_many_pixels", "The picture holds more pixels than it declares.")
        except UnidentifiedImageError:
            return Problem("broken_picture", f"The {kind} file has a damaged header.")
        except _DAMAGED:
            return Problem("broken_picture", f"The {kind} file is damaged or incomplete.")


def too_many_pixels(width: int, height: int, max_pixels: int) -> Problem | None:
    """Return the failure of a picture above the limit, None for others."""
    if width * height <= max_pixels:
        return None
    size, limit = width * height / 1e6, max_pixels / 1e6
    return Problem("too_many_pixels", f"The picture has {size:.1f} megapixels; the limit is {limit:g}.")


def _hashes(picture: Image.Image, names: Sequence[str], size: int) -> tuple[NDArray[np.uint64], ...]:
    gray = picture.convert("L") if names else picture
    return tuple(hash_of(gray, name, size) for name in names)


def _decode(
    file: IO[bytes],
    kind: str,
    max_pixels: int,
    least: int | None,
    look: Callable[[Image.Image], tuple[Fingerprint | None, tuple[NDArray[np.uint64], ...]]],
) -> Decoded | Problem:
    # The header is checked here, with our own sentence; but an icon's own pictures are loaded while it is opened,
    # and Pillow refuses twice this number.
    Image.MAX_IMAGE_PIXELS = max_pixels // 2 if kind == "ICO" else None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(file, formats=(kind,)) as opened:
            declared = opened.size
            if problem := too_many_pixels(*declared, max_pixels):
                return problem
            Image.MAX_IMAGE_PIXELS = max_pixels // 2
            scaled = least is not None and kind == "JPEG"
            if least is not None and scaled:
                opened.draft(None, (least, least))
            opened.load()
            orientation = _orientation(opened)
            picture = prepare(opened, orientation)
            # draft() shrinks the pixels but the size that counts is the file's
            width, height = declared if scaled else opened.size
            if orientation >= 5:
                width, height = height, width
            animated = kind in _ANIMATED and _is_animated(opened)
    return Decoded(kind, width, height, animated, *look(picture))


def prepare(picture: Image.Image, orientation: int = 1) -> Image.Image:
    """Return a picture as it is looked at: upright, mode L or RGB, on opaque white.

    `orientation` is EXIF's number. 16-bit gray is divided by 257 and rounded, so that white stays white.
    """
    picture = _flat(picture)
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture


def _flat(picture: Image.Image) -> Image.Image:
    if picture.mode in {"L", "RGB"} and "transparency" not in picture.info:
        return picture
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bits(picture)
    if "A" in picture.getbands() or "a" in picture.mode or "transparency" in picture.info:
        return _on_white(picture)
    return picture.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    layers = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    white = Image.new("RGB", layers.size, "white")
    white.paste(layers, mask=layers.getchannel("A"))
    return white


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return gray of more than 8 bits as mode L: 16-bit values by 257; wider ones by their own range."""
    values = np.asarray(picture)
    if picture.mode == "F" or values.min() < 0 or values.max() > 0xFFFF:
        values = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
        low, high = float(values.min()), float(values.max())
        return Image.fromarray(np.rint((values - low) * (255 / ((high - low) or 1))).astype(np.uint8))
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _orientation(picture: Image.Image) -> int:
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:  # damaged EXIF in a sound picture: it was shown unrotated everywhere else too
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _is_animated(picture: Image.Image) -> bool:
    try:
        return bool(getattr(picture, "is_animated", False))
    except _DAMAGED:  # a damaged second frame does not cost the first
        return False


def _missing_decoder(kind: str) -> Problem | None:
    if kind == "HEIF" and not _heif():
        return Problem("unsupported_format", "The format HEIC needs an extra: pip install pillow-heif.")
    if kind in {"AVIF", "WEBP"} and not features.check(kind.lower()):
        return Problem("unsupported_format", f"This Pillow was built without {kind}: pip install --upgrade Pillow.")
    return None


def _heif() -> bool:
    try:
        import pillow_heif  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  (an extra: only needed when a HEIC picture turns up)
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True
