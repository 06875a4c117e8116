"""Build the result of a run from its rows, its pictures and their arrangement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from hashing import Arrangement, Content
from images import FetchFailure, Picture
from report.decisions import settled
from report.result import Result, ResultEvidence, ResultGroup, ResultRow


def contents_of(urls: Sequence[str], readings: Mapping[str, Picture | FetchFailure]) -> list[Content | None]:
    """Return what each row shows, None for an unreadable one; `readings` has every URL."""
    contents = {
        url: Content(reading.sha256, reading.fingerprint, reading.width * reading.height, reading.bytes)
        for url, reading in readings.items()
        if isinstance(reading, Picture)
    }
    return [contents.get(url) for url in urls]


def build_rows(
    first_row: int,
    urls: Sequence[str],
    readings: Mapping[str, Picture | FetchFailure],
    arrangement: Arrangement,
) -> tuple[ResultRow, ...]:
    """Return one `ResultRow` a row, in the order of the sheet before the run; `readings` has every URL."""
    places = arrangement.places
    keepers = {group.representative for group in arrangement.groups}
    known = {url: _known(readings[url]) for url in set(urls)}
    return tuple(
        ResultRow(
            row=first_row + i,
            new_row=first_row + places[i],
            url=url,
            group=arrangement.group[i],
            family=arrangement.family[i],
            block=arrangement.block[i],
            representative=None if arrangement.group[i] is None else i in keepers,
            **known[url],
        )
        for i, url in enumerate(urls)
    )


def _known(reading: Picture | FetchFailure) -> dict[str, Any]:
    """What `ResultRow` says of a picture, or of its failure."""
    match reading:
        case FetchFailure():
            unknown = ("sha256", "bytes", "format", "width", "height", "ahash", "phash", "dhash")
            return dict.fromkeys(unknown) | {
                "final_url": reading.final_url,
                "status": reading.status,
                "reason": reading.reason,
                "flags": (),
            }
        case Picture():
            ahash, phash, dhash = reading.fingerprint.hexes()
            return {
                "final_url": reading.final_url,
                "status": "ok",
                "reason": None,
                "flags": reading.flags,
                "sha256": reading.sha256,
                "bytes": reading.bytes,
                "format": reading.format,
                "width": reading.width,
                "height": reading.height,
                "ahash": ahash,
                "phash": phash,
                "dhash": dhash,
            }


def build_groups(first_row: int, arrangement: Arrangement) -> tuple[ResultGroup, ...]:
    """Return the groups with row numbers of the sheet before the run, in order of appearance."""
    return tuple(
        ResultGroup(
            group=number,
            family=arrangement.family[group.members[0]] or 0,
            rows=tuple(first_row + member for member in group.members),
            representative=first_row + group.representative,
            evidence=tuple(
                ResultEvidence((first_row + pair.rows[0], first_row + pair.rows[1]), (a, p, d), pair.alignment)
                for pair in group.evidence
                for a, p, d in [pair.distances]
            ),
        )
        for number, group in enumerate(arrangement.groups, start=1)
    )


def summarise(result: Result) -> dict[str, Any]:
    """Return the figures a team lead acts on; the same for the same rows."""
    unreadable = [row for row in result.rows if row.status != "ok"]
    families = Counter(row.family for row in result.rows if row.family is not None)
    return {
        "rows": len(result.rows),
        "pictures": len(result.rows) - len(unreadable),
        "groups": len(result.groups),
        "rows_in_groups": sum(len(group.rows) for group in result.groups),
        "families": len(families),
        "largest_family": max(families.values(), default=0),
        "moved_rows": sum(row.row != row.new_row for row in result.rows),
        "unreadable_rows": len(unreadable),
        "unreadable_by_status": dict(Counter(row.status for row in unreadable).most_common()),
        "unreadable_by_host": dict(Counter(host for row in unreadable if (host := host_of(row.url))).most_common()),
        "flags": dict(Counter(flag for row in result.rows for flag in row.flags).most_common()),
    }


def summarise_decisions(result: Result, kinds: Sequence[str]) -> dict[str, Any]:
    """Return what people decided of the rows so far; `kinds` has one entry a row, "" for nothing."""
    of_row = {row.row: kind for row, kind in zip(result.rows, kinds, strict=True)}
    done = sum(settled([of_row[row] for row in group.rows]) for group in result.groups)
    return {"decisions": dict(Counter(kind for kind in kinds if kind).most_common()), "groups_decided": done}


def host_of(url: str) -> str:
    """Return the host of an address, "" where it names none.

    >>> host_of("https://User@Example.org:8443/cat.jpg"), host_of("cats/1.jpg"), host_of("http://[broken")
    ('example.org', '', '')
    """
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
