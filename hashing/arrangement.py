"""The result of comparing pictures: the order of the rows, and the groups, families and blocks they form."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """One pair that formed a group: two rows, their Hamming distances, and how well they align (0 to 1).

    `alignment` is None when nothing was scored: the same bytes, the same pixels, or no verification.
    """

    rows: tuple[int, int]
    distances: tuple[int, ...]
    alignment: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows whose pictures are all near-duplicates of each other, in sheet order, and the suggested keeper."""

    members: tuple[int, ...]
    representative: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pairs of distinct pictures there were of each kind; `bounded` says how the work was limited."""

    similar_pairs: int
    near_duplicate_pairs: int
    look_alike_pairs: int
    bounded: str | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The order of the rows and what they form.

    `order[i]` is the row that comes at position i. `groups` are those of two rows or more, in order of
    appearance in the new order; so are the numbers, from 1, that `group`, `family` and `block` give for every
    row of the sheet, None for a row that is alone in it.
    """

    order: tuple[int, ...]
    groups: tuple[Group, ...]
    group: tuple[int | None, ...]
    family: tuple[int | None, ...]
    block: tuple[int | None, ...]
    counts: Counts

    @property
    def places(self) -> tuple[int, ...]:
        """Where each row of the sheet goes: the inverse of `order`."""
        places = [0] * len(self.order)
        for place, row in enumerate(self.order):
            places[row] = place
        return tuple(places)


@dataclass(frozen=True, slots=True)
class Preview:
    """What one threshold would give: pairs of near-duplicates, and what they form."""

    threshold: int
    pairs: int
    groups: int
    families: int
    rows_in_groups: int
    largest_family: int

    @classmethod
    def of(cls, threshold: int, arrangement: Arrangement) -> "Preview":
        """Count what an arrangement holds."""
        families: dict[int, int] = {}
        for family in arrangement.family:
            if family is not None:
                families[family] = families.get(family, 0) + 1
        return cls(
            threshold,
            arrangement.counts.near_duplicate_pairs,
            len(arrangement.groups),
            len(families),
            sum(len(group.members) for group in arrangement.groups),
            max(families.values(), default=0),
        )
