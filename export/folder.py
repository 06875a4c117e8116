"""The output folder: what earlier exports left there, what may be written, and the one order in which it is.

While a run changes files that a manifest describes, that manifest is away: a folder without one is not complete.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

import atomic
from errors import StateError, UsageError
from export.locking import locked
from export.manifest import MANIFEST
from export.memory import MEMORY, Memory, remembered, stays_inside
from export.names import same_on_some_disk
from export.writing import PART, Lost, Progress, Writer, each, holds, translated, write_file
from report.sizes import size

_REMOVED: Final = "removed"
_CHANGED: Final = "changed"
_BLOCK: Final = 4096
"""A file takes up whole blocks of a disk."""

Source = Callable[[str], bytes | Writer | None]
"""Gives the content with a sha256, or what writes it; None when it is not there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be done: pictures that are there and whole, those to write, tables to write, and what nobody owns.

    `replaces` says that something of an earlier export gets another content; `altered` are those of the missing
    files that somebody changed since an export put them there.
    """

    present: frozenset[str]
    missing: dict[str, str]
    tables: dict[str, bytes]
    unowned: dict[str, str]
    replaces: bool
    altered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of files that no row owns: removed, kept as somebody changed them, or stuck, with the reason."""

    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    stuck: dict[str, str] = field(default_factory=dict)


class Overtaken(StateError):
    """Another export changed the folder since it was looked at: what was decided no longer holds."""


