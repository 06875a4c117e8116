#!/usr/bin/env python3
"""Put the rows of a sheet into an order in which similar pictures are neighbours."""

import argparse
import itertools
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console import arguments
from console.exit_codes import DONE, UNREADABLE
from console.interruption import Interruptions
from console.messages import note, say
from console.progress import Progress
from console.running import run
from errors import CurationError, SheetChanged, StateError, UsageError
from hashing import DEFAULT_THRESHOLD
from images import Settings, Store
from images import options as fetching
from report import review, summary
from report.decisions import KINDS
from report.result import Result, last_result_path, write
from report.review_page import review_page, small_pictures
from report.saving import save
from reviewing import distinct
from reviewing import options as reviews
from reviewing.applying import apply_decisions
from reviewing.marks import read_beside, standing
from reviewing.removing import take_review_away
from sheets import undo
from sheets.a1 import Area
from sheets.columns import Columns, Looks, Place, place_columns, widened
from sheets.opening import open_worksheet
from sheets.options import area_of, base_folder_of
from sheets.rows import stop_at
from sheets.worksheet import Move, Worksheet
from sorting import several
from sorting.looking import Look, Seen, result_of, writes
from sorting.reporting import diff_used, report_decisions, report_diffs, report_sources
from sorting.undoing import (
    landed_on_changed_rows,
    marked,
    save_undo,
    scope_of,
    stands,
    undo_command,
    undo_of,
    undo_sort,
)

_EXAMPLES = """\
examples:
  python sort_similar.py -s "example" -w "Sheet1" -r "B2:C" -a credentials.json
  python sort_similar.py -s foods.xlsx -r B2:C --dry-run --html review.html
  python sort_similar.py -s foods.csv -r B2:C --review
  python sort_similar.py --undo .curation/undo/20260102-030405-foods.json
"""
_ATTEMPTS = 3
"""How often a run starts over because others edited the sheet meanwhile; pictures come from the store then."""


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """What a run came to: what was seen last, the undo file if one was saved, and what was written, if anything."""

    seen: Seen
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
    flags = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
    if len(asked) > 1:
        raise UsageError(f"{flags} are asked for at once.", "Run one command for each.")
    if not asked or asked[0] not in others:
        return sort
    reviews.refuse_results(options, flags)
    return lambda options, interruptions: others[asked[0]](several.only(options, flags), interruptions)


