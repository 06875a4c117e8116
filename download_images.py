#!/usr/bin/env python3
"""Export the pictures of a sheet's rows as a dataset: numbered files, a manifest, splits that cannot leak."""

import argparse
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from console import arguments
from console.exit_codes import DONE, UNREADABLE
from console.interruption import Interruptions
from console.messages import note, plain, say
from console.progress import Progress, Steps
from console.running import run
from errors import AccessRefused, NotFound, SheetChanged, StateError, UsageError
from export import found as finding
from export import options as asked
from export.deciding import Desk, Ready
from export.folder import Cleaned, Folder, Overtaken
from export.found import Found
from export.grouping import Readings
from export.looking import Look
from export.planning import Choices, Sheet
from hashing import DEFAULT_THRESHOLD
from images import Settings, Store, read_pictures
from images import options as fetching
from report.result import Result, last_result_path, write
from reviewing.applying import read_for
from reviewing.deciding import decided_of
from reviewing.marks import Marks, read_marks, standing
from sheets.a1 import Area, column_letters
from sheets.opening import is_local, open_worksheet
from sheets.options import area_of, base_folder_of, column
from sheets.rows import Rows, Scope
from sheets.worksheet import Worksheet

_EXAMPLES = """\
examples:
  python download_images.py -s "example" -w "Sheet1" -r "B2:C" -a credentials.json -o images/
  python download_images.py -s foods.xlsx -r B2:C -o images/ --label-column C --splits train=80,val=10,test=10
  python download_images.py -s foods.csv -r B2:C -o images/ --dry-run
"""
_INTERRUPTED = (
    "Interrupted: the export is not complete. Every file that is there is whole; run the same command again to go on."
)
_ATTEMPTS = 3
"""How often the rows and their labels are read until nobody edited them in between."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(argv)
    return run(
        lambda interruptions: export(options, interruptions), debug=options.debug, interrupted_means=_INTERRUPTED
    )


def export(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Read the rows, look at their pictures, decide what goes where, and write it: the sheet is never written."""
    started = time.monotonic()
    arguments.refuse_unwritable(options)
    area = area_of(options)
    choices = asked.choices_of(options)
    folder = asked.folder_of(options)
    settings = fetching.settings_of(options, base_folder=base_folder_of(options))
    settings = replace(settings, keep_bytes=True, fingerprints=not options.no_groups)
    worksheet = open_worksheet(options.spreadsheet, options.worksheet, options.auth, read_only=True)
    saved = read_for(options.decisions, area, worksheet.identity) if options.decisions else []
    sheet, marks = _read(worksheet, area, options)
    if not any(sheet.urls):
        raise NotFound(f"The range {area} holds no rows. Nothing was written.", "Is it the right tab and column?")
    spared = Path(options.spreadsheet) if is_local(options.spreadsheet) else None
    last = _last_result(worksheet, area, options)
    decided = decided_of(marks, sheet.urls, saved)
    sheet = replace(sheet, decisions=decided.kinds)
    with _alone_in(folder, options), Store(fetching.store_folder(options)) as store:
        with Steps({"comparing": "pictures", "verifying": "pairs"}, delay=2) as steps:
            comparing = None if options.no_groups else steps.update
            apart = decided.apart_in(options.state)
            desk = Desk(sheet, last, choices, folder, _matching(options), spared, comparing, store.open_bytes, apart)
            look = Look(
                sheet.urls, settings, store, lambda urls, how: _fetch(urls, how, store),
                exported=folder.exported(), passing=options.no_keep_bytes,
            )  # fmt: skip
            ready = _export(desk, look, dry_run=options.dry_run)
        if not options.dry_run:
            interruptions.written = f"The export into {folder.path} is complete; run the command again for its summary."
        look.forget(row.sha256 for row in ready.plan.rows)
        cleaned = folder.clean(ready.unowned) if options.clean and not options.dry_run else Cleaned()
    found = _found(worksheet, area, ready, choices, options)
    found.summary.update(decisions=decided.counts, decisions_for_no_row=decided.strangers)
    found.summary.update(finding.done(folder.path, ready, cleaned, dry_run=options.dry_run))
    found.summary["seconds"] = round(time.monotonic() - started, 3)
    _tell(found, choices, options)
    if unread := marks.unread(sheet.first_row):
        say(f"  Warning: {unread}")
    interruptions.written = ""
    if options.json:
        write(found, options.json)
    if cleaned.stuck:
        raise AccessRefused(
            f"Of the files of earlier exports, {len(cleaned.stuck)} cannot be removed. The export is complete.",
            "Check the permissions of their folders, and run the same command again.",
        )
    return UNREADABLE if options.strict and found.summary["unreadable_rows"] else DONE


def _alone_in(folder: Folder, options: argparse.Namespace) -> AbstractContextManager[None]:
    """Keep other exports out; a dry run, which writes nothing, disturbs none."""
    return nullcontext() if options.dry_run else folder.held()


