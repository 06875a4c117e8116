"""The review page: groups as strips, what looks alike beside each other, and the decisions a labeler takes on it."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from PIL import Image

from atomic import name_for
from console.messages import plain
from images import FetchFailure, Picture
from images.thumbnails import thumbnails
from report.decisions import SCHEMA
from report.page import data_uri, page, text
from report.result import Result, ResultGroup, ResultRow
from report.sizes import size

SIDE: Final = 220
"""Pixels of a thumbnail, shown at up to 150: sharp enough on dense screens, some 8 kB each."""
_HERE: Final = Path(__file__).parent
_COMPARED: Final = 200
"""Members of a family that a look-alike is compared with for its distances."""
_BODY: Final = """
<header>
<div class="title"><h1>{title}</h1><p>{where} &middot; <span id="told" role="status"></span></p></div>
<div class="find"><input id="search" type="search" placeholder="Search" aria-label="Search"
 title="An address, a label, row 12 or group 3" autocomplete="off" spellcheck="false"
><label><input id="open" type="checkbox"> undecided only</label></div>
<div class="actions"><button id="undo" type="button">Undo</button><button id="clear" type="button">Clear all</button
><button id="load" type="button" title="Take the decisions of a file that was saved here">Load</button
><input id="file" type="file" accept=".json,application/json" aria-label="A file of decisions" hidden
><button id="save" type="button" class="first">Save decisions</button></div>
<p id="help"><kbd>&larr;</kbd><kbd>&rarr;</kbd> or <kbd>k</kbd><kbd>j</kbd> picture &middot; <kbd>&uarr;</kbd
><kbd>&darr;</kbd> group &middot; <kbd>1</kbd> keep &middot; <kbd>2</kbd> or <kbd>d</kbd> drop &middot; <kbd>3</kbd> or
 <kbd>n</kbd> not a duplicate &middot; <kbd>0</kbd> undecided &middot; <kbd>a</kbd> accept the suggestion &middot;
 <kbd>z</kbd> undo &middot; <kbd>/</kbd> search &middot; <kbd>s</kbd> save &middot; <kbd>o</kbd> load</p>
</header>
<noscript><p>This page needs JavaScript; everything it needs is in the page itself.</p></noscript>
<main id="blocks"></main>
<p id="nothing" hidden></p>
<details id="unreadable" hidden><summary></summary><ul></ul></details>
"""


def pictures_on(found: Result) -> list[ResultRow]:
    """Return the rows that the page shows, in the order of the sorted sheet: those that are like another one."""
    return sorted((row for row in found.rows if row.block is not None), key=lambda row: row.new_row)


def small_pictures(
    found: Result,
    readings: Mapping[str, Picture | FetchFailure],
    file_of: Callable[[str], Path | None],
    progress: Callable[[int, int], None],
) -> dict[str, Image.Image]:
    """Return a thumbnail of each content on the page by its sha256; gray where `file_of` knows no file of it."""
    known = {one.sha256: one for row in pictures_on(found) if isinstance(one := readings[row.url], Picture)}
    pairs = [(str(file_of(sha256) or ""), one) for sha256, one in known.items()]
    made = thumbnails(pairs, SIDE, lambda done: progress(done, len(pairs)))
    return dict(zip(known, made, strict=True))


def review_page(found: Result, labels: Sequence[str], small: Mapping[str, Image.Image]) -> str:
    """Return the page; `labels` has the text beside the URL of each of the rows of the result, in their order."""
    data = _data(found, labels, small)
    title = f"Review: {found.spreadsheet}"
    body = _BODY.format(title=text(title), where=text(f"{found.worksheet} {found.range}".strip()))
    return page(title, body, style=_source("review_page.css"), script=_source("review_page.js"), data=json.dumps(data))


def _source(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _data(found: Result, labels: Sequence[str], small: Mapping[str, Image.Image]) -> dict[str, Any]:
    """Return what the script builds the page from; foreign text is plain text there, and never markup."""
    shown = pictures_on(found)
    place = {row.row: i for i, row in enumerate(shown)}
    occurrences = _occurrences(found.rows)
    label = {row.row: text for row, text in zip(found.rows, labels, strict=True)}
    told = _Told(found)
    pictures = {sha256: i for i, sha256 in enumerate(small)}
    rows = [
        {
            "id": _digest(row.url, str(occurrences[row.row])),
            "url": row.url,
            "occurrence": occurrences[row.row],
            "row": told.number(row),
            "shown": plain(row.url, 500),
            "link": row.url if re.match(r"https?://", row.url, re.IGNORECASE) else None,
            "label": plain(label[row.row], 300),
            "shape": f"{row.width} x {row.height} {(row.format or '').lower()}, {size(row.bytes or 0)}",
            "why": told.why(row),
            "flags": [flag.replace("_", " ") for flag in row.flags],
            "keeper": bool(row.representative),
            "picture": pictures.get(row.sha256 or ""),
        }
        for row in shown
    ]
    return {
        "schema": SCHEMA,
        "key": f"decisions-{_digest(found.spreadsheet, found.worksheet, found.range)}",
        "file": f"decisions-{name_for(found.worksheet or Path(found.spreadsheet).stem)}.json",
        "spreadsheet": found.spreadsheet,
        "worksheet": found.worksheet,
        "range": found.range,
        "rows": rows,
        "blocks": [_block(list(block), place) for _, block in groupby(shown, key=lambda row: row.block)],
        "pictures": [data_uri(picture) for picture in small.values()],
        "contents": list(small),
        "unreadable": [
            {"row": told.number(row), "shown": plain(row.url, 500), "why": plain(_failure(row), 300)}
            for row in found.rows
            if row.status not in ("ok", "blank_cell")
        ],
    }


def _failure(row: ResultRow) -> str:
    return row.reason or row.status.replace("_", " ")


def _block(rows: Iterable[ResultRow], place: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return the families of a block, each with its strips: a group, or what is in none."""
    return [
        {
            "family": family,
            "strips": [
                {"group": group, "rows": [place[row.row] for row in members]}
                for group, members in groupby(relatives, key=lambda row: row.group)
            ],
        }
        for family, relatives in groupby(rows, key=lambda row: row.family)
    ]


