#!/usr/bin/env python3
"""Find near-duplicates in folders: search for a picture, look at the groups, and remove what is there twice."""

import argparse
import io
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from cleaning import removing, undoing
from cleaning.log import Log, Step
from cleaning.plan import KEEPERS, Candidate, Plan, plan_of
from console.exit_codes import DONE, STOPPED, UNREADABLE
from console.interruption import Interruptions
from console.messages import plain, say
from console.progress import Progress, Steps
from console.running import run
from errors import NotFound, UsageError
from finding import options as finding
from finding.hashes import voting, wanted_by
from finding.looking import Album, arranged, content_of, look_at, settings_of
from finding.options import Matching
from finding.planar import planar
from finding.searching import Found, Searched
from hashing import ALGORITHMS, DEFAULT_THRESHOLD, Arrangement, Content
from hashing.algorithms import VOTERS
from images import FetchFailure, Picture, Settings, Store, read_pictures
from images import options as fetching
from images.files import read_files
from images.folder import File, Marks
from images.thumbnails import thumbnails
from report import contact_sheet, folder_result, folder_text
from report.folder_result import FolderResult
from report.gallery import SIDE, gallery
from report.map_page import TILE, map_page, map_picture
from report.saving import save

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
_ADDRESSES = ("http://", "https://", "data:")
_INTERRUPTED = "Interrupted. What was read so far is kept for the next run; what was removed by then is in its log."


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What folders hold and what belongs together, under one way of matching."""

    album: Album
    matching: Matching
    arrangement: Arrangement


@dataclass(frozen=True, slots=True, eq=False)
class _Query:
    """A picture that is searched for: where it was read, and what it shows."""

    path: str
    picture: Picture
    content: Content


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    made, commands = parser()
    options = made.parse_args(argv)
    options.folders = [*options.folders, *options.images_path]
    options.parser = commands[options.command]
    story = {"search": search, "show": show, "duplicates": duplicates, "delete": delete}[options.command]
    return run(lambda interruptions: story(options, interruptions), debug=options.debug, interrupted_means=_INTERRUPTED)


def search(options: argparse.Namespace, _: Interruptions) -> int:
    """Rank the pictures of folders by their distance to each query."""
    started = time.monotonic()
    matching = _ready(options)
    if not options.query:
        raise UsageError("There is nothing to search for.", "Name a picture with --query, a file or an address.")
    with Store(_store_folder(options)) as store:
        settings = replace(settings_of(fast_jpeg=options.fast_jpeg), allow_private=tuple(options.allow_private))
        queries = _queries(options.query, matching, settings, store)
        album = _album(options, matching, store, follow_links=options.follow_links)
    searched = Searched.of(album)
    found = {text: searched.find(query.content, matching, options.nearest) for text, query in queries.items()}
    for query, one in found.items():
        for line in folder_text.matches(query, one, album, matching):
            say(line)
    _save_sheet(options, queries, album, found, matching)
    sections = {"searches": folder_result.searches_of(album, found, matching)}
    table = folder_result.searches_table(sections["searches"], matching)
    _finish(options, album, _result(options, matching, sections, table, album, None, started))
    return _exit_code(album, options)


def show(options: argparse.Namespace, _: Interruptions) -> int:
    """Write the groups as a page and, with --map, all pictures as a map."""
    started = time.monotonic()
    matching = _ready(options)
    seen = _seen(options, matching, follow_links=options.follow_links)
    with Progress("Drawing", "pictures", delay=1) as progress:
        total = sum(block is not None for block in seen.arrangement.block)
        made = gallery(seen.album, seen.arrangement, matching, lambda done: progress.update(done, total))
    target = options.output_path
    save(made.encode(), target / "groups.html")
    say(f"Written: {target / 'groups.html'}")
    if options.map:
        for name in _save_map(seen, target):
            say(f"Written: {name}")
    _finish(options, seen.album, _grouped(options, seen, started))
    return _exit_code(seen.album, options)


def duplicates(options: argparse.Namespace, _: Interruptions) -> int:
    """Print the groups of near-duplicates."""
    started = time.monotonic()
    matching = _ready(options)
    seen = _seen(options, matching, follow_links=options.follow_links)
    for line in folder_text.groups(seen.album, seen.arrangement, matching):
        say(line)
    _finish(options, seen.album, _grouped(options, seen, started))
    return _exit_code(seen.album, options)


def delete(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Plan what is removed and, with --yes, remove it: logged before it happens, and undone with --undo."""
    if options.undo:
        return _undo(options)
    started = time.monotonic()
    matching = _ready(options)
    way, backup = _way(options)
    seen = _seen(options, matching, follow_links=False)
    chosen = plan_of(_candidates(seen), options.keep)
    steps = removing.steps_of(chosen, way, backup)
    if backup:
        removing.check_outside(steps, options.folders)
    for line in folder_text.plan(chosen, way, None):
        say(line)
    found = _grouped(options, seen, started)
    found.sections["plan"] = _planned(chosen)
    found.summary.update(way=way, dry_run=not options.yes, removed=0, left=[])
    code = _exit_code(seen.album, options)
    if options.yes and chosen.choices:
        outcome = _remove(options, chosen, way, steps, found)
        code = STOPPED if outcome.left else code
    _finish(options, seen.album, found)
    if not options.yes:
        say("Dry run: nothing was removed. The same command with --yes does what is listed above.")
    return interruptions.pending or code


