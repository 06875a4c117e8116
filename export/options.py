"""The options of an export on a command line, and the choices and the folder they mean: one place for both."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from errors import UsageError
from export import splits
from export.choosing import UNDECIDED, Wanted
from export.folder import Folder
from export.layouts import LAYOUTS
from export.parquet import refuse_without_pyarrow
from export.planning import Choices
from images import options as fetching

_OF_THE_STATE: Final = ("results", "undo", "removed", "distinct", "decisions")
"""The folders in the state folder that runs write into, besides the store."""

Column = Callable[[str], int]
"""Reads the letters of a column; raises `argparse.ArgumentTypeError`."""


def add_output(made: argparse.ArgumentParser, column: Column) -> None:
    """Add what is written, and where."""

    def names(text: str) -> str | int:
        return text if text in ("number", "sha256") else column(text)

    group = made.add_argument_group("what is written")
    group.add_argument("-o", "--output", metavar="OUT", type=_output, help="the folder of the dataset; made if needed")
    group.add_argument(
        "--names", metavar="NAMES", type=names, default="number",
        help="number (the row's place in the range), sha256, or a column such as E (default: number)",
    )  # fmt: skip
    group.add_argument("--label-column", metavar="COLUMN", type=column, help="the column of the labels, such as D")
    group.add_argument(
        "--format", choices=sorted(LAYOUTS),
        help="plain: one folder; classes: a folder for each label; huggingface: metadata.csv beside the pictures;"
        " webdataset: tar shards; parquet: as Hugging Face keeps pictures (default: classes with --label-column, else"
        " plain)",
    )  # fmt: skip
    group.add_argument(
        "--per-shard", metavar="N", type=_count, default=1000,
        help="pictures in a file of webdataset or parquet, at most (default: 1000)",
    )  # fmt: skip
    group.add_argument(
        "--manifest", choices=("csv", "jsonl"), default="csv", help="jsonl: write manifest.jsonl besides manifest.csv"
    )
    group.add_argument(
        "--keep", choices=("all", "one"), default="all",
        help="of a group of near-duplicates: all members, or one, its representative (default: all)",
    )  # fmt: skip
    group.add_argument(
        "--no-groups", action="store_true",
        help="compare no pictures where no sort of these rows is known: faster; leaves groups and families blank",
    )  # fmt: skip
    group.add_argument(
        "--undecided", choices=UNDECIDED,
        help="groups that nobody is done with: stop, export their best picture, or all (default: as --keep says)",
    )  # fmt: skip
    group.add_argument(
        "--decisions", metavar="FILE", type=Path,
        help="a file that a review page saved; it goes before the column decision of the sheet",
    )  # fmt: skip
    group.add_argument("--placeholders", action="store_true", help="export pictures that look like placeholders too")
    group.add_argument(
        "--clean", action="store_true", help="remove files of earlier exports that belong to no row any more"
    )
    group.add_argument("--dry-run", action="store_true", help="print what would be written and write nothing")


def add_splits(made: argparse.ArgumentParser) -> None:
    """Add the sides of a train/test split."""
    group = made.add_argument_group("splits")
    group.add_argument("--splits", metavar="SPLITS", help="such as train=80,val=10,test=10; a family is never parted")
    group.add_argument("--seed", metavar="N", type=int, default=0, help="another number, another split (default: 0)")
    group.add_argument(
        "--split-by", choices=("family", "block"), default="family",
        help="what is never parted: near-duplicates, or also what merely looks alike (default: family)",
    )  # fmt: skip


def choices_of(options: argparse.Namespace) -> Choices:
    """Return what the options ask for; raise `UsageError` for what does not go together."""
    name = options.format or ("plain" if options.label_column is None else "classes")
    if LAYOUTS[name].by_label and options.label_column is None:
        raise UsageError(f"--format {name} makes a folder for each label.", "Say where they are: --label-column D.")
    if name == "parquet":
        refuse_without_pyarrow()
    needs = {
        "--splits": bool(options.splits),
        "--keep one": options.keep == "one",
        "--undecided": options.undecided is not None,
    }
    if options.no_groups and any(needs.values()):
        asking = next(name for name, asked in needs.items() if asked)
        raise UsageError(f"{asking} needs groups, and --no-groups looks for none.", "Leave one of them out.")
    return Choices(
        layout=LAYOUTS[name],
        by_hash=options.names == "sha256",
        wanted=Wanted(options.keep == "one", options.placeholders, options.undecided),
        splits=splits.parse(options.splits, options.seed) if options.splits else None,
        by_block=options.split_by == "block",
        jsonl=options.manifest == "jsonl",
        per_shard=options.per_shard,
    )


def folder_of(options: argparse.Namespace) -> Folder:
    """Return the output folder; raise `UsageError` for one that is in use for something else."""
    if not options.output:
        raise UsageError("-o OUT is missing.", "Name the folder of the dataset: -o images/")
    folder = Folder(options.output)
    out, state = folder.path.resolve(), options.state.resolve()
    if out.is_relative_to(fetching.store_folder(options).resolve()):
        raise UsageError(f"{options.output} is inside the store of fetched pictures.", "Name another folder with -o.")
    if out == state or any(out.is_relative_to(state / name) for name in _OF_THE_STATE):
        raise UsageError(
            f"{options.output} is the state folder, or in it: runs keep results and undo files there.",
            "Name another folder with -o.",
        )
    if options.json and options.json.resolve().is_relative_to(out):
        raise UsageError(f"--json {options.json} is inside the output folder.", "Name a file beside that folder.")
    return folder


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text[:9])


def _output(text: str) -> Path:
    if not text.strip():  # to Path, it is the current folder
        raise argparse.ArgumentTypeError("the folder's name is empty")
    return Path(text)
