"""What the program and its decoder processes say to each other: a length in 8 bytes, then a pickle.

Both ends are this program, over a private pipe, so pickle is safe here.
"""

import copyreg
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from hashing import Fingerprint

LENGTH: Final = 8
READY: Final = "ready"
"""The first message of a process: it could be started and has all it needs."""


# A fingerprint travels, and stays in memory, as the bytes it is kept as, its arrays being windows on them: those that
# pickle makes each have memory of their own, 1.1 KB a picture more.
copyreg.pickle(Fingerprint, lambda made: (Fingerprint.from_bytes, (made.to_bytes(),)))


@dataclass(frozen=True, slots=True)
class Task:
    """One picture to decode: its bytes, or the file that holds them; `hashes` are wanted besides its fingerprint.

    With `bare` it is only checked, and has neither.
    """

    source: bytes | Path
    max_pixels: int
    fast_jpeg: bool
    trim: bool = False
    hashes: tuple[str, ...] = ()
    hash_size: int = 8
    bare: bool = False


def receive(stream: IO[bytes]) -> object:
    """Read one message; raise `EOFError` when the other end is gone."""
    head = stream.read(LENGTH)
    size = int.from_bytes(head, "big")
    body = stream.read(size) if len(head) == LENGTH else b""
    if len(head) < LENGTH or len(body) < size:
        raise EOFError
    message: object = pickle.loads(body)  # noqa: S301  (see above)
    return message


def send(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    body = pickle.dumps(message, protocol=5)
    stream.write(len(body).to_bytes(LENGTH, "big"))
    stream.write(body)
    stream.flush()
