"""Which pictures are similar: fingerprints, the vote, verification, groups and the order of rows. Pure."""

from hashing.algorithms import ALGORITHMS
from hashing.arrange import arrange, preview
from hashing.arrangement import Arrangement, Counts, Evidence, Group, Preview
from hashing.content import Content, Fingerprints
from hashing.fingerprint import FINGERPRINT_VERSION, Fingerprint, fingerprint
from hashing.links import Progress
from hashing.vote import DEFAULT_THRESHOLD, Ballot

__all__ = [
    "ALGORITHMS",
    "DEFAULT_THRESHOLD",
    "FINGERPRINT_VERSION",
    "Arrangement",
    "Ballot",
    "Content",
    "Counts",
    "Evidence",
    "Fingerprint",
    "Fingerprints",
    "Group",
    "Preview",
    "Progress",
    "arrange",
    "fingerprint",
    "preview",
]
