"""From contents to the order of rows: vote, verify, group, and put families that look alike side by side."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hashing.arrangement import Arrangement, Counts, Evidence, Group
from hashing.content import Content, Fingerprints
from hashing.groups import complete_link, components
from hashing.pairs import distances_of, similar_pairs
from hashing.vote import Ballot

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much is done, and how much there is."""


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Contents that are one from the start (same bytes, or same pixels), in the order of their smallest sha256."""

    contents: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Pairs of units, strongest first for `near`, with the evidence of each."""

    near: list[tuple[int, int]]
    look: list[tuple[int, int]]
    evidence: dict[tuple[int, int], tuple[tuple[int, int, int], float | None]]
    similar: int


def arrange(
    rows: Sequence[Content | None],
    ballot: Ballot,
    *,
    verify: bool = True,
    distinct_pairs: Collection[tuple[str, str]] = (),
    progress: Progress | None = None,
) -> Arrangement:
    """Return the order in which similar pictures are neighbours, and what they form.

    `rows[i]` is what row i of the sheet shows, None when it is unreadable; `distinct_pairs` are pairs of sha256
    that never share a group. The result depends on the contents and the order of the sheet alone.
    """
    prints = Fingerprints.pack(rows)
    units = _units(prints, ballot, {key for pair in distinct_pairs for key in pair})
    links = _links(prints, units, ballot, {frozenset(pair) for pair in distinct_pairs})
    if progress is not None:
        progress("comparing", 1, 1)
    return _arrangement(prints, units, links, _partition(prints, units, links, verify=verify))


@dataclass(frozen=True, slots=True, eq=False)
class _Partition:
    """The group, family and block of each unit, the keeper of each group, and the pairs that merged groups."""

    group: Sequence[int]
    family: Sequence[int]
    block: Sequence[int]
    keepers: dict[int, tuple[int, int]]
    formed: Sequence[tuple[int, int]]


def _partition(prints: Fingerprints, units: _Units, links: _Links, *, verify: bool) -> _Partition:
    n = len(units.contents)
    owner, formed = complete_link(n, links.near)
    families = components(n, links.near) if verify else owner
    keepers = {owner[group[0]]: _keeper(prints, units, group) for group in _sets(owner)}
    look = links.look if verify else _of_keepers(links.near, owner, keepers)
    return _Partition(owner, families, _blocks(_sets(families), families, units, look), keepers, formed)


def _units(prints: Fingerprints, ballot: Ballot, kept_apart: set[str]) -> _Units:
    by_pixels: dict[object, list[int]] = {}
    for i, content in enumerate(prints.contents):
        alone = ballot.threshold <= 0 or content.sha256 in kept_apart
        by_pixels.setdefault(i if alone else content.fingerprint.digest, []).append(i)
    contents = tuple(tuple(unit) for unit in by_pixels.values())
    unit_of = {i: u for u, unit in enumerate(contents) for i in unit}
    shown: list[list[int]] = [[] for _ in contents]
    for row, content in enumerate(prints.shown.tolist()):
        if content >= 0:
            shown[unit_of[content]].append(row)
    return _Units(contents, tuple(tuple(rows) for rows in shown))


def _links(
    prints: Fingerprints,
    units: _Units,
    ballot: Ballot,
    distinct: set[frozenset[str]],
) -> _Links:
    first = np.array([unit[0] for unit in units.contents], np.intp)
    candidates = np.flatnonzero(~prints.flat[first])
    pairs = candidates[similar_pairs(prints.hashes[first[candidates]], ballot)].reshape(-1, 2)
    keys = [prints.contents[i].sha256 for i in first.tolist()]
    if distinct:
        apart = [frozenset((keys[i], keys[j])) in distinct for i, j in pairs.tolist()]
        pairs = pairs[~np.array(apart, np.bool_)]
    distances = distances_of(prints.hashes[first], pairs)
    # Units are in the order of their smallest sha256, so the pair itself is the last key.
    order = np.lexsort((pairs[:, 1], pairs[:, 0], distances.sum(axis=1, dtype=np.int64)))
    near = [(i, j) for i, j in pairs[order].tolist()]
    evidence = {pair: ((d[0], d[1], d[2]), None) for pair, d in zip(near, distances[order].tolist(), strict=True)}
    return _Links(near, [], dict(evidence), len(pairs))


def _sets(owner: Sequence[int]) -> list[list[int]]:
    sets: dict[int, list[int]] = {}
    for i, name in enumerate(owner):
        sets.setdefault(name, []).append(i)
    return list(sets.values())


def _keeper(prints: Fingerprints, units: _Units, group: Iterable[int]) -> tuple[int, int]:
    """Return the unit and the content of a group to keep: most pixels, most bytes, smallest sha256."""
    _, _, content, unit = min(
        (-prints.contents[i].pixels, -prints.contents[i].bytes, i, unit) for unit in group for i in units.contents[unit]
    )
    return unit, content


