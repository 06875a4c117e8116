"""Groups by complete link, strongest pair first, and families: what the near-duplicate pairs add up to."""

from collections.abc import Iterable, Sequence


def complete_link(n: int, pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[tuple[int, int]]]:
    """Merge two groups only if every cross pair is a near-duplicate, taking the pairs in the order given.

    Returns the group of each of the n pictures (named by one of its members) and the pairs that merged two groups.
    """
    owner = list(range(n))
    members = {i: [i] for i in range(n)}
    links: dict[int, dict[int, int]] = {i: {} for i in range(n)}
    for i, j in pairs:
        links[i][j] = links[j][i] = 1
    formed = []
    for i, j in pairs:
        a, b = owner[i], owner[j]
        if a == b or links[a].get(b, 0) < len(members[a]) * len(members[b]):
            continue
        if len(links[a]) < len(links[b]):
            a, b = b, a
        _absorb(links, a, b)
        for member in members[b]:
            owner[member] = a
        members[a] += members.pop(b)
        formed.append((i, j))
    return owner, formed


def _absorb(links: dict[int, dict[int, int]], a: int, b: int) -> None:
    """Let group a take over the links of group b; counts of cross pairs add up."""
    for other, count in links.pop(b).items():
        del links[other][b]
        if other != a:
            total = links[a].get(other, 0) + count
            links[a][other] = links[other][a] = total


def components(n: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each of n pictures the smallest picture it is connected with."""
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        a, b = root(i), root(j)
        parent[max(a, b)] = min(a, b)
    return [root(i) for i in range(n)]
