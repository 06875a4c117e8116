"""Print how many true pairs are found and how many false ones, by the vote, verified, and by the peers' rules.

    python benchmarks/accuracy.py [--half tuned|unseen|all] [--photos DIR] [--n 240] [--seed 1] [--diff 20]

Pairwise: each original with each of its variants (recall), and every pair of different photographs on sheets that
hold one variant of each (false pairs). The settings were chosen on `--half tuned` with seed 1; `--half unseen`
was first run when they were fixed.
"""

import argparse
import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import near_duplicates as nd
from hashing import Ballot, Content, Fingerprint, arrange
from hashing.pairs import similar_pairs
from hashing.verify import LOOK_ALIKE, NEAR_DUPLICATE, Verifier

Pairs = NDArray[np.intp]


class Judge:
    """Votes on and verifies pairs of pictures, as they are or with their trimmed faces too."""

    def __init__(self, prints: list[Fingerprint]) -> None:
        faces = [(i, face) for i, own in enumerate(prints) for face in (own, own.trimmed) if face is not None]
        self.plain = np.array([k for k, (i, face) in enumerate(faces) if face is prints[i]], np.intp)
        self.inner = np.full(len(prints), -1, np.intp)
        for k, (i, face) in enumerate(faces):
            if face is not prints[i] and not face.flat:
                self.inner[i] = k
        self.hashes = np.array([face.hashes for _, face in faces])
        self.flat = np.array([own.flat for own in prints])
        self.verifier = Verifier.of(
            np.array([face.thumbnail for _, face in faces]), np.array([face.colours for _, face in faces])
        )

    def voted(self, pairs: Pairs, ballot: Ballot) -> NDArray[np.bool_]:
        """Say which pairs win the vote; flat pictures never do."""
        one, two = self.hashes[self.plain[pairs[:, 0]]], self.hashes[self.plain[pairs[:, 1]]]
        won: NDArray[np.bool_] = ballot.similar(np.bitwise_count(one ^ two)) & ~self.flat[pairs].any(axis=1)
        return won

    def aligned(self, pairs: Pairs, ballot: Ballot, *, trim: bool = False) -> NDArray[np.float32]:
        """Return the best alignment over the faces that win the vote, -1 for none."""
        best = np.full(len(pairs), -1, np.float32)
        sides = [(self.plain, self.plain)]
        if trim:
            sides += [(self.plain, self.inner), (self.inner, self.plain), (self.inner, self.inner)]
        for left, right in sides:
            faces = np.stack([left[pairs[:, 0]], right[pairs[:, 1]]], axis=1)
            there = np.flatnonzero((faces >= 0).all(axis=1) & ~self.flat[pairs].any(axis=1))
            one, two = self.hashes[faces[there, 0]], self.hashes[faces[there, 1]]
            there = there[ballot.similar(np.bitwise_count(one ^ two))]
            best[there] = np.maximum(best[there], self.verifier.align(faces[there]))
        return best


