"""Pictures and contents for the properties of arranging: a few that are copies, chains or blank, made once."""

import hashlib
from functools import cache

import numpy as np
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from hashing import Content, Fingerprint, fingerprint


def scene(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture with detail at all sizes, like a photograph."""
    random = np.random.default_rng(seed)
    layers = np.zeros((size[1], size[0], 3))
    for cells in (3, 6, 12, 24):
        grain = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
        layers += np.asarray(grain.resize(size, Image.Resampling.BICUBIC), np.float64) / 4
    return Image.fromarray(layers.astype(np.uint8))


def _marked(picture: Image.Image) -> Image.Image:
    marked = picture.copy()
    ImageDraw.Draw(marked).ellipse((4, 4, 24, 24), fill="red")
    return marked


@cache
def fingerprints() -> tuple[Fingerprint, ...]:
    """Four scenes in five versions each, two blank pictures and two smooth ones."""
    pictures = []
    for seed in range(4):
        photo = scene(seed)
        pictures += [
            photo,
            photo.resize((90, 70), Image.Resampling.BICUBIC),
            photo.crop((6, 5, 154, 115)),
            photo.crop((14, 12, 150, 114)),
            _marked(photo),
        ]
    pictures += [Image.new("RGB", (50, 40), "white"), Image.new("RGB", (50, 40), "green")]
    pictures += [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90)]
    return tuple(fingerprint(picture) for picture in pictures)


def content(which: int, file: int, pixels: int = 100) -> Content:
    """File number `file` that shows picture number `which`."""
    key = hashlib.sha256(f"{which} {file}".encode()).hexdigest()
    return Content(key, fingerprints()[which], pixels, 10 * file)


@st.composite
def sheets(draw: st.DrawFn) -> list[Content | None]:
    """Rows that show these pictures, some as several files and in several rows, some unreadable."""
    files = st.builds(content, st.integers(0, 23), st.integers(0, 2), st.just(100))
    return draw(st.lists(st.one_of(files, files, files, st.none()), max_size=25))


@st.composite
def chains(draw: st.DrawFn) -> list[Content | None]:
    """Rows whose hashes form chains: each one bit or a few from another, thumbnails all the same."""
    picture = fingerprints()[0]
    made: list[np.ndarray] = [picture.hashes]
    contents: list[Content | None] = []
    for file in range(draw(st.integers(1, 14))):
        words = made[draw(st.integers(0, len(made) - 1))].copy()
        for word, bit in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 63)), max_size=8)):
            words[word] ^= np.uint64(1) << np.uint64(bit)
        made.append(words)
        print_ = Fingerprint(words, picture.thumbnail, picture.colours, False, False, words.tobytes())
        key = hashlib.sha256(words.tobytes() + bytes([file])).hexdigest()
        contents.append(Content(key, print_, draw(st.integers(1, 3)), draw(st.integers(1, 2))))
    repeated = st.lists(st.sampled_from([*contents, None]), min_size=1, max_size=20)
    return draw(repeated)
