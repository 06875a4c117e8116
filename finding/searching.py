"""Rank the pictures of an album by their distance to a query, and say which of them really show the same."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from finding.hashes import Hashes
from finding.looking import Album
from finding.options import Matching
from hashing import Content, Fingerprint, Fingerprints
from hashing.faces import Faces, faces_of
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


@dataclass(frozen=True, slots=True, order=True)
class _Meeting:
    """How a face of the query and a face of a picture met: the distance that decides, their sum, and each.

    `side` and `face` are their places among the query's and the album's faces.
    """

    distance: int
    total: int
    each: tuple[int, ...]
    side: int
    face: int


@dataclass(frozen=True, slots=True)
class Found:
    """The matches of one query, nearest first; `unverified` counts similar pictures that verification ruled out."""

    matches: tuple[Match, ...]
    unverified: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """An album ready to be searched: its readable pictures, their places in it, and their faces.

    `faces` are in the order of the collection, each with its picture: first all pictures as they are, then those
    inside margins.
    """

    places: tuple[int, ...]
    contents: tuple[Content, ...]
    faces: tuple[tuple[int, Fingerprint], ...]
    collection: Collection

    @classmethod
    def of(cls, album: Album, matching: Matching, queries: int) -> "Searched":
        """Pack the hashes of an album, to be searched for so many queries."""
        contents = tuple(content for content in album.contents(matching) if content is not None)
        whole = [(i, content.fingerprint) for i, content in enumerate(contents)]
        trimmed = [(i, own.trimmed) for i, own in whole if own.trimmed and not (own.flat or own.trimmed.flat)]
        inside = np.array([face.hashes for _, face in trimmed], np.uint64).reshape(-1, *album.hashes.shape[1:])
        hashes = np.concatenate([album.hashes, inside]) if trimmed else album.hashes
        return cls(tuple(album.pictures), contents, (*whole, *trimmed), Collection.of(hashes, queries))

    def find(self, wanted: Content, matching: Matching, nearest: int | None) -> Found:
        """Return the `nearest` pictures whatever their distance, or all that are near-duplicates or look-alikes."""
        if not self.contents:
            return Found(())
        sides = _sides(wanted, matching)
        met = self._met(sides, matching, nearest)
        if nearest is None and wanted.fingerprint.flat:
            met = {row: them for row, them in met.items() if _same(self.contents[row], wanted)}
        best = {row: min(them) for row, them in met.items()}
        rows = sorted(best, key=lambda row: (best[row].distance, best[row].total, row))[:nearest]
        judged = self._judged(wanted, sides, {row: met[row] for row in rows}, matching)
        kept = [match for match in judged if nearest is not None or match.verdict != OTHER]
        return Found(tuple(kept), len(judged) - len(kept))

    def _met(self, sides: Faces, matching: Matching, nearest: int | None) -> dict[int, list[_Meeting]]:
        """Return for each picture found how its faces and the query's met."""
        met: dict[int, list[_Meeting]] = {}
        if nearest is None:
            of_each = self.collection.within_each(self._hashes(sides), matching.threshold, matching.quorum)
        else:
            # A picture has two faces at most: so many rows hold that many pictures.
            rows = nearest * (2 if len(self.faces) > len(self.contents) else 1)
            of_each = self.collection.nearest_each(self._hashes(sides), rows, matching.quorum)
        for side, found in enumerate(of_each):
            for face, distance, each in zip(
                found.rows.tolist(), found.distances.tolist(), found.each.tolist(), strict=True
            ):
                met.setdefault(self.faces[face][0], []).append(_Meeting(distance, sum(each), tuple(each), side, face))
        return met

    def _hashes(self, sides: Faces) -> Hashes:
        voters, words, _ = self.collection.words.shape
        return sides.hashes.reshape(-1, voters, words)

    def _judged(self, wanted: Content, sides: Faces, met: dict[int, list[_Meeting]], matching: Matching) -> list[Match]:
        scores = self._aligned(wanted, sides, met, matching)
        judged = []
        for row, them in met.items():
            best, score = min(them), scores.get(row)
            verdict = _verdict(self.contents[row], wanted, score, similar=best.distance < matching.threshold)
            judged.append(Match(self.places[row], best.distance, best.each, verdict, score))
        return judged

    def _aligned(
        self, wanted: Content, sides: Faces, met: dict[int, list[_Meeting]], matching: Matching
    ) -> dict[int, float]:
        """Return the best alignment of the similar pictures that are not the same and say enough to be compared."""
        similar = [
            (row, one)
            for row, them in met.items()
            if not _same(self.contents[row], wanted)
            and not (self.contents[row].fingerprint.flat or wanted.fingerprint.flat)
            for one in them
            if one.distance < matching.threshold
        ]
        if not similar or not matching.verify:
            return {}
        used = sorted({one.face for _, one in similar})
        thumbnails = np.array([*sides.thumbnails, *(self.faces[face][1].thumbnail for face in used)])
        colours = np.array([*sides.colours, *(self.faces[face][1].colours for face in used)])
        at = {face: i for i, face in enumerate(used, start=len(sides.owner))}
        own = wanted.fingerprint.digest
        # The same picture first as when a folder is arranged, so that the score is the same.
        pairs = [
            (one.side, at[one.face]) if own <= self.contents[row].fingerprint.digest else (at[one.face], one.side)
            for row, one in similar
        ]
        scores: dict[int, float] = {}
        aligned = Verifier.of(thumbnails, colours).align(np.array(pairs, np.intp)).tolist()
        for (row, _), score in zip(similar, aligned, strict=True):
            scores[row] = max(round(float(score), 3), scores.get(row, -1.0))
        return scores


def _sides(wanted: Content, matching: Matching) -> Faces:
    """Return the query as it is, and inside its margins and turned where that was asked for."""
    prints = Fingerprints.pack([wanted])
    if wanted.fingerprint.flat:  # it is only compared with its equals
        own = wanted.fingerprint
        return Faces(np.zeros(1, np.intp), prints.hashes, [own.thumbnail], [own.colours], 1)
    return faces_of(prints, [0], frozenset(matching.orientations), matching.algorithms)


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
