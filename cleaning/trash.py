"""The trash of the system: Send2Trash puts files there, and here they are found again."""

import contextlib
import ctypes
import errno
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import send2trash

from cleaning.moving import move_new
from images.files import digest_of
from images.folder import Marks

_INFO: Final = ".trashinfo"  # https://specifications.freedesktop.org/trash-spec/latest/

_FIXED_DRIVE: Final = 3  # https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getdrivetypew


def put(path: str) -> None:
    """Put a file into the trash of its disk; raise `OSError` where there is none."""
    if sys.platform == "win32":
        # Where there is no Recycle Bin, on a network share or a stick, Windows would delete for good without asking.
        if ctypes.windll.kernel32.GetDriveTypeW(_mount_point(path)) != _FIXED_DRIVE:
            raise OSError(errno.ENOTSUP, "its drive has no Recycle Bin; name a folder with --backup")
        send2trash.send2trash(path)
    else:
        send2trash.send2trash(os.fsencode(path))  # bytes, because a name may be no valid text


class Trash:
    """What lies in the trash of some disks at this moment."""

    def __init__(self, paths: list[str]) -> None:
        """Look into the trash folders that files of these paths may have got into."""
        self._by_inode: dict[tuple[int, int], str] = {}
        self._by_size: dict[int, list[str]] = defaultdict(list)
        for folder in dict.fromkeys(folder for path in paths for folder in _folders_of(path)):
            self._look_into(folder)

    def find(self, sha256: str, marks: Marks) -> str | None:
        """Return where the file of these bytes and marks lies now, None when it is not there (any more)."""
        # Renaming keeps the inode; a trash on another disk holds a copy, known by its bytes alone.
        same = self._by_inode.get((marks.device, marks.inode))
        for path in (*([same] if same else []), *self._by_size[marks.size]):
            found = digest_of(path)
            if found is not None and found[0] == sha256:
                return path
        return None

    def restore(self, trashed: str, path: str) -> None:
        """Move a file from the trash to `path`, which nobody may have, and forget what the trash noted about it."""
        move_new(trashed, path)
        for note in _notes_of(trashed):
            with contextlib.suppress(OSError):
                os.unlink(note)  # noqa: PTH108

    def _look_into(self, folder: str) -> None:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = os.lstat(entry.path)
                    self._by_inode[status.st_dev, status.st_ino] = entry.path
                    self._by_size[status.st_size].append(entry.path)


def _notes_of(trashed: str) -> Iterator[str]:
    folder, name = os.path.split(trashed)
    if os.path.basename(folder) == "files":  # noqa: PTH119
        yield os.path.join(os.path.dirname(folder), "info", name + _INFO)  # noqa: PTH118, PTH120
    elif name.upper().startswith("$R"):
        yield os.path.join(folder, "$I" + name[2:])  # noqa: PTH118


def _folders_of(path: str) -> Iterator[str]:
    """Yield the folders in which a trashed file of this path may lie, on any system."""
    top = _mount_point(path)
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            bins = sorted(Path(top, "$Recycle.Bin").iterdir())
            yield from (str(folder) for folder in bins if re.match(r"S-1-", folder.name))
        return
    home = os.path.expanduser("~")  # noqa: PTH111
    if sys.platform == "darwin":
        yield os.path.join(home, ".Trash")  # noqa: PTH118
        yield os.path.join(top, ".Trashes", str(os.getuid()))  # noqa: PTH118
        return
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")  # noqa: PTH118
    yield os.path.join(data, "Trash", "files")  # noqa: PTH118
    yield os.path.join(top, ".Trash", str(os.getuid()), "files")  # noqa: PTH118
    yield os.path.join(top, f".Trash-{os.getuid()}", "files")  # noqa: PTH118


def _mount_point(path: str) -> str:
    here = os.path.realpath(os.path.dirname(path) or ".")  # noqa: PTH120
    while not os.path.ismount(here) and os.path.dirname(here) != here:  # noqa: PTH120
        here = os.path.dirname(here)  # noqa: PTH120
    return here
