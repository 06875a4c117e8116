"""What is to be removed: of each group all but its keeper. Pure: decides, touches nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from images.folder import File


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may be kept or removed: its file, the digest of the bytes that were read, its size in pixels.

    `counted` are the pixels by which the largest is found: those inside the margins, where these do not count.
    """

    file: File
    sha256: str
    pixels: int
    counted: int


def _largest(one: Candidate) -> tuple[Any, ...]:
    return -one.counted, -one.file.marks.size, one.sha256


KEEPERS: Final[dict[str, Callable[[Candidate], tuple[Any, ...]]]] = {
    "largest": _largest,
    "oldest": lambda one: (one.file.marks.mtime_ns, *_largest(one)),
    "newest": lambda one: (-one.file.marks.mtime_ns, *_largest(one)),
    "first": lambda _: (),
}
"""Which member of a group is kept: the smallest by this key, and among equal ones the first in natural order."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One group: what is kept, and what is removed because it is a near-duplicate of that very picture."""

    keeper: Candidate
    removed: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices, in the order of the groups."""

    choices: tuple[Choice, ...]

    @property
    def files(self) -> int:
        """How many names disappear."""
        return sum(len(one.file.names) for choice in self.choices for one in choice.removed)

    @property
    def bytes(self) -> int:
        """How much space becomes free once the trash or the backup is gone too."""
        gone = (one.file for choice in self.choices for one in choice.removed)
        # A file with a further name outside of the folders stays on the disk.
        return sum(file.marks.size for file in gone if file.marks.links <= len(file.names))


def plan_of(groups: Sequence[Sequence[Candidate]], keep: str) -> Plan:
    """Return the plan for groups whose members are all near-duplicates of each other, in natural order."""
    choices = []
    for group in groups:
        keeper = min(group, key=KEEPERS[keep])
        removed = tuple(one for one in group if one is not keeper)
        if removed:
            choices.append(Choice(keeper, removed))
    return Plan(tuple(choices))
