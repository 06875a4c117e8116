"""Replace a file by new bytes in one step, with the old one kept beside it."""

import os
import shutil
import time
from pathlib import Path

import atomic
from errors import AccessRefused, NotFound, SheetChanged
from sheets.rows import Obstacle
from sheets.worksheet import Committing


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raise `NotFound` or `AccessRefused` in a sentence."""
    try:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting for ever
            raise AccessRefused(f"{path} is not a regular file.", "Name the .xlsx, .csv or .tsv file itself.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", "Check the spelling, and the folder you are in.") from error
    except OSError as error:
        raise AccessRefused(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error


def obstacle_to_replacing(path: Path) -> Obstacle | None:
    """Return what would stop `replace_file` now: another program has the file open, or it may not be written."""
    try:
        refuse_if_open_elsewhere(path)
    except AccessRefused as lock:
        return Obstacle(lock.what, lock.hint)
    target = path.resolve()
    if not _writable(target) or not os.access(target.parent, os.W_OK):
        return Obstacle(
            f"{path.name}, or its folder {target.parent}, is read-only.",
            "Nothing was written. Change its permissions, or work on a copy.",
        )
    return None


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


def replace_file(path: Path, data: bytes, *, read: bytes, backup: bool, committing: Committing) -> Path | None:
    """Put `data` in the place of `path`, which held the bytes `read`; return the backup's path.

    Links are followed and permissions kept. At any moment, also after a crash or on a full disk, `path` holds either
    the old bytes or the new ones. Raises `SheetChanged` when it no longer holds `read`, else `AccessRefused`; the
    file is then as it was.
    """
    target = path.resolve()
    kept: Path | None = None
    replaced = False
    try:
        if not _writable(target):
            raise PermissionError(13, "the file is read-only")
        with atomic.staged(target, data, private=True) as temporary:
            shutil.copymode(target, temporary)
            if backup:
                kept = _free_backup_name(target)
                shutil.copy2(target, kept)
            with committing():
                refuse_if_open_elsewhere(path)
                if read_file(path) != read:
                    raise SheetChanged(
                        f"{path.name} was changed by another program.", "Nothing was written. Run again."
                    )
                temporary.replace(target)
                replaced = True
    except OSError as error:
        raise AccessRefused(
            f"{path.name} cannot be replaced in {target.parent}: {error.strerror or error}.",
            "Nothing was changed. Check free space and the permissions of the file and its folder.",
        ) from error
    finally:
        if kept is not None and not replaced:
            kept.unlink(missing_ok=True)
    atomic.sync_folder(target.parent)
    return kept


def _writable(target: Path) -> bool:
    # An administrator may write to any file; one that is marked read-only is left alone all the same.
    return os.access(target, os.W_OK) and bool(target.stat().st_mode & 0o222)


def _free_backup_name(target: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1, 1000):
        extra = "" if attempt == 1 else f"-{attempt}"
        candidate = target.with_name(f"{target.stem}.backup-{stamp}{extra}{target.suffix}")
        if not candidate.exists():
            return candidate
    raise FileExistsError(17, "no free name for a backup")
