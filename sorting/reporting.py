"""The reports that a run prints instead of writing: what diffs would give, what decisions say of them, and sources."""

import argparse

from console.messages import plain, say
from console.progress import Steps
from hashing import preview
from hashing.measuring import measured
from report.building import contents_of, host_of
from report.result import Result, last_result
from report.summary import show_preview
from reviewing.calibration import DIFFS, calibrated, judged_pairs
from reviewing.sources import lines_of, sources_of
from sheets.a1 import Area, column_letters
from sheets.worksheet import Identity, Worksheet
from sorting.looking import Seen, matching_of


def report_diffs(seen: Seen, options: argparse.Namespace) -> None:
    """Print what each diff would give."""
    contents = contents_of(seen.rows.urls, seen.readings)
    _, matching = matching_of(options)
    with Steps({"comparing": "pictures", "verifying": "pairs"}, delay=2) as steps:
        table = preview(contents, DIFFS, **matching, progress=steps.update)
    show_preview(table)


def report_decisions(found: Result, seen: Seen, used: int) -> None:
    """Print what the decisions say of each diff, and add it to the result's summary."""
    contents = contents_of(seen.rows.urls, seen.readings)
    known = {content.sha256: content for content in contents if content is not None}
    judged = judged_pairs(seen.marks, [None if one is None else one.sha256 for one in contents], seen.apart)
    pairs = measured([(known[one], known[other]) for one, other in judged])
    made = calibrated(list(zip(pairs, judged.values(), strict=True)), used, verify=found.parameters["verify"])
    found.summary["calibration"] = made.to_json()
    say(f"What people decided of pairs, by diff (judged at -d {used} or below): duplicates/pairs, with a 95 % interval")
    for line in made.lines():
        say(line)
    say()


def report_sources(found: Result, worksheet: Worksheet, column: int | None) -> None:
    """Print what each host was worth, and each source in a column, and add it to the result's summary."""
    tables = {"host": [host_of(row.url) for row in found.rows]}
    if column is not None and found.rows:
        cells = Area(column, column, found.rows[0].row, found.rows[-1].row)
        tables[f"column {column_letters(column)}"] = [text.strip() for (text,) in worksheet.texts(cells)]
    made = {title: sources_of(found.rows, names) for title, names in tables.items()}
    found.summary["sources"] = {title: [one.to_json() for one in table] for title, table in made.items()}
    for title, table in made.items():
        for line in lines_of(table, title):
            say(plain(line))
        say()


def diff_used(options: argparse.Namespace, identity: Identity, area: Area) -> int:
    """Return the diff of the sort that people judged: the last one of these rows, as far as it is known."""
    last = last_result(options.state, identity.key, identity.worksheet_key, str(area))
    used = last.parameters.get("diff") if last else None  # it only says up to where the table can be trusted
    return used if isinstance(used, int) else int(options.diff)
