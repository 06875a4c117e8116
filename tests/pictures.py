"""Pictures made for tests: smooth random fields, which hash and align like photographs do."""

import io

import numpy as np
from PIL import Image


def scene(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """Return a colourful picture with structure at several scales; another seed is an unrelated picture."""
    chance = np.random.default_rng(seed)
    field = np.zeros((height, width, 3))
    for cells in (3, 6, 12, 24):
        coarse = Image.fromarray(chance.integers(0, 256, (cells, cells, 3), np.uint8).astype(np.uint8))
        field += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float) / cells**0.5
    field -= field.min()
    return Image.fromarray((255 * field / field.max()).astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """Return the picture as a file of this format."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def family(seed: int) -> dict[str, bytes]:
    """Return an original and three web-like copies of it, by file name."""
    picture = scene(seed)
    width, height = picture.size
    return {
        "original.jpg": encoded(picture, quality=92),
        "half.jpg": encoded(picture.resize((width // 2, height // 2)), quality=80),
        "low.webp": encoded(picture, "WEBP", quality=40),
        "cropped.png": encoded(picture.crop((6, 4, width - 6, height - 4)), "PNG"),
    }