def sort(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Sort the worksheet that is named, or each of several by itself, told what it has in common with the others."""
    arguments.refuse_unwritable(options)
    reviews.refuse_alone(options)
    # by identity: a workbook knows its tabs whatever the capitals, and a tab is no other worksheet than itself
    opened = list({one[0].identity: one for one in map(_opened, several.each(options))}.values())
    with Store(fetching.store_folder(options)) as store:
        looks = [Look(*one, store) for one in opened]
        twins = several.twins_of(looks, [_read(look)[0] for look in looks]) if len(looks) > 1 else [{}]
        results: list[Result] = []
        for look, theirs in zip(looks, twins, strict=True):
            if results and several.ends_here(look, interruptions):
                break
            results.append(_sort(look, theirs, interruptions))
    if len(looks) > 1:
        several.tell_twins(results, twins)
    if options.json:
        _save(lambda: write(results[0] if len(looks) == 1 else several.Together(results), options.json))
    return _exit_code(results, interruptions, options)


def _opened(options: argparse.Namespace) -> tuple[Worksheet, Area, argparse.Namespace, Settings]:
    """Open the worksheet that the options name, and return all but the store that a look at its rows needs."""
    area = area_of(options)
    settings = fetching.settings_of(options, base_folder=base_folder_of(options))
    worksheet = open_worksheet(options.spreadsheet, options.worksheet, options.auth, backup=not options.no_backup)
    if options.preview_column is not None:
        worksheet.check_preview(area, options.preview_column)
    return worksheet, area, options, settings


def _sort(look: Look, twins: several.Twins, interruptions: Interruptions) -> Result:
    """Arrange the rows of one worksheet, write their order, tell what was done, and keep the result."""
    started = time.monotonic()
    worksheet, area, options = look.worksheet, look.area, look.options
    done = _read_and_write(look, twins, interruptions)
    found = result_of(options, worksheet.identity, area, done.seen)
    found.summary.update(
        written=done.written,
        undo_file=str(done.saved.path) if done.saved and done.written else None,
        dry_run=options.dry_run,
        seconds=round(time.monotonic() - started, 3),
    )
    summary.show(found)
    if unread := done.seen.marks.unread(done.seen.rows.first_row):
        say(f"  Warning: {unread}")
    if options.preview:
        report_diffs(done.seen, options)
    if options.calibrate:
        report_decisions(found, done.seen, diff_used(options, worksheet.identity, area))
    if options.report_sources:
        report_sources(found, worksheet, options.source_column)
    _tell(found, done, options)
    if writes(options):
        identity = worksheet.identity
        last = last_result_path(options.state, identity.key, identity.worksheet_key, found.range)
        _save(lambda: write(found, last))
    if options.html:
        _save(lambda: _write_page(found, done.seen, look))
    return found


def _read(look: Look) -> tuple[Seen, Area, Place | None]:
    """Look at the rows as they are now; stop at what is in the way of moving them. Return also the area that moves."""
    scope = scope_of(look.options)
    beside = _review_place(look)
    moving = widened(look.area, beside, scope, review.NAMES)
    rows, marks = read_beside(look.worksheet, moving, scope, beside)
    stop_at(rows.obstacles, force=look.options.force)
    return look.at(rows, marks), moving, beside


def _read_and_write(look: Look, twins: several.Twins, interruptions: Interruptions) -> _Done:
    """Read, look and write; when others edited the rows meanwhile, all over again with the rows as they are now."""
    worksheet, area, options = look.worksheet, look.area, look.options
    saved: undo.Saved | None = None
    written: str | None = None
    for attempt in itertools.count(1):
        seen, moving, beside = _read(look)
        if writes(options):
            distinct.remember(seen.decided, options.state)  # before the columns that say so are written anew
        columns = _review_columns(look, beside, seen, twins)
        if not writes(options) or (stands(seen.order) and columns is None):
            break
        run_id, scope = secrets.token_hex(8), scope_of(options)
        move = Move(moving, scope, seen.rows, seen.order, run_id, force=options.force, columns=columns)
        saved = save_undo(saved, undo_of(worksheet.identity, area, move), options.state)
        try:
            written = worksheet.reorder(move, committing=interruptions.hold)
            saved = marked(saved, undo.LANDED)
            break  # interruptions stay held back until the person has been told
        except SheetChanged as change:
            if change.landed:  # whole rows of a sheet that had changed were moved: no row is mixed
                saved = marked(saved, undo.LANDED)
                written = f"a sort of rows that others had edited meanwhile ({change.what})"
                interruptions.written = landed_on_changed_rows(saved, options)
            if attempt == _ATTEMPTS or interruptions.pending:
                raise _given_up(change) from change
            interruptions.release()
            note(f"{change.what} Reading the rows again.")
    return _Done(seen, saved, written)


def parser() -> argparse.ArgumentParser:
    """Return the command line of sort_similar.py."""
    made = argparse.ArgumentParser(
        prog="sort_similar.py",
        description="Reorder the rows of a Google Sheet, .xlsx, .csv or .tsv so that similar pictures are neighbours.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    arguments.add_sheet(made, several=True)
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
    reviews.add_arguments(made)
    fetching.add_arguments(made)
    arguments.add_run(made)
    made.add_argument_group("the review").add_argument(
        "--html", metavar="FILE", type=Path, help="write a page to review the groups on, thumbnails and all, to FILE"
    )
    return made


def _review_place(look: Look) -> Place | None:
    """Return where the review columns stand, or with --review where they go; None for neither."""
    if look.options.review:
        return place_columns(look.worksheet, look.area, scope_of(look.options), review.NAMES)
    return standing(look.worksheet, look.area)


def _review_columns(look: Look, beside: Place | None, seen: Seen, twins: several.Twins) -> Columns | None:
    """Return the review columns to write, None where they were not asked for or say just that already."""
    options = look.options
    if not options.review or beside is None or not seen.rows.urls:
        return None
    texts = review.table(result_of(options, look.worksheet.identity, look.area, seen), seen.distinct, twins)
    if beside.standing and stands(seen.order) and options.preview_column is None:
        last = seen.rows.first_row + len(texts) - 1
        cells = Area(beside.column, beside.column + len(review.NAMES) - 2, seen.rows.first_row, last)
        if look.worksheet.texts(cells) == texts:
            return None
    looks = Looks("group", ("status", review.KEEPER), "possible duplicates", review.WIDTHS, options.preview_column)
    return Columns(review.NAMES, beside, texts, choices=KINDS, looks=looks)


def _given_up(change: SheetChanged) -> SheetChanged:
    nothing = "" if change.landed else " Nothing was written in this attempt."
    return SheetChanged(
        f"Others kept editing the sheet. {change.what}", f"Run again in a quiet moment.{nothing}", landed=change.landed
    )


def _tell(found: Result, done: _Done, options: argparse.Namespace) -> None:
    if options.preview:
        say(f"Preview: nothing was written. The figures above the table are for -d {options.diff}; choose with -d.")
    elif options.dry_run:
        groups = {i: row.group for i, row in enumerate(found.rows)}
        summary.show_plan(done.seen.rows.first_row, done.seen.rows.urls, done.seen.order, groups)
        say("Dry run: nothing was written.")
    elif not writes(options):
        say("A report: nothing was written.")
    elif not found.rows:
        say(f"The range {found.range} holds no rows: nothing was written. Is it the right tab and column?")
    elif done.written and done.saved:
        say(f"Written: {done.written}", vital=True)
        if stands(done.saved.undo.order) and stands(done.seen.order):
            say("No row moved, so --undo has no order to restore; --review-off takes the review columns away.")
        else:
            say(f"To undo: {undo_command(done.saved, options)}", vital=True)
    else:
        say("The rows are in order already: nothing was written.")


def _save(how: Callable[[], None]) -> None:
    """Write a file; by now the sheet is written, so a failure must not say otherwise."""
    try:
        how()
    except CurationError as error:
        raise StateError(error.what, f"{error.hint} The sheet is as the summary above says.") from error


def _write_page(found: Result, seen: Seen, look: Look) -> None:
    with Progress("Drawing", "pictures", delay=1) as progress:
        small = small_pictures(found, seen.readings, look.store.picture_path, progress.update)
    save(review_page(found, seen.labels, small).encode(), look.options.html)
    say(f"To review: open {look.options.html} in a browser.", vital=True)


def _exit_code(results: Sequence[Result], interruptions: Interruptions, options: argparse.Namespace) -> int:
    if interruptions.pending:
        note("Interrupted, but only after the write had begun: the new order was written, as told above.")
        return interruptions.pending
    return UNREADABLE if options.strict and any(found.summary["unreadable_rows"] for found in results) else DONE


if __name__ == "__main__":
    raise SystemExit(main())
