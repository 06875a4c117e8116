"""From contents to the order of rows: vote, verify, group, and put families that look alike side by side."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hashing.arrangement import Arrangement, Counts, Evidence, Group, Preview
from hashing.content import Content, Fingerprints
from hashing.groups import Pairs, complete_link, components
from hashing.links import Links, Options, Progress, links_of, scores_of
from hashing.units import Units, units_of
from hashing.vote import Ballot

Settled = Callable[[Sequence[int]], bool]
"""Says of the rows of a group whether people are done with it."""


def arrange(  # noqa: PLR0913 - one keyword each for what a user can ask for
    rows: Sequence[Content | None],
    ballot: Ballot,
    *,
    verify: bool = True,
    orientations: Collection[str] = (),
    distinct_pairs: Collection[tuple[str, str]] = (),
    settled: Settled | None = None,
    progress: Progress | None = None,
) -> Arrangement:
    """Return the order in which similar pictures are neighbours, and what they form.

    `rows[i]` is what row i of the sheet shows, None when it is unreadable. `orientations` may hold "mirrored"
    and "rotated"; `distinct_pairs` are pairs of sha256 that never share a group. Families whose groups are all
    `settled` come after everything else that is readable. The result depends on the contents, what is settled and
    the order of the sheet alone.
    """
    prints = Fingerprints.pack(rows)
    kept_apart = {key for pair in distinct_pairs for key in pair}
    units = units_of(prints, same_pixels=ballot.threshold > 0, kept_apart=kept_apart)
    options = Options(verify, frozenset(orientations), distinct_pairs, progress)
    links = links_of(scores_of(prints, units, ballot, options), ballot)
    return _arrangement(prints, units, links, _partition(prints, units, links, settled, verify=verify))


def preview(
    rows: Sequence[Content | None],
    thresholds: Iterable[int],
    *,
    verify: bool = True,
    orientations: Collection[str] = (),
    progress: Progress | None = None,
) -> tuple[Preview, ...]:
    """Return what each threshold would give with these rows; pairs are searched and verified once for all."""
    thresholds = tuple(thresholds)
    prints = Fingerprints.pack(rows)
    units = units_of(prints, same_pixels=True)
    widest = Ballot(max(thresholds, default=0))
    scores = scores_of(prints, units, widest, Options(verify, frozenset(orientations), (), progress))
    table = []
    for threshold in thresholds:
        links = links_of(scores, Ballot(threshold))
        done = _arrangement(prints, units, links, _partition(prints, units, links, None, verify=verify))
        table.append(Preview.of(threshold, done))
    return tuple(table)


@dataclass(frozen=True, slots=True, eq=False)
class _Partition:
    """The group, family and block of each unit, and what was decided about the groups.

    `keepers` gives for each group the unit and the content to keep, `formed` the near-duplicate pairs (by index)
    that merged groups; `ranks` are those of the rows.
    """

    group: Sequence[int]
    family: Sequence[int]
    block: Sequence[int]
    keepers: dict[int, tuple[int, int]]
    formed: Sequence[int]
    ranks: Sequence[int]


def _partition(
    prints: Fingerprints, units: Units, links: Links, settled: Settled | None, *, verify: bool
) -> _Partition:
    owner, formed = complete_link(len(units), links.near)
    families = components(len(units), links.near) if verify else owner
    keepers = {name: _keeper(prints, units, group) for name, group in _sets(owner).items()}
    look = links.look if verify else _of_keepers(links.near, owner, keepers)
    ranks = _ranks(owner, families, units, len(prints.shown), settled)
    blocks = _blocks(families, units, look, ranks, both_ways=verify)
    return _Partition(owner, families, blocks, keepers, formed, ranks)


def _ranks(
    owner: Sequence[int], families: Sequence[int], units: Units, n: int, settled: Settled | None
) -> Sequence[int]:
    """Return for each of n rows its rank: that of the sheet, rows of settled families after all others.

    Whatever else asks which row comes first asks for the rank, so a sheet in the new order has the same blocks.
    """
    if settled is None:
        return range(n)
    groups = {name: sorted(row for unit in group for row in units.rows[unit]) for name, group in _sets(owner).items()}
    verdicts: dict[int, list[bool]] = {}
    for unit, family in enumerate(families):
        if len(rows := groups[owner[unit]]) > 1:
            verdicts.setdefault(family, []).append(settled(rows))
    ranks = list(range(n))
    for unit, family in enumerate(families):
        if all(verdicts.get(family, [False])):
            for row in units.rows[unit]:
                ranks[row] = n + row
    return ranks


def _sets(owner: Sequence[int]) -> dict[int, list[int]]:
    sets: dict[int, list[int]] = {}
    for i, name in enumerate(owner):
        sets.setdefault(name, []).append(i)
    return sets


def _keeper(prints: Fingerprints, units: Units, group: Iterable[int]) -> tuple[int, int]:
    """Return the unit and the content of a group to keep: most pixels, most bytes, smallest sha256."""
    _, _, content, unit = min(
        (-prints.contents[i].pixels, -prints.contents[i].bytes, i, unit) for unit in group for i in units.contents[unit]
    )
    return unit, content


def _of_keepers(pairs: Pairs, owner: Sequence[int], keepers: dict[int, tuple[int, int]]) -> Pairs:
    """Return directed pairs (keeper of its group, a picture similar to it)."""
    keeps = np.array([keepers[name][0] == unit for unit, name in enumerate(owner)], np.bool_)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    kept: Pairs = both[keeps[both[:, 0]]]
    return kept


def _blocks(family_of: Sequence[int], units: Units, look: Pairs, ranks: Sequence[int], *, both_ways: bool) -> list[int]:
    """Return for each unit the family that opened its block.

    The first free family by rank opens a block and takes the free families that look like one of its
    pictures; nothing is taken on their account, so blocks do not chain.
    """
    neighbours: dict[int, set[int]] = {}
    for i, j in look.tolist():
        neighbours.setdefault(family_of[i], set()).add(family_of[j])
        if both_ways:
            neighbours.setdefault(family_of[j], set()).add(family_of[i])
    opened: dict[int, int] = {}
    first = {name: min(ranks[units.rows[unit][0]] for unit in family) for name, family in _sets(family_of).items()}
    for name in sorted(first, key=first.__getitem__):
        if name not in opened:
            opened[name] = name
            for other in neighbours.get(name, ()):
                opened.setdefault(other, name)
    return [opened[name] for name in family_of]


def _arrangement(prints: Fingerprints, units: Units, links: Links, parts: _Partition) -> Arrangement:
    n = len(prints.shown)
    owner, families, blocks = (_of_rows(name, units, n) for name in (parts.group, parts.family, parts.block))
    smallest = [_smallest_rank(name, parts.ranks) for name in (blocks, families, owner)]
    order = sorted(range(n), key=lambda row: (*(first[row] for first in smallest), row))
    position = {row: i for i, row in enumerate(order)}
    groups = sorted(_groups(prints, units, links, parts), key=lambda group: position[group.members[0]])
    return Arrangement(
        tuple(order),
        tuple(groups),
        _numbers(owner, order),
        _numbers(families, order),
        _numbers(blocks, order),
        Counts(links.similar, len(links.near), len(links.look), links.bounded),
    )


def _of_rows(name: Sequence[int], units: Units, n: int) -> list[int]:
    of_row = [-1] * n
    for unit, rows in enumerate(units.rows):
        for row in rows:
            of_row[row] = name[unit]
    return of_row


def _smallest_rank(name: Sequence[int], ranks: Sequence[int]) -> list[int]:
    """Return for each row the smallest rank that shares its name; unreadable rows (-1) come after all others."""
    first: dict[int, int] = {}
    for row, key in enumerate(name):
        first[key] = min(first.get(key, ranks[row]), ranks[row])
    return [2 * len(name) if key == -1 else first[key] for key in name]


def _numbers(name: Sequence[int], order: Sequence[int]) -> tuple[int | None, ...]:
    sizes: dict[int, int] = {}
    for key in name:
        sizes[key] = sizes.get(key, 0) + 1
    numbers: dict[int, int] = {}
    for row in order:
        if name[row] != -1 and sizes[name[row]] > 1:
            numbers.setdefault(name[row], len(numbers) + 1)
    return tuple(numbers.get(key) for key in name)


def _groups(prints: Fingerprints, units: Units, links: Links, parts: _Partition) -> list[Group]:
    evidence: dict[int, list[Evidence]] = {}
    none = (0,) * links.distances.shape[1]
    for index in parts.formed:
        i, j = links.near[index].tolist()
        rows = sorted((units.rows[i][0], units.rows[j][0]))
        distances = tuple(links.distances[index].tolist())
        alignment = None if links.alignment is None else round(float(links.alignment[index]), 3)
        evidence.setdefault(parts.group[i], []).append(Evidence((rows[0], rows[1]), distances, alignment))
    groups = []
    for name, group in _sets(parts.group).items():
        members = tuple(sorted(row for unit in group for row in units.rows[unit]))
        if len(members) > 1:
            same = [Evidence((r[0], row), none, None) for r in (units.rows[u] for u in group) for row in r[1:]]
            unit, content = parts.keepers[name]
            keeper = next(row for row in units.rows[unit] if prints.shown[row] == content)
            groups.append(Group(members, keeper, (*same, *evidence.get(name, ()))))
    return groups
