"""The summary at the end of a run, for a team lead: what was found, what was written, what to do next."""

from collections.abc import Mapping, Sequence
from typing import Any

from console.messages import plain, say
from hashing import Preview
from report.result import Result, ResultRow

_SHOWN = 8
_WORRYING_SHARE = 0.2  # users of bulk downloaders ask to be warned above a fifth (img2dataset#223)


def show(result: Result) -> None:
    """Print the figures of a run, its unreadable rows by reason and by host, and its warnings."""
    figures = result.summary
    say(f"{plain(_name(result))}, range {result.range}")
    say(f"  {counted(figures['rows'], 'row')}, {figures['pictures']} with a readable picture")
    if figures["groups"]:
        say(
            f"  {counted(figures['groups'], 'group')} of near-duplicates with {figures['rows_in_groups']} rows in all;"
            f" the largest family has {figures['largest_family']}"
        )
    else:
        say("  no near-duplicates were found")
    if figures.get("decisions"):
        done = ", ".join(f"{count} {kind}" for kind, count in figures["decisions"].items())
        say(f"  decided: {done}; {figures['groups_decided']} of {counted(figures['groups'], 'group')} are settled")
    if figures.get("kept_apart"):
        say(f"  pairs kept apart, as they were decided to be distinct: {figures['kept_apart']}")
    say(f"  rows that change place: {figures['moved_rows']}")
    if figures["unreadable_rows"]:
        _show_unreadable(result)
    if figures.get("bounded"):
        say(f"  Note: {figures['bounded']}")
    for warning in warnings_of(result):
        say(f"  Warning: {warning}")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def show_plan(first_row: int, urls: Sequence[str], order: Sequence[int], groups: Mapping[int, int | None]) -> None:
    """Print which row goes where: one line a row, in the new order; `groups` gives the group of an old row."""
    say("  new row  from row  group  address")
    for place, source in enumerate(order):
        group = groups.get(source)
        say(f"  {first_row + place:>7}  {first_row + source:>8}  {group or '-':>5}  {plain(urls[source]) or '(blank)'}")


def show_preview(table: Sequence[Preview]) -> None:
    """Print what each diff would give, one line each."""
    say("  diff     pairs    groups  families  rows in groups  largest family")
    for line in table:
        say(
            f"  {line.threshold:>4}  {line.pairs:>8}  {line.groups:>8}  {line.families:>8}"
            f"  {line.rows_in_groups:>14}  {line.largest_family:>14}"
        )
    say()


def warnings_of(result: Result) -> list[str]:
    """Return what a person should look at: a header taken for a row, and many unreadable rows."""
    found = []
    first = result.rows[0] if result.rows else None
    if first and first.status == "not_a_url":
        found.append(
            f"row {first.row} says {plain(first.url, 40)!r}, which is no address: if it is a header,"
            f" begin the range at row {first.row + 1}."
        )
    addressed = [row for row in result.rows if row.status not in ("blank_cell", "not_a_url")]
    failed = [row for row in addressed if row.status != "ok"]
    if addressed and len(failed) > _WORRYING_SHARE * len(addressed):
        hosts = ", ".join(f"{plain(host)} ({count})" for host, count in _top(result.summary["unreadable_by_host"]))
        found.append(
            f"{len(failed)} of {len(addressed)} addresses gave no picture"
            + (f", most on {hosts}." if hosts else ".")
            + " A later run tries the temporary failures again."
        )
    return found


def _show_unreadable(result: Result) -> None:
    figures = result.summary
    say(f"  {counted(figures['unreadable_rows'], 'unreadable row')}, last and in the old order:")
    for status, count in _top(figures["unreadable_by_status"]):
        rows = [row for row in result.rows if row.status == status]
        say(f"    {count} {status.replace('_', ' ')}: {_examples(rows)}")
    if figures["unreadable_by_host"]:
        hosts = ", ".join(f"{plain(host)} {count}" for host, count in _top(figures["unreadable_by_host"]))
        say(f"    by host: {hosts}")


def _examples(rows: Sequence[ResultRow]) -> str:
    numbers = ", ".join(str(row.row) for row in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {numbers}{more} ({plain(rows[0].reason or '', 100)})"


def _top(counts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(counts.items())[:_SHOWN]


def _name(result: Result) -> str:
    return f"{result.spreadsheet}, {result.worksheet}" if result.worksheet else result.spreadsheet
