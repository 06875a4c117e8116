"""The decisions that a person took: read from the file that a review page saved, and kept in such a file."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import atomic
from errors import CurationError, NotFound, StateError

SCHEMA: Final = 1
KINDS: Final = ("keep", "drop", "distinct")
"""What can be decided: use the picture, leave it out, or never group it with these again."""
_HINT: Final = 'Name the file that "Save decisions" wrote on a review page.'


@dataclass(frozen=True, slots=True)
class Origin:
    """What the rows of decisions belong to, "" for what is not known; the range is the one they were counted in."""

    spreadsheet: str
    worksheet: str
    range: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a row: the row that is the `occurrence`-th of its URL in the range, counted from 1.

    Of one decided to be distinct, `sha256` is the picture that was seen, and `others` those of its group then; they
    are missing in a file that was written by hand.
    """

    url: str
    occurrence: int
    decision: str
    sha256: str | None = None
    others: tuple[str, ...] = ()


def kind_of(text: str) -> str:
    """Return the decision that a cell says, "" where it says none.

    >>> kind_of(" Keep "), kind_of("maybe")
    ('keep', '')
    """
    said = text.strip().casefold()
    return said if said in KINDS else ""


def settled(kinds: Sequence[str]) -> bool:
    """Say whether people are done with a group, by what they decided of its members ("" for nothing).

    They are when no more than one is left after those to drop, or when all that are left are to be kept. A member
    that was decided to be distinct and is in a group all the same has a match that nobody has judged.

    >>> settled(["drop", ""]), settled(["keep", "drop", "keep"]), settled(["keep", ""]), settled(["distinct", "keep"])
    (True, True, False, False)
    """
    left = [kind for kind in kinds if kind != "drop"]
    return len(left) <= 1 or all(kind == "keep" for kind in left)


def read_decisions(path: Path) -> list[Decision]:
    """Return the decisions of a file in its order, at most one a row.

    Raises `NotFound` where there is no file, and `StateError` for one that is damaged, of another version, not from a
    review page, or that decides a row twice.
    """
    return _distinct_rows([_decision(one, path) for one in _loaded(path)["decisions"]], path)


def read_origin(path: Path) -> Origin:
    """Return what a file of decisions was saved for."""
    saved = _loaded(path)
    told = (saved.get(name) for name in ("spreadsheet", "worksheet", "range"))
    return Origin(*(one if isinstance(one, str) else "" for one in told))


def _loaded(path: Path) -> dict[str, Any]:
    try:
        saved: Any = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", _HINT) from error
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.", _HINT) from error
    except (ValueError, RecursionError) as error:
        raise _not_decisions(path, "it is no JSON") from error
    if not isinstance(saved, dict) or not isinstance(saved.get("decisions"), list) or "schema" not in saved:
        raise _not_decisions(path, "it has no decisions in it")
    if saved["schema"] != SCHEMA:
        raise StateError(
            f"{path} was saved by a page of another version of this program.", "Make the page again with --html."
        )
    return saved


def decisions_of(urls: Sequence[str], texts: Sequence[str]) -> list[Decision]:
    """Return what was decided for the rows of these URLs, from the texts in their `decision`, whatever their capitals.

    >>> (one,) = decisions_of(["http://a/1", "http://a/1", "http://b/2"], ["", "Drop", "perhaps"])
    >>> one.url, one.occurrence, one.decision
    ('http://a/1', 2, 'drop')
    """
    met: Counter[str] = Counter()
    found = []
    for url, text in zip(urls, texts, strict=False):
        met[url] += 1
        if url and (kind := kind_of(text)):
            found.append(Decision(url, met[url], kind))
    return found


def save(decisions: Sequence[Decision], others: Mapping[int, str], origin: Origin, folder: Path) -> Path:
    """Write decisions to a new file below `folder`, as a review page saves them; return it.

    `others` are texts in the same column that are no decisions, by the number of their row; they are kept for people,
    and nothing reads them. Raises `StateError` when that fails.
    """
    saved: dict[str, Any] = {
        "schema": SCHEMA,
        **asdict(origin),
        "decisions": [{"url": one.url, "occurrence": one.occurrence, "decision": one.decision} for one in decisions],
    }
    if others:
        saved["other_texts"] = [{"row": row, "text": text} for row, text in others.items()]
    try:
        name = atomic.name_for(Path(origin.spreadsheet).stem)
        return atomic.write_new(folder, name, ".json", json.dumps(saved, indent=1).encode())
    except OSError as error:
        raise StateError(
            f"The decisions cannot be kept in {folder}: {error.strerror or error}. Nothing was taken away.",
            "Make room, or name another state folder with --state DIR.",
        ) from error


def _decision(saved: object, path: Path) -> Decision:
    match saved:
        case {"url": str(url), "occurrence": int(occurrence), "decision": str(decision)}:
            # In Python true is the number 1.
            if isinstance(occurrence, bool) or occurrence < 1:
                raise _not_decisions(path, f"an occurrence is {occurrence!r}, and they are counted from 1")
            if decision not in KINDS:
                raise _not_decisions(path, f"{decision[:40]!r} is none of {', '.join(KINDS)}")
            return Decision(url, occurrence, decision, *_seen(saved, path))
    raise _not_decisions(path, "a decision lacks its url, occurrence or decision")


def _seen(saved: Any, path: Path) -> tuple[str | None, tuple[str, ...]]:
    """Return the picture that was decided on and those it was decided to be distinct from, as far as they are told."""
    match saved.get("sha256"), saved.get("from", []):
        case None, _:
            return None, ()
        case str(one), list(others) if all(isinstance(each, str) and is_sha256(each) for each in (one, *others)):
            return one, tuple(others)
    raise _not_decisions(path, "the pictures of a decision are not told by their sha256")


def is_sha256(text: str) -> bool:
    """Say whether a text is a digest as this program writes it."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def _distinct_rows(decisions: list[Decision], path: Path) -> list[Decision]:
    seen = set()
    for one in decisions:
        if (one.url, one.occurrence) in seen:
            raise _not_decisions(path, f"two decisions are for one row, {one.url[:200]!r}")
        seen.add((one.url, one.occurrence))
    return decisions


def _not_decisions(path: Path, why: str) -> CurationError:
    return StateError(f"{path} is not a file of decisions: {why}.", _HINT)
