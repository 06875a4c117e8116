"""Write a file so that it is whole or as before: beside it first, synced, then renamed. Name new ones apart."""

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(path: Path, data: bytes, *, private: bool = False) -> Iterator[Path]:
    """Yield a temporary file that holds `data` on the disk, to be renamed to `path`; it is gone afterwards.

    It lies in the folder of `path`, so that the rename is one step; `private` makes it readable by its owner alone.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if private else 0o666)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write or replace `path` in one step; whatever is raised, it then is as it was."""
    with staged(path, data, private=private) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring renames in a folder to the disk; Windows cannot open a folder, and does that by itself."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_new(folder: Path, name: str, suffix: str, data: bytes) -> Path:
    """Write a file under a name that `claim` finds, and return it; where that fails, none is left. Raises `OSError`."""
    path = claim(folder, name, suffix)
    try:
        write_whole(path, data, private=True)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return path


def claim(folder: Path, name: str, suffix: str) -> Path:
    """Create an empty file of a free name, the time and `name`, in a folder that is made if needed.

    Two runs in one second do not share one; only its owner can read it. Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
    for attempt in range(1, 1000):
        path = folder / f"{stem}{'' if attempt == 1 else f'-{attempt}'}{suffix}"
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return path
    raise FileExistsError(errno.EEXIST, "no free name is left", str(folder))


def name_for(title: str) -> str:
    """Return the title of a sheet as part of a file's name, for any file system.

    >>> name_for("My pictures/2026"), name_for("../..")
    ('My-pictures-2026', 'sheet')
    """
    return re.sub(r"[^0-9A-Za-z]+", "-", title).strip("-")[:40] or "sheet"
