"""What commands on folders print: figures, groups, matches and plans, one picture a line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cleaning.plan import Candidate, Plan
from console.messages import plain
from finding.looking import Album
from finding.options import Matching
from finding.searching import Found
from hashing import Arrangement
from images import FetchFailure, Picture
from report.folder_result import distances_to_keepers
from report.sizes import size

_SHOWN = 8
_PATH = 1000


def figures(summary: Mapping[str, Any], album: Album) -> Iterator[str]:
    """Yield the lines about what was looked at, and what could not be read."""
    others = f", {summary['other_files']} other files" if summary["other_files"] else ""
    yield f"{summary['pictures']} pictures{others}"
    skipped = [
        f"{summary['links_not_followed']} links were not followed" if summary["links_not_followed"] else "",
        f"{summary['hidden']} hidden names were not looked at" if summary["hidden"] else "",
    ]
    if any(skipped):
        yield "  " + "; ".join(filter(None, skipped))
    for folder, reason in album.listing.refused[:_SHOWN]:
        yield f"  {plain(folder, _PATH)} could not be read: {reason}"
    if summary["unreadable"]:
        yield f"  {summary['unreadable']} are unreadable and were not compared:"
        for status, count in summary["unreadable_by_status"].items():
            yield f"    {count} {status.replace('_', ' ')}: {_example(album, status)}"
    if summary.get("bounded"):
        yield f"  Note: {summary['bounded']}"
    if "groups" in summary:
        yield (
            f"  {summary['groups']} groups of near-duplicates hold {summary['pictures_in_groups']} pictures,"
            f" in {summary['families']} families"
        )


def groups(album: Album, arrangement: Arrangement, matching: Matching) -> Iterator[str]:
    """Yield the groups, the suggested keeper of each marked, with distances to it."""
    tables = distances_to_keepers(album, arrangement)
    for number, (group, table) in enumerate(zip(arrangement.groups, tables, strict=True), start=1):
        yield f"group {number} (family {arrangement.family[group.members[0]]}): {len(group.members)} pictures"
        for i, each in sorted(
            zip(group.members, table, strict=True), key=lambda item: (item[0] != group.representative, item[0])
        ):
            keeper = i == group.representative
            told = "" if keeper else "  " + _distances(each, matching)
            yield f"  {'keep' if keeper else '    '}  {_shape(album, i)}  {_name(album, i)}{told}"


def matches(query: str, found: Found, album: Album, matching: Matching) -> Iterator[str]:
    """Yield the matches of one query, nearest first."""
    yield f"query {plain(query, _PATH)}: {len(found.matches)} found"
    for match in found.matches:
        aligned = "" if match.alignment is None else f" {match.alignment:.2f}"
        yield (
            f"  {matching.similarity(match.distance):5.1f} %  {_distances(match.each, matching)}"
            f"  {match.verdict + aligned:<19}  {_shape(album, match.place)}  {_name(album, match.place)}"
        )
    if found.unverified:
        yield f"  {found.unverified} more are similar by their hashes alone; --no-verify lists them"


def plan(chosen: Plan, way: str) -> Iterator[str]:
    """Yield what is kept and what is removed: the very moves that are carried out."""
    for number, choice in enumerate(chosen.choices, start=1):
        yield f"group {number}"
        yield f"  keep    {_candidate(choice.keeper)}"
        for one in choice.removed:
            yield f"  remove  {_candidate(one)}"
            for name in one.file.also:
                yield f"          also named {plain(name.path, _PATH)}"
    where = {"trash": "go to the trash", "backup": "go to the backup", "permanently": "are deleted permanently"}[way]
    yield f"{chosen.files} files of {len(chosen.choices)} groups {where}, {size(chosen.bytes)} in all"


def _candidate(one: Candidate) -> str:
    return f"{one.pixels / 1e6:6.2f} MP  {size(one.file.marks.size):>9}  {plain(one.file.path, _PATH)}"


def _distances(each: Sequence[int], matching: Matching) -> str:
    return " ".join(f"{name} {distance:>2}" for name, distance in zip(matching.algorithms, each, strict=True))


def _shape(album: Album, i: int) -> str:
    reading = album.readings[i]
    if not isinstance(reading, Picture):
        return ""
    return f"{f'{reading.width}x{reading.height}':>11}  {size(reading.bytes):>9}"


def _name(album: Album, i: int) -> str:
    return plain(album.files[i].path, _PATH)


def _example(album: Album, status: str) -> str:
    failed = [one for one in album.readings if isinstance(one, FetchFailure) and one.status == status]
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{plain(failed[0].url)}{more} ({plain(failed[0].reason)})"
