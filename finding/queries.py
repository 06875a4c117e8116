"""The pictures that are searched for: files anywhere, or addresses."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from errors import NotFound
from finding.hashes import voting, wanted_by
from finding.looking import content_of
from finding.options import Matching
from hashing import Content
from images import FetchFailure, Picture, Settings, Store
from images.files import read_files
from images.folder import File, Marks

_ADDRESSES = ("http://", "https://", "data:")


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A picture that is searched for: where it was read, and what it shows."""

    path: str
    picture: Picture
    content: Content


def read_queries(texts: Sequence[str], matching: Matching, settings: Settings, store: Store) -> dict[str, Query]:
    """Read the query pictures: addresses are fetched, all else are files."""
    found: dict[str, Query] = {}
    for text in dict.fromkeys(texts):
        path = _fetched(text, settings, store) if text.lower().startswith(_ADDRESSES) else text
        try:
            marks = Marks.of(os.stat(path))  # noqa: PTH116  (names in any encoding)
        except OSError as error:
            raise NotFound(f"The query {text} cannot be read: {error.strerror}.", "Check the spelling.") from error
        file = File(*os.path.split(path), marks)
        (reading,) = read_files([file], settings, store, wanted=wanted_by(matching))
        if not isinstance(reading, Picture):
            reason = reading.reason if reading else "It is not a picture."
            raise NotFound(f"The query {text} cannot be used: {reason}", "Name another picture with --query.")
        hashes = voting([reading], matching, store, fast=settings.fast_jpeg)
        found[text] = Query(path, reading, content_of(reading, hashes, matching))
    return found


def _fetched(address: str, settings: Settings, store: Store) -> str:
    """Fetch a picture and return where the store keeps it."""
    from images import read_pictures  # noqa: PLC0415  (the network's clients, which a folder does not need)

    reading = read_pictures([address], replace(settings, keep_bytes=True, need_bytes=True), store)[address]
    if isinstance(reading, FetchFailure):
        raise NotFound(f"The query {address} cannot be used: {reading.reason}", "Name another picture with --query.")
    return str(store.objects.path(reading.sha256))
