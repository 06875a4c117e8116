"""The photographs with ground truth that the accuracy tables are made from: variants, fingerprints, pairs.

Needs the data set `near-duplicates` beside the project (`../shared/data`, or --data). Its `make_variants.py` makes 58
web-style variants of a photograph in three tiers; here they are made in memory, fingerprinted, and forgotten.
"""

import hashlib
import importlib.util
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hashing import Content, Fingerprint, fingerprint

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "near-duplicates"
TURNED = ("hflip", "rot90", "rot180")
NOT_MEANT = (*TURNED, "invert")
"""Variants that no upright comparison is meant to find; tier 3 is counted without them."""


def make_variants(data: Path) -> ModuleType:
    """Import the data set's own generator."""
    spec = importlib.util.spec_from_file_location("make_variants", data / "make_variants.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{data} has no make_variants.py: name the folder near-duplicates with --data")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prepared(picture: Image.Image) -> Image.Image:
    """Orient a picture and lay it on white, as a picture is before it is fingerprinted."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def content_of(path: Path) -> Content:
    """Fingerprint a file, its trimmed picture included."""
    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as opened:
        picture = prepared(opened)
    return Content(
        hashlib.sha256(data).hexdigest(), fingerprint(picture, trim=True), picture.width * picture.height, len(data)
    )


@dataclass(frozen=True)
class Job:
    """One photograph to make variants of."""

    path: Path
    data: Path
    seed: int
    peer: Callable[[Image.Image], Any] | None = None


def _variants(job: Job) -> list[tuple[bytes, Any]]:
    """Return the fingerprint of a photograph and of each of its variants, and what a peer makes of them."""
    module = make_variants(job.data)
    with Image.open(job.path) as opened:
        photo = opened.convert("RGB")
    made = [_saved(photo, "jpg", {"quality": 92})]
    for name in module.TRANSFORMS:
        extension, options = module.EXT.get(name, ("jpg", {"quality": 90}))
        made.append(_saved(module.variant(photo, job.path.name, name, job.seed), extension, options))
    return [(fingerprint(p, trim=True).to_bytes(), job.peer(p) if job.peer else None) for p in made]


def _saved(picture: Image.Image, extension: str, options: dict[str, Any]) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, {"jpg": "JPEG"}.get(extension, extension.upper()), **options)
    return Image.open(buffer).convert("RGB")


@dataclass(frozen=True)
class Variants:
    """Fingerprints of n photographs, each in m variants (the first is the original)."""

    names: tuple[str, ...]
    tiers: NDArray[np.int64]
    prints: list[list[Fingerprint]]
    peers: list[list[Any]]


def variants_of(
    paths: Sequence[Path], data: Path, seed: int, peer: Callable[[Image.Image], Any] | None = None
) -> Variants:
    """Make and fingerprint the variants of photographs, on all cores."""
    module = make_variants(data)
    jobs = [Job(path, data, seed, peer) for path in paths]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(_variants, jobs, chunksize=4))
    return Variants(
        ("original", *module.TRANSFORMS),
        np.array([0, *(tier for tier, _ in module.TRANSFORMS.values())]),
        [[Fingerprint.from_bytes(data) for data, _ in row] for row in rows],
        [[peer for _, peer in row] for row in rows],
    )


def half(paths: Sequence[Path], which: str) -> list[Path]:
    """Return the files of a split: `tuned` was looked at while tuning, `unseen` was not, `all` is both."""
    chosen = sorted(paths)
    return {"tuned": chosen[::2], "unseen": chosen[1::2], "all": chosen}[which]


def rounds(n: int, m: int, count: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Yield for each round a sheet: one variant of each photograph, as indices into the n * m pictures."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield np.arange(n) * m + random.integers(0, m, n)
