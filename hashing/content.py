"""The contents that rows show, each once, packed into arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """One distinct file: the digest of its bytes, its fingerprint, and its size in pixels and in bytes."""

    sha256: str
    fingerprint: Fingerprint
    pixels: int
    bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """The packed arrays of n distinct contents in the order of their sha256.

    `hashes` (n, 3) uint64; `flat` (n,) marks blank and low-detail pictures; `shown` gives for every row the index of
    its content, -1 for an unreadable row.
    """

    contents: tuple[Content, ...]
    hashes: NDArray[np.uint64]
    flat: NDArray[np.bool_]
    shown: NDArray[np.intp]

    def __len__(self) -> int:
        """The number of distinct contents."""
        return len(self.contents)

    @classmethod
    def pack(cls, rows: Sequence[Content | None]) -> "Fingerprints":
        """Pack what the rows show; None is an unreadable row, and rows of one sha256 share a content."""
        by_key = {content.sha256: content for content in reversed(rows) if content is not None}
        contents = tuple(by_key[key] for key in sorted(by_key))
        index = {content.sha256: i for i, content in enumerate(contents)}
        prints = [content.fingerprint for content in contents]
        return cls(
            contents,
            np.array([p.hashes for p in prints], np.uint64).reshape(
                len(prints), len(prints[0].hashes) if prints else 3
            ),
            np.array([p.flat for p in prints], np.bool_),
            np.array([-1 if content is None else index[content.sha256] for content in rows], np.intp),
        )
