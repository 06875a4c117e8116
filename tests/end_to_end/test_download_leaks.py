"""No near-duplicate stands on two sides of a split, by the judgement of another matcher than ours."""

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.end_to_end.commands import run
from tests.pictures import encoded, family, scene

FAMILIES, SINGLES = 16, 24
# https://github.com/facebook/ThreatExchange/tree/main/pdq: up to 31 of 256 bits are a match, hashes of a quality
# below 50 are to be ignored.
MATCH, QUALITY = 31, 50


def chain(seed: int) -> dict[str, bytes]:
    """Return pictures of which each is near the next one: every step crops and brightens a little more."""
    picture = scene(seed)
    width, height = picture.size
    steps = {}
    for step in range(4):
        cropped = picture.crop((4 * step, 3 * step, width - 4 * step, height - 3 * step))
        steps[f"step{step}.jpg"] = encoded(ImageEnhance.Brightness(cropped).enhance(1 + 0.04 * step), quality=85)
    return steps


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leaks")
    copies = {seed: {**family(seed), **chain(seed)} for seed in range(FAMILIES)}
    made = {f"{seed}-{name}": data for seed, held in copies.items() for name, data in held.items()}
    made |= {f"{seed}-single.jpg": encoded(scene(seed)) for seed in range(100, 100 + SINGLES)}
    names = list(made)
    np.random.default_rng(1).shuffle(names)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    with (folder / "foods.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["url"], *[[name] for name in names]])
    done = run(
        "download_images.py", "-s", "foods.csv", "-r", "A2:A", "-o", "out", "--splits", "train=50,val=25,test=25",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "out"


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_no_match_of_pdq_stands_on_two_sides(exported: Path) -> None:
    pdqhash = pytest.importorskip(
        "pdqhash", reason="pdqhash has no wheels for Linux: with a compiler, pip install pdqhash and run this again"
    )
    rows = rows_of(exported)
    hashes = []
    for row in rows:
        with Image.open(exported / row["file"]) as opened:
            bits, quality = pdqhash.compute(np.asarray(opened.convert("RGB")))
        assert quality >= QUALITY
        hashes.append(bits)
    matches = [
        (a, b) for a, b in itertools.combinations(range(len(rows)), 2) if int((hashes[a] != hashes[b]).sum()) <= MATCH
    ]
    assert len(matches) > 10 * FAMILIES, "the planted families are there to be found"
    leaks = [(rows[a]["url"], rows[b]["url"]) for a, b in matches if rows[a]["split"] != rows[b]["split"]]
    assert leaks == []


def test_no_planted_family_or_chain_stands_on_two_sides(exported: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in rows_of(exported):
        sides.setdefault(row["url"].split("-")[0], set()).add(row["split"])
    assert all(len(side) == 1 for side in sides.values())
    assert len({side for held in sides.values() for side in held}) == 3
