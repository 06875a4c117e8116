"""The faces under which a picture is compared: as it is, inside its margins, and turned, where that is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.algorithms import VOTERS, hash_of
from hashing.content import Fingerprints
from hashing.fingerprint import Fingerprint

Pixels = NDArray[np.uint8]

MIRRORED: Final = "mirrored"
ROTATED: Final = "rotated"

_TURNS: Final[dict[str, Callable[[Pixels], Pixels]]] = {
    "mirrored": lambda p: p[:, ::-1],
    "upside down": lambda p: p[::-1],
    "rotated 90": lambda p: np.rot90(p, 1),
    "rotated 180": lambda p: p[::-1, ::-1],
    "rotated 270": lambda p: np.rot90(p, 3),
    "mirrored and rotated 90": lambda p: np.rot90(p[:, ::-1], 1),
    "mirrored and rotated 270": lambda p: np.rot90(p[:, ::-1], 3),
}
_ASKED: Final[dict[frozenset[str], tuple[str, ...]]] = {
    frozenset(): (),
    frozenset({MIRRORED}): ("mirrored", "upside down"),
    frozenset({ROTATED}): ("rotated 90", "rotated 180", "rotated 270"),
    frozenset({MIRRORED, ROTATED}): tuple(_TURNS),
}


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """f faces of the units: `owner` (f,) is the unit, `hashes` (f, 3); the first `upright` ones are not turned.

    The thumbnails, gray (64, 64) and in colours (16, 16, 3), are those of the fingerprints and not copied: 100,000
    of them are half a gigabyte.
    """

    owner: NDArray[np.intp]
    hashes: NDArray[np.uint64]
    thumbnails: Sequence[Pixels]
    colours: Sequence[Pixels]
    upright: int


def faces_of(
    prints: Fingerprints, units: Sequence[int], orientations: frozenset[str], algorithms: Sequence[str] = VOTERS
) -> Faces:
    """Return the faces of units, each named by one of its contents; flat pictures have none.

    The hashes of a turned picture are taken from its thumbnail: they lie within a few bits of those of the
    turned original, and need no second look at the file.
    """
    upright: list[tuple[int, Fingerprint]] = []
    for unit, content in enumerate(units):
        own = prints.contents[content].fingerprint
        upright += [(unit, face) for face in (own, own.trimmed) if face is not None and not own.flat and not face.flat]
    turned = [
        (unit, turn(face.thumbnail), turn(face.colours))
        for turn in (_TURNS[name] for name in _ASKED[orientations])
        for unit, face in upright
    ]
    hashes = [face.hashes for _, face in upright] + [_hashes_of(thumbnail, algorithms) for _, thumbnail, _ in turned]
    count = len(hashes)
    return Faces(
        np.array([unit for unit, *_ in (*upright, *turned)], np.intp),
        np.array(hashes, np.uint64).reshape(count, prints.hashes.shape[1]),
        [f.thumbnail for _, f in upright] + [t for _, t, _ in turned],
        [f.colours for _, f in upright] + [c for _, _, c in turned],
        len(upright),
    )


def _hashes_of(thumbnail: Pixels, algorithms: Sequence[str]) -> NDArray[np.uint64]:
    picture = Image.fromarray(np.ascontiguousarray(thumbnail))
    return np.concatenate([hash_of(picture, name) for name in algorithms])
