"""Save the files a person asked for, each in one step."""

from pathlib import Path

import atomic
from errors import StateError


def save(data: bytes, path: Path) -> None:
    """Write or replace a file in one step; raise `StateError` in a sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_whole(path, data)
    except OSError as error:
        raise StateError(
            f"{path} cannot be written: {error.strerror or error}.", "Make room, or name another place for it."
        ) from error
