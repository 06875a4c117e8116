"""Undoing a sort: the file that a run leaves, the command that uses it, and the story of using it."""

import argparse
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from console import arguments
from console.exit_codes import DONE
from console.interruption import Interruptions
from console.messages import note, say
from errors import StateError
from report import summary
from report.review import NAMES
from reviewing.marks import standing
from sheets import undo
from sheets.a1 import Area
from sheets.columns import widened
from sheets.opening import open_worksheet, reopen
from sheets.rows import Scope, stop_at
from sheets.worksheet import Identity, Move, Worksheet


def undo_sort(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Match the rows as they are now with the saved order, and restore that order through the same atomic write."""
    saved = undo.load(options.undo)
    before = saved.undo
    worksheet = _undo_worksheet(before.identity, options)
    scope = scope_of(options) if options.whole_rows or options.range_only else before.scope
    beside = standing(worksheet, before.area)
    moving = widened(before.area, beside, scope, NAMES)
    rows = worksheet.read(moving, scope, at_least=len(before.urls_before))
    order = before.order_back(rows)
    never_landed = before.state == undo.PREPARED and worksheet.landed(before.run) is False
    if before.state == undo.UNDONE or never_landed or stands(order):
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
    redo = save_undo(None, undo_of(worksheet.identity, before.area, move), options.state)
    written = worksheet.reorder(move, committing=interruptions.hold)
    redo = marked(redo, undo.LANDED)
    marked(saved, undo.UNDONE)
    say(f"Undone: {written}; the rows stand as before that run.", vital=True)
    if beside is not None:
        say(
            "The review columns stay, with their rows; the row numbers in 'match' are those of the sorted order."
            " --review writes them anew, --review-off takes them away."
        )
    say(f"To undo this in turn: {undo_command(redo, options)}", vital=True)
    return interruptions.pending or DONE


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


def undo_command(saved: undo.Saved, options: argparse.Namespace) -> str:
    """Return the command that undoes a run, for the folder and environment that the run was started in."""
    script = Path(__file__).resolve().parents[1] / "sort_similar.py"
    shown = script.name if script.parent == Path.cwd() else str(script)
    command = ["python", shown, "--undo", str(saved.path)]
    if options.auth:
        command += ["-a", str(options.auth)]
    if options.state != arguments.STATE:
        command += ["--state", str(options.state)]
    return " ".join(shlex.quote(part) for part in command)


def save_undo(saved: undo.Saved | None, new: undo.UndoFile, state: Path) -> undo.Saved:
    """Save the order before the write; once a write landed, the first file keeps the order worth restoring."""
    if saved is None:
        return undo.save(new, state / "undo")
    return saved if saved.undo.state == undo.LANDED else saved.rewritten(new)


def marked(saved: undo.Saved, state: str) -> undo.Saved:
    """Note in the undo file what became of its write; the write stands, so a failure to note it is only told."""
    try:
        return saved.marked(state)
    except StateError as error:
        note(f"Warning: {error.what} It still says {saved.undo.state!r}; undoing works all the same.")
        return saved.known_as(state)


def undo_of(identity: Identity, area: Area, move: Move) -> undo.UndoFile:
    """Return the undo of a move of the range that was named; review columns are found anew when it is undone."""
    return replace(undo.UndoFile.of(identity, move), area=area)


def scope_of(options: argparse.Namespace) -> Scope:
    """Return which cells move, as the command line says."""
    if options.whole_rows:
        return Scope.WHOLE_ROWS
    return Scope.RANGE_ONLY if options.range_only else Scope.RANGE


def stands(order: Sequence[int]) -> bool:
    """Say whether an order leaves every row where it is."""
    return all(source == place for place, source in enumerate(order))


def landed_on_changed_rows(saved: undo.Saved, options: argparse.Namespace) -> str:
    """Return what to tell of a sort of rows that others edited meanwhile."""
    return (
        "A sort was written, but of rows that had changed meanwhile; no row was lost or mixed."
        f" To undo it: {undo_command(saved, options)}"
    )