class Folder:
    """One output folder; nothing is made or changed before `write`. Raises `AccessRefused` and `StateError`."""

    def __init__(self, path: Path) -> None:
        """Raise `UsageError` for a file, and `AccessRefused` for a folder that cannot be written, before any work."""
        self.path = path.absolute()
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise UsageError(f"{path} is a file, so it cannot be the output folder.", "Name a folder with -o.")
        with translated(self.path):
            for above in (parent for parent in self.path.parents if parent.exists() and not parent.is_dir()):
                raise UsageError(f"{above} is a file, so there can be no folder in it.", "Name a folder with -o.")
            if _is_read_only(self._existing()):
                raise PermissionError(errno.EACCES, "it is read-only", str(self._existing()))
            self.memory = remembered(self.path)
        self._is_locked = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let no other export in, from what is decided to what is cleaned; a folder to be made is locked by `write`."""
        with contextlib.ExitStack() as stack:
            if self.path.is_dir():
                with translated(self.path):
                    stack.enter_context(self._locked())
                    self.memory = remembered(self.path)
            yield

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        if self._is_locked:
            yield
            return
        with locked(self.path):
            self._is_locked = True
            try:
                yield
            finally:
                self._is_locked = False

    def exported(self) -> Callable[[str], bytes | None]:
        """Return what gives the very bytes that an export has put here for a URL, None where there are none of it."""
        paths = {url: path for path, url in self.memory.sources.items() if url}

        def find(url: str) -> bytes | None:
            path = paths.get(url, "")
            sha256 = self.memory.files.get(path, "")
            if not (sha256 and self._holds(path, sha256)):
                return None
            data = (self.path / path).read_bytes()
            return data if _sha256(data) == sha256 else None

        return find

    def of_others(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of the paths at which something lies that no export put there."""
        return frozenset(path for path in paths if path not in self.memory.files and os.path.lexists(self.path / path))

    def standing(self, files: Mapping[str, str], tables: Mapping[str, bytes], progress: Progress) -> Standing:
        """Compare what is to be there with what is, reading every file; raise `UsageError` for files of others."""
        for path in (path for path in (*files, *tables) if not stays_inside(path)):
            raise UsageError(f"{path} would lie outside {self.path}.", "Nothing was written. Name other splits.")
        with translated(self.path):
            whole = each(files.items(), lambda item: self._holds(*item), progress)
            missing = {path: sha for (path, sha), found in zip(files.items(), whole, strict=True) if not found}
            changed = {path: data for path, data in tables.items() if not self._holds(path, _sha256(data))}
            self._refuse_files_of_others([*missing, *changed])
            self._refuse_read_only([*missing, *changed])
            replaces = any(os.path.lexists(self.path / path) for path in missing)
            ours = {path: data for path, data in tables.items() if path in self.memory.files}
            rewritten = {**ours, **changed} if replaces else changed
            unowned = self._unowned({*files, *tables})
            altered = self._altered(missing)
            return Standing(frozenset(files.keys() - missing.keys()), missing, rewritten, unowned, replaces, altered)

    def _altered(self, missing: Iterable[str]) -> tuple[str, ...]:
        known = {path: self.memory.files.get(path) for path in missing if path not in self.memory.before}
        there = [(path, sha256) for path, sha256 in known.items() if sha256 and os.path.lexists(self.path / path)]
        untouched = each(there, lambda item: self._holds(*item), lambda _done, _total: None)
        return tuple(path for (path, _), same in zip(there, untouched, strict=True) if not same)

    def refuse_without_space(self, sizes: Iterable[int]) -> None:
        """Raise `StateError` when files of these sizes do not fit on the disk."""
        needed = sum(-(-one // _BLOCK) * _BLOCK for one in sizes)
        free = shutil.disk_usage(self._existing()).free
        if needed > free:
            raise StateError(
                f"{size(needed)} are to be written, and the disk of {self.path} has {size(free)} left.",
                "Nothing was written there. Make space, or name a folder on another disk with -o.",
            )

    def write(self, todo: Standing, memory: Memory, source: Source, progress: Progress) -> tuple[str, ...]:
        """Write what is missing, the manifest last, and return the paths whose bytes `source` could not give.

        `source` gets a sha256 and must check what it returns, or what that writes. `memory` is what the folder
        remembers when all is done; nothing is completed while paths are returned. Whatever ends the run, each file is
        the old or the new one, and whole.
        """
        with translated(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._refuse_when_overtaken()
                self._refuse_files_of_others([*todo.missing, *todo.tables])
                self._sweep()
                if not (todo.missing or todo.tables or memory != self.memory):
                    return ()
                # Before the first file, so that whatever a killed run leaves is known to be ours.
                self._remember(self._while_writing(todo))
                self._make_folders([*todo.missing, *todo.tables])
                for path in todo.tables if todo.replaces else ():
                    (self.path / path).unlink(missing_ok=True)
                lost = self._write_pictures(todo.missing, source, progress)
                if not lost:
                    self._complete(todo, memory)
                return lost

    def clean(self, unowned: Mapping[str, str]) -> Cleaned:
        """Remove files that no row owns any more; one that cannot be removed keeps no other from it."""
        if not unowned:
            return Cleaned()
        with translated(self.path), self._locked():
            self._refuse_when_overtaken()
            ends = {path: self._remove(path, (sha, *self.memory.before.get(path, ()))) for path, sha in unowned.items()}
            removed = tuple(sorted(path for path, end in ends.items() if end == _REMOVED))
            self._remove_empty({parent for path in removed for parent in PurePosixPath(path).parents[:-1]})
            left = {path: sha for path, sha in self.memory.files.items() if path not in removed}
            before = {path: contents for path, contents in self.memory.before.items() if path in left}
            self._remember(replace(self.memory, files=left, before=before))
        changed = tuple(sorted(path for path, end in ends.items() if end == _CHANGED))
        return Cleaned(removed, changed, {path: end for path, end in ends.items() if end not in (_REMOVED, _CHANGED)})

    def _remove(self, path: str, contents: Iterable[str]) -> str:
        """Remove a file that holds one of the contents; return `_REMOVED`, `_CHANGED`, or why it cannot be removed."""
        try:
            if _is_read_only((self.path / path).parent):
                return "its folder is read-only"
            if not any(self._holds(path, sha) for sha in contents):
                return _CHANGED
            (self.path / path).unlink()
        except OSError as error:
            return error.strerror or type(error).__name__
        return _REMOVED

    def _refuse_when_overtaken(self) -> None:
        """Raise `Overtaken` when the folder's memory, read under its lock, is not the one that was decided by."""
        found = remembered(self.path)
        if found != self.memory:
            self.memory = found
            raise Overtaken(f"Another export wrote into {self.path} meanwhile.", "Run the same command again.")

    def _while_writing(self, todo: Standing) -> Memory:
        """Return the memory for a run that is killed: what is replaced may be the old file or the new one."""
        coming = todo.missing | {path: _sha256(data) for path, data in todo.tables.items()}
        before = dict(self.memory.before)
        for path, sha256 in coming.items():
            old = self.memory.files.get(path, "")
            if old not in ("", sha256):
                before[path] = tuple(dict.fromkeys([*before.get(path, ()), old]))
        return replace(self.memory, files={**self.memory.files, **coming}, before=before)

    def _write_pictures(self, missing: Mapping[str, str], source: Source, progress: Progress) -> tuple[str, ...]:
        def put(item: tuple[str, str]) -> bool:
            path, sha256 = item
            content = source(sha256)
            if content is None:
                return False
            try:
                write_file(self.path, self.path / path, content)
            except Lost:
                return False
            return True

        done = each(missing.items(), put, progress)
        return tuple(path for path, written in zip(missing, done, strict=True) if not written)

    def _complete(self, todo: Standing, memory: Memory) -> None:
        for folder in sorted({(self.path / path).parent for path in todo.missing}):
            atomic.sync_folder(folder)
        for path in sorted(todo.tables, key=lambda path: (path == MANIFEST, path)):
            write_file(self.path, self.path / path, todo.tables[path])
            atomic.sync_folder((self.path / path).parent)
        self._remember(memory)

    def _remember(self, memory: Memory) -> None:
        if memory != self.memory or not (self.path / MEMORY).is_file():
            write_file(self.path, self.path / MEMORY, memory.to_bytes())
            atomic.sync_folder(self.path)
            self.memory = memory

    def _existing(self) -> Path:
        return next(folder for folder in (self.path, *self.path.parents) if folder.is_dir())

    def _sweep(self) -> None:
        """Remove the temporary files that a killed run left."""
        for path in self.path.glob(f"{PART}*"):
            path.unlink(missing_ok=True)

    def _holds(self, path: str, sha256: str) -> bool:
        return self._linked(path) is None and holds(self.path / path, sha256)

    def _linked(self, path: str) -> Path | None:
        """Return the folder on the way that is a link, if one is: what is written there would leave this folder."""
        parents = PurePosixPath(path).parents[:-1]
        return next((self.path / parent for parent in parents if (self.path / parent).is_symlink()), None)

    def _refuse_files_of_others(self, paths: Iterable[str]) -> None:
        for path in paths:
            link, target = self._linked(path), self.path / path
            if link is not None:
                raise UsageError(
                    f"{link} is a link that may lead out of {self.path}.",
                    "Nothing was written. Remove the link, or name another folder with -o.",
                )
            above = [self.path / parent for parent in PurePosixPath(path).parents[:-1]]
            blocked = next((folder for folder in above if folder.exists() and not folder.is_dir()), None)
            if blocked or target.is_dir() or (path not in self.memory.files and os.path.lexists(target)):
                raise UsageError(
                    f"{blocked or target} is there already, and no export of this program put it there.",
                    "Nothing was written. Name an empty folder with -o, or move that file away.",
                )

    def _refuse_read_only(self, paths: Iterable[str]) -> None:
        for folder in sorted({(self.path / path).parent for path in paths}):
            if folder.is_dir() and _is_read_only(folder):
                raise PermissionError(errno.EACCES, "it is read-only", str(folder))

    def _unowned(self, owned: set[str]) -> dict[str, str]:
        twins = {same_on_some_disk(path): self.path / path for path in owned}
        found = {}
        for path, sha256 in sorted(self.memory.files.items()):
            target = self.path / path
            if path in owned or self._linked(path) or not target.is_file() or target.is_symlink():
                continue
            twin = twins.get(same_on_some_disk(path))  # on this disk, the two names may be one file
            if twin is None or not twin.exists() or not target.samefile(twin):
                found[path] = sha256
        return found

    def _make_folders(self, paths: Iterable[str]) -> None:
        for folder in sorted({(self.path / path).parent for path in paths}):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                atomic.sync_folder(folder.parent)

    def _remove_empty(self, folders: Iterable[PurePosixPath]) -> None:
        for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
            with contextlib.suppress(OSError):  # somebody's files are in it, or the folder above is read-only
                (self.path / folder).rmdir()


def _is_read_only(folder: Path) -> bool:
    """Say whether nothing is to be changed in a folder, by its marks or by our rights."""
    # An administrator may write everywhere; what is marked read-only is left alone all the same.
    marked = os.name == "posix" and not folder.stat().st_mode & 0o222
    return marked or not os.access(folder, os.W_OK | os.X_OK)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
