"""Write a file so that it is whole or as before: beside it first, synced, then renamed."""

import contextlib
import os
import secrets
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
