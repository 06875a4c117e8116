"""Which rows are near-duplicates: as the last sort found where its rows still match, or computed anew."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from hashing import Arrangement
from images import FetchFailure, Picture
from report.result import Result, ResultRow

Readings = Mapping[str, Picture | FetchFailure]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The group, family and block of every row, whether it is its group's representative, and where that is from."""

    group: tuple[int | None, ...]
    family: tuple[int | None, ...]
    block: tuple[int | None, ...]
    representative: tuple[bool | None, ...]
    source: str


def matched(last: Result, urls: Sequence[str]) -> list[ResultRow] | None:
    """Return for each row what the last sort said of it, by URL and occurrence; None where the rows are others."""
    if len(last.rows) != len(urls):
        return None
    waiting: dict[str, list[ResultRow]] = defaultdict(list)
    for row in sorted(last.rows, key=lambda row: row.new_row, reverse=True):
        waiting[row.url].append(row)
    found = [waiting[url].pop() if waiting[url] else None for url in urls]
    return [row for row in found if row is not None] if None not in found else None


def grouping_of(  # noqa: PLR0913 - the last sort, what it is held against, and what takes its place
    last: Result | None,
    parameters: Mapping[str, object],
    urls: Sequence[str],
    readings: Readings,
    arranged: Callable[[], Arrangement] | None,
    *,
    apart: Collection[tuple[str, str]] = (),
) -> Grouping:
    """Return the groups of the last sort, or those that `arranged` computes where that one does not fit.

    Without `arranged` nothing is compared, and then no row is in a group.

    It fits when it has the same rows by URL and occurrence, saw the very pictures that are there now, was made with
    `parameters`, as far as these say something, and has no two contents in one group that are to be kept `apart`.
    """
    reason = _why_not(last, parameters, urls, readings) or _why_not_together(last, apart)
    if last is not None and reason is None:
        rows = matched(last, urls) or []
        return Grouping(
            tuple(row.group for row in rows),
            tuple(row.family for row in rows),
            tuple(row.block for row in rows),
            tuple(row.representative for row in rows),
            "from the last sort of these rows",
        )
    if arranged is None:
        none = (None,) * len(urls)
        return Grouping(none, none, none, none, f"not looked for, as --no-groups was given and {reason}")
    made = arranged()
    keepers = {group.representative for group in made.groups}
    kept = tuple(None if number is None else i in keepers for i, number in enumerate(made.group))
    return Grouping(made.group, made.family, made.block, kept, f"computed now: {reason}")


def _why_not_together(last: Result | None, apart: Collection[tuple[str, str]]) -> str | None:
    groups: dict[str, set[int]] = defaultdict(set)
    for row in last.rows if last else ():
        if row.sha256 and row.group is not None:
            groups[row.sha256].add(row.group)
    if any(groups.get(one, set()) & groups.get(other, set()) for one, other in apart):
        return "pictures were decided to be distinct since the last sort"
    return None


def _why_not(
    last: Result | None, parameters: Mapping[str, object], urls: Sequence[str], readings: Readings
) -> str | None:
    """Return why the last sort does not fit, None when it does."""
    if last is None:
        return "no sort of this range is known"
    rows = matched(last, urls)
    if rows is None:
        return "the rows are not those of the last sort"
    if any(last.parameters.get(name) != value for name, value in parameters.items()):
        return "the last sort was made with other options"
    pictures = [(row, readings[row.url]) for row in rows]
    if any(isinstance(reading, Picture) and reading.sha256 != row.sha256 for row, reading in pictures):
        return "pictures changed since the last sort"
    return None
