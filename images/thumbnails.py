"""Small pictures of local files for pages: in colour where the file can be read, else from its fingerprint."""

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from PIL import Image, ImageOps

from images.decode import prepare
from images.results import Picture

_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "AVIF", "MPO", "PPM")
# What Pillow raises on files that were changed or damaged since they were decoded.
_DAMAGED: Final = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, KeyError, TypeError,
    AttributeError, ZeroDivisionError, OverflowError, RuntimeError, Image.DecompressionBombError,
)  # fmt: skip


def thumbnails(
    pictures: Iterable[tuple[str, Picture]], side: int, progress: Callable[[int], None] | None = None
) -> Iterator[Image.Image]:
    """Yield for each path and its picture a version of at most `side` by `side` pixels, mode RGB, in their order.

    The files were decoded once in a process of its own, so that here only what still reads well is read again.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for i, small in enumerate(pool.map(lambda one: _thumbnail(one[0], one[1], side), pictures), start=1):
            if progress:
                progress(i)
            yield small


def _thumbnail(path: str, picture: Picture, side: int) -> Image.Image:
    try:
        with Image.open(os.fsencode(path), formats=_FORMATS) as opened:
            # A JPEG is decoded at a fraction: eight times faster for a photograph.
            opened.draft("RGB", (2 * side, 2 * side))
            opened.thumbnail((2 * side, 2 * side))
            small = prepare(ImageOps.exif_transpose(opened)).convert("RGB")
    except _DAMAGED:
        gray = Image.fromarray(picture.fingerprint.thumbnail)
        scale = min(1, side / max(picture.width, picture.height))
        small = gray.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))).convert(
            "RGB"
        )
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return small