def _occurrences(rows: Iterable[ResultRow]) -> dict[int, int]:
    """Return for each row the how many-th of its URL it is. A sort keeps that: rows of one URL keep their order."""
    seen: Counter[str] = Counter()
    numbers = {}
    for row in rows:
        seen[row.url] += 1
        numbers[row.row] = seen[row.url]
    return numbers


class _Told:
    """Says in words why a row stands where it stands, with the row numbers that the sheet has after the run."""

    def __init__(self, found: Result) -> None:
        self._written = bool(found.summary.get("written"))
        self._verified = bool(found.parameters.get("verify"))
        self._rows = {row.row: row for row in found.rows}
        self._groups = {group.group: group for group in found.groups}
        # The first family of a block opened it, and the others look like one of its pictures.
        self._openers: dict[int | None, list[ResultRow]] = {}
        for row in pictures_on(found):
            opener = self._openers.setdefault(row.block, [])
            if len(opener) < _COMPARED and (not opener or (row.family is not None and row.family == opener[0].family)):
                opener.append(row)

    def number(self, row: ResultRow) -> int:
        return row.new_row if self._written else row.row

    def why(self, row: ResultRow) -> str:
        if row.representative:
            return ""
        if row.group is not None:
            return self._why_in_group(row, self._groups[row.group])
        others = [one for one in self._openers[row.block] if one.row != row.row]
        if not others:
            return ""
        near = min(others, key=lambda one: (sum(_distances(row, one)), one.new_row))
        return f"looks like row {self.number(near)} ({_words(_distances(row, near))})"

    def _why_in_group(self, row: ResultRow, group: ResultGroup) -> str:
        """Name the pair that brought a row into its group, the one with the keeper first."""
        keeper = group.representative
        if self._rows[keeper].sha256 == row.sha256:
            return f"the same file as row {self.number(self._rows[keeper])}"
        pairs = [pair for pair in group.evidence if row.row in pair.rows]
        if not pairs:
            return f"{_words(_distances(row, self._rows[keeper]))} from row {self.number(self._rows[keeper])}"
        best = min(pairs, key=lambda pair: (keeper not in pair.rows, sum(pair.distances), pair.rows))
        other = self._rows[best.rows[0] if best.rows[1] == row.row else best.rows[1]]
        number = self.number(other)
        if best.alignment is not None:
            return f"{100 * best.alignment:.0f} % aligned with row {number} ({_words(best.distances)})"
        if other.sha256 == row.sha256:
            return f"the same file as row {number}"
        return f"the same pixels as row {number}" if self._verified else f"{_words(best.distances)} from row {number}"


def _distances(one: ResultRow, other: ResultRow) -> tuple[int, ...]:
    """Return the Hamming distances of two pictures as they stand."""
    pairs = ((one.ahash, other.ahash), (one.phash, other.phash), (one.dhash, other.dhash))
    return tuple((int(a or "0", 16) ^ int(b or "0", 16)).bit_count() for a, b in pairs)


def _words(distances: Sequence[int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(("ahash", "phash", "dhash"), distances, strict=True))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
