"""Arguments that several commands share, and the checks of their values; those of fetching are in `images.options`."""

import argparse
from pathlib import Path
from typing import Final

from errors import UsageError

STATE: Final = Path(".curation")
"""The state folder, in the working directory."""


def add_sheet(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add -s, -w, -r and -a: which rows of which spreadsheet, opened with which credentials.

    With `several`, -w may repeat, and the option is a list or None.
    """
    group = parser.add_argument_group("which rows")
    group.add_argument(
        "-s", "--spreadsheet", metavar="SPREADSHEET",
        help="title, key or URL of a Google Sheet, or the path of a local .xlsx, .csv or .tsv file",
    )  # fmt: skip
    more = "; may repeat, and '*' means all of them" if several else ""
    group.add_argument(
        "-w", "--worksheet", metavar="WORKSHEET", action="append" if several else "store",
        help=f"the tab; may be left away where there is only one{more}",
    )  # fmt: skip
    group.add_argument(
        "-r", "--range", metavar="RANGE", help="the cells, such as B2:C; the first column holds the URLs"
    )
    group.add_argument(
        "-a", "--auth", metavar="AUTH", type=Path, help="credentials file of a Google service account (Google only)"
    )


def add_matching(parser: argparse.ArgumentParser, default_diff: int | None, default: str = "%(default)s") -> None:
    """Add what decides whether two pictures are near-duplicates; `default` says what holds where -d is not given."""
    group = parser.add_argument_group("what is similar")
    group.add_argument(
        "-d", "--diff", metavar="DIFF", type=diff, default=default_diff,
        help=f"two of the three hash distances must be below DIFF, 0 to 64 (default: {default})",
    )  # fmt: skip
    group.add_argument(
        "--no-verify", action="store_true", help="believe the vote alone; do not check similar pairs by alignment"
    )
    group.add_argument(
        "--trim",
        action="store_true",
        help="compare pictures without their frames and bars, too; finds more, costs time",
    )
    group.add_argument("--mirrored", action="store_true", help="match mirror images too")
    group.add_argument("--rotated", action="store_true", help="match pictures turned by 90, 180 or 270 degrees too")


def orientations_of(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the orientations besides the upright one in which pictures may match."""
    return tuple(name for name in ("mirrored", "rotated") if getattr(options, name))


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what every run has: state folder, machine-readable result, strictness, tracebacks."""
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--state", metavar="DIR", type=Path, default=STATE,
        help="folder for fetched pictures, results and undo files (default: %(default)s)",
    )  # fmt: skip
    group.add_argument("--json", metavar="FILE", type=Path, help="write everything that was found to FILE")
    group.add_argument("--strict", action="store_true", help="exit with 3 when rows were unreadable")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def diff(text: str) -> int:
    """Read the value of -d: a whole number from 0 to 64."""
    if not (text.isascii() and text.isdigit() and int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 64")
    return int(text)


def refuse_unwritable(options: argparse.Namespace) -> None:
    """Raise `UsageError` before any work when --json or --html names what it must not, or cannot, write."""
    named = {f"--{name}": target for name in ("json", "html") if (target := getattr(options, name, None))}
    for flag, target in named.items():
        _refuse_unwritable(flag, target, options.spreadsheet)
    if len({target.resolve() for target in named.values()}) < len(named):
        raise UsageError(f"{' and '.join(named)} name the same file.", "Name two files.")


def _refuse_unwritable(flag: str, target: Path, spreadsheet: str | None) -> None:
    try:
        usable = target.parent.is_dir() and not target.is_dir()
    except OSError:  # a folder that may not be looked into
        usable = False
    if not usable:
        raise UsageError(
            f"{flag} {target} is not a file in an existing folder.", f"Name a file, such as found.{flag[2:]}."
        )
    if spreadsheet and target.resolve() == Path(spreadsheet).resolve():
        raise UsageError(f"{flag} {target} would overwrite the spreadsheet itself.", "Name another file.")
