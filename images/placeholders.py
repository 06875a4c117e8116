"""Pictures that look like "image no longer available": one content, or one final address, for many rows. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

SAME_BYTES: Final = 3
"""The same bytes from so many addresses of one host."""
SAME_END: Final = 2
"""So many different paths redirected to one address (http and https of one path are no sign of anything)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture was asked for, where it was found, and what it is."""

    url: str
    final_url: str
    sha256: str


def suspected(sources: Sequence[Source]) -> set[str]:
    """Return the addresses (`Source.url`) whose pictures are suspected to be placeholders.

    >>> gone = [Source(f"https://a.example/{n}.jpg", "https://a.example/gone.png", "00") for n in range(2)]
    >>> sorted(suspected(gone))
    ['https://a.example/0.jpg', 'https://a.example/1.jpg']
    >>> suspected([Source(f"{s}://a.example/cat.jpg", "https://a.example/cat.jpg", "00") for s in ("http", "https")])
    set()
    """
    same_bytes: dict[tuple[str, str], set[str]] = defaultdict(set)
    same_end: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        same_bytes[_host(source.url), source.sha256].add(source.url)
        if source.final_url != source.url:
            same_end[source.final_url].add(source.url)
    marked: set[str] = set()
    for urls in same_bytes.values():
        if len(urls) >= SAME_BYTES:
            marked |= urls
    for urls in same_end.values():
        if len({_path(url) for url in urls}) >= SAME_END:
            marked |= urls
    return marked


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _path(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path, parts.query
