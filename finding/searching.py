"""Rank the pictures of an album by their distance to a query, and say which of them really show the same."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from finding.hashes import Hashes
from finding.looking import Album
from finding.options import Matching
from hashing import Content, Fingerprint, Fingerprints
from hashing.faces import faces_of
from hashing.nearest import Collection
from hashing.verify import LOOK_ALIKE, NEAR_DUPLICATE, Verifier

SAME_BYTES: Final = "same bytes"
SAME_PIXELS: Final = "same pixels"
NEAR: Final = "near-duplicate"
LOOK: Final = "look-alike"
SIMILAR: Final = "similar"
OTHER: Final = "-"


@dataclass(frozen=True, slots=True)
class Match:
    """A picture of the album (its place there): its distance to the query, those an algorithm, and what it is.

    `alignment` is None where nothing was scored.
    """

    place: int
    distance: int
    each: tuple[int, ...]
    verdict: str
    alignment: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """The matches of one query, nearest first; `unverified` counts similar pictures that verification ruled out."""

    matches: tuple[Match, ...]
    unverified: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """An album ready to be searched; `places` are those of its readable pictures, in the order of the collection."""

    places: tuple[int, ...]
    contents: tuple[Content, ...]
    collection: Collection

    @classmethod
    def of(cls, album: Album, queries: int = 1) -> "Searched":
        """Pack the hashes of an album, to be searched for so many queries."""
        places = album.pictures
        contents = tuple(content for content in album.contents() if content is not None)
        return cls(tuple(places), contents, Collection.of(album.hashes, queries))

    def find(self, wanted: Content, matching: Matching, nearest: int | None) -> Found:
        """Return the `nearest` pictures whatever their distance, or all that are near-duplicates or look-alikes."""
        if not self.contents:
            return Found(())
        faces = _faces(wanted.fingerprint, matching)
        best = self._best(faces, matching, nearest)
        if nearest is None and wanted.fingerprint.flat:
            best = {row: at for row, at in best.items() if _same(self.contents[row], wanted)}
        rows = sorted(best, key=lambda row: (best[row][0], sum(best[row][1]), row))[:nearest]
        judged = self._judged(wanted, faces, {row: best[row] for row in rows}, matching)
        kept = [match for match in judged if nearest is not None or match.verdict != OTHER]
        return Found(tuple(kept), len(judged) - len(kept))

    def _best(
        self, faces: "_Sides", matching: Matching, nearest: int | None
    ) -> dict[int, tuple[int, tuple[int, ...], int]]:
        """Return for each picture found its smallest distance over the faces, those an algorithm, and the face."""
        best: dict[int, tuple[int, tuple[int, ...], int]] = {}
        if nearest is None:
            of_each = self.collection.within_each(faces.hashes, matching.threshold, matching.quorum)
        else:
            of_each = self.collection.nearest_each(faces.hashes, nearest, matching.quorum)
        for face, found in enumerate(of_each):
            for row, distance, each in zip(
                found.rows.tolist(), found.distances.tolist(), found.each.tolist(), strict=True
            ):
                new = (distance, tuple(each), face)
                if row not in best or (distance, sum(each)) < (best[row][0], sum(best[row][1])):
                    best[row] = new
        return best

    def _judged(
        self, wanted: Content, faces: "_Sides", best: dict[int, tuple[int, tuple[int, ...], int]], matching: Matching
    ) -> list[Match]:
        scores = self._aligned(wanted, faces, best, matching)
        judged = []
        for row, (distance, each, _) in best.items():
            score = scores.get(row)
            verdict = _verdict(self.contents[row], wanted, score, similar=distance < matching.threshold)
            judged.append(Match(self.places[row], distance, each, verdict, score))
        return judged

    def _aligned(
        self, wanted: Content, faces: "_Sides", best: dict[int, tuple[int, tuple[int, ...], int]], matching: Matching
    ) -> dict[int, float]:
        """Return the alignment of the similar pictures that are not the same and say enough to be compared."""
        rows = [
            row
            for row, (distance, *_) in best.items()
            if distance < matching.threshold and not _same(self.contents[row], wanted)
            and not (self.contents[row].fingerprint.flat or wanted.fingerprint.flat)
        ]  # fmt: skip
        if not rows or not matching.verify:
            return {}
        prints = [self.contents[row].fingerprint for row in rows]
        thumbnails = np.concatenate([faces.thumbnails, [one.thumbnail for one in prints]])
        colours = np.concatenate([faces.colours, [one.colours for one in prints]])
        pairs = []
        for i, row in enumerate(rows, start=len(faces.hashes)):
            pair = (best[row][2], i)
            # The same picture first as when a folder is arranged, so that the score is the same.
            pairs.append(pair if wanted.fingerprint.digest <= prints[i - len(faces.hashes)].digest else pair[::-1])
        scores = Verifier.of(thumbnails, colours).align(np.array(pairs, np.intp))
        return {row: round(float(score), 3) for row, score in zip(rows, scores, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """The query as it is, and turned where that was asked for: hashes (f, a, w) and thumbnails."""

    hashes: Hashes
    thumbnails: NDArray[np.uint8]
    colours: NDArray[np.uint8]


def _faces(own: Fingerprint, matching: Matching) -> _Sides:
    shape = (-1, len(matching.algorithms), matching.bits // 64)
    upright = own.hashes.reshape(shape)
    thumbnails, colours = own.thumbnail[None], own.colours[None]
    if matching.orientations and not own.flat:
        prints = Fingerprints.pack([Content("", own, 0, 0)])
        faces = faces_of(prints, [0], frozenset(matching.orientations), matching.algorithms)
        turned = slice(faces.upright, None)
        upright = np.concatenate([upright, faces.hashes[turned].reshape(shape)])
        thumbnails = np.concatenate([thumbnails, faces.thumbnails[turned]])
        colours = np.concatenate([colours, faces.colours[turned]])
    return _Sides(upright, thumbnails, colours)


def _same(one: Content, other: Content) -> bool:
    return one.sha256 == other.sha256 or one.fingerprint.digest == other.fingerprint.digest


def _verdict(one: Content, wanted: Content, score: float | None, *, similar: bool) -> str:
    if one.sha256 == wanted.sha256:
        return SAME_BYTES
    if one.fingerprint.digest == wanted.fingerprint.digest:
        return SAME_PIXELS
    if not similar or one.fingerprint.flat or wanted.fingerprint.flat:
        return OTHER
    if score is None:
        return SIMILAR
    return NEAR if score > NEAR_DUPLICATE else LOOK if score > LOOK_ALIKE else OTHER
