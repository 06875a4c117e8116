"""Save the files a person asked for, each in one step."""

import os
import tempfile
from pathlib import Path

from errors import StateError


def save(data: bytes, path: Path) -> None:
    """Write or replace a file in one step; raise `StateError` in a sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".saving-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}.", "Name another file, or make room.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
