"""Move one file so that nothing is ever overwritten, also to another disk, and so that it is whole at every moment."""

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

import atomic
from images.files import digest_of

_READ_WRITE: Final = 0o600
_LONGEST_NAME: Final = 255
"""Bytes of a name on most disks."""


def move_new(source: str, target: str) -> None:
    """Move a file to a name that nobody has; raise `FileExistsError` when somebody has it, else `OSError`.

    The name is taken with an empty file first: a plain rename would replace what appeared there meanwhile.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _READ_WRITE))
    try:
        os.replace(source, target)  # noqa: PTH105  (names in any encoding)
    except OSError as error:
        try:
            if error.errno != errno.EXDEV:
                raise
            _copy_over(source, target)
        except BaseException:
            with contextlib.suppress(OSError):
                if os.path.lexists(source) and os.lstat(target).st_size == 0:
                    os.unlink(target)  # noqa: PTH108
            raise
    atomic.sync_folder(Path(target).parent)


def _copy_over(source: str, target: str) -> None:
    """Move to another disk: the copy is complete, compared and on the disk before the source goes."""
    temporary = part_of(target)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108  (a crash left it)
        shutil.copy2(source, temporary, follow_symlinks=False)
        with open(temporary, "r+b") as stream:  # noqa: PTH123
            os.fsync(stream.fileno())
        before, after = digest_of(source), digest_of(temporary)
        if before is None or after is None or before[0] != after[0]:
            raise OSError(errno.EIO, "the copy is not what was copied")
        os.replace(temporary, target)  # noqa: PTH105
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
    atomic.sync_folder(Path(target).parent)
    os.unlink(source)  # noqa: PTH108


def part_of(target: str) -> str:
    """Return where a copy from another disk grows before it gets its name: short, hidden, and known after a crash."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.part")  # noqa: PTH118


def free_name(target: str, taken: set[str]) -> str:
    """Return `target`, or the first of `name (2).jpg`, `name (3).jpg`, ... that no file has and no one else got."""
    stem, suffix = os.path.splitext(target)  # noqa: PTH122
    candidate, number = target, 1
    # Two names that differ in case only are one on many disks.
    while os.path.lexists(candidate) or candidate.casefold() in taken:
        number += 1
        candidate = _shortened(stem, f" ({number}){suffix}")
    taken.add(candidate.casefold())
    return candidate


def _shortened(stem: str, end: str) -> str:
    folder, name = os.path.split(stem)
    while name and len(os.fsencode(name + end)) > _LONGEST_NAME:
        name = name[:-1]
    return os.path.join(folder, name + end)  # noqa: PTH118


def make_folder(folder: str) -> None:
    """Make a folder and those above it."""
    Path(folder).mkdir(parents=True, exist_ok=True)
