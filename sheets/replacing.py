"""Replace a file by new bytes in one step, with the old one kept beside it."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from errors import AccessRefused, NotFound
from sheets.worksheet import Committing


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raise `NotFound` or `AccessRefused` in a sentence."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", "Check the spelling, and the folder you are in.") from error
    except OSError as error:
        raise AccessRefused(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error


def refuse_if_open_elsewhere(path: Path) -> None:
    """Raise `AccessRefused` when Excel or LibreOffice keeps its lock file beside `path`, or beside what it links to."""
    for lock in (lock for here in dict.fromkeys((path, path.resolve())) for lock in _locks(here)):
        if lock.exists():
            program = "LibreOffice" if lock.name.startswith(".~lock") else "Excel"
            holder = _holder(lock)
            by = f" by {holder}" if holder else ""
            raise AccessRefused(
                f"{path.name} is open in {program}{by} (it keeps the lock file {lock.name}).",
                "Nothing was written. Close the file there; if no program has it open, delete that lock file.",
            )


def _locks(path: Path) -> list[Path]:
    # Excel drops the first two letters of a long name; LibreOffice keeps the name and adds a "#".
    names = (f"~${path.name}", f"~${path.name[2:]}", f".~lock.{path.name}#")
    return [path.parent / name for name in names]


def _holder(lock: Path) -> str:
    """Return who opened the file, as far as its lock file can be read and tells."""
    try:
        data = lock.read_bytes()[:2000]
    except OSError:  # Excel may hold it so that nobody else can read it
        return ""
    if lock.name.startswith(".~lock"):  # name,login,host,time,profile;
        name, login, host, *_ = [*data.decode("utf-8", "replace").split(","), "", "", ""]
        return f"{name or login} on {host}" if host and (name or login) else name or login
    # One byte of length and the name in the system's encoding, blanks to byte 55, then the same in UTF-16.
    return data[57 : 57 + 2 * int.from_bytes(data[55:57], "little")].decode("utf-16-le", "replace").strip()


def replace_file(path: Path, data: bytes, *, backup: bool, committing: Committing) -> Path | None:
    """Put `data` in the place of `path` by writing beside it, syncing and renaming; return the backup's path.

    Links are followed and permissions kept. At any moment, also after a crash or on a full disk, `path` holds either
    the old bytes or the new ones. Raises `AccessRefused`; the file is then as it was.
    """
    target = path.resolve()
    kept: Path | None = None
    temporary: Path | None = None
    replaced = False
    try:
        # An administrator may write to any file; one that is marked read-only is left alone all the same.
        if not os.access(target, os.W_OK) or not target.stat().st_mode & 0o222:
            raise PermissionError(13, "the file is read-only")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".tmp")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(target, temporary)
        if backup:
            kept = _free_backup_name(target)
            shutil.copy2(target, kept)
        with committing():
            temporary.replace(target)
            replaced = True
    except OSError as error:
        raise AccessRefused(
            f"{path.name} cannot be replaced in {target.parent}: {error.strerror or error}.",
            "Nothing was changed. Check free space and the permissions of the file and its folder.",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if kept is not None and not replaced:
            kept.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return kept


def _free_backup_name(target: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1, 1000):
        extra = "" if attempt == 1 else f"-{attempt}"
        candidate = target.with_name(f"{target.stem}.backup-{stamp}{extra}{target.suffix}")
        if not candidate.exists():
            return candidate
    raise FileExistsError(17, "no free name for a backup")


def _sync_folder(folder: Path) -> None:
    # The rename itself reaches the disk with its folder; Windows cannot open a folder and does not need to.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
