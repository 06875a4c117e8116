"""The stamp that a run leaves in a spreadsheet's metadata, by which the service applies every batch at most once.

We choose the id of the metadata ourselves: a batch whose id exists is refused as a whole. So a batch that is sent
twice is applied once, and of two runs that were planned from the same reading only one can land. A stamp whose run
begins with `!` says that this run was taken back, or kept from ever landing.
"""

import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sheets.google.tags import forgetting

KEY = "image-dataset-curation.run"
# Any range of ids does that other programs are unlikely to choose; Google's own ids are spread over all 31 bits.
_BASE = 1_206_100_000
_KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Stamp:
    """One run: its place among all runs on this spreadsheet, when it was sent (Unix seconds), and its name."""

    sequence: int
    epoch: int
    run: str

    @property
    def id(self) -> int:
        """The id of the metadata."""
        return _BASE + self.sequence

    @property
    def value(self) -> str:
        """The text of the metadata.

        >>> Stamp(3, 1700000000, "a1").value
        '3@1700000000@a1'
        """
        return f"{self.sequence}@{self.epoch}@{self.run}"


def parsed_stamp(number: int, text: str) -> Stamp | None:
    """Read a stamp back; None when it is none of ours.

    >>> parsed_stamp(1206100003, "3@1700000000@a1")
    Stamp(sequence=3, epoch=1700000000, run='a1')
    """
    match = re.fullmatch(r"([0-9]{1,9})@([0-9]{1,12})@(.+)", text)
    if match is None or int(match[1]) + _BASE != number:
        return None
    return Stamp(int(match[1]), int(match[2]), match[3])


def next_stamp(run: str, known: Sequence[Stamp], taken: Collection[int]) -> Stamp:
    """Return the stamp for a run: the first sequence after the known ones whose id nobody has."""
    sequence = max((stamp.sequence for stamp in known), default=0) + 1
    while _BASE + sequence in taken:
        sequence += 1
    return Stamp(sequence, int(time.time()), run)


def creation(stamp: Stamp) -> dict[str, Any]:
    """Return the request that leaves the stamp, or refuses the whole batch when its id exists."""
    return {
        "createDeveloperMetadata": {
            "developerMetadata": {
                "metadataId": stamp.id,
                "metadataKey": KEY,
                "metadataValue": stamp.value,
                "visibility": "DOCUMENT",
                "location": {"spreadsheet": True},
            }
        }
    }


def deletions(known: Sequence[Stamp], now: int) -> list[dict[str, Any]]:
    """Return the requests that clean up: our stamps older than an hour, except the newest."""
    newest = max((stamp.sequence for stamp in known), default=0)
    return [forgetting(stamp.id) for stamp in known if stamp.sequence != newest and now - stamp.epoch > _KEPT_SECONDS]


def cancelled(run: str) -> str:
    """Return the name that a stamp bears when it says that a run does not stand."""
    return "!" + run


def verdict(run: str, known: Sequence[Stamp]) -> bool | None:
    """Say whether a run's move was applied and stands; None when stamps that may have told were cleaned up."""
    about = [stamp for stamp in known if stamp.run in (run, cancelled(run))]
    if about:
        return max(about, key=lambda stamp: stamp.sequence).run == run
    whole = {stamp.sequence for stamp in known} == set(range(1, len(known) + 1))
    return False if whole else None