def _remove(
    options: argparse.Namespace, chosen: Plan, way: str, steps: Sequence[Step], found: FolderResult
) -> removing.Outcome:
    name = "".join(char if char.isalnum() else "-" for char in Path(os.path.realpath(options.folders[0])).name)[:40]
    log = Log.create(options.state / "removed", name or "files", way, steps)
    try:
        with Progress("Removing", "files", delay=1) as progress:
            outcome = removing.remove(chosen, log, progress.update)
    finally:
        say(f"Log: {log.path}", vital=True)
        if way != removing.PERMANENTLY:
            say(f"To undo: python find_similar.py delete --undo {shlex.quote(str(log.path))}", vital=True)
    for path, reason in outcome.left:
        say(f"  left: {plain(path, 1000)}: {plain(reason, 1000)}")
    say(f"Removed: {outcome.moved} of {chosen.files} files ({way}).")
    found.summary.update(log=str(log.path), removed=outcome.moved, left=[list(one) for one in outcome.left])
    return outcome


def _undo(options: argparse.Namespace) -> int:
    """Bring back what a log says was moved; what is in its place already stays."""
    log = Log.load(options.undo)
    with Progress("Restoring", "files", delay=1) as progress:
        restored = undoing.restore(log, progress.update, dry_run=options.dry_run)
    for path in restored.files:
        say(f"  restore {plain(path, 1000)}")
    for path, reason in restored.lost:
        say(f"  not restored: {plain(path, 1000)}: {plain(reason, 1000)}")
    already = f", {restored.already} were in their places already" if restored.already else ""
    say(f"{'Would be restored' if options.dry_run else 'Restored'}: {len(restored.files)} files{already}.")
    return STOPPED if restored.lost else DONE


def parser() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """Return the command line of find_similar.py, and the parser of each command."""
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
        finding.add_folders(one)
        finding.add_matching(one, tuple(ALGORITHMS), VOTERS, DEFAULT_THRESHOLD)
    _add_search(each["search"])
    finding.add_links(each["search"])
    finding.add_links(each["show"])
    finding.add_links(each["duplicates"])
    _add_show(each["show"])
    _add_delete(each["delete"])
    cut = ("--nearest-neighbors", "groups are not cut at a number of neighbours")
    output = ("--output-path", "the pages are written by show; a table by --csv, and what is removed goes to --backup")
    for name, one in each.items():
        finding.add_run(one, "the matches" if name == "search" else "the groups")
        more = {"search": (), "show": (cut,)}.get(name, (cut, output))
        finding.refuse_other_meanings(one, *more)
    return made, each


