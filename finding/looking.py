"""Look at folders: list their files, read their pictures, and arrange what is near-duplicate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    `others` counts files that are neither.
    """

    listing: Listing
    files: tuple[File, ...]
    readings: tuple[Reading, ...]
    others: int

    @property
    def pictures(self) -> list[int]:
        """The places of the readable ones."""
        return [i for i, reading in enumerate(self.readings) if isinstance(reading, Picture)]

    def contents(self) -> list[Content | None]:
        """Return what each file shows, None for an unreadable one."""
        return [content_of(reading) for reading in self.readings]


def content_of(reading: Reading) -> Content | None:
    """Return what a picture shows, None for a failure."""
    if not isinstance(reading, Picture):
        return None
    return Content(reading.sha256, reading.fingerprint, reading.width * reading.height, reading.bytes)


def settings_of(*, fast_jpeg: bool) -> Settings:
    """Return how local pictures are read: their bytes are where they are, and are not kept a second time."""
    return Settings(keep_bytes=False, fast_jpeg=fast_jpeg, max_bytes=MOST_BYTES, max_pixels=MOST_PIXELS)


def look_at(  # noqa: PLR0913 - one keyword each for what a user can ask for
    folders: Sequence[Path],
    settings: Settings,
    store: Store,
    *,
    hidden: bool,
    follow_links: bool,
    spared: Sequence[Path],
    progress: Callable[[int, int], None],
) -> Album:
    """Read the pictures of folders, in natural order."""
    listing = list_files(folders, hidden=hidden, follow_links=follow_links, spared=spared)
    readings = read_files(listing.files, settings, store, progress)
    both = [(file, reading) for file, reading in zip(listing.files, readings, strict=True) if reading is not None]
    files, kept = tuple(file for file, _ in both), tuple(reading for _, reading in both)
    return Album(listing, files, kept, len(readings) - len(both))


def arranged(album: Album, matching: Matching, progress: Callable[[str, int, int], None]) -> Arrangement:
    """Return the groups, families and blocks of an album; rows are places in it."""
    ballot = Ballot(matching.threshold, matching.quorum)
    contents = album.contents()
    return arrange(
        contents, ballot, verify=matching.verify, orientations=matching.orientations, progress=progress
    )  # fmt: skip
