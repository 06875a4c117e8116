"""The laws of arranging: a permutation, the same however rows arrive, and nothing moves the second time."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from hashing import Arrangement, Ballot, Content, arrange
from tests.property.hashing_pictures import chains, sheets

ROWS = st.one_of(sheets(), chains())
BALLOTS = st.builds(Ballot, st.sampled_from([0, 1, 3, 6, 10, 20, 64]))


def _keys(rows: Sequence[Content | None]) -> list[str | None]:
    return [None if content is None else content.sha256 for content in rows]


def _sets(rows: Sequence[Content | None], numbers: Sequence[int | None]) -> set[frozenset[str]]:
    sets: dict[int, set[str]] = {}
    for content, number in zip(rows, numbers, strict=True):
        if number is not None and content is not None:
            sets.setdefault(number, set()).add(content.sha256)
    return {frozenset(one) for one in sets.values() if len(one) > 1}


@settings(max_examples=120, deadline=None)
@given(rows=ROWS, ballot=BALLOTS, verify=st.booleans())
def test_the_order_is_a_permutation_with_the_unreadable_rows_last_as_they_were(
    rows: list[Content | None], ballot: Ballot, verify: bool
) -> None:
    order = arrange(rows, ballot, verify=verify).order
    assert sorted(order) == list(range(len(rows)))
    unreadable = [i for i, content in enumerate(rows) if content is None]
    assert list(order[len(rows) - len(unreadable) :]) == unreadable


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, ballot=BALLOTS, verify=st.booleans(), pixels=st.lists(st.integers(1, 3), min_size=25, max_size=25))
def test_what_is_arranged_stays(rows: list[Content | None], ballot: Ballot, verify: bool, pixels: list[int]) -> None:
    """Also with repeated content, and with representatives that are not the first row of their group."""
    sizes = {key: pixels[i % 25] for i, key in enumerate(sorted({k for k in _keys(rows) if k is not None}))}
    rows = [c and Content(c.sha256, c.fingerprint, sizes[c.sha256], c.bytes) for c in rows]
    first = arrange(rows, ballot, verify=verify)
    again = arrange([rows[i] for i in first.order], ballot, verify=verify)
    assert again.order == tuple(range(len(rows)))
    assert again.group == tuple(first.group[i] for i in first.order)
    assert again.family == tuple(first.family[i] for i in first.order)
    assert again.block == tuple(first.block[i] for i in first.order)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), rows=ROWS, ballot=BALLOTS, verify=st.booleans())
def test_groups_and_families_do_not_depend_on_the_order_of_arrival(
    data: st.DataObject, rows: list[Content | None], ballot: Ballot, verify: bool
) -> None:
    shuffled = data.draw(st.permutations(rows))
    one, other = arrange(rows, ballot, verify=verify), arrange(shuffled, ballot, verify=verify)
    assert _sets(rows, one.group) == _sets(shuffled, other.group)
    assert _sets(rows, one.family) == _sets(shuffled, other.family)
    keepers = ({_keys(r)[g.representative] for g in a.groups} for r, a in ((rows, one), (shuffled, other)))
    assert len({frozenset(kept) for kept in keepers}) == 1


def _neighbours(done: Arrangement, numbers: Sequence[int | None]) -> bool:
    """Whether rows of one number stand side by side, and numbers count up in order of appearance."""
    seen = [numbers[i] for i in done.order if numbers[i] is not None]
    return seen == sorted(seen, key=lambda n: n or 0) and sorted(set(seen), key=lambda n: n or 0) == list(
        range(1, len(set(seen)) + 1)
    )


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, ballot=BALLOTS, verify=st.booleans())
def test_groups_families_and_blocks_are_neighbours_one_inside_the_other(
    rows: list[Content | None], ballot: Ballot, verify: bool
) -> None:
    done = arrange(rows, ballot, verify=verify)
    for numbers in (done.group, done.family, done.block):
        assert _neighbours(done, numbers)
    for inner, outer in ((done.group, done.family), (done.family, done.block)):
        assert len({(i, o) for i, o in zip(inner, outer, strict=True) if i}) == len({i for i in inner if i})
    for group in done.groups:
        assert list(group.members) == sorted(group.members)
        assert group.representative in group.members
        best = max((c.pixels, c.bytes) for i in group.members if (c := rows[i]) is not None)
        kept = rows[group.representative]
        assert kept is not None and (kept.pixels, kept.bytes) == best


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, ballot=BALLOTS)
def test_identical_files_are_one_group_whatever_the_threshold(rows: list[Content | None], ballot: Ballot) -> None:
    done = arrange(rows, ballot)
    numbers: dict[str, set[int | None]] = {}
    for key, number in zip(_keys(rows), done.group, strict=True):
        if key is not None:
            numbers.setdefault(key, set()).add(number)
    assert all(len(of_one) == 1 for of_one in numbers.values())


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_below_zero_nothing_but_identical_files_is_grouped(rows: list[Content | None]) -> None:
    done = arrange(rows, Ballot(0))
    assert not _sets(rows, done.block)
    assert done.counts.similar_pairs == 0


@settings(max_examples=60, deadline=None)
@given(rows=chains(), ballot=BALLOTS, data=st.data())
def test_pictures_said_to_be_distinct_never_share_a_group(
    rows: list[Content | None], ballot: Ballot, data: st.DataObject
) -> None:
    keys = sorted({key for key in _keys(rows) if key is not None})
    if len(keys) > 1:
        apart = data.draw(st.lists(st.permutations(keys).map(lambda some: (some[0], some[1])), max_size=4))
        done = arrange(rows, ballot, verify=False, distinct_pairs=apart)
        groups = _sets(rows, done.group)
        assert not any({one, other} <= group for one, other in apart for group in groups)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, ballot=BALLOTS, verify=st.booleans(), done=st.lists(st.booleans(), min_size=25, max_size=25))
def test_settled_families_come_last_and_what_is_arranged_so_stays(
    rows: list[Content | None], ballot: Ballot, verify: bool, done: list[bool]
) -> None:
    people = [done[i % 25] for i in range(len(rows))]

    def arranged(rows: list[Content | None], people: list[bool]) -> Arrangement:
        return arrange(rows, ballot, verify=verify, settled=lambda members: all(people[row] for row in members))

    first = arranged(rows, people)
    assert sorted(first.order) == list(range(len(rows)))
    order = list(first.order)
    again = arranged([rows[i] for i in order], [people[i] for i in order])
    assert again.order == tuple(range(len(rows)))
    assert again.block == tuple(first.block[i] for i in order)
    plain = arrange(rows, ballot, verify=verify)
    for ours, others in ((first.group, plain.group), (first.family, plain.family)):
        assert _sets(rows, ours) == _sets(rows, others)
    grouped = {row for group in first.groups for row in group.members}
    waiting = {
        first.block[m] for group in first.groups for m in group.members if not all(people[i] for i in group.members)
    }
    sunk = [i in grouped and first.block[i] not in waiting for i in order if rows[i] is not None]
    below = sunk[sunk.index(True) :] if True in sunk else []
    alike = [first.block[i] not in (None, *waiting) for i in order if rows[i] is not None]
    assert all(alike[len(alike) - len(below) :])
