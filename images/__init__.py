"""The edge to pictures: fetch what an address names, decode it, fingerprint it, and keep it."""

from typing import TYPE_CHECKING

from images.results import FLAGS, STATUSES, FetchFailure, Picture
from images.settings import Settings
from images.store import Store

if TYPE_CHECKING:
    from images.reading import read_pictures

__all__ = ["FLAGS", "STATUSES", "FetchFailure", "Picture", "Settings", "Store", "read_pictures"]


def __getattr__(name: str) -> object:
    """Import what fetches only for those who fetch: a decoder process starts sooner without the network's clients."""
    if name != "read_pictures":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from images.reading import read_pictures  # noqa: PLC0415

    return read_pictures
