#!/usr/bin/env python3
"""Put the rows of a sheet into an order in which similar pictures are neighbours."""

import argparse
import itertools
import secrets
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console import arguments
from console.exit_codes import DONE, UNREADABLE
from console.interruption import Interruptions
from console.messages import note, say
from console.progress import Progress, Steps
from console.running import run
from errors import CurationError, SheetChanged, StateError, UsageError
from hashing import DEFAULT_THRESHOLD, Arrangement, Ballot, arrange, preview
from images import FetchFailure, Picture, Settings, Store, read_pictures
from images import options as fetching
from report import building, review, summary
from report.decisions import KINDS
from report.result import Result, last_result_path, write
from report.review_page import review_page, small_pictures
from report.saving import save
from reviewing.applying import apply_decisions
from reviewing.marks import standing
from reviewing.removing import take_review_away
from sheets import undo
from sheets.a1 import Area
from sheets.columns import Columns, Place, columns_refused, place_columns, widened
from sheets.opening import open_worksheet, reopen
from sheets.options import area_of, base_folder_of
from sheets.rows import Rows, Scope, stop_at
from sheets.worksheet import Identity, Move, Worksheet

_EXAMPLES = """\
examples:
  python sort_similar.py -s "example" -w "Sheet1" -r "B2:C" -a credentials.json
  python sort_similar.py -s foods.xlsx -r B2:C --dry-run --html review.html
  python sort_similar.py -s foods.csv -r B2:C --review
  python sort_similar.py --undo .curation/undo/20260102-030405-foods.json
"""
_PREVIEWED = range(6, 25, 2)
_ATTEMPTS = 3
"""How often a run starts over because others edited the sheet meanwhile; pictures come from the store then."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What one reading of the rows came to: the rows, a result for every URL, and the arrangement.

    `labels` has what stands beside the URL of each row, where the review page is asked for, to be searched there.
    """

    rows: Rows
    labels: tuple[str, ...]
    readings: Mapping[str, Picture | FetchFailure]
    arrangement: Arrangement

    @property
    def order(self) -> tuple[int, ...]:
        return self.arrangement.order


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """What a run came to: what was seen last, the undo file if one was saved, and what was written, if anything."""

    seen: _Seen
    saved: undo.Saved | None
    written: str | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(argv)
    return run(lambda interruptions: _story(options)(options, interruptions), debug=options.debug)


def _story(options: argparse.Namespace) -> Callable[[argparse.Namespace, Interruptions], int]:
    """Return what the command line asks for: a sort, or one of the things that sort nothing."""
    others: dict[str, Callable[[argparse.Namespace, Interruptions], int]] = {
        "undo": undo_sort, "review_off": take_review_away, "apply_decisions": apply_decisions,
    }  # fmt: skip
    asked = [name for name in (*others, "review") if getattr(options, name)]
    if len(asked) > 1:
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
        raise UsageError(f"{flags} are asked for at once.", "Run one command for each.")
    return others.get(asked[0], sort) if asked else sort


