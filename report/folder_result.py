"""What a command on folders found, as JSON and as a table: `--json` and `--csv`."""

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cleaning.plan import Plan
from finding.hashes import distances
from finding.looking import Album
from finding.options import Matching
from finding.searching import Found
from hashing import Arrangement
from hashing.algorithms import to_hex
from images import FetchFailure, Picture
from images.files import Reading

SCHEMA: Final = 1
_HALF_PAIRS: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FolderResult:
    """Everything a run on folders found; `sections` depend on the command. Only `summary` differs between runs."""

    command: str
    folders: tuple[str, ...]
    parameters: dict[str, Any]
    sections: dict[str, Any]
    table: tuple[tuple[Any, ...], ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the documented JSON; bytes of a name that are no text are half pairs, as Python has them."""
        head = {"schema": SCHEMA, "command": self.command, "folders": self.folders, "parameters": self.parameters}
        text = json.dumps(head | self.sections | {"summary": self.summary}, ensure_ascii=False, indent=1)
        return _HALF_PAIRS.sub(lambda half: f"\\u{ord(half[0]):04x}", text) + "\n"

    def to_csv(self) -> bytes:
        """Return the table; names have the very bytes that the disk has."""
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator="\n").writerows(self.table)
        return stream.getvalue().encode("utf-8", "surrogateescape" if os.name == "posix" else "replace")


def parameters_of(matching: Matching) -> dict[str, Any]:
    """Return the options that decide what is similar."""
    return {"diff" if key == "threshold" else key: value for key, value in asdict(matching).items()}


def pictures_of(album: Album, arrangement: Arrangement | None, matching: Matching) -> list[dict[str, Any]]:
    """Return one object a file, in natural order."""
    keepers = {group.representative for group in arrangement.groups} if arrangement else set()
    found = []
    words = dict(zip(album.pictures, album.hashes, strict=True))
    for i, (file, reading) in enumerate(zip(album.files, album.readings, strict=True)):
        one: dict[str, Any] = {"path": file.path, "also": [name.path for name in file.also], **known(reading)}
        if i in words:
            one["voting"] = {name: to_hex(own) for name, own in zip(matching.algorithms, words[i], strict=True)}
        if arrangement:
            group = arrangement.group[i]
            one |= {
                "group": group,
                "family": arrangement.family[i],
                "block": arrangement.block[i],
                "representative": None if group is None else i in keepers,
            }
        found.append(one)
    return found


def known(reading: Reading) -> dict[str, Any]:
    """Return what is known of a picture, or why it is unreadable."""
    match reading:
        case FetchFailure():
            return {"status": reading.status, "reason": reading.reason}
        case Picture():
            hashes = dict(zip(("ahash", "phash", "dhash"), reading.fingerprint.hexes(), strict=True))
            names = ("sha256", "bytes", "format", "width", "height", "flags")
            return {"status": "ok", "reason": None} | {name: getattr(reading, name) for name in names} | hashes


def groups_of(album: Album, arrangement: Arrangement) -> list[dict[str, Any]]:
    """Return one object a group, in order of appearance."""
    path = [file.path for file in album.files]
    return [
        {
            "group": number,
            "family": arrangement.family[group.members[0]],
            "pictures": [path[i] for i in group.members],
            "representative": path[group.representative],
            "evidence": [
                {
                    "pictures": [path[i] for i in pair.rows],
                    "distances": list(pair.distances),
                    "alignment": pair.alignment,
                }
                for pair in group.evidence
            ],
        }
        for number, group in enumerate(arrangement.groups, start=1)
    ]


def planned_of(chosen: Plan) -> list[dict[str, Any]]:
    """Return one object a group: what is kept, and the names that disappear."""
    return [
        {
            "keep": choice.keeper.file.path,
            "remove": [name.path for one in choice.removed for name in one.file.names],
        }
        for choice in chosen.choices
    ]


def distances_to_keepers(album: Album, arrangement: Arrangement) -> Iterator[list[list[int]]]:
    """Yield for each group the distances of its members to its keeper, one an algorithm."""
    row = {place: k for k, place in enumerate(album.pictures)}
    for group in arrangement.groups:
        members = album.hashes[[row[i] for i in group.members]]
        yield distances(members, album.hashes[row[group.representative]]).tolist()


def groups_table(album: Album, arrangement: Arrangement, matching: Matching) -> tuple[tuple[Any, ...], ...]:
    """Return a heading and one line for each picture in a group."""
    rows: list[tuple[Any, ...]] = [
        ("group", "family", "keeper", "path", "width", "height", "bytes", *matching.algorithms)
    ]
    tables = distances_to_keepers(album, arrangement)
    for number, (group, table) in enumerate(zip(arrangement.groups, tables, strict=True), start=1):
        for i, each in zip(group.members, table, strict=True):
            one = known(album.readings[i])
            keeper = "yes" if i == group.representative else "no"
            shape = (one["width"], one["height"], one["bytes"])
            rows.append((number, arrangement.family[i], keeper, album.files[i].path, *shape, *each))
    return tuple(rows)


def searches_of(album: Album, found: Mapping[str, Found], matching: Matching) -> list[dict[str, Any]]:
    """Return one object a query with its matches, nearest first."""
    return [
        {
            "query": query,
            "unverified": one.unverified,
            "matches": [
                {
                    "path": album.files[match.place].path,
                    "distance": match.distance,
                    "distances": dict(zip(matching.algorithms, match.each, strict=True)),
                    "similarity": round(matching.similarity(match.distance), 1),
                    "verdict": match.verdict,
                    "alignment": match.alignment,
                    **known(album.readings[match.place]),
                }
                for match in one.matches
            ],
        }
        for query, one in found.items()
    ]


def searches_table(searches: Sequence[Mapping[str, Any]], matching: Matching) -> tuple[tuple[Any, ...], ...]:
    """Return a heading and one line for each match."""
    names = ("path", "similarity", "verdict", "distance")
    rows: list[tuple[Any, ...]] = [
        ("query", "rank", *names, *matching.algorithms, "alignment", "width", "height", "bytes")
    ]
    for one in searches:
        for rank, match in enumerate(one["matches"], start=1):
            each = (match["distances"][name] for name in matching.algorithms)
            shape = (match["alignment"], match["width"], match["height"], match["bytes"])
            rows.append((one["query"], rank, *(match[name] for name in names), *each, *shape))
    return tuple(rows)


def figures_of(album: Album, arrangement: Arrangement | None) -> dict[str, Any]:
    """Return the figures of a run."""
    failures = [reading for reading in album.readings if isinstance(reading, FetchFailure)]
    figures: dict[str, Any] = {
        "files": len(album.listing.files),
        "pictures": len(album.readings) - len(failures),
        "other_files": album.others,
        "unreadable": len(failures),
        "unreadable_by_status": dict(Counter(failure.status for failure in failures).most_common()),
        "links_not_followed": album.listing.links,
        "hidden": album.listing.hidden,
        "folders_refused": len(album.listing.refused),
    }
    if arrangement:
        figures |= {
            "groups": len(arrangement.groups),
            "pictures_in_groups": sum(len(group.members) for group in arrangement.groups),
            "families": len({family for family in arrangement.family if family is not None}),
            "bounded": arrangement.counts.bounded,
        }
    return figures