def parser() -> argparse.ArgumentParser:
    """Return the command line of download_images.py."""
    made = argparse.ArgumentParser(
        prog="download_images.py",
        description="Export the pictures of the rows of a Google Sheet, .xlsx, .csv or .tsv into a folder.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    arguments.add_sheet(made)
    asked.add_output(made, column)
    asked.add_splits(made)
    arguments.add_matching(made, None, f"as in the last sort of these rows, else {DEFAULT_THRESHOLD}")
    fetching.add_arguments(made)
    arguments.add_run(made)
    return made


def _matching(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line says about matching, by the names of `Result.parameters`."""
    said: dict[str, Any] = {} if options.diff is None else {"diff": options.diff}
    if options.no_verify:
        said["verify"] = False
    if options.trim:
        said["trim"] = True
    if orientations := list(arguments.orientations_of(options)):
        said["orientations"] = orientations
    return said


def _read(worksheet: Worksheet, area: Area, options: argparse.Namespace) -> tuple[Sheet, Marks]:
    """Read the rows, the columns asked for and what people decided; rows that move in between would get others'."""
    wanted = sorted({one for one in (options.label_column, options.names) if isinstance(one, int)})
    for _ in range(_ATTEMPTS):
        place = standing(worksheet, area)
        rows = worksheet.read(area, Scope.RANGE_ONLY)
        marks = read_marks(worksheet, place, rows)
        if not rows.urls or not (wanted or any(marks.decisions)):
            return Sheet(rows.first_row, rows.urls), marks
        columns = _columns(worksheet, rows, wanted)
        again = worksheet.read(area, Scope.RANGE_ONLY)
        if again.cells == rows.cells and again.urls == rows.urls:
            _refuse_blank(columns, area)
            sheet = Sheet(rows.first_row, rows.urls, columns.get(options.label_column), columns.get(options.names))
            return sheet, marks
    raise SheetChanged("Others kept editing the sheet while it was read.", "Nothing was written. Run again later.")


def _columns(worksheet: Worksheet, rows: Rows, wanted: Sequence[int]) -> dict[int | None, tuple[str, ...]]:
    if not wanted:
        return {}
    texts = worksheet.texts(Area(wanted[0], wanted[-1], rows.first_row, rows.first_row + len(rows) - 1))
    return {one: tuple(row[one - wanted[0]].strip() for row in texts) for one in wanted}


def _refuse_blank(columns: Mapping[int | None, Sequence[str]], area: Area) -> None:
    for one, cells in columns.items():
        if one is not None and not any(cells):
            raise UsageError(
                f"Column {column_letters(one)} holds nothing on the rows of {area}.", "Is it the right column?"
            )


def _last_result(worksheet: Worksheet, area: Area, options: argparse.Namespace) -> Result | None:
    identity = worksheet.identity
    path = last_result_path(options.state, identity.key, identity.worksheet_key, str(area))
    try:
        return Result.from_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (StateError, OSError, ValueError) as error:  # it only saves work: what it says is computed again
        note(f"The last sort's result {path} cannot be used ({error}).")
        return None


def _fetch(urls: Sequence[str], settings: Settings, store: Store) -> Readings:
    with Progress("Fetching", "pictures") as progress:
        return read_pictures(urls, settings, store, progress.update)


def _export(desk: Desk, look: Look, *, dry_run: bool) -> Ready:
    """Decide and write, and fetch again what the store turns out not to hold."""
    seen = look.at_all()
    for attempt in range(_ATTEMPTS):
        with Progress("Checking", "files", delay=2) as progress:
            ready = desk.decide(seen, progress.update)
        missing = set(ready.standing.missing)
        rows = [row for row in ready.plan.rows if ready.plan.place(row) in missing]
        lacking = {row.url for row in rows if not look.keeps(row.sha256)}
        if not lacking:
            if dry_run:
                return ready
            try:
                with Progress("Writing", "files") as progress:
                    if not desk.folder.write(ready.standing, ready.memory, ready.source, progress.update):
                        return ready
            except Overtaken:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
        seen = look.again_at(lacking)
    raise StateError(
        f"The store {look.store.folder} loses pictures as fast as they are fetched.", "Is its disk in order?"
    )


def _found(worksheet: Worksheet, area: Area, ready: Ready, choices: Choices, options: argparse.Namespace) -> Found:
    identity = worksheet.identity
    names = ("names", "format", "keep", "placeholders", "splits", "seed", "split_by", "diff")
    parameters: dict[str, Any] = {name: getattr(options, name) for name in names}
    parameters["format"] = choices.layout.name
    if isinstance(options.names, int):
        parameters["names"] = column_letters(options.names)
    parameters |= {"undecided": options.undecided, "decisions": options.decisions and str(options.decisions)}
    parameters["label_column"] = None if options.label_column is None else column_letters(options.label_column)
    found = Found(identity.spreadsheet, identity.worksheet, str(area), parameters, ready.plan.rows)
    found.summary.update(finding.summarise(ready.plan), grouping=ready.grouping.source)
    found.summary["splits"], found.summary["splits_by_label"] = finding.shares(ready.plan.rows)
    return found


def _tell(found: Found, choices: Choices, options: argparse.Namespace) -> None:
    wanted = choices.splits
    for line in finding.lines_of(found, dict(zip(wanted.names, wanted.shares, strict=True)) if wanted else {}):
        say(plain(line, 1000))
    if options.dry_run:
        for row in found.rows:
            say(plain(f"  {row.row:>7}  {row.file or '-'}  {row.url or '(blank)'}", 400))
    for line in finding.lines_of_writing(found):
        say(plain(line, 1000))


if __name__ == "__main__":
    raise SystemExit(main())
