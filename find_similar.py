#!/usr/bin/env python3
"""Find near-duplicates in folders: search for a picture, look at the groups, and remove what is there twice."""

import argparse
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cleaning import removing, undoing
from cleaning.log import Log, Step
from cleaning.plan import KEEPERS, Candidate, Plan, plan_of
from console.exit_codes import DONE, STOPPED, UNREADABLE
from console.interruption import Interruptions
from console.messages import plain, say
from console.progress import Progress, Steps
from console.running import run
from errors import UsageError
from finding.command_line import checked, parser_of
from finding.looking import Album, arranged, look_at, pixels_of, settings_of
from finding.options import Matching
from finding.planar import planar
from finding.queries import read_queries
from finding.searching import Searched
from hashing import Arrangement
from images import FetchFailure, Picture, Settings, Store
from report import contact_sheet, folder_result, folder_text
from report.folder_result import FolderResult
from report.gallery import gallery
from report.map_page import save_map
from report.saving import save

_INTERRUPTED = "Interrupted. What was read so far is kept for the next run; what was removed by then is in its log."


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What folders hold and what belongs together, under one way of matching."""

    album: Album
    matching: Matching
    arrangement: Arrangement


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    made, commands = parser_of(tuple(KEEPERS))
    options = made.parse_args(argv)
    options.folders = [*options.folders, *options.images_path]
    options.parser = commands[options.command]
    story = {"search": search, "show": show, "duplicates": duplicates, "delete": delete}[options.command]
    return run(lambda interruptions: story(options, interruptions), debug=options.debug, interrupted_means=_INTERRUPTED)


def search(options: argparse.Namespace, _: Interruptions) -> int:
    """Rank the pictures of folders by their distance to each query."""
    started = time.monotonic()
    matching = checked(options, options.parser)
    if not options.query:
        raise UsageError("There is nothing to search for.", "Name a picture with --query, a file or an address.")
    with Store(_store_folder(options)) as store:
        settings = replace(_settings(options), allow_private=tuple(options.allow_private))
        queries = read_queries(options.query, matching, settings, store)
        album = _album(options, matching, store, follow_links=options.follow_links)
    searched = Searched.of(album, matching, len(queries))
    found = {text: searched.find(query.content, matching, options.nearest) for text, query in queries.items()}
    for query, one in found.items():
        for line in folder_text.matches(query, one, album, matching):
            say(line)
    contact_sheet.save_sheets(options.html, options.png, queries, album, found, matching)
    sections = {"searches": folder_result.searches_of(album, found, matching)}
    table = folder_result.searches_table(sections["searches"], matching)
    _finish(options, album, _result(options, matching, sections, table, album, None, started))
    return _exit_code(album, options)


def show(options: argparse.Namespace, _: Interruptions) -> int:
    """Write the groups as a page and, with --map, all pictures as a map."""
    started = time.monotonic()
    matching = checked(options, options.parser)
    seen = _seen(options, matching, follow_links=options.follow_links)
    with Progress("Drawing", "pictures", delay=1) as progress:
        total = sum(block is not None for block in seen.arrangement.block)
        made = gallery(seen.album, seen.arrangement, matching, lambda done: progress.update(done, total))
    target = options.output_path
    save(made.encode(), target / "groups.html")
    say(f"Written: {target / 'groups.html'}")
    if options.map:
        with Progress("Laying out the map", "rounds", delay=1) as progress:
            places = planar(seen.album, seen.arrangement, progress.update)
        with Progress("Drawing the map", "pictures", delay=1) as progress:
            names = save_map(seen.album, seen.arrangement, places, target, progress.update)
        for name in names:
            say(f"Written: {name}")
    _finish(options, seen.album, _grouped(options, seen, started))
    return _exit_code(seen.album, options)


def duplicates(options: argparse.Namespace, _: Interruptions) -> int:
    """Print the groups of near-duplicates."""
    started = time.monotonic()
    matching = checked(options, options.parser)
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
    matching = checked(options, options.parser)
    way, backup = _way(options)
    seen = _seen(options, matching, follow_links=False)
    chosen = plan_of(_candidates(seen), options.keep)
    steps = removing.steps_of(chosen, way, backup)
    if backup:
        removing.check_outside(steps, options.folders)
    for line in folder_text.plan(chosen, way):
        say(line)
    found = _grouped(options, seen, started)
    found.sections["plan"] = folder_result.planned_of(chosen)
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
        if way != removing.PERMANENTLY and not log.left_all:
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


def _settings(options: argparse.Namespace) -> Settings:
    return settings_of(fast_jpeg=options.fast_jpeg, trim=options.trim)


def _store_folder(options: argparse.Namespace) -> Path:
    folder: Path = options.store or options.state / "store"
    return folder


def _album(options: argparse.Namespace, matching: Matching, store: Store, *, follow_links: bool) -> Album:
    with Progress("Reading", "pictures", delay=1) as progress:
        return look_at(
            options.folders,
            _settings(options),
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


def _candidates(seen: _Seen) -> list[list[Candidate]]:
    """Return the groups as what may be kept or removed; only a readable picture is in a group."""
    return [
        [
            Candidate(seen.album.files[i], reading.sha256, reading.width * reading.height, pixels_of(reading))
            for i in group.members
            if isinstance(reading := seen.album.readings[i], Picture)
        ]
        for group in seen.arrangement.groups
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
