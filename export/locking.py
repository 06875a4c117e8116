"""One export at a time in a folder; the system releases the lock of a killed run by itself."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final

from errors import AccessRefused, StateError

_LOCK: Final = ".export-lock"
_HELD: Final = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK, errno.ENOENT})
"""What the systems say when another run holds a lock; ENOENT is ours, for one that has just ended."""

if sys.platform == "win32":
    import msvcrt

    def _lock(stream: BinaryIO) -> None:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(stream: BinaryIO) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, a hidden file that goes with it.

    Raises `StateError` when another run holds it, and `AccessRefused` where the disk has no locks.
    """
    path = folder / _LOCK
    with _opened(path) as stream:
        try:
            _lock(stream)
            if not os.path.samestat(os.fstat(stream.fileno()), path.lstat()):
                # Whoever held it has ended and took the file away: it is a new one's now.
                raise FileNotFoundError(errno.ENOENT, "", str(path))
        except OSError as error:
            raise refusal(folder, error) from error
        try:
            yield
        finally:
            # On Windows an open file stays: the next run uses it again.
            with contextlib.suppress(OSError):
                path.unlink()


def refusal(folder: Path, error: OSError) -> AccessRefused | StateError:
    """Return what it means that a folder's lock is not to be had."""
    if error.errno not in _HELD:  # some network disks
        return AccessRefused(
            f"The disk of {folder} cannot lock a file ({error.strerror}), so two exports could mix there.",
            "Nothing was written. Name a folder on a local disk with -o, and copy it when it is complete.",
        )
    return StateError(f"Another export is writing into {folder}.", "Nothing was written. Wait until it has ended.")


def _opened(path: Path) -> BinaryIO:
    """Open the lock's file, which is made if needed; raise `StateError` for a link, a pipe or what else is no file."""
    strict = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # Windows has neither
    try:
        handle = None if path.is_symlink() else os.open(path, os.O_RDWR | os.O_CREAT | strict, 0o666)
    except PermissionError:
        raise
    except OSError:  # a link that came in between, a folder, a socket
        handle = None
    if handle is not None and S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "r+b", buffering=0)
    if handle is not None:
        os.close(handle)
    raise StateError(f"{path} is no file of ours.", "Nothing was written. Remove it, or name another folder with -o.")
