"""Undo files: what the order of the rows was, so that it can be restored however the rows were edited since."""

import contextlib
import json
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import atomic
from errors import StateError, UsageError
from sheets import a1
from sheets.a1 import Area
from sheets.links import has_scheme
from sheets.rows import Rows, Scope
from sheets.worksheet import Identity, Move

_SCHEMA = 1
PREPARED, LANDED, UNDONE = "prepared", "landed", "undone"


@dataclass(frozen=True, slots=True)
class UndoFile:
    """One saved move: where it was made, the URLs of the rows before it, and the order it applied.

    `blanks` are the rows, counted from 0, whose cells were all blank. `state` is `prepared` until the write is
    known to have landed, then `landed`, then `undone`.
    """

    identity: Identity
    area: Area
    scope: Scope
    first_row: int
    urls_before: tuple[str, ...]
    blanks: tuple[int, ...]
    order: tuple[int, ...]
    run: str
    state: str = PREPARED

    @classmethod
    def of(cls, identity: Identity, move: Move) -> "UndoFile":
        """Return the undo of a move that is about to be made."""
        rows = move.rows
        return cls(identity, move.area, move.scope, rows.first_row, rows.urls, _blanks(rows), move.order, move.run)

    def order_back(self, rows: Rows) -> tuple[int, ...]:
        """Return the order that restores the saved one on the rows as they are now.

        Rows are matched by URL and occurrence: the k-th row that shows a URL now is the k-th that showed it
        before (a sort never swaps rows of one URL). A row whose URL was edited is known by its place as long as
        no row came or went. Rows added since stay behind the others, in their present order, but for headings
        above them all; rows that are gone are passed over. Raises `StateError` when most URLs are not there.

        >>> at = Identity("csv", "", "", "", "")
        >>> undo = UndoFile(at, Area(0, 0), Scope.RANGE, 1, ("a", "b", "a"), (), (0, 2, 1), "")
        >>> undo.order_back(Rows(1, (("a",), ("a",), ("b",), ("c",)), ("a", "a", "b", "c")))
        (0, 2, 1, 3)
        """
        matched = self._matched(rows)
        addressed = [before for before, url in enumerate(self.urls_before) if url]
        if 2 * sum(before in matched for before in addressed) < len(addressed):
            raise StateError(
                f"These are not the rows of that run: of its {len(addressed)} addresses, most are no longer there.",
                "Nothing was changed. Is it the right spreadsheet? Name another one with -s.",
            )
        self._match_by_place(rows, matched)
        added = sorted(set(range(len(rows))) - set(matched.values()))
        # A heading inserted above the rows is no row of theirs: it stays above them.
        above = [place for i, place in enumerate(added) if place == i and rows.urls[i] and not has_scheme(rows.urls[i])]
        return (*above, *(matched[before] for before in sorted(matched)), *added[len(above) :])

    def _matched(self, rows: Rows) -> dict[int, int]:
        """Match rows of before and of now by URL and occurrence, and rows that are blank all over apart."""
        blank_before, blank_now = set(self.blanks), set(_blanks(rows))
        places: defaultdict[tuple[str, bool], deque[int]] = defaultdict(deque)
        for place, url in enumerate(rows.urls):
            places[url, place in blank_now].append(place)
        matched = {}
        for before, url in enumerate(self.urls_before):
            # A row that was blank all over may have been typed into; one that is blank now never was another.
            for now in [True, False] if before in blank_before else [False]:
                if before not in matched and places[url, now]:
                    matched[before] = places[url, now].popleft()
        return matched

    def _match_by_place(self, rows: Rows, matched: dict[int, int]) -> None:
        """Match a row whose URL was edited: it stands, unmatched, where the sort had put it."""
        blank_now = set(_blanks(rows))
        if len(rows) - len(blank_now) != len(self.urls_before) - len(self.blanks):
            return  # a row came or went, so places say nothing
        taken = set(matched.values()) | blank_now
        for place, before in enumerate(self.order):
            if before not in matched and before not in self.blanks and place < len(rows) and place not in taken:
                matched[before] = place


@dataclass(frozen=True, slots=True)
class Saved:
    """An undo file on disk and what it says."""

    path: Path
    undo: UndoFile

    def marked(self, state: str) -> "Saved":
        """Write the file again with another state."""
        return self.rewritten(self.known_as(state).undo)

    def known_as(self, state: str) -> "Saved":
        """Return the same with another state, without writing it."""
        return Saved(self.path, replace(self.undo, state=state))

    def rewritten(self, undo: UndoFile) -> "Saved":
        """Write the file again with another content; raise `StateError` when that fails."""
        with _told(self.path):
            atomic.write_whole(self.path, _said(undo), private=True)
        return Saved(self.path, undo)


def save(undo: UndoFile, folder: Path) -> Saved:
    """Write a new undo file below `folder`, readable by its owner alone; raise `StateError` when that fails."""
    with _told(folder):
        name = atomic.name_for(Path(undo.identity.spreadsheet).stem)
        return Saved(atomic.write_new(folder, name, ".json", _said(undo)), undo)


@contextlib.contextmanager
def _told(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"The undo file cannot be written to {where}: {error.strerror or error}.",
            "Make room, or name another state folder with --state DIR.",
        ) from error


def _said(undo: UndoFile) -> bytes:
    values = asdict(undo) | {"area": str(undo.area), "scope": undo.scope.value}
    text = json.dumps({"schema": _SCHEMA, "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **values}, indent=1)
    return text.encode()


def load(path: Path) -> Saved:
    """Read an undo file; raise `StateError` when it is missing, damaged or of another version."""
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if saved["schema"] != _SCHEMA:
            raise StateError(f"{path} was written by another version of this program.", "Use that version to undo.")
        undo = UndoFile(
            identity=Identity(*_texts([saved["identity"][field.name] for field in fields(Identity)])),
            area=a1.parse(saved["area"]),
            scope=Scope(saved["scope"]),
            first_row=int(saved["first_row"]),
            urls_before=_texts(saved["urls_before"]),
            blanks=tuple(int(row) for row in saved["blanks"]),
            order=tuple(int(place) for place in saved["order"]),
            run=str(saved["run"]),
            state={state: state for state in (PREPARED, LANDED, UNDONE)}[saved["state"]],
        )
    except FileNotFoundError as error:
        raise StateError(f"There is no undo file {path}.", "They are kept in .curation/undo/.") from error
    except OSError as error:
        raise StateError(f"The undo file {path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    except (ValueError, KeyError, TypeError, RecursionError, UsageError) as error:
        raise StateError(f"{path} is not an undo file.", "They are kept in .curation/undo/.") from error
    if sorted(undo.order) != list(range(len(undo.urls_before))):
        raise StateError(
            f"The undo file {path} is damaged.", "Restore the backup beside the file, or the version history."
        )
    return Saved(path, undo)


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise TypeError("urls must be texts")
    return tuple(values)


def _blanks(rows: Rows) -> tuple[int, ...]:
    return tuple(i for i, cells in enumerate(rows.cells) if all(cell in (None, "") for cell in cells))
