"""Write files so that each is whole or absent: a temporary file beside, checked, synced, renamed."""

import contextlib
import hashlib
import os
import secrets
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, TypeVar

from errors import AccessRefused, StateError

PART: Final = ".export-part-"
"""How the temporary files in an output folder begin; whatever is called so and left behind is ours to remove."""
_FULL: Final = (28, 122)  # ENOSPC and EDQUOT; the errno module has the latter on some systems only
_STEP: Final = 2**20
_THREADS: Final = 8
"""More than processors: most of the time goes into waiting for the disk."""
_AHEAD: Final = 4 * _THREADS

Progress = Callable[[int, int], None]
Writer = Callable[[IO[bytes]], None]
"""Writes a content into a stream that it is given."""
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


class Lost(Exception):
    """A content is not in the store any more: it must be fetched again."""


def write_file(folder: Path, path: Path, content: bytes | Writer) -> None:
    """Put a content at `path`, below `folder`, in one step; it is on the disk when this returns."""
    temporary = folder / f"{PART}{secrets.token_hex(8)}"
    try:
        with temporary.open("xb") as stream:
            if isinstance(content, bytes):
                stream.write(content)
            else:
                content(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def holds(path: Path, sha256: str) -> bool:
    """Say whether a regular file with this content is at `path`; every byte is read."""
    if path.is_symlink():
        return False
    try:
        with path.open("rb") as stream:
            found = hashlib.sha256()
            while chunk := stream.read(_STEP):
                found.update(chunk)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    return found.hexdigest() == sha256


def each(items: Collection[_Item], work: Callable[[_Item], _Answer], progress: Progress) -> list[_Answer]:
    """Return what `work` says of each item, in their order; it runs in several threads, a few items ahead.

    `progress(done, total)` is called from this thread. An error or an interruption ends it after the few items
    that were begun.
    """
    answers: list[_Answer] = []
    under_way: deque[Future[_Answer]] = deque()

    def take(limit: int) -> None:
        while len(under_way) > limit:
            answers.append(under_way.popleft().result())
            progress(len(answers), len(items))

    with ThreadPoolExecutor(_THREADS) as pool:
        for item in items:
            under_way.append(pool.submit(work, item))
            take(_AHEAD)
        take(0)
    return answers


@contextlib.contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn the file system's refusals into errors for the person who started the run."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StateError(
                f"The disk that holds {folder} is full; every file that is there is whole.",
                "Make space and run the same command again: it goes on where it stopped.",
            ) from error
        where = error.filename or folder
        raise AccessRefused(
            f"{where} cannot be written or read ({error.strerror or type(error).__name__}).",
            "Check the permissions of the output folder, or name another one with -o.",
        ) from error
