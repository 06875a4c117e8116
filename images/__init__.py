"""The edge to pictures: fetch what an address names, decode it, fingerprint it, and keep it."""

from images.reading import read_pictures
from images.results import FLAGS, STATUSES, FetchFailure, Picture
from images.settings import Settings
from images.store import Store

__all__ = ["FLAGS", "STATUSES", "FetchFailure", "Picture", "Settings", "Store", "read_pictures"]
