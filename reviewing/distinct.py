"""What was decided to be distinct, remembered in the state folder by content: no sheet, tab or row number in it.

Every new set of pairs is a file of its own, named by what it holds. So two runs at once overwrite nothing, and a
folder that is copied into another adds up.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from errors import StateError
from report.decisions import Decision, is_sha256
from report.review import REOPENED
from report.saving import save
from reviewing.marks import Marks

Pair = tuple[str, str]
"""Two sha256, the smaller first."""
SCHEMA: Final = 1
FOLDER: Final = "distinct"


def pairs_of(marks: Marks, contents: Sequence[str | None]) -> frozenset[Pair]:
    """Return the pairs that the decisions beside the rows say are distinct; `contents` are the rows' sha256.

    `distinct` on a row speaks of the rows that the columns show in one group with it. Where the status says that the
    row is open again, the decision is older than that group and says nothing of it.
    """
    members: dict[str, list[int]] = {}
    for i, group in enumerate(marks.groups):
        if group:
            members.setdefault(group, []).append(i)
    return frozenset(
        pair
        for i, kind in enumerate(marks.kinds)
        if kind == "distinct" and not marks.statuses[i].startswith(REOPENED)
        for pair in apart(contents[i], [contents[other] for other in members.get(marks.groups[i], ())])
    )


def apart(content: str | None, others: Iterable[str | None]) -> frozenset[Pair]:
    """Return the pairs of a content with others; none with itself, and none of what is unreadable."""
    return frozenset(
        (min(content, other), max(content, other)) for other in others if content and other and content != other
    )


def told_by(decisions: Iterable[Decision]) -> frozenset[Pair]:
    """Return the pairs that decisions of a saved file say are distinct, as the page saw their pictures."""
    return frozenset(pair for one in decisions if one.decision == "distinct" for pair in apart(one.sha256, one.others))


def among(pairs: Iterable[Pair], contents: Iterable[str | None]) -> frozenset[Pair]:
    """Return those of the pairs that are both among the contents."""
    there = set(contents)
    return frozenset(pair for pair in pairs if there.issuperset(pair))


def remembered(state: Path) -> frozenset[Pair]:
    """Return all pairs that the state folder remembers; raise `StateError` for a file that is none of ours."""
    try:
        paths = sorted((state / FOLDER).glob("*.json"))
        return frozenset(pair for path in paths for pair in _read(path))
    except OSError as error:
        raise StateError(
            f"What was decided to be distinct cannot be read: {error.strerror or error} ({error.filename}).",
            f"Check the permissions of {state / FOLDER}.",
        ) from error


def remember(pairs: Collection[Pair], state: Path) -> int:
    """Add pairs to those that the state folder remembers; return how many were new."""
    new = sorted(set(pairs) - remembered(state))
    if new:
        lines = ",\n".join(f"  {json.dumps(pair)}" for pair in new)
        data = f'{{"schema": {SCHEMA}, "pairs": [\n{lines}\n]}}\n'.encode()
        save(data, state / FOLDER / f"{hashlib.sha256(data).hexdigest()[:24]}.json")
    return len(new)


def _read(path: Path) -> Iterable[Pair]:
    damaged = StateError(
        f"{path} is not a file of pairs that were decided to be distinct.",
        "Move it away; what only it holds is then forgotten, and read again from the sheets where it stands.",
    )
    try:
        saved: Any = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged from error
    match saved:
        case {"schema": int(schema), "pairs": list(pairs)} if schema == SCHEMA:
            for pair in pairs:
                match pair:
                    case [str(one), str(other)] if all(map(is_sha256, pair)) and one < other:
                        yield one, other
                    case _:
                        raise damaged
        case _:
            raise damaged
