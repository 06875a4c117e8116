"""The options of a review on a command line."""

import argparse
from pathlib import Path

from errors import UsageError
from report import review
from sheets.options import column


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Add what a sort writes beside the rows, what it reads there, and what it writes of a saved file."""
    group = made.add_argument_group("review columns")
    group.add_argument(
        "--review", action="store_true",
        help=f"write the columns {', '.join(review.NAMES)} right of the data, in group colours where there are colours",
    )  # fmt: skip
    group.add_argument(
        "--review-off", action="store_true", help="take these columns away, keep the decisions in a file; sort nothing"
    )
    group.add_argument(
        "--undecided-first", action="store_true", help="put groups that are decided below everything else"
    )
    group.add_argument(
        "--apply-decisions", metavar="FILE", type=Path,
        help="write the decisions that a review page saved into the column decision; sort nothing",
    )  # fmt: skip
    group.add_argument(
        "--overwrite-decisions", action="store_true", help="also where a row was decided otherwise in the sheet"
    )
    group.add_argument(
        "--preview-column", metavar="A", type=column,
        help="with --review: fill this empty column with the pictures (Google Sheets)",
    )  # fmt: skip
    group = made.add_argument_group("reports, which write nothing")
    group.add_argument(
        "--calibrate", action="store_true",
        help="print how many of the pairs that people judged are duplicates, at each diff, and the diff that follows",
    )  # fmt: skip
    group.add_argument(
        "--report-sources", action="store_true",
        help="print for each host how many rows are dead or duplicates, and how often it has the best copy",
    )  # fmt: skip
    group.add_argument(
        "--source-column", metavar="C", type=column, help="with --report-sources: the same for each source named there"
    )


def refuse_alone(options: argparse.Namespace) -> None:
    """Raise `UsageError` for an option without the one that it belongs to."""
    if options.preview_column is not None and not options.review:
        raise UsageError("--preview-column belongs to --review.", "Add --review, or leave it away.")
    if options.source_column is not None and not options.report_sources:
        raise UsageError("--source-column belongs to --report-sources.", "Add --report-sources, or leave it away.")
    if options.overwrite_decisions:
        raise UsageError("--overwrite-decisions belongs to --apply-decisions.", "Name the file, or leave it away.")


def refuse_results(options: argparse.Namespace, what: str) -> None:
    """Raise `UsageError` where a result is asked for of a run that looks at no pictures."""
    for name, path in (("--html", options.html), ("--json", options.json)):
        if path is not None:
            raise UsageError(f"{what} looks at no pictures, so there is nothing for {name}.", "Leave it away.")
