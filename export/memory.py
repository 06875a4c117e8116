"""What an output folder remembers of the exports into it: the files they put there, and the sides of their contents."""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from errors import StateError
from export.manifest import MANIFEST, files_in

MEMORY: Final = ".export.json"
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """`files` gives the sha256 of what was put at a path ("" where that is not known), tables and all.

    `sides` (sha256 of a content to the name of a split) hold under `rules` only: the splits, the seed, and what
    stays together. `sources` gives the URL of the row that a file was of, "" for a table.
    `before` gives what else may lie at a path that an interrupted export was replacing.
    `recipes` tells what a shard was made of, and its sha256 behind a blank.
    """

    files: dict[str, str] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
    rules: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)
    recipes: dict[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the memory as JSON."""
        saved = {"schema": _SCHEMA, **asdict(self)}
        return (json.dumps(saved, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    def sides_under(self, rules: str) -> dict[str, str]:
        """Return the sides of contents, when they were decided by these rules."""
        return self.sides if rules == self.rules else {}


def remembered(folder: Path) -> Memory:
    """Read the memory of a folder, or what its manifest tells where the memory is gone.

    Raises `StateError` for a damaged memory, or a manifest.csv that is none of ours.
    """
    memory, manifest = folder / MEMORY, folder / MANIFEST
    if os.path.lexists(memory) and (memory.is_symlink() or not memory.is_file()):
        raise StateError(f"{memory} is no file of ours.", "Remove it, or name another folder with -o.")
    if memory.is_file():
        found = _read(memory)
    elif manifest.is_file():
        found = Memory({**files_in(manifest.read_bytes()), MANIFEST: ""})
    else:
        found = Memory()
    return replace(found, files={path: sha256 for path, sha256 in found.files.items() if stays_inside(path)})


def _read(path: Path) -> Memory:
    try:
        saved: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if saved.pop("schema") == _SCHEMA:
            return Memory(
                _texts(saved["files"]),
                _texts(saved["sides"]),
                str(saved["rules"]),
                _texts(saved.get("sources", {})),
                _lists(saved.get("before", {})),
                _texts(saved.get("recipes", {})),
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{path} is damaged.", "Name another folder with -o, or delete that file.") from error
    raise StateError(f"{path} was written by another version.", "Name another folder with -o.")


def _texts(saved: dict[Any, Any]) -> dict[str, str]:
    """Return texts by text; raise `ValueError` for anything else: a list as a side would break what uses it."""
    if not all(isinstance(text, str) for pair in saved.items() for text in pair):
        raise ValueError
    return dict(saved)


def _lists(saved: dict[Any, Any]) -> dict[str, tuple[str, ...]]:
    """Return lists of texts by text; raise `ValueError` for anything else."""
    if not all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in saved.values()):
        raise ValueError
    return {str(path): tuple(texts) for path, texts in saved.items()}


def stays_inside(path: str) -> bool:
    """Say whether a path, in or by a file that anybody may have edited, is one that we would write."""
    pure = PurePosixPath(path)
    return bool(path) and not pure.is_absolute() and ".." not in pure.parts and not {"\\", ":", "\0"} & set(path)
