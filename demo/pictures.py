"""Make web-like copies of the photographs that the PyPI package scikit-image ships."""

import io
import random
from pathlib import Path

import skimage
from PIL import Image, ImageDraw, ImageFont

PHOTOGRAPHS = {
    "astronaut.png": "person",
    "chelsea.png": "cat",
    "coffee.png": "drink",
    "hubble_deep_field.jpg": "sky",
    "motorcycle_left.png": "vehicle",
    "retina.jpg": "medical",
    "rocket.jpg": "vehicle",
}
"""File name in the package, and the label a team might give it."""


def originals() -> dict[str, Image.Image]:
    """Return the photographs by name without suffix, RGB, at most 1,000 pixels wide."""
    folder = Path(skimage.__file__).parent / "data"
    pictures = {}
    for name in PHOTOGRAPHS:
        with Image.open(folder / name) as picture:
            small = picture.convert("RGB")
        small.thumbnail((1000, 1000))
        pictures[Path(name).stem] = small
    return pictures


def copies(picture: Image.Image, chance: random.Random) -> dict[str, bytes]:
    """Return the files that the web would hold of one picture: the original and copies of it, by kind."""
    width, height = picture.size
    left, top = chance.randint(0, width // 20), chance.randint(0, height // 20)
    cropped = picture.crop((left, top, left + width * 19 // 20, top + height * 19 // 20))
    return {
        "original.jpg": _saved(picture, "JPEG", quality=92),
        "resized.jpg": _saved(picture.resize((width // 2, height // 2)), "JPEG", quality=85),
        "reencoded.webp": _saved(picture, "WEBP", quality=40),
        "cropped.jpg": _saved(cropped, "JPEG", quality=88),
        "watermarked.jpg": _saved(_watermarked(picture), "JPEG", quality=85),
    }


def _watermarked(picture: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    font = ImageFont.load_default(size=picture.width // 12)
    middle = (picture.width // 2, picture.height // 2)
    ImageDraw.Draw(layer).text(middle, "PREVIEW", (255, 255, 255, 110), font, anchor="mm")
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def _saved(picture: Image.Image, kind: str, *, quality: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, quality=quality)
    return stream.getvalue()
