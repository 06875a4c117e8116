"""Which side of a train/test split a family of pictures is on: decided by its content, so that it stays there. Pure."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from errors import UsageError
from export.names import safe_name, same_on_some_disk

_PART = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9_-]{0,39})\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%?\s*")
_HINT = "Splits look like train=80,val=10,test=10."


@dataclass(frozen=True, slots=True)
class Splits:
    """The names of the sides in the order asked for, their shares (which sum to 1), and the seed."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    seed: int = 0

    def side(self, content: str) -> str:
        """Return the side of a content, by nothing but its sha256 and the seed.

        >>> parse("a=1,b=1").side("00"), parse("a=1,b=1").side("01")
        ('b', 'a')
        """
        point = _fraction(f"side {self.seed} {content}")
        for name, end in zip(self.names, accumulate(self.shares), strict=True):
            if point < end:
                return name
        return next(name for name, share in zip(self.names[::-1], self.shares[::-1], strict=True) if share)


@dataclass(frozen=True, slots=True)
class Moved:
    """A family some of whose pictures an earlier export put on another side: its places in the list of contents."""

    members: tuple[int, ...]
    side: str
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """The side of every content (None for an unreadable row), and the families that changed theirs."""

    of: tuple[str | None, ...]
    moved: tuple[Moved, ...]


def parse(text: str, seed: int = 0) -> Splits:
    """Read `train=80,val=10,test=10`; raise `UsageError` for anything else.

    >>> parse("train=3, test=1").shares
    (0.75, 0.25)
    """
    names: list[str] = []
    weights: list[float] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or safe_name(match[1]) != match[1]:
            raise UsageError(f"The split {part.strip()!r} is not understood.", _HINT)
        names.append(match[1])
        weights.append(float(match[2]))
    if len({same_on_some_disk(name) for name in names}) < len(names):
        raise UsageError(f"Two splits of {text!r} have one name.", _HINT)
    if not sum(weights):
        raise UsageError(f"The splits {text!r} hold nothing.", _HINT)
    return Splits(tuple(names), tuple(weight / sum(weights) for weight in weights), seed)


def sides_of(
    contents: Sequence[str | None], families: Sequence[Hashable | None], splits: Splits, earlier: Mapping[str, str]
) -> Sides:
    """Put every family on one side; `contents[i]` is the sha256 that row i shows, `families[i]` None for one alone.

    `earlier` says on which side an earlier export put a content. A family stays there, so that nothing that a model
    was trained on becomes a test later; where it has grown together from several sides, it goes where most of
    its contents were (a tie: where the content with the smallest hash was). A new family goes where
    the content with the smallest hash goes.
    """
    members = _families(contents, families)
    of: list[str | None] = [None] * len(contents)
    moved = []
    for rows in members:
        held = {content for i in rows if (content := contents[i]) is not None}
        leader = sorted(held, key=lambda content: (_fraction(f"leader {splits.seed} {content}"), content))
        known = [earlier[content] for content in leader if content in earlier]
        side = Counter(known).most_common(1)[0][0] if known else splits.side(leader[0])
        for i in rows:
            of[i] = side
        if others := tuple(sorted(set(known) - {side})):
            moved.append(Moved(rows, side, others))
    return Sides(tuple(of), tuple(moved))


def _families(contents: Sequence[str | None], families: Sequence[Hashable | None]) -> list[tuple[int, ...]]:
    """Return the rows of each family, in sheet order; rows with the same bytes are together in any case."""
    joined: dict[Hashable, Hashable] = {}

    def root(key: Hashable) -> Hashable:
        while joined.setdefault(key, key) != key:
            joined[key] = joined[joined[key]]
            key = joined[key]
        return key

    for content, family in zip(contents, families, strict=True):
        if content is not None and family is not None:
            joined[root(("content", content))] = root(("family", family))
    rows: dict[Hashable, list[int]] = defaultdict(list)
    for i, content in enumerate(contents):
        if content is not None:
            rows[root(("content", content))].append(i)
    return [tuple(members) for members in rows.values()]


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on the text alone; 53 bits, so that it is exact as a float."""
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11) / 2**53
