"""Several worksheets of one spreadsheet: each is sorted by itself, and what they have in common is told beside rows.

Rows never leave their worksheet, so a picture in two of them cannot be brought together; a labeler can be told.
"""

import argparse
import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from console.interruption import Interruptions
from console.messages import note, plain, say
from errors import UsageError
from hashing import Content, arrange
from hashing.measuring import measured
from report.building import contents_of
from report.result import SCHEMA, Result, ResultEvidence
from report.review import Twin, reason
from report.summary import counted
from reviewing import distinct
from sheets.opening import worksheet_titles
from sorting.looking import Look, Seen, matching_of

ALL: Final = "*"
_SHOWN: Final = 5

Twins = Mapping[str, Twin]
"""By the sha256 of a picture: its near-duplicate on another worksheet."""


@dataclass(frozen=True, slots=True)
class Together:
    """The results of several worksheets as one document for `--json`."""

    results: Sequence[Result]

    def to_json(self) -> str:
        """Return the documented JSON."""
        worksheets = [json.loads(result.to_json()) for result in self.results]
        return json.dumps({"schema": SCHEMA, "worksheets": worksheets}, ensure_ascii=False, indent=1) + "\n"


def each(options: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the options for each worksheet that -w names, `*` being all that can be seen. Raises `UsageError`."""
    named: list[str] = options.worksheet or []
    if ALL in named and options.spreadsheet:
        named = list(worksheet_titles(options.spreadsheet, options.auth))
    if len(set(named)) > 1 and options.html is not None:
        raise UsageError("--html shows one worksheet.", "Name one with -w, and run it for each.")
    return [_with(options, title) for title in dict.fromkeys(named)] or [_with(options, None)]


def only(options: argparse.Namespace, what: str) -> argparse.Namespace:
    """Return the options for the one worksheet that may be named; raise `UsageError` for several."""
    named = list(dict.fromkeys(options.worksheet or []))
    if len(named) > 1 or ALL in named:
        raise UsageError(f"{what} takes one worksheet at a time.", "Name one with -w, and run it for each.")
    return _with(options, named[0] if named else None)


def ends_here(look: Look, interruptions: Interruptions) -> bool:
    """Let go of interruptions that were held back for the worksheet before; say so where one of them came."""
    interruptions.written = "The worksheets that are told above are as told there; the others were not sorted."
    interruptions.release()
    if interruptions.pending:
        note(f"{look.worksheet.identity.worksheet} and the worksheets after it were not sorted.")
    return interruptions.pending is not None


def twins_of(looks: Sequence[Look], seen: Sequence[Seen]) -> list[Twins]:
    """Return the near-duplicates that each worksheet has on the others.

    Rows are numbered as they will stand after the sort of their own worksheet.
    """
    options = looks[0].options
    rows = [_Row(tab, i, content) for tab, one in enumerate(seen) for i, content in enumerate(_contents(one))]
    shown = [row.content.sha256 if row.content else None for row in rows]
    told = frozenset[distinct.Pair]().union(*(one.decided for one in seen))
    apart = distinct.among(told | distinct.remembered(options.state), shown)
    ballot, matching = matching_of(options)
    found = arrange([row.content for row in rows], ballot, **matching, distinct_pairs=apart)
    pairs = [pair for group in found.groups for pair in _across([rows[i] for i in group.members])]
    reasons = _reasons(pairs, options.diff)
    places = [one.arrangement.places for one in seen]
    twins: list[dict[str, Twin]] = [{} for _ in looks]
    for (row, other), why in zip(pairs, reasons, strict=True):
        new_row = seen[other.tab].rows.first_row + places[other.tab][other.index]
        twins[row.tab][row.sha256] = Twin(looks[other.tab].worksheet.identity.worksheet, new_row, why)
    return list(twins)


def tell_twins(results: Iterable[Result], twins: Iterable[Twins]) -> None:
    """Print which rows have near-duplicates on other worksheets, and add the pairs to the summaries."""
    lines = []
    for result, theirs in zip(results, twins, strict=False):  # an interruption may have left some out
        rows = [row for row in result.rows if row.sha256 in theirs]
        found = [(row, theirs[str(row.sha256)]) for row in rows]
        result.summary["on_other_worksheets"] = [
            {"row": row.row, "worksheet": twin.worksheet, "new_row": twin.row} for row, twin in found
        ]
        lines += [f"{result.worksheet} row {row.new_row} and {twin.worksheet} row {twin.row}" for row, twin in found]
    if not lines:
        say("No picture is on two of these worksheets.")
        return
    say(f"{counted(len(lines), 'row')} have near-duplicates on another of these worksheets, where rows cannot move to:")
    for line in lines[:_SHOWN]:
        say(f"  {plain(line)}")
    if len(lines) > _SHOWN:
        say(f"  and {len(lines) - _SHOWN} more; --review says so beside each row")


@dataclass(frozen=True, slots=True)
class _Row:
    tab: int
    index: int
    content: Content | None

    @property
    def sha256(self) -> str:
        return self.content.sha256 if self.content else ""


def _with(options: argparse.Namespace, worksheet: str | None) -> argparse.Namespace:
    own = copy.copy(options)
    own.worksheet = worksheet
    return own


def _contents(seen: Seen) -> list[Content | None]:
    return contents_of(seen.rows.urls, seen.readings)


def _across(members: Sequence[_Row]) -> list[tuple[_Row, _Row]]:
    """Return each content of a group with a row on another worksheet: one of the very same file, else the first."""
    pairs: dict[tuple[int, str], tuple[_Row, _Row]] = {}
    for row in members:
        if (row.tab, row.sha256) in pairs:
            continue
        others = [other for other in members if other.tab != row.tab]
        if not others:
            return []
        same = next((other for other in others if other.sha256 == row.sha256), others[0])
        pairs[row.tab, row.sha256] = (row, same)
    return list(pairs.values())


def _reasons(pairs: Sequence[tuple[_Row, _Row]], threshold: int) -> list[str]:
    known = [(one.content, other.content) for one, other in pairs]
    told = []
    for (one, other), pair in zip(pairs, measured([(a, b) for a, b in known if a and b]), strict=True):
        evidence = ResultEvidence((0, 0), pair.distances, pair.alignment)
        same_file = one.sha256 == other.sha256
        # a pair that is alike only when turned, or inside its frame, has no figures as it stands
        told.append(reason(evidence, same_file=same_file) if same_file or pair.similar(threshold) else "same picture")
    return told
