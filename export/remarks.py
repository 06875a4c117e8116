"""What a person must know of a picture that is exported: it changed, or it is not the live one. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from export.grouping import Readings
from export.memory import Memory
from images import Picture
from report.result import Result


@dataclass(frozen=True, slots=True)
class Remark:
    """The flag of a row, and the sentence that is its reason."""

    flag: str
    reason: str


Remarks = Mapping[str, tuple[Remark, ...]]
"""By URL."""


def stale(reason: str) -> Remark:
    """Return what is said of a picture whose live one failed for this reason."""
    return Remark("stale", f"The live picture cannot be read now ({reason}) This is the last one that could.")


def changes(last: Result | None, known: Mapping[str, str], memory: Memory, readings: Readings) -> dict[str, Remark]:
    """Return what is said of the pictures that are others now.

    What the last sort saw decides, as that was reviewed; for what it did not see, what was last fetched (`known`,
    sha256 by URL), and where the store is new, what the last export held.
    """
    reviewed = {row.url: (row.sha256,) for row in last.rows if row.sha256} if last else {}
    sources: tuple[tuple[Mapping[str, Collection[str]], str], ...] = (
        (reviewed, "The last sort saw another picture here"),
        ({url: (sha256,) for url, sha256 in known.items()}, "Another picture was here when it was last read"),
        (_exported(memory), "The last export had another picture here"),
    )
    found = {}
    for url, reading in readings.items():
        seen, sentence = next(((seen[url], sentence) for seen, sentence in sources if url in seen), ((), ""))
        if isinstance(reading, Picture) and seen and reading.sha256 not in seen:
            found[url] = Remark("changed", f"{sentence} (sha256 {min(seen)[:12]}...).")
    return found


def joined(*several: Mapping[str, Remark]) -> Remarks:
    """Return all remarks on each URL, in the order given."""
    urls = {url for remarks in several for url in remarks}
    return {url: tuple(remarks[url] for remarks in several if url in remarks) for url in urls}


def _exported(memory: Memory) -> dict[str, set[str]]:
    """Return the contents that exports have had of each URL; the old one where an interrupted run was replacing it."""
    held: dict[str, set[str]] = {}
    for path, url in memory.sources.items():
        sha256 = memory.before.get(path, (memory.files.get(path, ""),))[0]
        if url and sha256:
            held.setdefault(url, set()).add(sha256)
    return held
