"""What one request can come to, as values."""

from dataclasses import dataclass
from pathlib import Path

from images.results import Problem
from images.targets import Web


@dataclass(frozen=True, slots=True)
class Document:
    """A body that may be a picture: where it is, and what its server said about it."""

    source: bytes | Path
    sha256: str
    size: int
    etag: str | None = None
    last_modified: str | None = None
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class NotModified:
    """What is known of the address still holds."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The address is answered elsewhere."""

    to: Web


@dataclass(frozen=True, slots=True)
class Trouble:
    """No document. `temporary`: another attempt may help. `pause`: seconds the host asks for.

    `lasting`: worth remembering for later runs. `silent`: the host itself gave no usable answer.
    """

    problem: Problem
    temporary: bool = False
    pause: float | None = None
    lasting: bool = False
    silent: bool = False


Outcome = Document | NotModified | Moved | Trouble
