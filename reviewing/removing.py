"""Taking the review columns away."""

import argparse
from dataclasses import replace
from pathlib import Path

from console.exit_codes import DONE
from console.interruption import Interruptions
from console.messages import say
from report import decisions
from report.review import NAMES
from reviewing.marks import standing
from sheets.opening import open_worksheet
from sheets.options import area_of
from sheets.rows import Scope


def take_review_away(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Take the review columns away and leave everything else as it is; nothing is sorted."""
    area = area_of(options)
    worksheet = open_worksheet(options.spreadsheet, options.worksheet, options.auth, backup=not options.no_backup)
    beside = standing(worksheet, area)
    if beside is None:
        say("There are no review columns: nothing was written.")
        return DONE
    if options.dry_run:
        say(f"Dry run: nothing was written. The columns {', '.join(NAMES)} would be taken away.")
        return DONE
    kept: list[Path] = []

    def keep(texts: tuple[str, ...]) -> None:
        below_names = beside.header_row + 1
        below = replace(area, first_row=below_names, last_row=None, last_column=area.first_column)
        urls = worksheet.read(below, Scope.RANGE_ONLY, at_least=len(texts)).urls
        ours = slice(area.first_row - below_names, None if area.last_row is None else area.last_row + 1 - below_names)
        decided = decisions.decisions_of(urls[ours], texts[ours])
        inside = range(len(texts))[ours]
        others = {
            below_names + i: text
            for i, text in enumerate(texts)
            if text.strip() and not (i in inside and i < len(urls) and urls[i] and decisions.kind_of(text))
        }
        if decided or others:
            identity = worksheet.identity
            origin = decisions.Origin(identity.spreadsheet, identity.worksheet, str(area))
            kept.append(decisions.save(decided, others, origin, options.state / "decisions"))

    written = worksheet.remove(NAMES, beside, keep, committing=interruptions.hold)
    say(f"Written: {written}", vital=True)
    if kept:
        say(f"The decisions in them are kept in {kept[0]}, for --apply-decisions.", vital=True)
    return interruptions.pending or DONE
