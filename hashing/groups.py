"""Groups by complete link, strongest pair first, and families: what the near-duplicate pairs add up to."""

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.intp]


def components(n: int, pairs: Pairs) -> list[int]:
    """Return for each of n pictures the smallest picture it is connected with by the pairs (m, 2).

    Every round each part takes the smallest name beside it: at least half of the parts that touch others are gone
    after it. Written out, because importing SciPy's graphs takes longer than most folders' pairs.
    """
    name = np.arange(n)
    one, other = pairs[:, 0], pairs[:, 1]
    while len(one):
        low = np.minimum(name[one], name[other])
        np.minimum.at(name, name[one], low)
        np.minimum.at(name, name[other], low)
        while not np.array_equal(named := name[name], name):
            name = named
        apart = name[one] != name[other]
        one, other = one[apart], other[apart]
    names: list[int] = name.tolist()
    return names


def complete_link(n: int, pairs: Pairs) -> tuple[list[int], list[int]]:
    """Merge two groups only if every cross pair is a near-duplicate, taking the pairs (m, 2) in the order given.

    Returns the group of each of the n pictures, named by its smallest member, and the indices of the pairs that
    merged two groups. Memory follows the largest connected part, and not even that when all its pairs are there.
    """
    owner = list(range(n))
    formed: list[int] = []
    if not len(pairs):
        return owner, formed
    part = np.array(components(n, pairs), np.intp)
    sizes = np.bincount(part, minlength=n)
    part_of_pair = part[pairs[:, 0]]
    order = np.argsort(part_of_pair, kind="stable")
    bounds = np.flatnonzero(np.diff(part_of_pair[order])) + 1
    for indices in np.split(order, bounds):
        size = int(sizes[part_of_pair[indices[0]]])
        whole = 2 * len(indices) == size * (size - 1)
        formed += _merge(pairs[indices].tolist(), indices.tolist(), owner, whole=whole)
    formed.sort()
    return owner, formed


def _merge(pairs: list[list[int]], indices: list[int], owner: list[int], *, whole: bool) -> list[int]:
    """Merge the groups of one connected part, in place in `owner`; when `whole`, nothing stands in the way."""
    members = {i: [i] for pair in pairs for i in pair}
    links: dict[int, dict[int, int]] = {i: {} for i in members}
    if not whole:
        for i, j in pairs:
            links[i][j] = links[j][i] = 1
    formed = []
    for (i, j), index in zip(pairs, indices, strict=True):
        a, b = owner[i], owner[j]
        if a == b or not (whole or links[a].get(b, 0) == len(members[a]) * len(members[b])):
            continue
        if a > b:
            a, b = b, a
        _absorb(links, a, b)
        for member in members[b]:
            owner[member] = a
        members[a] += members.pop(b)
        formed.append(index)
        if whole and len(members) == 1:
            break
    return formed


def _absorb(links: dict[int, dict[int, int]], a: int, b: int) -> None:
    """Let group a take over the links of group b; counts of cross pairs add up."""
    own = links[a]
    for other, count in links.pop(b).items():
        del links[other][b]
        if other != a:
            own[other] = links[other][a] = own.get(other, 0) + count
