"""Print how well planted families are found among look-alikes, by our rules and by the original program's.

    python benchmarks/grouping.py [--n 600] [--families 50] [--diff 20]

Fifty families of five (an original and four web-style variants of tiers 1 and 2) stand among pictures that are all
different: garments laid out alike, or crops of mixed photographs. Precision and recall are of pairs in one group.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import near_duplicates as nd
from hashing import Ballot, Content, Fingerprint, arrange, fingerprint
from hashing.groups import components


def planted(paths: Sequence[Path], data: Path, n: int, families: int) -> tuple[list[Fingerprint], list[int]]:
    """Return fingerprints of n pictures and the family of each; singles have a family of their own."""
    module, random = nd.make_variants(data), np.random.default_rng(11)
    names = [name for name, (tier, _) in module.TRANSFORMS.items() if tier < 3]
    prints, family = [], []
    for f, path in enumerate(paths[:families]):
        photo = Image.open(path).convert("RGB")
        versions = [photo, *(module.variant(photo, path.name, t, 11) for t in random.permutation(names)[:4])]
        prints += [fingerprint(picture) for picture in versions]
        family += [f] * 5
    rest = itertools.cycle(paths[families:])
    for f in range(families, families + n - 5 * families):
        photo = Image.open(next(rest)).convert("RGB")
        if f >= len(paths):  # a second or third picture of one file: a quarter of it, turned
            left = (f - families) // (len(paths) - families) % 2 * photo.width // 2
            photo = photo.crop((left, 0, left + photo.width // 2, photo.height // 2))
            photo = photo.transpose(Image.Transpose.ROTATE_180)
        prints.append(fingerprint(photo))
        family.append(f)
    return prints, family


def first_free_row(similar: NDArray[np.bool_]) -> list[int]:
    """The original program's rule: the first free row takes every later free row that is similar to it."""
    owner = [-1] * len(similar)
    for i in range(len(similar)):
        if owner[i] < 0:
            for j in range(i, len(similar)):
                if owner[j] < 0 and (i == j or similar[i, j]):
                    owner[j] = i
    return owner


def score(title: str, owner: Sequence[int], family: Sequence[int]) -> None:
    """Print precision and recall of pairs."""
    together = [
        (owner[i] == owner[j], family[i] == family[j]) for i, j in itertools.combinations(range(len(family)), 2)
    ]
    right = sum(a and b for a, b in together)
    found, true = sum(a for a, _ in together), sum(b for _, b in together)
    largest = max(owner.count(name) for name in set(owner))
    print(f"  {title:<44}{100 * right / max(found, 1):8.1f} %{100 * right / true:9.1f} %{largest:9}", flush=True)


def _owners(numbers: Sequence[int | None]) -> list[int]:
    return [-1 - i if number is None else number for i, number in enumerate(numbers)]


def main() -> None:
    """Print the table for garments and for mixed photographs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=nd.DATA)
    parser.add_argument("--n", type=int, default=600)
    parser.add_argument("--families", type=int, default=50)
    parser.add_argument("--diff", type=int, default=20)
    args = parser.parse_args()
    ballot = Ballot(args.diff)
    for kind in ("clothes", "photos"):
        prints, family = planted(sorted((args.data / kind).glob("*")), args.data, args.n, args.families)
        shuffle = np.random.default_rng(2).permutation(len(prints)).tolist()
        prints, family = [prints[i] for i in shuffle], [family[i] for i in shuffle]
        rows = [Content(f"{i:064x}", p, 1, 1) for i, p in enumerate(prints)]
        hashes = np.array([p.hashes for p in prints])
        similar = ballot.similar(np.bitwise_count(hashes[:, None] ^ hashes[None]))
        print(f"{kind}, diff {args.diff}, {len(rows)} pictures{'':<14}{'precision':>10}{'recall':>11}{'largest':>9}")
        score("connected components of the vote", components(len(rows), np.argwhere(np.triu(similar, 1))), family)
        score("the original's loop", first_free_row(similar), family)
        bare = arrange(rows, ballot, verify=False)
        score("the vote, complete link (--no-verify)", _owners(bare.group), family)
        done = arrange(rows, ballot)
        score("verified: groups", _owners(done.group), family)
        score("verified: families", _owners(done.family), family)
        score("verified: blocks", _owners(done.block), family)
        near = done.counts.near_duplicate_pairs
        inside = sum(len(g.members) * (len(g.members) - 1) // 2 for g in done.groups)
        apart = near - inside
        print(f"  near-duplicate pairs whose groups differ: {apart} of {near} ({100 * apart / max(near, 1):.1f} %)")


if __name__ == "__main__":
    main()
