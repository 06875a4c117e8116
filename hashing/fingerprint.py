"""The fingerprint of one picture: its hashes, a small thumbnail for verification, and what it is too poor for."""

import hashlib
import struct
from dataclasses import dataclass, replace
from typing import Final

import imagehash
import numpy as np
import PIL
import scipy
from numpy.typing import NDArray
from PIL import Image

from hashing.algorithms import VOTERS, hashes_of, to_hex
from hashing.frame import without_margins
from hashing.quality import LEAST_SIDE, has_low_detail, is_blank

THUMBNAIL: Final = 64
"""Side of the gray thumbnail in pixels: 4 KB a picture."""
COLOURS: Final = 16
"""Side of the colour thumbnail: enough to tell a red shirt from a blue one of the same cut."""

_SAMPLED: Final = 16 * COLOURS
"""Pixels a side, at least, that a picture is looked at for its colours, 16 x 16 for each of the colour thumbnail:
JPEG keeps colours at half the size anyway. It moves them by 0.4 levels, as much as JPEG of quality 60 does (median of
330 photographs), changes no alignment of 2,610 true pairs, and takes a half to an eighth of the time."""

FINGERPRINT_VERSION: Final = (
    f"3;{'+'.join(VOTERS)};8;thumbnail={THUMBNAIL};colours={COLOURS}"
    f";imagehash={imagehash.__version__};pillow={PIL.__version__};scipy={scipy.__version__}"
)
"""Says how fingerprints were made, as a cache key; libraries are in it because a new Pillow may round otherwise."""

_HEADER: Final = struct.Struct("<4sBB16s")
_MAGIC: Final = b"fpr1"
_HAS_TRIMMED: Final = 4
_INSIDE: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of one picture to compare it with others.

    `hashes` has the words of ahash, phash and dhash in this order, the first bit of ImageHash's hash being
    the most significant; `thumbnail` is 64x64 gray, `colours` 16x16 RGB; `digest` is equal for pictures of one
    size that nothing here tells apart, flat ones by their very pixels. `trimmed`, made on request, is the
    fingerprint of the picture inside its even margins, None where it has none; `inside` counts the pixels there.
    """

    hashes: NDArray[np.uint64]
    thumbnail: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    blank: bool
    low_detail: bool
    digest: bytes
    trimmed: "Fingerprint | None" = None
    inside: int = 0

    @property
    def flat(self) -> bool:
        """Whether the picture says too little to match anything but the same pixels."""
        return self.blank or self.low_detail

    def hexes(self) -> tuple[str, str, str]:
        """Return ahash, phash and dhash as ImageHash prints them."""
        a, p, d = (to_hex(words) for words in self.hashes.reshape(3, -1))
        return a, p, d

    def to_bytes(self) -> bytes:
        """Return the fingerprint as bytes that any machine reads back."""
        flags = self.blank + 2 * self.low_detail + _HAS_TRIMMED * (self.trimmed is not None)
        header = _HEADER.pack(_MAGIC, flags, len(self.hashes), self.digest)
        own = header + self.hashes.astype("<u8").tobytes() + self.thumbnail.tobytes() + self.colours.tobytes()
        return own if self.trimmed is None else own + _INSIDE.pack(self.inside) + self.trimmed.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Fingerprint":
        """Read what `to_bytes` wrote; raise `ValueError` for anything else."""
        if len(data) < _HEADER.size:
            raise ValueError("these bytes are no fingerprint")
        magic, flags, words, digest = _HEADER.unpack_from(data)
        end = _HEADER.size + 8 * words + THUMBNAIL**2 + 3 * COLOURS**2
        if magic != _MAGIC or len(data) < end or (len(data) > end) != bool(flags & _HAS_TRIMMED):
            raise ValueError("these bytes are no fingerprint")
        hashes = np.frombuffer(data, "<u8", words, _HEADER.size).astype(np.uint64)
        pixels = np.frombuffer(data[:end], np.uint8, offset=_HEADER.size + 8 * words)
        thumbnail = pixels[: THUMBNAIL**2].reshape(THUMBNAIL, THUMBNAIL)
        colours = pixels[THUMBNAIL**2 :].reshape(COLOURS, COLOURS, 3)
        own = cls(hashes, thumbnail, colours, bool(flags & 1), bool(flags & 2), digest)
        if not flags & _HAS_TRIMMED:
            return own
        if len(data) < end + _INSIDE.size:
            raise ValueError("these bytes are no fingerprint")
        (inside,) = _INSIDE.unpack_from(data, end)
        return replace(own, trimmed=cls.from_bytes(data[end + _INSIDE.size :]), inside=inside)


def fingerprint(picture: Image.Image, *, trim: bool = False) -> Fingerprint:
    """Compute the fingerprint of a prepared picture (mode L or RGB, oriented, opaque).

    With `trim` it carries a second one, of the picture inside its even margins; a cache key must say so.
    """
    inside = without_margins(picture) if trim else None
    own = _fingerprint(picture)
    return own if inside is None else replace(own, trimmed=_fingerprint(inside), inside=inside.width * inside.height)


def _fingerprint(picture: Image.Image) -> Fingerprint:
    gray = picture.convert("L")
    coloured = picture if picture.mode == "RGB" else picture.convert("RGB")
    # At twice the side first 5,371 of 6,090 true pairs align, at three times as many, at four times 5,373.
    thumbnail, colours = _small(gray, THUMBNAIL, 2), _colours(coloured)
    blank = is_blank(thumbnail)
    low_detail = min(picture.size) < LEAST_SIDE or has_low_detail(thumbnail)
    hashes = hashes_of(gray)
    # The pixels of a flat picture tell a green one from a white one; any other is known by its thumbnails, and
    # running over all its pixels would cost as much as all three hashes.
    told = picture.tobytes() if blank or low_detail else hashes.tobytes() + thumbnail.tobytes() + colours.tobytes()
    head = f"{picture.mode} {picture.width}x{picture.height} ".encode()
    digest = hashlib.blake2b(head + told, digest_size=16).digest()
    return Fingerprint(hashes, thumbnail, colours, blank, low_detail, digest)


def _colours(coloured: Image.Image) -> NDArray[np.uint8]:
    every = min(coloured.size) // _SAMPLED
    if every > 1:
        size = coloured.width // every, coloured.height // every
        coloured = coloured.resize(size, Image.Resampling.NEAREST)
    return _small(coloured, COLOURS, 4)


def _small(picture: Image.Image, side: int, gap: int) -> NDArray[np.uint8]:
    """Reduce a picture to a square: in whole steps to at least `gap` times the side first, which is cheap."""
    steps = max(1, picture.width // (gap * side)), max(1, picture.height // (gap * side))
    # Pillow reduces in one step by copying the picture.
    reduced = picture if steps == (1, 1) else picture.reduce(steps)
    # The last column and line may stand for fewer pixels than the others: they count less.
    whole = (0.0, 0.0, picture.width / steps[0], picture.height / steps[1])
    return np.asarray(reduced.resize((side, side), Image.Resampling.BILINEAR, box=whole))
