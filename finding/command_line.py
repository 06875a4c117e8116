"""The command line of find_similar.py: its commands, their options, and what is wrong before any work begins."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from errors import UsageError
from finding.options import (
    Matching,
    add_folders,
    add_links,
    add_matching,
    add_run,
    count,
    matching_of,
    refuse_other_meanings,
)
from images.options import network

_EXAMPLES = """\
examples:
  python find_similar.py search --query lost.jpg photos/
  python find_similar.py duplicates photos/
  python find_similar.py show photos/ --map
  python find_similar.py delete photos/
  python find_similar.py delete photos/ --yes --backup removed/
  python find_similar.py delete --undo .curation/removed/20260102-030405-photos.jsonl

What each takes: python find_similar.py search --help
"""


def parser_of(keepers: Sequence[str]) -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """Return the command line of find_similar.py, and the parser of each command; `keepers` are what may stay."""
    made = argparse.ArgumentParser(
        prog="find_similar.py",
        description="Find near-duplicate pictures in folders, look at them, and remove what is there twice.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    each = {
        name: commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
        for name, text in (
            ("search", "rank the pictures of folders by their likeness to a query picture"),
            ("show", "write the groups as a page to look at, and a map of all pictures"),
            ("duplicates", "print the groups of near-duplicates"),
            ("delete", "plan what is removed of each group and, with --yes, remove it"),
        )
    }
    for one in each.values():
        add_folders(one)
        add_matching(one)
    _add_search(each["search"])
    add_links(each["search"])
    add_links(each["show"])
    add_links(each["duplicates"])
    _add_show(each["show"])
    _add_delete(each["delete"], keepers)
    cut = ("--nearest-neighbors", "groups are not cut at a number of neighbours")
    output = ("--output-path", "the pages are written by show; a table by --csv, and what is removed goes to --backup")
    for name, one in each.items():
        add_run(one, "the matches" if name == "search" else "the groups")
        more = {"search": (), "show": (cut,)}.get(name, (cut, output))
        refuse_other_meanings(one, *more)
    return made, each


def _add_search(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what is searched for")
    group.add_argument(
        "--query", metavar="PATH|URL", action="append", default=[], help="a picture, anywhere (repeatable)"
    )
    group.add_argument(
        "--allow-private", metavar="CIDR", type=network, action="append", default=[],
        help="fetch queries from addresses that are not public, too, such as 10.0.0.0/8 (repeatable)",
    )  # fmt: skip
    group.add_argument(
        "--nearest", "--nearest-neighbors", metavar="K", type=count,
        help="the K nearest, whatever their distance (default: all that are near-duplicates or look-alikes)",
    )  # fmt: skip
    group.add_argument("--html", metavar="FILE", type=Path, help="write a contact sheet as a page")
    group.add_argument("--png", metavar="FILE", type=Path, help="write a contact sheet as one picture")
    group.add_argument(
        "--output-path", metavar="DIR", type=Path, help="write search.html, search.png and search.csv to DIR"
    )


def _add_show(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what is written")
    group.add_argument(
        "-o", "--output-path", metavar="DIR", type=Path, default=Path("similar"),
        help="folder of the pages: groups.html and, with --map, map.html and map.png (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--map", action="store_true", help="lay all pictures out so that what looks alike is near (needs an extra)"
    )


def _add_delete(made: argparse.ArgumentParser, keepers: Sequence[str]) -> None:
    group = made.add_argument_group("what is removed, and where it goes")
    group.add_argument("--yes", action="store_true", help="do it; without this the plan is printed and nothing is done")
    group.add_argument("--dry-run", action="store_true", help="do nothing, as without --yes; with --undo, too")
    group.add_argument(
        "--keep", choices=tuple(keepers), default="largest",
        help="which picture of a group stays: the largest, the oldest or newest file, or the first by name"
        " (default: largest)",
    )  # fmt: skip
    where = group.add_mutually_exclusive_group()
    where.add_argument("--backup", metavar="DIR", type=Path, help="move to DIR instead of the trash, folders and all")
    where.add_argument("--permanently", action="store_true", help="delete for good instead: this cannot be undone")
    group.add_argument("--undo", metavar="LOG", type=Path, help="bring back what a run moved; needs no FOLDER")


def checked(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Matching:
    """Check the command line before any work, and return what counts as similar."""
    if not options.folders:
        raise UsageError("No folder was named.", f"For example: python find_similar.py {options.command} photos/")
    for target in (options.json, options.csv, *(getattr(options, name, None) for name in ("html", "png"))):
        if target is not None and (target.is_dir() or not target.parent.is_dir()):
            raise UsageError(f"{target} is not a file in an existing folder.", "Name a file, such as found.json.")
    folder = getattr(options, "output_path", None)
    if folder is not None and os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder with --output-path.")
    if options.command == "search" and folder is not None:
        for kind in ("html", "png", "csv"):
            setattr(options, kind, getattr(options, kind) or folder / f"search.{kind}")
    _refuse_one_file_for_two(options)
    return matching_of(options, parser)


def _refuse_one_file_for_two(options: argparse.Namespace) -> None:
    taken: dict[Path, str] = {}
    for name in ("json", "csv", "html", "png"):
        target: Path | None = getattr(options, name, None)
        if target is None or (target.exists() and not target.is_file()):  # a pipe or a device takes both
            continue
        other = taken.setdefault(target.resolve(), name)
        if other != name:
            raise UsageError(f"--{other} and --{name} name the same file.", "Name two files.")