def _add_search(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what is searched for")
    group.add_argument(
        "--query", metavar="PATH|URL", action="append", default=[], help="a picture, anywhere (repeatable)"
    )
    group.add_argument(
        "--allow-private", metavar="CIDR", type=fetching.network, action="append", default=[],
        help="fetch queries from addresses that are not public, too, such as 10.0.0.0/8 (repeatable)",
    )  # fmt: skip
    group.add_argument(
        "--nearest", "--nearest-neighbors", metavar="K", type=finding.count,
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


def _add_delete(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what is removed, and where it goes")
    group.add_argument("--yes", action="store_true", help="do it; without this the plan is printed and nothing is done")
    group.add_argument("--dry-run", action="store_true", help="do nothing, as without --yes; with --undo, too")
    group.add_argument(
        "--keep", choices=tuple(KEEPERS), default="largest",
        help="which picture of a group stays: the largest, the oldest or newest file, or the first by name"
        " (default: largest)",
    )  # fmt: skip
    where = group.add_mutually_exclusive_group()
    where.add_argument("--backup", metavar="DIR", type=Path, help="move to DIR instead of the trash, folders and all")
    where.add_argument("--permanently", action="store_true", help="delete for good instead: this cannot be undone")
    group.add_argument("--undo", metavar="LOG", type=Path, help="bring back what a run moved; needs no FOLDER")


def _ready(options: argparse.Namespace) -> Matching:
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
    return finding.matching_of(options, options.parser, DEFAULT_THRESHOLD)


def _way(options: argparse.Namespace) -> tuple[str, Path | None]:
    if options.yes and options.dry_run:
        raise UsageError("--yes and --dry-run contradict each other.", "Leave one of them away.")
    if options.permanently:
        return removing.PERMANENTLY, None
    if options.backup is None:
        return removing.TRASH, None
    if os.path.lexists(options.backup) and not options.backup.is_dir():
        raise UsageError(f"{options.backup} is a file.", "Name a folder with --backup.")
    for folder in options.folders:
        if options.backup.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                f"{options.backup} is inside {folder}: the next run would find its pictures again.",
                "Name a folder outside with --backup.",
            )
    return removing.BACKUP, options.backup


def _store_folder(options: argparse.Namespace) -> Path:
    folder: Path = options.store or options.state / "store"
    return folder


def _album(options: argparse.Namespace, matching: Matching, store: Store, *, follow_links: bool) -> Album:
    with Progress("Reading", "pictures", delay=1) as progress:
        return look_at(
            options.folders,
            settings_of(fast_jpeg=options.fast_jpeg),
            store,
            matching,
            hidden=options.hidden,
            follow_links=follow_links,
            spared=(options.state, store.folder),
            progress=progress.update,
        )


def _seen(options: argparse.Namespace, matching: Matching, *, follow_links: bool) -> _Seen:
    with Store(_store_folder(options)) as store:
        album = _album(options, matching, store, follow_links=follow_links)
    with Steps({"comparing": "pictures", "verifying": "pairs"}, delay=2) as steps:
        return _Seen(album, matching, arranged(album, matching, steps.update))


def _queries(texts: Sequence[str], matching: Matching, settings: Settings, store: Store) -> dict[str, _Query]:
    """Read the query pictures: addresses are fetched, all else are files."""
    found: dict[str, _Query] = {}
    for text in dict.fromkeys(texts):
        path = _fetched(text, settings, store) if text.lower().startswith(_ADDRESSES) else text
        try:
            marks = Marks.of(os.stat(path))  # noqa: PTH116  (names in any encoding)
        except OSError as error:
            raise NotFound(f"The query {text} cannot be read: {error.strerror}.", "Check the spelling.") from error
        file = File(*os.path.split(path), marks)
        (reading,) = read_files([file], settings, store, wanted=wanted_by(matching))
        if not isinstance(reading, Picture):
            reason = reading.reason if reading else "It is not a picture."
            raise NotFound(f"The query {text} cannot be used: {reason}", "Name another picture with --query.")
        hashes = voting([reading], matching, store, fast=settings.fast_jpeg)
        found[text] = _Query(path, reading, content_of(reading, hashes))
    return found


def _fetched(address: str, settings: Settings, store: Store) -> str:
    """Fetch a picture and return where the store keeps it."""
    reading = read_pictures([address], replace(settings, keep_bytes=True, need_bytes=True), store)[address]
    if isinstance(reading, FetchFailure):
        raise NotFound(f"The query {address} cannot be used: {reading.reason}", "Name another picture with --query.")
    return str(store.objects.path(reading.sha256))


def _save_sheet(
    options: argparse.Namespace,
    queries: Mapping[str, _Query],
    album: Album,
    found: Mapping[str, Found],
    matching: Matching,
) -> None:
    """Write the contact sheets that were asked for."""
    if not (options.html or options.png):
        return
    small = contact_sheet.smalls_of(album, found)
    pictures = thumbnails([(query.path, query.picture) for query in queries.values()], SIDE)
    asked = dict(zip(queries, pictures, strict=True))
    if options.html:
        save(contact_sheet.sheet_page(asked, album, found, matching, small).encode(), options.html)
    if options.png:
        save(_png(contact_sheet.sheet_picture(asked, album, found, matching, small)), options.png)


def _save_map(seen: _Seen, target: Path) -> tuple[Path, Path]:
    places = planar(seen.album, seen.arrangement)
    pairs = [
        (seen.album.files[i].path, one)
        for i in seen.album.pictures
        if isinstance(one := seen.album.readings[i], Picture)
    ]
    with Progress("Drawing the map", "pictures", delay=1) as progress:
        small = list(thumbnails(pairs, TILE, lambda done: progress.update(done, len(pairs))))
    save(map_page(seen.album, seen.arrangement, places, small).encode(), target / "map.html")
    save(_png(map_picture(places, small)), target / "map.png")
    return target / "map.html", target / "map.png"


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _candidates(seen: _Seen) -> list[list[Candidate]]:
    """Return the groups as what may be kept or removed; only a readable picture is in a group."""
    return [
        [
            Candidate(seen.album.files[i], reading.sha256, reading.width * reading.height)
            for i in group.members
            if isinstance(reading := seen.album.readings[i], Picture)
        ]
        for group in seen.arrangement.groups
    ]


def _planned(chosen: Plan) -> list[dict[str, Any]]:
    return [
        {
            "keep": choice.keeper.file.path,
            "remove": [name.path for one in choice.removed for name in one.file.names],
        }
        for choice in chosen.choices
    ]


def _grouped(options: argparse.Namespace, seen: _Seen, started: float) -> FolderResult:
    sections = {
        "pictures": folder_result.pictures_of(seen.album, seen.arrangement, seen.matching),
        "groups": folder_result.groups_of(seen.album, seen.arrangement),
    }
    table = folder_result.groups_table(seen.album, seen.arrangement, seen.matching)
    return _result(options, seen.matching, sections, table, seen.album, seen.arrangement, started)


def _result(  # noqa: PLR0913, PLR0917 - the parts of a result, once
    options: argparse.Namespace,
    matching: Matching,
    sections: dict[str, Any],
    table: tuple[tuple[Any, ...], ...],
    album: Album,
    arrangement: Arrangement | None,
    started: float,
) -> FolderResult:
    folders = tuple(str(folder) for folder in options.folders)
    found = FolderResult(options.command, folders, folder_result.parameters_of(matching), sections, table)
    found.summary.update(folder_result.figures_of(album, arrangement), seconds=round(time.monotonic() - started, 3))
    return found


def _finish(options: argparse.Namespace, album: Album, found: FolderResult) -> None:
    for line in folder_text.figures(found.summary, album):
        say(line)
    if options.json:
        save(found.to_json().encode(), options.json)
    if options.csv:
        save(found.to_csv(), options.csv)


def _exit_code(album: Album, options: argparse.Namespace) -> int:
    unreadable = any(isinstance(reading, FetchFailure) for reading in album.readings)
    return UNREADABLE if options.strict and (unreadable or album.listing.refused) else DONE


if __name__ == "__main__":
    raise SystemExit(main())
