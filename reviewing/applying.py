"""Writing the decisions of a saved file beside the rows that they are for, and nothing else."""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from console.exit_codes import DONE
from console.interruption import Interruptions
from console.messages import note, plain, say
from errors import NotFound, SheetChanged, StateError, UsageError
from report.decisions import Decision, kind_of, read_decisions, read_origin
from report.result import last_result
from report.review import NAMES
from report.summary import counted
from reviewing import distinct
from reviewing.marks import read_marks, standing
from sheets import a1
from sheets.a1 import Area
from sheets.filling import Filling
from sheets.opening import open_worksheet
from sheets.options import area_of
from sheets.rows import Scope
from sheets.worksheet import Identity, Worksheet

_ATTEMPTS: Final = 3
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file of decisions means for rows: `texts` are the cells to write, by row; None leaves one alone.

    `there` counts the rows that say so already; `kept` are the rows (from 0) that were decided otherwise, with what
    the file says; `strangers` are decisions for no row, and `outdated` those to be distinct whose row has a match
    since that nobody judged.
    """

    texts: tuple[str | None, ...]
    there: int
    kept: tuple[tuple[int, Decision], ...]
    strangers: tuple[Decision, ...]
    outdated: tuple[Decision, ...] = ()

    @property
    def writes(self) -> int:
        """How many cells are to be written."""
        return sum(text is not None for text in self.texts)


def planned(decisions: Sequence[Decision], urls: Sequence[str], held: Sequence[str], *, overwrite: bool) -> Plan:
    """Match decisions with rows by URL and occurrence; what a row says already is replaced only to `overwrite`."""
    rows = _rows_of(urls)
    texts: list[str | None] = [None] * len(urls)
    kept, strangers, there = [], [], 0
    for one in decisions:
        if len(rows[one.url]) < one.occurrence:
            strangers.append(one)
            continue
        row = rows[one.url][one.occurrence - 1]
        if kind_of(held[row]) == one.decision:
            there += 1
        elif held[row].strip() and not overwrite:
            kept.append((row, one))
        else:
            texts[row] = one.decision
    return Plan(tuple(texts), there, tuple(kept), tuple(strangers))


def outdated(
    decisions: Sequence[Decision], urls: Sequence[str], groups: Sequence[str], known: Mapping[str, str | None]
) -> tuple[Decision, ...]:
    """Return the decisions to be distinct whose row now shares a group with a picture that was not in it then.

    `groups` is what the sheet shows, `known` the sha256 of URLs; what is not known counts as seen.
    """
    rows = _rows_of(urls)
    members: dict[str, set[str | None]] = defaultdict(set)
    for url, group in zip(urls, groups, strict=True):
        members[group].add(known.get(url))
    late = []
    for one in decisions:
        if one.decision == "distinct" and one.sha256 and len(rows[one.url]) >= one.occurrence:
            group = groups[rows[one.url][one.occurrence - 1]]
            if group and members[group] - {None, one.sha256, *one.others}:
                late.append(one)
    return tuple(late)


def _rows_of(urls: Sequence[str]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for i, url in enumerate(urls):
        rows[url].append(i)
    return rows


def read_for(path: Path, area: Area, identity: Identity) -> list[Decision]:
    """Return the decisions of a file; raise `UsageError` when their rows were counted in another range than `area`.

    Of another worksheet they may be all the same, as it may have been copied or renamed since: a note says so.
    """
    decisions, origin = read_decisions(path), read_origin(path)
    for was, now in ((origin.spreadsheet, identity.spreadsheet), (origin.worksheet, identity.worksheet)):
        if was and now and was != now:
            note(f"Note: {path} was saved for {plain(was)!r}; it is taken for {now!r} now.")
    if origin.range:
        other = a1.parse(origin.range)
        if (other.first_column, other.first_row, other.last_row) != (area.first_column, area.first_row, area.last_row):
            raise UsageError(
                f"{path} was saved for the range {origin.range}, and -r names {area}.",
                f"Which row of an address is meant depends on the range: name {origin.range} with -r.",
            )
    return decisions


def apply_decisions(options: argparse.Namespace, interruptions: Interruptions) -> int:
    """Write the decisions of a file into their column; over again if others edit meanwhile."""
    area = area_of(options)
    worksheet = open_worksheet(options.spreadsheet, options.worksheet, options.auth, backup=not options.no_backup)
    decisions = read_for(options.apply_decisions, area, worksheet.identity)
    done = _written(worksheet, area, decisions, options, interruptions)
    if not options.dry_run:
        _remember(done.plan, decisions, options)
    _tell(done, decisions, options)
    if options.dry_run:
        say("Dry run: nothing was written.")
    elif done.written is None:
        say("Nothing was written.")
    else:
        say(f"Written: {done.written}", vital=True)
    return interruptions.pending or DONE


@dataclass(frozen=True, slots=True)
class _Done:
    """What a run came to: the last plan and its rows, how many decisions stood before, and what was written."""

    plan: Plan
    filling: Filling
    before: int
    written: str | None


def _written(
    worksheet: Worksheet,
    area: Area,
    decisions: Sequence[Decision],
    options: argparse.Namespace,
    interruptions: Interruptions,
) -> _Done:
    before, written = -1, None
    identity = worksheet.identity
    last = last_result(options.state, identity.key, identity.worksheet_key, str(area))
    known = {row.url: row.sha256 for row in last.rows} if last else {}
    for attempt in range(1, _ATTEMPTS + 1):
        filling, groups = _read(worksheet, area)
        late = outdated(decisions, filling.rows.urls, groups, known)
        untimely = set(late)
        timely = [one for one in decisions if one not in untimely]
        plan = planned(timely, filling.rows.urls, filling.held, overwrite=options.overwrite_decisions)
        plan = replace(plan, outdated=late)
        if decisions and len(plan.strangers) == len(decisions):
            raise NotFound(
                f"None of the {len(decisions)} decisions in {options.apply_decisions} is for a row of {area}.",
                "Nothing was written. Name the spreadsheet, tab and range that the page was made from.",
            )
        filling = Filling(area, filling.rows, NAMES, filling.place, filling.held, plan.texts)
        before = plan.there if before < 0 else before
        if options.dry_run or not plan.writes:
            return _Done(plan, filling, before, written)
        try:
            return _Done(plan, filling, before, worksheet.fill(filling, committing=interruptions.hold))
        except SheetChanged as change:
            if change.landed:  # all but the rows that somebody decided in that moment
                written = f"{NAMES[-1]} of {identity.worksheet or identity.spreadsheet!r}"
            if attempt == _ATTEMPTS or interruptions.pending:
                raise
            interruptions.release()
            note(f"{change.what} Reading the rows again.")
    raise AssertionError("every attempt returns or raises")


def _remember(plan: Plan, decisions: Sequence[Decision], options: argparse.Namespace) -> None:
    """Remember the pairs that are distinct by the decisions that hold, as the page saw their pictures."""
    out = {*plan.strangers, *(one for _, one in plan.kept)}
    pairs = distinct.told_by(one for one in decisions if one not in out)
    try:
        distinct.remember(pairs, options.state)
    except StateError as error:
        raise StateError(error.what, f"{error.hint} The decisions are in the sheet.") from error


def _read(worksheet: Worksheet, area: Area) -> tuple[Filling, tuple[str, ...]]:
    """Return the rows and what their decisions say, as a filling that writes nothing, and the groups they are in."""
    place = standing(worksheet, area)
    if place is None:
        raise NotFound(
            f"There is no column for decisions beside {area}: the review columns do not stand in the sheet.",
            "Nothing was written. Run with --review first, which adds them, and then apply the decisions.",
        )
    rows = worksheet.read(area, Scope.RANGE_ONLY)
    marks = read_marks(worksheet, place, rows)
    return Filling(area, rows, NAMES, place, marks.decisions, (None,) * len(rows)), marks.groups


def _tell(done: _Done, decisions: Sequence[Decision], options: argparse.Namespace) -> None:
    plan, filling = done.plan, done.filling
    to_write = "to write" if options.dry_run else "written"
    say(
        f"{options.apply_decisions}: {counted(len(decisions), 'decision')},"
        f" {plan.writes + plan.there - done.before} {to_write}, {done.before} there already"
    )
    if plan.kept:
        say(f"  {counted(len(plan.kept), 'row')} decided otherwise, which stands (--overwrite-decisions replaces it):")
        first = filling.rows.first_row
        lines = [f"row {first + i} says {filling.held[i]!r}, not {one.decision}: {one.url}" for i, one in plan.kept]
        _show(lines)
    if plan.outdated:
        say(f"  {counted(len(plan.outdated), 'row')} decided to be distinct, with a new match since, so not settled:")
        _show([one.url for one in plan.outdated])
    if plan.strangers:
        say(f"  {counted(len(plan.strangers), 'decision')} for no row of {filling.area}:")
        _show([f"{one.decision}, row {one.occurrence} of its address: {one.url}" for one in plan.strangers])


def _show(lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        say(f"    {plain(line)}")
    if len(lines) > _SHOWN:
        say(f"    and {len(lines) - _SHOWN} more")
