"""A result for every URL: a picture, or the reason why there is none, told apart with `match`."""

from dataclasses import dataclass
from typing import Final

from hashing import Fingerprint

STATUSES: Final = (
    "ok",
    "blank_cell",
    "not_a_url",
    "refused_address",
    "refused_path",
    "dns_failed",
    "connect_failed",
    "tls_failed",
    "timed_out",
    "host_skipped",
    "http_error",
    "too_many_redirects",
    "too_large",
    "not_an_image",
    "unsupported_format",
    "broken_picture",
    "too_many_pixels",
    "opted_out",
    "decoder_crashed",
    "file_not_found",
)
"""Every status a row can have; "ok" is a `Picture`, each other one a `FetchFailure`."""

FLAGS: Final = ("blank", "low_detail", "placeholder_suspected", "animated")
"""What a picture that is ok may be marked with, in the order in which `Picture.flags` lists them."""


OPTED_OUT: Final = "The owner asks machines not to use the picture (X-Robots-Tag)."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was read: `bytes` counts the file, `width` and `height` are pixels after orientation.

    `url` is the text of the sheet, `final_url` what answered in the end; `format` is the content's own,
    whatever its name or its server say. `made` is the fingerprint, None where none was asked for.
    """

    url: str
    final_url: str
    sha256: str
    bytes: int
    format: str
    width: int
    height: int
    made: Fingerprint | None
    flags: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> Fingerprint:
        """What the picture is compared by; raise `LookupError` for one that was only checked."""
        if self.made is None:
            raise LookupError(f"{self.url} was read without its fingerprint, so it cannot be compared")
        return self.made


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why a URL gave no picture: a status of the closed set, and one sentence for a person (no timings)."""

    url: str
    status: str
    reason: str
    final_url: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure before it is tied to the text of a row: its status and its sentence."""

    status: str
    reason: str