def _of_keepers(
    pairs: Iterable[tuple[int, int]], owner: Sequence[int], keepers: dict[int, tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return directed pairs (keeper of its group, a picture similar to it)."""
    both = (pair for i, j in pairs for pair in ((i, j), (j, i)))
    return [(i, j) for i, j in both if keepers[owner[i]][0] == i]


def _blocks(
    families: list[list[int]], family_of: Sequence[int], units: _Units, look: Iterable[tuple[int, int]]
) -> list[int]:
    """Return for each unit the family that opened its block.

    The first free family in sheet order opens a block and takes the free families that look like one of its
    pictures; nothing is taken on their account, so blocks do not chain.
    """
    neighbours: dict[int, set[int]] = {}
    for i, j in look:
        neighbours.setdefault(family_of[i], set()).add(family_of[j])
    opened: dict[int, int] = {}
    for family in sorted(families, key=lambda family: min(units.rows[unit][0] for unit in family)):
        name = family_of[family[0]]
        if name in opened:
            continue
        opened[name] = name
        for other in neighbours.get(name, ()):
            opened.setdefault(other, name)
    return [opened[name] for name in family_of]


def _arrangement(prints: Fingerprints, units: _Units, links: _Links, parts: _Partition) -> Arrangement:
    n = len(prints.shown)
    owner, families, blocks = (_of_rows(name, units, n) for name in (parts.group, parts.family, parts.block))
    smallest = [_smallest_row(name) for name in (blocks, families, owner)]
    order = sorted(range(n), key=lambda row: (*(first[row] for first in smallest), row))
    groups = _groups(prints, units, links, parts)
    position = {row: i for i, row in enumerate(order)}
    groups.sort(key=lambda group: position[group.members[0]])
    return Arrangement(
        tuple(order),
        tuple(groups),
        _numbers(owner, order),
        _numbers(families, order),
        _numbers(blocks, order),
        Counts(links.similar, len(links.near), len(links.look)),
    )


def _of_rows(name: Sequence[int], units: _Units, n: int) -> list[int]:
    of_row = [-1] * n
    for unit, rows in enumerate(units.rows):
        for row in rows:
            of_row[row] = name[unit]
    return of_row


def _smallest_row(name: Sequence[int]) -> list[int]:
    """Return for each row the smallest row that shares its name; unreadable rows (-1) come after all others."""
    first: dict[int, int] = {}
    for row, key in enumerate(name):
        first.setdefault(key, row)
    return [len(name) if key == -1 else first[key] for key in name]


def _numbers(name: Sequence[int], order: Sequence[int]) -> tuple[int | None, ...]:
    sizes: dict[int, int] = {}
    for key in name:
        sizes[key] = sizes.get(key, 0) + 1
    numbers: dict[int, int] = {}
    for row in order:
        if name[row] != -1 and sizes[name[row]] > 1:
            numbers.setdefault(name[row], len(numbers) + 1)
    return tuple(numbers.get(key) for key in name)


def _groups(prints: Fingerprints, units: _Units, links: _Links, parts: _Partition) -> list[Group]:
    owner = parts.group
    evidence: dict[int, list[Evidence]] = {}
    for i, j in parts.formed:
        rows = sorted((units.rows[i][0], units.rows[j][0]))
        evidence.setdefault(owner[i], []).append(Evidence((rows[0], rows[1]), *links.evidence[i, j]))
    groups = []
    for group in _sets(owner):
        members = tuple(sorted(row for unit in group for row in units.rows[unit]))
        if len(members) > 1:
            same = [
                Evidence((rows[0], row), (0, 0, 0), None) for rows in (units.rows[u] for u in group) for row in rows[1:]
            ]
            unit, content = parts.keepers[owner[group[0]]]
            keeper = next(row for row in units.rows[unit] if prints.shown[row] == content)
            groups.append(Group(members, keeper, tuple(same + evidence.get(owner[group[0]], []))))
    return groups


@dataclass(frozen=True, slots=True)
class Preview:
    """What one threshold would give."""

    threshold: int
    pairs: int
    groups: int
    families: int
    rows_in_groups: int
    largest_family: int


def preview(rows: Sequence[Content | None], thresholds: Iterable[int], *, verify: bool = True) -> tuple[Preview, ...]:
    """Return what each threshold would give with these rows; nothing is arranged for good."""
    table = []
    for threshold in thresholds:
        done = arrange(rows, Ballot(threshold), verify=verify)
        family_sizes = np.bincount(np.array([f for f in done.family if f is not None], np.intp), minlength=1)
        table.append(
            Preview(
                threshold,
                done.counts.near_duplicate_pairs,
                len(done.groups),
                max((f for f in done.family if f is not None), default=0),
                sum(len(group.members) for group in done.groups),
                int(family_sizes.max()),
            )
        )
    return tuple(table)


__all__ = ["Arrangement", "Preview", "Progress", "arrange", "preview"]
