"""The edge to pictures: fetch what an address names, decode it, fingerprint it, and keep it."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from images.results import FLAGS, STATUSES, FetchFailure, Picture
from images.settings import Settings

if TYPE_CHECKING:
    from images.reading import read_pictures
    from images.store import Store

__all__ = ["FLAGS", "STATUSES", "FetchFailure", "Picture", "Settings", "Store", "read_pictures"]

_LATER: Final = {"Store": "images.store", "read_pictures": "images.reading"}


def __getattr__(name: str) -> object:
    """Import what fetches and keeps only for those who do: a decoder process starts sooner without."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_LATER[name]), name)
    return found
