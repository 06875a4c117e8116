"""Taking the review columns away."""

import argparse

from console.exit_codes import DONE
from console.interruption import Interruptions
from console.messages import say
from report.review import NAMES
from reviewing.marks import standing
from sheets.columns import columns_refused
from sheets.opening import open_worksheet
from sheets.options import area_of


def take_review_away(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Take the review columns away and leave everything else as it is; nothing is sorted."""
    area = area_of(options)
    worksheet = open_worksheet(options.spreadsheet, options.worksheet, options.auth, backup=not options.no_backup)
    if not worksheet.takes_columns:
        raise columns_refused(options.spreadsheet)
    beside = standing(worksheet, area)
    if beside is None:
        say("There are no review columns: nothing was written.")
        return DONE
    if options.dry_run:
        say(f"Dry run: nothing was written. The columns {', '.join(NAMES)} would be taken away.")
        return DONE
    written = worksheet.remove(NAMES, beside, committing=interruptions.hold)
    say(f"Written: {written}", vital=True)
    return interruptions.pending or DONE
