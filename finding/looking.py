"""Look at folders: list their files, read their pictures, and arrange what is near-duplicate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finding.hashes import Hashes, inside, voting, wanted_by
from finding.options import Matching
from hashing import Arrangement, Ballot, Content, arrange
from images import Picture, Settings, Store
from images.files import Reading, read_files
from images.folder import File, Listing, list_files

MOST_BYTES = 100 * 2**20
MOST_PIXELS = 120_000_000
"""Photographs of one's own may be larger than what a sheet's addresses may answer; decoding them takes 0.6 GB."""


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """What folders hold: the files that are pictures, or are named like one, and what reading each came to.

    `others` counts files that are neither. `hashes` (m, a, w) are the hashes that vote, of the readable pictures.
    """

    listing: Listing
    files: tuple[File, ...]
    readings: tuple[Reading, ...]
    others: int
    hashes: Hashes

    @property
    def pictures(self) -> list[int]:
        """The places of the readable ones."""
        return [i for i, reading in enumerate(self.readings) if isinstance(reading, Picture)]

    def contents(self, matching: Matching) -> list[Content | None]:
        """Return what each file shows, to be compared by the hashes that vote; None for an unreadable one."""
        found: list[Content | None] = [None] * len(self.readings)
        for hashes, i in zip(self.hashes, self.pictures, strict=True):
            reading = self.readings[i]
            if isinstance(reading, Picture):
                found[i] = content_of(reading, hashes, matching)
        return found


def content_of(picture: Picture, hashes: NDArray[np.uint64], matching: Matching) -> Content:
    """Return what a picture shows, to be compared by the hashes (a, w) that vote."""
    made = replace(picture.fingerprint, hashes=hashes.reshape(-1))
    if made.trimmed is not None:
        made = replace(made, trimmed=replace(made.trimmed, hashes=inside(made.trimmed, matching)))
    return Content(picture.sha256, made, pixels_of(picture), picture.bytes)


def pixels_of(picture: Picture) -> int:
    """Return the pixels that count for who is kept: under --trim those inside the margins.

    A frame must not make a small copy the largest.
    """
    return picture.fingerprint.inside or picture.width * picture.height


def settings_of(*, fast_jpeg: bool, trim: bool = False) -> Settings:
    """Return how local pictures are read: their bytes are where they are, and are not kept a second time."""
    return Settings(keep_bytes=False, fast_jpeg=fast_jpeg, trim=trim, max_bytes=MOST_BYTES, max_pixels=MOST_PIXELS)


def look_at(  # noqa: PLR0913 - one keyword each for what a user can ask for
    folders: Sequence[Path],
    settings: Settings,
    store: Store,
    matching: Matching,
    *,
    hidden: bool,
    follow_links: bool,
    spared: Sequence[Path],
    progress: Callable[[int, int], None],
) -> Album:
    """Read the pictures of folders, in natural order."""
    listing = list_files(folders, hidden=hidden, follow_links=follow_links, spared=spared)
    readings = read_files(listing.files, settings, store, progress, wanted_by(matching))
    both = [(file, reading) for file, reading in zip(listing.files, readings, strict=True) if reading is not None]
    files, kept = tuple(file for file, _ in both), tuple(reading for _, reading in both)
    pictures = [reading for reading in kept if isinstance(reading, Picture)]
    hashes = voting(pictures, matching, store, fast=settings.fast_jpeg)
    return Album(listing, files, kept, len(readings) - len(both), hashes)


def arranged(album: Album, matching: Matching, progress: Callable[[str, int, int], None]) -> Arrangement:
    """Return the groups, families and blocks of an album; rows are places in it."""
    ballot = Ballot(matching.threshold, matching.quorum, matching.algorithms, matching.bits // 64)
    contents = album.contents(matching)
    return arrange(contents, ballot, verify=matching.verify, orientations=matching.orientations, progress=progress)
