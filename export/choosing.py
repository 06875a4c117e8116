"""Which readable rows get a file: as people decided, and what the command line says of what they did not. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from errors import Undecided
from export.manifest import LEFT_OUT, ManifestRow
from report.decisions import settled

UNDECIDED: Final = ("error", "best", "all")
"""What may become of a group that people are not done with: nothing is exported, its best picture, or all of it."""
DROPPED: Final = "It was decided: drop."
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for: `one` picture of each group, suspected placeholders, and `undecided` groups.

    `undecided` is one of `UNDECIDED`, or None: then they are treated as all others are.
    """

    one: bool = False
    placeholders: bool = False
    undecided: str | None = None


def waiting(rows: Sequence[ManifestRow], kinds: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return the groups that people are not done with, each as the numbers of its rows."""
    return tuple(
        tuple(rows[i].row for i in members) for members in _groups(rows) if not settled([kinds[i] for i in members])
    )


def chosen(rows: Sequence[ManifestRow], kinds: Sequence[str], wanted: Wanted) -> list[ManifestRow]:
    """Mark what is left out, with the reason; `kinds` has one decision a row, "" for none.

    Raises `Undecided` where groups wait for a decision and that is to be an error.
    """
    if wanted.undecided == "error" and (groups := waiting(rows, kinds)):
        raise _undecided(groups)
    done = list(rows)

    def leave_out(i: int, reason: str) -> None:
        if done[i].status == "ok":
            done[i] = replace(done[i], status=LEFT_OUT, reason=reason)

    for i, row in enumerate(rows):
        if kinds[i] == "drop":
            leave_out(i, DROPPED)
        elif kinds[i] != "keep" and not wanted.placeholders and "placeholder_suspected" in row.flags:
            leave_out(i, "It looks like a picture that says that there is none.")
    for members in _groups(rows):
        there = [i for i in members if done[i].status == "ok"]
        if there:
            _thin_out(rows, kinds, there, _how([kinds[i] for i in members], wanted), leave_out)
    return done


def _how(kinds: Sequence[str], wanted: Wanted) -> str:
    """Return what is exported of a group: "one" picture, the "kept" ones, or "all"."""
    if wanted.undecided is None or settled(kinds):
        return "one" if wanted.one else "all"
    if wanted.undecided == "best":
        return "kept" if "keep" in kinds and not wanted.one else "one"
    return "all"


def _thin_out(
    rows: Sequence[ManifestRow],
    kinds: Sequence[str],
    there: Sequence[int],
    how: str,
    leave_out: Callable[[int, str], None],
) -> None:
    if how == "all":
        return
    best = min(there, key=lambda i: (kinds[i] != "keep", *_rank(rows[i])))
    for i in there:
        if i != best and not (how == "kept" and kinds[i] == "keep"):
            leave_out(i, f"Of its group, row {rows[best].row} is kept.")


def _rank(row: ManifestRow) -> tuple[object, ...]:
    """Order the members of a group: its representative first, or the best one when that is not there."""
    return not row.representative, -(row.width or 0) * (row.height or 0), -(row.bytes or 0), row.sha256, row.row


def _groups(rows: Sequence[ManifestRow]) -> Iterator[list[int]]:
    """Yield the readable members of each group, by place."""
    members: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        if row.group is not None and row.status == "ok":
            members.setdefault(row.group, []).append(i)
    yield from members.values()


def _undecided(groups: Sequence[Sequence[int]]) -> Undecided:
    shown = "; ".join(", ".join(map(str, rows[:_SHOWN])) for rows in groups[:_SHOWN])
    more = f"; and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
    return Undecided(
        f"{len(groups)} groups of near-duplicates are not decided yet: rows {shown}{more}.",
        "Nothing was written. Decide them (--review or --html of sort_similar.py), or export with --undecided best.",
    )