class Peers:
    """What other programs' rules say of the same pictures; PDQ needs the package pdqhash."""

    def __init__(self, made: nd.Variants) -> None:
        flat = [print_ for row in made.prints for print_ in row]
        peers = [peer for row in made.peers for peer in row]
        self.phash = np.array([print_.hashes[1] for print_ in flat])
        self.pdq = np.array([pdq for pdq, _ in peers])
        self.small = np.array([small for _, small in peers], np.int32)

    def rules(self, pairs: Pairs) -> dict[str, NDArray[np.bool_]]:
        """Return the verdicts on pairs: imagededup's default, PDQ's, and difPy's `similar`."""
        one, two = pairs.T
        parts = np.array_split(np.arange(len(pairs)), len(pairs) // 5000 + 1)
        errors = [((self.small[one[p]] - self.small[two[p]]) ** 2).mean(axis=1) for p in parts]
        return {
            "phash<=10": np.bitwise_count(self.phash[one] ^ self.phash[two]) <= 10,
            "PDQ<=31": np.bitwise_count(self.pdq[one] ^ self.pdq[two]).sum(axis=1) <= 31,
            "difPy<=5": np.concatenate(errors) <= 5,
        }


def seen_by_peers(picture: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the PDQ hash of a picture, packed, and its 50x50 colours as difPy compares them."""
    pdqhash: Any = importlib.import_module("pdqhash")
    bits, _quality = pdqhash.compute(np.asarray(picture))
    small = np.asarray(picture.resize((50, 50), Image.Resampling.BICUBIC)).reshape(-1)
    return np.packbits(bits.astype(np.uint8)), small


def peers(paths: list[Path], data: Path, seed: int, count: int) -> None:
    """Print recall by tier and false pairs of the peers' rules."""
    made = nd.variants_of(paths, data, seed, seen_by_peers)
    n, m = len(made.prints), len(made.names)
    judged = Peers(made)
    meant = np.array([name not in nd.NOT_MEANT for name in made.names[1:]])
    found = judged.rules(np.array([(i * m, i * m + v) for v in range(1, m) for i in range(n)], np.intp))
    sheets = [sheet[np.stack(np.triu_indices(n, 1), axis=1)] for sheet in nd.rounds(n, m, count, seed=5)]
    false = [judged.rules(sheet) for sheet in sheets]
    for rule, hits in found.items():
        shares = [100 * hits.reshape(m - 1, n)[(made.tiers[1:] == t) & meant].mean() for t in (1, 2, 3)]
        wrong, total = sum(int(one[rule].sum()) for one in false), sum(map(len, sheets))
        print(
            f"{rule:<12} recall % {shares[0]:7.2f} {shares[1]:7.2f} {shares[2]:7.2f}; {wrong} of {total:,} pairs false"
        )


def recall(judge: Judge, made: nd.Variants, ballot: Ballot) -> None:
    """Print the share of variants that are found beside their original, by tier and by variant."""
    n, m = len(made.prints), len(made.names)
    pairs = np.array([(i * m, i * m + v) for v in range(1, m) for i in range(n)], np.intp)
    voted = judge.voted(pairs, ballot).reshape(m - 1, n)
    plain = judge.aligned(pairs, ballot).reshape(m - 1, n)
    trim = judge.aligned(pairs, ballot, trim=True).reshape(m - 1, n)
    columns = [voted, plain > NEAR_DUPLICATE, plain > LOOK_ALIKE, trim > NEAR_DUPLICATE, trim > LOOK_ALIKE]
    print(f"\nrecall %             {'vote':>8} {'verified':>9} {'block':>7} {'--trim':>7} {'block':>7}")
    meant = np.array([name not in nd.NOT_MEANT for name in made.names[1:]])
    for tier in (1, 2, 3):
        rows = (made.tiers[1:] == tier) & meant
        print(f"tier {tier:<16}" + "".join(f"{100 * c[rows].mean():8.2f}" for c in columns))
    for v in np.argsort(made.tiers[1:], kind="stable"):
        print(f"  {made.tiers[v + 1]} {made.names[v + 1]:<17}" + "".join(f"{100 * c[v].mean():8.1f}" for c in columns))


def false_pairs(judge: Judge, made: nd.Variants, ballot: Ballot, count: int, scale: float) -> None:
    """Print how many pairs of different photographs are taken for near-duplicates, and what would be at `scale`."""
    n, m = len(made.prints), len(made.names)
    hits, looked, total = [], [], 0
    for sheet in nd.rounds(n, m, count, seed=5):
        keep = sheet[~judge.flat[sheet]]
        total += n * (n - 1) // 2
        hits.append(keep[similar_pairs(judge.hashes[judge.plain[keep]], ballot).pairs])
        looked.append(keep)
    pairs = np.concatenate(hits)
    plain, trim = judge.aligned(pairs, ballot), _trimmed_false(judge, looked, ballot)
    for name, score in (("verified", plain), ("with --trim", trim)):
        near, look = (score > NEAR_DUPLICATE).sum(), ((score > LOOK_ALIKE) & (score <= NEAR_DUPLICATE)).sum()
        print(
            f"{name:<12} {len(pairs):,} of {total:,} pairs win the plain vote; near-duplicates {near}"
            f" ({near * scale / total:.1f} scaled to {scale:,.0f}), look-alikes {look}; highest {np.sort(score)[-3:]}"
        )
    worst = pairs[plain > NEAR_DUPLICATE]
    print(
        "   by variants:",
        Counter(tuple(sorted((made.names[a % m], made.names[b % m]))) for a, b in worst).most_common(5),
    )
    print("   by photographs:", Counter((int(a // m), int(b // m)) for a, b in worst).most_common(5))


def _trimmed_false(judge: Judge, sheets: list[Pairs], ballot: Ballot) -> NDArray[np.float32]:
    """Return the alignment of false pairs that win the vote under any face, over the first sheets."""
    scores = [np.empty(0, np.float32)]
    for keep in sheets:
        inner = keep[judge.inner[keep] >= 0]
        faces = np.concatenate([judge.plain[keep], judge.inner[inner]])
        owner = np.concatenate([keep, inner])
        pairs = similar_pairs(judge.hashes[faces], ballot).pairs
        pairs = pairs[owner[pairs[:, 0]] != owner[pairs[:, 1]]]
        scores.append(judge.verifier.align(faces[pairs]))
    return np.concatenate(scores)


def _grouped(contents: list[Content | None], ballot: Ballot, **options: object) -> list[int | None]:
    return list(arrange(contents, ballot, **options).group)  # type: ignore[arg-type]


def natural(data: Path, ballot: Ballot) -> None:
    """Print what becomes of the real pairs of an image search and of the photographs of one place."""
    truth = json.loads((data / "truth.json").read_text())
    names = sorted(
        {
            name
            for key in ("groups", "burst", "distinct")
            for item in truth[key]
            for name in ([item] if isinstance(item, str) else item)
        }
    )
    contents: list[Content | None] = [nd.content_of(data / name) for name in names]
    done = arrange(contents, ballot)
    group = dict(zip(names, done.group, strict=True))
    family = dict(zip(names, done.family, strict=True))
    pairs = [(a, b) for one in truth["groups"] for i, a in enumerate(one) for b in one[i + 1 :]]
    found = [(a, b) for a, b in pairs if group[a] is not None and group[a] == group[b]]
    near = [(a, b) for a, b in pairs if family[a] is not None and family[a] == family[b]]
    lost = sorted(set(pairs) - set(near))
    print(f"\nnatural pairs: {len(found)} of {len(pairs)} in one group, {len(near)} in one family; lost: {lost}")
    place = [group[name] for scene in truth["burst"] for name in scene if group[name] is not None]
    print(f"photographs of one place: {len(place)} of {sum(map(len, truth['burst']))} in a group")
    together = {frozenset(pair) for pair in pairs}
    wrong = [
        tuple(names[i] for i in one.members)
        for one in done.groups
        if any(frozenset((names[a], names[b])) not in together for a in one.members for b in one.members if a != b)
    ]
    print(f"groups of the {len(names)} files that the truth does not have: {wrong}")


def traps(data: Path, ballot: Ballot) -> None:
    """Print what becomes of blank pictures, logos, text pages and odd containers."""
    truth = json.loads((data / "traps_truth.json").read_text())
    for kind in ("traps", "containers"):
        meant = [name for one in truth[kind]["groups"] for name in one]
        names = meant + truth[kind]["distinct"] + [n for n, k in truth[kind].get("kind", {}).items() if k == "blank"]
        # The containers hold some of the photographs: clothes stand beside them instead.
        photos = sorted((data / ("photos" if kind == "traps" else "clothes")).glob("*"))[:40]
        paths = [*(data / kind / name for name in names), *photos]
        contents: list[Content | None] = [nd.content_of(path) for path in paths]
        group = _grouped(contents, ballot)
        lost = [one for one in truth[kind]["groups"] if len({group[names.index(name)] for name in one}) > 1]
        blanks = {i for i, name in enumerate(names) if truth[kind].get("kind", {}).get(name) == "blank"}
        mixed = [
            (i, j)
            for i in range(len(contents))
            for j in range(i)
            if group[i] is not None
            and group[i] == group[j]
            and not (i in blanks and j in blanks)
            and not any(i < len(names) and names[i] in one and names[j] in one for one in truth[kind]["groups"])
        ]
        photo = sum(i >= len(names) or j >= len(names) for i, j in mixed)
        print(f"{kind}: {len(names)} files and {len(photos)} photographs; groups torn {lost};", end=" ")
        print(f"{len(mixed)} pairs wrongly grouped, {photo} of them with a photograph")


def turned(paths: list[Path], data: Path, seed: int, ballot: Ballot) -> None:
    """Print how many flips and rotations are found when asked for."""
    made = nd.variants_of(paths, data, seed)
    for name in nd.TURNED:
        v = made.names.index(name)
        contents: list[Content | None] = [
            Content(f"{i:03}{k}", row[k], 1, 1) for i, row in enumerate(made.prints) for k in (0, v)
        ]
        family = arrange(contents, ballot, orientations=("mirrored", "rotated")).family
        found = sum(family[i] is not None and family[i] == family[i + 1] for i in range(0, len(family), 2))
        print(f"{name}: {found} of {len(paths)} found with --mirrored --rotated")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=nd.DATA)
    parser.add_argument("--photos", type=Path, help="a folder of other photographs")
    parser.add_argument("--half", choices=("tuned", "unseen", "all"), default="all")
    parser.add_argument("--n", type=int, default=240, help="photographs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--diff", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--turned", type=int, default=100, help="photographs to turn")
    parser.add_argument("--peers", action="store_true", help="judge by the rules of imagededup, PDQ and difPy too")
    args = parser.parse_args()
    ballot = Ballot(args.diff)
    photos = nd.half(list((args.photos or args.data / "photos").glob("*")), args.half)
    photos = sorted(np.random.default_rng(args.seed).permutation(np.array(photos))[: args.n].tolist())
    print(f"{len(photos)} photographs ({args.half}), seed {args.seed}, --diff {args.diff}")
    made = nd.variants_of(photos, args.data, args.seed)
    judge = Judge([p for row in made.prints for p in row])
    recall(judge, made, ballot)
    print("\nfalse pairs, photographs")
    false_pairs(judge, made, ballot, args.rounds, 11.06e6)
    if args.peers:
        print("\npeers, on the same photographs")
        peers(photos, args.data, args.seed, min(args.rounds, 30))
    clothes = nd.half(list((args.data / "clothes").glob("*")), args.half)
    garments = nd.variants_of(clothes, args.data, args.seed)
    print("\nfalse pairs, garments laid out alike")
    false_pairs(Judge([p for row in garments.prints for p in row]), garments, ballot, args.rounds, 7.14e6)
    natural(args.data, ballot)
    traps(args.data, ballot)
    turned(photos[: args.turned], args.data, args.seed, ballot)


if __name__ == "__main__":
    main()
