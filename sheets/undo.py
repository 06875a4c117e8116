"""Undo files: what the order of the rows was, so that it can be restored however the rows were edited since."""

import contextlib
import json
import os
import re
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from errors import StateError
from sheets import a1
from sheets.a1 import Area
from sheets.rows import Rows, Scope
from sheets.worksheet import Identity, Move

_SCHEMA = 1
PREPARED, LANDED, UNDONE = "prepared", "landed", "undone"


@dataclass(frozen=True, slots=True)
class UndoFile:
    """One saved move: where it was made, the URLs of the rows before it, and the order it applied.

    `state` is `prepared` until the write is known to have landed, then `landed`, then `undone`.
    """

    identity: Identity
    area: Area
    scope: Scope
    first_row: int
    urls_before: tuple[str, ...]
    order: tuple[int, ...]
    run: str
    state: str = PREPARED

    @classmethod
    def of(cls, identity: Identity, move: Move) -> "UndoFile":
        """Return the undo of a move that is about to be made."""
        rows = move.rows
        return cls(identity, move.area, move.scope, rows.first_row, rows.urls, move.order, move.run)

    def order_back(self, rows: Rows) -> tuple[int, ...]:
        """Return the order that restores the saved one on the rows as they are now.

        Rows are matched by URL and occurrence: the k-th row that shows a URL now is the k-th that showed it
        before (a sort never swaps rows of one URL). A row whose URL was edited is known by its place as long as
        no row came or went. Rows added since stay behind the others, in their present order; rows that are gone
        are passed over.

        >>> undo = UndoFile(Identity("csv", "", "", "", ""), Area(0, 0), Scope.RANGE, 1, ("a", "b", "a"), (0, 2, 1), "")
        >>> undo.order_back(Rows(1, (("a",), ("a",), ("b",), ("c",)), ("a", "a", "b", "c")))
        (0, 2, 1, 3)
        """
        places: defaultdict[str, deque[int]] = defaultdict(deque)
        for place, url in enumerate(rows.urls):
            places[url].append(place)
        matched: dict[int, int] = {}
        for before, url in enumerate(self.urls_before):
            if places[url]:
                matched[before] = places[url].popleft()
        added = {place for rest in places.values() for place in rest}
        if len(rows) == len(self.urls_before):
            # No row came or went, so a row that is unmatched where the sort had put it had its URL edited.
            for place, before in enumerate(self.order):
                if before not in matched and place in added:
                    matched[before] = place
                    added.remove(place)
        return (*(matched[before] for before in sorted(matched)), *sorted(added))


@dataclass(frozen=True, slots=True)
class Saved:
    """An undo file on disk and what it says."""

    path: Path
    undo: UndoFile

    def marked(self, state: str) -> "Saved":
        """Write the file again with another state."""
        return self.rewritten(replace(self.undo, state=state))

    def rewritten(self, undo: UndoFile) -> "Saved":
        """Write the file again with another content."""
        _write(self.path, undo)
        return Saved(self.path, undo)


def save(undo: UndoFile, folder: Path) -> Saved:
    """Write a new undo file below `folder`, readable by its owner alone; raise `StateError` when that fails."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", Path(undo.identity.spreadsheet).stem).strip("-")[:40] or "sheet"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _claim(folder, f"{stamp}-{name}")
        _write(path, undo)
    except OSError as error:
        raise StateError(
            f"The undo file cannot be written to {folder}: {error.strerror}.",
            "Nothing was written to the sheet. Make room, or name another state folder with --state DIR.",
        ) from error
    return Saved(path, undo)


def _claim(folder: Path, stem: str) -> Path:
    """Create an empty file of a free name, so that two runs in one second do not share one."""
    for attempt in range(1, 1000):
        path = folder / f"{stem}{'' if attempt == 1 else f'-{attempt}'}.json"
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return path
    raise FileExistsError(17, "no free name is left", str(folder))


def _write(path: Path, undo: UndoFile) -> None:
    values = asdict(undo) | {"area": str(undo.area), "scope": undo.scope.value}
    text = json.dumps({"schema": _SCHEMA, "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **values}, indent=1)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".undo-", suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def load(path: Path) -> Saved:
    """Read an undo file; raise `StateError` when it is missing, damaged or of another version."""
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if saved["schema"] != _SCHEMA:
            raise StateError(f"{path} was written by another version of this program.", "Use that version to undo.")
        undo = UndoFile(
            identity=Identity(**saved["identity"]),
            area=a1.parse(saved["area"]),
            scope=Scope(saved["scope"]),
            first_row=int(saved["first_row"]),
            urls_before=_texts(saved["urls_before"]),
            order=tuple(int(place) for place in saved["order"]),
            run=str(saved["run"]),
            state=str(saved["state"]),
        )
    except FileNotFoundError as error:
        raise StateError(f"There is no undo file {path}.", "They are kept in .curation/undo/.") from error
    except OSError as error:
        raise StateError(f"The undo file {path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    except (ValueError, KeyError, TypeError) as error:
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
