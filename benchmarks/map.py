"""The map of a large folder as a whole run: `find_similar.py show FOLDER --map`, its time, its memory, its neighbours.

    python benchmarks/map.py [--pictures 10000] [--keep DIR]

The folder is made from the data set `near-duplicates`: quarters of its photographs, turned and mirrored, are pictures
of their own (four fifths of all), the rest are web-like copies of tier 1 and 2 of every eighth of them. A picture's
mates are the other copies of its quarter. Told is the share of mates among as many nearest neighbours on the map as it
has mates, and what became of those that matching did not put into one family, whose place is t-SNE's. Peak memory is
that of the largest process (not told on Windows). With --keep, DIR has the pictures and the pages afterwards.
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.near_duplicates import DATA, make_variants

ROOT = Path(__file__).resolve().parent.parent
_TURNS = (None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180)


@dataclass(frozen=True)
class Origin:
    """A picture of its own: a quarter of a photograph, turned, and how many copies are made of it."""

    photo: Path
    quarter: int
    turn: int
    copies: int

    @property
    def name(self) -> str:
        """The part of a file's name that copies share."""
        return f"{self.photo.stem}-{self.quarter}{self.turn}"


def origins(photos: Sequence[Path], wanted: int) -> list[Origin]:
    """Choose pictures that, with their copies, are as many as wanted."""
    random = np.random.default_rng(11)
    every = [(photo, quarter, turn) for turn in range(len(_TURNS)) for quarter in range(4) for photo in photos]
    every = every[: wanted * 4 // 5]
    with_copies = random.choice(len(every), len(every) // 8, replace=False)
    copies = np.bincount(random.choice(with_copies, wanted - len(every)), minlength=len(every))
    return [Origin(*one, count) for one, count in zip(every, copies.tolist(), strict=True)]


def write(origin: Origin, folder: Path) -> None:
    """Write a picture and its copies, as large as the photograph was."""
    module = make_variants(DATA)
    with Image.open(origin.photo) as opened:
        whole = opened.convert("RGB")
    width, height = whole.width // 2, whole.height // 2
    left, top = origin.quarter % 2 * width, origin.quarter // 2 * height
    quarter = whole.crop((left, top, left + width, top + height)).resize(whole.size, Image.Resampling.LANCZOS)
    turn = _TURNS[origin.turn]
    picture = quarter if turn is None else quarter.transpose(turn)
    picture.save(folder / f"{origin.name}.jpg", quality=90)
    names = [name for name, (tier, _) in module.TRANSFORMS.items() if tier < 3]
    for k in range(origin.copies):
        name = names[(7 * k + 4 * origin.quarter + origin.turn + len(origin.name)) % len(names)]
        extension, options = module.EXT.get(name, ("jpg", {"quality": 90}))
        module.variant(picture, origin.name, name, 1).save(folder / f"{origin.name}--{k}{name}.{extension}", **options)


def run(folder: Path, pages: Path, state: Path) -> None:
    """Run the command and print its time and its memory."""
    command = [sys.executable, str(ROOT / "find_similar.py"), "show", str(folder), "--map", "-o", str(pages)]
    started = time.perf_counter()
    subprocess.run([*command, "--state", str(state), "--json", str(pages / "found.json")], check=True)
    took = time.perf_counter() - started
    memory = ""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  (not on Windows)

        unit = 1 if sys.platform == "darwin" else 1024
        memory = f", peak memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6:.0f} MB"
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(pages.iterdir()))
    print(f"whole run {took:.1f} s{memory}; {sizes}", flush=True)


def on_map(pages: Path) -> list[dict[str, Any]]:
    """Read the pictures of a map from its page."""
    found = re.search(r'id="data">(.*?)</script>', (pages / "map.html").read_text("utf-8"), re.DOTALL)
    pictures: list[dict[str, Any]] = json.loads(found[1])["pictures"] if found else []
    return pictures


def neighbours(pages: Path) -> None:
    """Print how many of their mates pictures have beside them."""
    pictures = on_map(pages)
    names = [Path(one["path"]).name for one in pictures]
    known = json.loads((pages / "found.json").read_text("utf-8"))["pictures"]
    family = {Path(one["path"]).name: one["family"] for one in known}
    copies: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        copies[Path(name).stem.partition("--")[0]].append(i)
    places = np.array([(one["x"], one["y"]) for one in pictures])
    tree = cKDTree(places)
    beside = joined = apart = apart_beside = within_ten = total = 0
    for rows in copies.values():
        for i in rows if len(rows) > 1 else ():
            mates = set(rows) - {i}
            _, near = tree.query(places[i], max(11, len(rows)))
            nearest = [int(j) for j in near if j != i]
            close, ten = set(nearest[: len(mates)]), set(nearest[:10])
            others = {j for j in mates if family[names[j]] is None or family[names[j]] != family[names[i]]}
            total += len(mates)
            beside += len(mates & close)
            within_ten += len(mates & ten)
            joined += len(mates - others)
            apart += len(others)
            apart_beside += len(others & ten)
    print(f"{total} mates: {beside / total:.2%} are the nearest, {within_ten / total:.2%} among the 10 nearest")
    print(f"matching put {joined / total:.2%} into one family; of the other {apart}, {apart_beside} are among the 10")


def main() -> None:
    """Make the folder, run the command, and look at the map."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as here:
        base = options.keep or Path(here)
        folder, pages = base / "photos", base / "similar"
        if not folder.exists():
            folder.mkdir(parents=True)
            started = time.perf_counter()
            with ProcessPoolExecutor() as pool:
                chosen = origins(sorted((DATA / "photos").iterdir()), options.pictures)
                list(pool.map(partial(write, folder=folder), chosen, chunksize=50))
            print(f"made the pictures in {time.perf_counter() - started:.0f} s", flush=True)
        pages.mkdir(exist_ok=True)
        print(f"{sum(1 for _ in folder.iterdir())} pictures, {os.cpu_count()} cores", flush=True)
        run(folder, pages, Path(here) / "state")
        neighbours(pages)


if __name__ == "__main__":
    main()
