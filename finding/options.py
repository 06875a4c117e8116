"""The options of commands on folders, what they mean, and what another tool's spellings are to be replaced by."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hashing import ALGORITHMS, DEFAULT_THRESHOLD
from hashing.algorithms import VOTERS

SIZES: Final = (8, 16, 32)
_OTHER_NAMES: Final = {"average_hash": "ahash", "average": "ahash", "perceptual": "phash", "difference": "dhash"}
_INSTEAD: Final = {
    "--threshold": "it counted hexadecimal digits; say how many bits may differ with -d, or --similarity PERCENT",
    "--tree-type": "no tree is needed: every picture is compared, which is exact and quicker",
    "--distance-metric": "hashes are compared by Hamming distance alone",
    "--leaf-size": "no tree is needed: every picture is compared",
    "--parallel": "all cores are used",
    "--batch-size": "batches are chosen by the program",
    "--image-w": "pages choose their own sizes",
    "--image-h": "pages choose their own sizes",
    "--backup-keep": "what is kept stays where it is; --backup DIR receives what is removed",
    "--backup-duplicate": "say --backup DIR",
    "--safe-deletion": "nothing is removed without --yes, and then to the trash",
}


@dataclass(frozen=True, slots=True)
class Matching:
    """What counts as similar: which hashes of which size vote, and what wins."""

    algorithms: tuple[str, ...]
    size: int
    threshold: int
    quorum: int
    verify: bool
    orientations: tuple[str, ...]
    trim: bool = False

    @property
    def bits(self) -> int:
        """The bits of one hash."""
        return self.size**2

    def similarity(self, distance: int) -> float:
        """Return the share of equal bits in percent."""
        return 100.0 * (1 - distance / self.bits)


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Add FOLDER and what is looked at in it."""
    group = parser.add_argument_group("which pictures")
    group.add_argument("folders", metavar="FOLDER", nargs="*", type=Path, help="folders, with all that is below them")
    group.add_argument("--images-path", metavar="FOLDER", type=Path, action="append", default=[], help="one more")
    group.add_argument("--hidden", action="store_true", help="look at names that begin with a dot, too")


def add_links(parser: argparse.ArgumentParser) -> None:
    """Add --follow-links, for commands that only look."""
    parser.add_argument("--follow-links", action="store_true", help="follow links to files and folders")


def add_matching(parser: argparse.ArgumentParser) -> None:
    """Add what decides whether two pictures are near-duplicates."""
    group = parser.add_argument_group("what is similar")
    limit = group.add_mutually_exclusive_group()
    limit.add_argument(
        "-d", "--diff", metavar="DIFF", type=_number,
        help=f"distances must be below DIFF (default: {DEFAULT_THRESHOLD} of 64 bits, and as much of larger hashes)",
    )  # fmt: skip
    limit.add_argument(
        "--similarity", metavar="PERCENT", type=_percent, help="the same in percent: 100 means equal hashes"
    )
    group.add_argument(
        "--algorithms", "--hash-algorithm", metavar="NAMES", type=_algorithms, default=VOTERS,
        help=f"which hashes vote (default: {','.join(VOTERS)}); there is also whash",
    )  # fmt: skip
    group.add_argument("--quorum", metavar="N", type=_number, help="how many of them must agree (default: most)")
    group.add_argument(
        "--hash-size", metavar="N", type=int, choices=SIZES, default=SIZES[0],
        help="8, 16 or 32: hashes of 64, 256 or 1024 bits (default: 8)",
    )  # fmt: skip
    group.add_argument("--no-verify", action="store_true", help="believe the vote alone; do not check by alignment")
    group.add_argument(
        "--trim",
        action="store_true",
        help="compare pictures without their frames and bars, too; finds more, costs time",
    )
    group.add_argument("--mirrored", action="store_true", help="match mirror images too")
    group.add_argument("--rotated", action="store_true", help="match pictures turned by 90, 180 or 270 degrees too")


def add_run(parser: argparse.ArgumentParser, what: str) -> None:
    """Add what every run has; `what` is said of --csv."""
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--state", metavar="DIR", type=Path, default=Path(".curation"),
        help="folder for fingerprints and logs (default: %(default)s)",
    )  # fmt: skip
    group.add_argument("--store", metavar="DIR", type=Path, help="folder of the fingerprints (default: in --state)")
    group.add_argument(
        "--fast-jpeg", action="store_true", help="decode large JPEGs at a fraction: faster, changes some hash bits"
    )
    group.add_argument("--json", metavar="FILE", type=Path, help="write everything that was found to FILE")
    group.add_argument("--csv", metavar="FILE", type=Path, help=f"write {what} to FILE as a table")
    group.add_argument("--strict", action="store_true", help="exit with 3 when pictures were unreadable")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def refuse_other_meanings(parser: argparse.ArgumentParser, *more: tuple[str, str]) -> None:
    """Stop, with what to say instead, at options of another tool that have no meaning here."""
    for name, instead in (*_INSTEAD.items(), *more):
        parser.add_argument(name, action=_Instead, instead=instead, nargs="?", help=argparse.SUPPRESS)


def matching_of(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Matching:
    """Return what the options mean; end with a usage error where they contradict each other."""
    bits = options.hash_size**2
    if options.similarity is not None:
        # What is similar differs in fewer bits than the threshold: one more than may differ.
        threshold = int((100 - options.similarity) * bits / 100 + 1e-9) + 1
    else:
        threshold = DEFAULT_THRESHOLD * bits // 64 if options.diff is None else options.diff
    if threshold > bits + (options.similarity is not None):
        parser.error(f"-d {threshold}: hashes of size {options.hash_size} have {bits} bits")
    voters = len(options.algorithms)
    quorum = voters // 2 + 1 if options.quorum is None else options.quorum
    if not 1 <= quorum <= voters:
        parser.error(f"--quorum {quorum}: there are {voters} algorithms")
    orientations = tuple(name for name in ("mirrored", "rotated") if getattr(options, name))
    if (orientations or options.trim) and options.hash_size != SIZES[0]:
        parser.error("--trim, --mirrored and --rotated look at small thumbnails: they need --hash-size 8")
    return Matching(
        options.algorithms, options.hash_size, threshold, quorum, not options.no_verify, orientations, options.trim
    )


class _Instead(argparse.Action):
    """An option that is refused, with what to say in its place."""

    def __init__(self, *args: Any, instead: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._instead = instead

    def __call__(self, parser: argparse.ArgumentParser, *args: object) -> None:
        """End with a usage error."""
        parser.error(f"{args[-1]} has no meaning here: {self._instead}")


def _algorithms(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_OTHER_NAMES.get(name.strip(), name.strip()) for name in text.lower().split(",")))
    for name in names:
        if name not in ALGORITHMS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(ALGORITHMS)}")
    return tuple(name for name in ALGORITHMS if name in names)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def count(text: str) -> int:
    """Read a number of pictures, 1 or more."""
    if not _number(text):
        raise argparse.ArgumentTypeError("at least 1 is meant")
    return int(text)


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return value
