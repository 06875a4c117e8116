"""Files named by their content: written beside their place, synced and renamed, so that each is whole or absent."""

import contextlib
import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from errors import AccessRefused, StateError

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_ABANDONED_SECONDS: Final = 3600.0
"""A temporary file this old belongs to a run that was killed: none lives for longer than some minutes."""


class Objects:
    """The files of a store; safe for any number of threads and processes.

    Raises `StateError` when the disk is full and `AccessRefused` where the folder can not be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._objects = folder / "objects"
        self._tmp = folder / "tmp"
        with self.translated():
            self._objects.mkdir(parents=True, exist_ok=True)
            self._tmp.mkdir(exist_ok=True)
            self._sweep()

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the file system's refusals into errors for the person who started the run."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise full_disk(self._folder) from error
            what = f"The store {self._folder} can not be written ({error.strerror or type(error).__name__})."
            raise AccessRefused(what, "Name another folder with --store.") from error

    def path(self, sha256: str) -> Path:
        """Return where the bytes of a content are kept."""
        return self._objects / sha256[:2] / sha256

    def path_if_kept(self, sha256: str) -> Path | None:
        """Return the file of a content, None when it is not kept."""
        path = self.path(sha256)
        return path if path.is_file() else None

    def temporary(self) -> Path:
        """Return a name for a file to write, on the same file system."""
        return self._tmp / f"{os.getpid()}-{secrets.token_hex(8)}"

    def keep(self, sha256: str, content: bytes | Path) -> Path:
        """Keep bytes, or the temporary file that holds them, under their hash; return where."""
        with self.translated():
            path = self.path(sha256)
            if self.size(sha256) != _size(content) or not path.is_file():
                self._write(path, content)
            elif isinstance(content, Path):
                content.unlink(missing_ok=True)
            return path

    def _write(self, path: Path, content: bytes | Path) -> None:
        temporary = content if isinstance(content, Path) else self.temporary()
        try:
            with temporary.open("r+b" if isinstance(content, Path) else "xb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                temporary.replace(path)
            except FileNotFoundError:  # the first content of its folder
                path.parent.mkdir(exist_ok=True)
                temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes of a content; None when they are missing or are not those of the hash."""
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            self.remove(sha256)  # damaged on disk: gone, so that it is fetched again
            return None
        return content

    def size(self, sha256: str) -> int:
        """Return how many bytes are kept of a content, 0 when none are."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def remove(self, sha256: str) -> None:
        """Forget the bytes of a content."""
        self.path(sha256).unlink(missing_ok=True)

    def kept(self) -> Iterator[tuple[str, int]]:
        """Yield the hash and the size of each content that is kept."""
        for folder in sorted(self._objects.iterdir()):
            with os.scandir(folder) as entries:
                for entry in entries:
                    yield entry.name, entry.stat().st_size

    def _sweep(self) -> None:
        limit = time.time() - _ABANDONED_SECONDS
        for path in self._tmp.iterdir():
            with contextlib.suppress(OSError):  # another run sweeps too
                if path.stat().st_mtime < limit:
                    path.unlink()


def full_disk(folder: Path) -> StateError:
    """Return the error for a disk without space."""
    return StateError(
        f"The disk that holds the store {folder} is full; what was fetched so far is kept.",
        "Make space (or name another folder with --store, or use --no-keep-bytes) and run the command again.",
    )


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