def sort(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Read the rows, look at their pictures, arrange them, and write the order: over again if others edit meanwhile."""
    started = time.monotonic()
    arguments.refuse_unwritable(options)
    area = area_of(options)
    settings = fetching.settings_of(options, base_folder=base_folder_of(options))
    worksheet = open_worksheet(options.spreadsheet, options.worksheet, options.auth, backup=not options.no_backup)
    if options.review and not worksheet.takes_columns:
        raise columns_refused(options.spreadsheet)
    with Store(fetching.store_folder(options)) as store:
        done = _read_and_write(
            worksheet,
            area,
            options,
            interruptions,
            lambda rows: _look(rows, _labels(worksheet, area, rows, options), settings, store, options),
        )
    found = _result(options, worksheet.identity, area, done.seen)
    found.summary.update(
        written=done.written,
        undo_file=str(done.saved.path) if done.saved and done.written else None,
        dry_run=options.dry_run,
        seconds=round(time.monotonic() - started, 3),
    )
    _tell(found, done, options)
    _keep(found, worksheet.identity, options)
    if options.html:
        _write_page(found, done.seen, options)
    return _exit_code(found, interruptions, options)


def _read_and_write(
    worksheet: Worksheet,
    area: Area,
    options: argparse.Namespace,
    interruptions: Interruptions,
    look: Callable[[Rows], _Seen],
) -> _Done:
    """Read, look and write; when others edited the rows meanwhile, all over again with the rows as they are now."""
    saved: undo.Saved | None = None
    written: str | None = None
    for attempt in itertools.count(1):
        beside = _review_place(worksheet, area, options)
        moving = widened(area, beside, _scope(options), review.NAMES)
        rows = worksheet.read(moving, _scope(options))
        stop_at(rows.obstacles, force=options.force)
        seen = look(rows)
        columns = _review_columns(worksheet, area, beside, seen, options)
        if options.dry_run or options.preview or (_stands(seen.order) and columns is None):
            break
        move = Move(
            moving, _scope(options), rows, seen.order, secrets.token_hex(8), force=options.force, columns=columns
        )
        saved = _save_undo(saved, _undo_of(worksheet.identity, area, move), options.state)
        try:
            written = worksheet.reorder(move, committing=interruptions.hold)
            saved = _marked(saved, undo.LANDED)
            break  # interruptions stay held back until the person has been told
        except SheetChanged as change:
            if change.landed:  # whole rows of a sheet that had changed were moved: no row is mixed
                saved = _marked(saved, undo.LANDED)
                written = f"a sort of rows that others had edited meanwhile ({change.what})"
                interruptions.written = _landed_on_changed_rows(saved, options)
            if attempt == _ATTEMPTS or interruptions.pending:
                raise _given_up(change) from change
            interruptions.release()
            note(f"{change.what} Reading the rows again.")
    return _Done(seen, saved, written)


def undo_sort(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Match the rows as they are now with the saved order, and restore that order through the same atomic write."""
    saved = undo.load(options.undo)
    before = saved.undo
    worksheet = _undo_worksheet(before.identity, options)
    scope = _scope(options) if options.whole_rows or options.range_only else before.scope
    beside = standing(worksheet, before.area)
    moving = widened(before.area, beside, scope, review.NAMES)
    rows = worksheet.read(moving, scope, at_least=len(before.urls_before))
    order = before.order_back(rows)
    never_landed = before.state == undo.PREPARED and worksheet.landed(before.run) is False
    if before.state == undo.UNDONE or never_landed or _stands(order):
        raise StateError(
            f"There is nothing to undo: the run of {options.undo} {_why_nothing(before.state)}.",
            "Nothing was changed. To get a sorted order back, sort again.",
        )
    stop_at(rows.obstacles, force=options.force)
    if options.dry_run:
        summary.show_plan(rows.first_row, rows.urls, order, {})
        say("Dry run: nothing was written.")
        return DONE
    move = Move(moving, scope, rows, order, secrets.token_hex(8), force=options.force)
    redo = _save_undo(None, _undo_of(worksheet.identity, before.area, move), options.state)
    written = worksheet.reorder(move, committing=interruptions.hold)
    redo = _marked(redo, undo.LANDED)
    _marked(saved, undo.UNDONE)
    say(f"Undone: {written}; the rows stand as before that run.", vital=True)
    if beside is not None:
        say(
            "The review columns stay, with their rows; the row numbers in 'match' are those of the sorted order."
            " --review writes them anew, --review-off takes them away."
        )
    say(f"To undo this in turn: {_undo_command(redo, options)}", vital=True)
    return interruptions.pending or DONE


def parser() -> argparse.ArgumentParser:
    """Return the command line of sort_similar.py."""
    made = argparse.ArgumentParser(
        prog="sort_similar.py",
        description="Reorder the rows of a Google Sheet, .xlsx, .csv or .tsv so that similar pictures are neighbours.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    arguments.add_sheet(made)
    arguments.add_matching(made, DEFAULT_THRESHOLD)
    moving = made.add_argument_group("what moves")
    scope = moving.add_mutually_exclusive_group()
    scope.add_argument("--whole-rows", action="store_true", help="move all used columns along with the range")
    scope.add_argument(
        "--range-only", action="store_true", help="move just the range, although columns beside it hold something"
    )
    moving.add_argument("--force", action="store_true", help="move formulas although they look at other rows")
    moving.add_argument("--dry-run", action="store_true", help="print the plan and write nothing")
    moving.add_argument(
        "--preview", action="store_true", help="print what each diff from 6 to 24 would give, and write nothing"
    )
    moving.add_argument("--undo", metavar="FILE", type=Path, help="restore the order that an earlier run found")
    moving.add_argument("--no-backup", action="store_true", help="keep no copy beside a local file that is replaced")
    reviewing = made.add_argument_group("review columns")
    reviewing.add_argument(
        "--review", action="store_true",
        help=f"write the columns {', '.join(review.NAMES)} right of the data (Google Sheets, .csv, .tsv)",
    )  # fmt: skip
    reviewing.add_argument(
        "--review-off", action="store_true", help="take these columns away, with the decisions in them; sort nothing"
    )
    reviewing.add_argument(
        "--apply-decisions", metavar="FILE", type=Path,
        help="write the decisions that a review page saved into the column decision; sort nothing",
    )  # fmt: skip
    reviewing.add_argument(
        "--overwrite-decisions", action="store_true", help="also where a row was decided otherwise in the sheet"
    )
    fetching.add_arguments(made)
    arguments.add_run(made)
    made.add_argument_group("the review").add_argument(
        "--html", metavar="FILE", type=Path, help="write a page to review the groups on, thumbnails and all, to FILE"
    )
    return made


def _review_place(worksheet: Worksheet, area: Area, options: argparse.Namespace) -> Place | None:
    """Return where the review columns stand, or with --review where they go; None for neither."""
    if options.review:
        return place_columns(worksheet.texts, area, _scope(options), review.NAMES)
    return standing(worksheet, area)


def _review_columns(
    worksheet: Worksheet, area: Area, beside: Place | None, seen: _Seen, options: argparse.Namespace
) -> Columns | None:
    """Return the review columns to write, None where they were not asked for or say just that already."""
    if not options.review or beside is None or not seen.rows.urls:
        return None
    texts = review.table(_result(options, worksheet.identity, area, seen))
    if beside.standing and _stands(seen.order):
        last = seen.rows.first_row + len(texts) - 1
        cells = Area(beside.column, beside.column + len(review.NAMES) - 2, seen.rows.first_row, last)
        if worksheet.texts(cells) == texts:
            return None
    return Columns(review.NAMES, beside, texts, choices=KINDS)


def _undo_of(identity: Identity, area: Area, move: Move) -> undo.UndoFile:
    """Return the undo of a move of the range that was named; review columns are found anew when it is undone."""
    return replace(undo.UndoFile.of(identity, move), area=area)


def _scope(options: argparse.Namespace) -> Scope:
    if options.whole_rows:
        return Scope.WHOLE_ROWS
    return Scope.RANGE_ONLY if options.range_only else Scope.RANGE


def _labels(worksheet: Worksheet, area: Area, rows: Rows, options: argparse.Namespace) -> tuple[str, ...]:
    """Return what the cells beside the URL of each row show, for the review page; it is read for nothing else."""
    if not options.html or not rows or area.width == 1:
        return ("",) * len(rows)
    beside = Area(area.first_column + 1, area.last_column, rows.first_row, rows.first_row + len(rows) - 1)
    return tuple(" \u00b7 ".join(filter(None, texts)) for texts in worksheet.texts(beside))


def _look(rows: Rows, labels: tuple[str, ...], settings: Settings, store: Store, options: argparse.Namespace) -> _Seen:
    with Progress("Fetching", "pictures") as progress:
        readings = read_pictures(rows.urls, settings, store, progress.update)
    contents = building.contents_of(rows.urls, readings)
    matching: dict[str, Any] = {"verify": not options.no_verify, "orientations": arguments.orientations_of(options)}
    with Steps({"comparing": "pictures", "verifying": "pairs"}, delay=2) as steps:
        if options.preview:
            summary.show_preview(preview(contents, _PREVIEWED, **matching, progress=steps.update))
        found = arrange(contents, Ballot(options.diff), **matching, progress=steps.update)
    return _Seen(rows, labels, readings, found)


def _stands(order: Sequence[int]) -> bool:
    return all(source == place for place, source in enumerate(order))


def _save_undo(saved: undo.Saved | None, new: undo.UndoFile, state: Path) -> undo.Saved:
    """Save the order before the write; once a write landed, the first file keeps the order worth restoring."""
    if saved is None:
        return undo.save(new, state / "undo")
    return saved if saved.undo.state == undo.LANDED else saved.rewritten(new)


def _marked(saved: undo.Saved, state: str) -> undo.Saved:
    """Note in the undo file what became of its write; the write stands, so a failure to note it is only told."""
    try:
        return saved.marked(state)
    except StateError as error:
        note(f"Warning: {error.what} It still says {saved.undo.state!r}; undoing works all the same.")
        return saved.known_as(state)


def _given_up(change: SheetChanged) -> SheetChanged:
    nothing = "" if change.landed else " Nothing was written in this attempt."
    return SheetChanged(
        f"Others kept editing the sheet. {change.what}", f"Run again in a quiet moment.{nothing}", landed=change.landed
    )


def _landed_on_changed_rows(saved: undo.Saved, options: argparse.Namespace) -> str:
    return (
        "A sort was written, but of rows that had changed meanwhile; no row was lost or mixed."
        f" To undo it: {_undo_command(saved, options)}"
    )


def _undo_worksheet(identity: Identity, options: argparse.Namespace) -> Worksheet:
    if not options.spreadsheet:
        return reopen(identity, options.auth, backup=not options.no_backup)
    # The file was moved or renamed since; its tab was not.
    tab = options.worksheet or (identity.worksheet_key if identity.kind == "xlsx" else None)
    return open_worksheet(options.spreadsheet, tab, options.auth, backup=not options.no_backup)


def _why_nothing(state: str) -> str:
    return {
        undo.UNDONE: "was undone already",
        undo.PREPARED: "never landed, and the rows stand as before it",
        undo.LANDED: "left no row elsewhere than it stands now",
    }[state]


def _undo_command(saved: undo.Saved, options: argparse.Namespace) -> str:
    """Return the command that undoes a run, for the folder and environment that the run was started in."""
    script = Path(__file__).resolve()
    shown = script.name if script.parent == Path.cwd() else str(script)
    command = ["python", shown, "--undo", str(saved.path)]
    if options.auth:
        command += ["-a", str(options.auth)]
    if options.state != arguments.STATE:
        command += ["--state", str(options.state)]
    return " ".join(shlex.quote(part) for part in command)


def _result(options: argparse.Namespace, identity: Identity, area: Area, seen: _Seen) -> Result:
    first_row = seen.rows.first_row
    found = Result(
        spreadsheet=identity.spreadsheet,
        worksheet=identity.worksheet,
        range=str(area),
        parameters={
            "diff": options.diff,
            "quorum": Ballot(options.diff).quorum,
            "verify": not options.no_verify,
            "trim": options.trim,
            "orientations": list(arguments.orientations_of(options)),
        },
        rows=building.build_rows(first_row, seen.rows.urls, seen.readings, seen.arrangement),
        groups=building.build_groups(first_row, seen.arrangement),
    )
    found.summary.update(building.summarise(found), bounded=seen.arrangement.counts.bounded)
    return found


def _tell(found: Result, done: _Done, options: argparse.Namespace) -> None:
    summary.show(found)
    if options.preview:
        say(f"Preview: nothing was written. The figures above are for -d {options.diff}; choose with -d.")
    elif options.dry_run:
        groups = {i: row.group for i, row in enumerate(found.rows)}
        summary.show_plan(done.seen.rows.first_row, done.seen.rows.urls, done.seen.order, groups)
        say("Dry run: nothing was written.")
    elif not found.rows:
        say(f"The range {found.range} holds no rows: nothing was written. Is it the right tab and column?")
    elif done.written and done.saved:
        say(f"Written: {done.written}", vital=True)
        say(f"To undo: {_undo_command(done.saved, options)}", vital=True)
    else:
        say("The rows are in order already: nothing was written.")


def _keep(found: Result, identity: Identity, options: argparse.Namespace) -> None:
    """Keep the result for export and review; by now the sheet is written, so a failure must not say otherwise."""
    try:
        if not (options.dry_run or options.preview):
            write(found, last_result_path(options.state, identity.key, identity.worksheet_key, found.range))
        if options.json:
            write(found, options.json)
    except StateError as error:
        raise StateError(error.what, f"{error.hint} The sheet is as the summary above says.") from error


def _write_page(found: Result, seen: _Seen, options: argparse.Namespace) -> None:
    """Write the review page; by now the sheet is written, so a failure must not say otherwise."""
    try:
        with Store(fetching.store_folder(options)) as store, Progress("Drawing", "pictures", delay=1) as progress:
            small = small_pictures(found, seen.readings, store.picture_path, progress.update)
        save(review_page(found, seen.labels, small).encode(), options.html)
    except CurationError as error:
        raise StateError(error.what, f"{error.hint} The sheet is as the summary above says.") from error
    say(f"To review: open {options.html} in a browser.", vital=True)


def _exit_code(found: Result, interruptions: Interruptions, options: argparse.Namespace) -> int:
    if interruptions.pending:
        note("Interrupted, but only after the write had begun: the new order was written, as told above.")
        return interruptions.pending
    return UNREADABLE if options.strict and found.summary["unreadable_rows"] else DONE


if __name__ == "__main__":
    raise SystemExit(main())
