"""Save the files a person asked for, each in one step."""

import io
from pathlib import Path

from PIL import Image

import atomic
from errors import StateError


def save(data: bytes, path: Path) -> None:
    """Write or replace a file in one step, or write into what is no file; raise `StateError` in a sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe or a device, such as /dev/stdout: not to be replaced
            path.write_bytes(data)
            return
        atomic.write_whole(path, data)
    except OSError as error:
        raise StateError(
            f"{path} cannot be written: {error.strerror or error}.", "Make room, or name another place for it."
        ) from error


def save_png(picture: Image.Image, path: Path) -> None:
    """Write or replace a picture; raise `StateError` in a sentence."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    save(stream.getvalue(), path)
