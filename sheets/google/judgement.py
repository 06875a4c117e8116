"""What became of a batch, judged from the cells right after it: all as planned, or which edit came in between.

Between our last look and the batch lies a moment in which somebody may edit. The batch then permutes the edited
sheet, so nothing is lost; but the order may be another, or the moving columns may be others. To tell, the cells are
first put back (in thought) to where the sort took them from: that is the sheet as it was when the batch arrived.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise

from sheets.google.cells import without_rows

Cells = Sequence[Sequence[Hashable]]
# More retyped cells in one column than a few people type in a second: rather a column that was exchanged.
_TYPED_AT_MOST = 3
# The share of rows that must be there unchanged before a difference in the addresses is put down to edited rows.
_INTACT_SHARE = 0.5


class Verdict(Enum):
    """What the cells say; each member's comment is what to do."""

    AS_PLANNED = auto()
    """Every row is where it should be, with what people typed meanwhile."""
    ROWS_EDITED = auto()
    """Rows were inserted, deleted, sorted by hand, or their address retyped; whole rows moved, into no order."""
    ROWS_UNCLEAR = auto()
    """Whole rows stand in an order that neither the sort nor a few edits explain: read again."""
    ROWS_HIDDEN = auto()
    """Hidden rows stayed where they were and the others were sorted around them: take it back."""
    COLUMNS_EDITED = auto()
    """The sort hit other columns than planned: take it back."""
    TYPED_BESIDE = auto()
    """Something was typed beside the range on a row whose range has moved on: take it back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Cells as read: the values of the moving ones (n rows), those watched beside them by column, and the context.

    `columns` is the width of the tab, `hidden` the hidden rows among the n, counted from 0.
    """

    columns: int
    cells: Cells
    beside: Mapping[int, Sequence[Hashable]] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()


def sources(ranks: Sequence[int], hidden: Collection[int] = ()) -> tuple[int, ...]:
    """Return, for every row after the sort, the row it stood on before: hidden rows stay, the others are sorted.

    >>> sources((2, 0, 1)), sources((2, 0, 1), {1})
    ((1, 2, 0), (2, 1, 0))
    """
    stay = frozenset(hidden)
    places = [row for row in range(len(ranks)) if row not in stay]
    found = list(range(len(ranks)))
    for place, row in zip(places, sorted(places, key=ranks.__getitem__), strict=True):
        found[place] = row
    return tuple(found)


def judged(before: Seen, ranks: Sequence[int], after: Seen) -> Verdict:
    """Compare the answer of a batch with the cells it was planned from."""
    taken_from = sources(ranks, after.hidden)
    if taken_from != sources(ranks):
        return Verdict.ROWS_HIDDEN
    then = put_back(after.cells, taken_from)
    was = [_neutral(row) for row in before.cells]
    if [row[0] for row in then] != [row[0] for row in was]:
        return Verdict.ROWS_EDITED if _mostly_intact(was, then) else Verdict.COLUMNS_EDITED
    # A tab of another width is fine as long as the change was no part of the range.
    if _column_left(was, then, 0 if before.columns != after.columns else _TYPED_AT_MOST):
        return Verdict.COLUMNS_EDITED
    if before.columns == after.columns and typed(before, after):
        return Verdict.TYPED_BESIDE
    return Verdict.AS_PLANNED


def retyped(before: Seen, ranks: Sequence[int], after: Seen) -> bool:
    """Say whether every row is where it should be, and no more has been edited than the addresses of a few rows."""
    if after.hidden or before.columns != after.columns or typed(before, after):
        return False
    was, then = [_neutral(row) for row in before.cells], put_back(after.cells, sources(ranks))
    changed = [(old, new) for old, new in zip(was, then, strict=True) if old[0] != new[0]]
    known = {row[0] for row in was}
    if len(changed) > _TYPED_AT_MOST or any(new[0] is None or new[0] in known for _, new in changed):
        return False
    same = [(*old[:1], *new[1:]) for old, new in zip(was, then, strict=True)]
    return all(old[1:] == new[1:] for old, new in changed) and not _column_left(was, same, _TYPED_AT_MOST)


def put_back(cells: Cells, taken_from: Sequence[int]) -> list[tuple[Hashable, ...]]:
    """Return the rows in the order they had before the sort."""
    then: list[tuple[Hashable, ...]] = [()] * len(cells)
    for place, row in enumerate(taken_from):
        then[row] = _neutral(cells[place])
    return then


def _neutral(row: Sequence[Hashable]) -> tuple[Hashable, ...]:
    return tuple(without_rows(cell) for cell in row)


def _mostly_intact(was: Cells, then: Cells) -> bool:
    filled = Counter(tuple(row) for row in was if any(cell is not None for cell in row))
    kept = filled & Counter(tuple(row) for row in then)
    return kept.total() >= _INTACT_SHARE * filled.total()


def _column_left(was: Cells, then: Cells, retyped_at_most: int) -> bool:
    """Whether what a row held has gone from it in the way it goes when a column leaves the range.

    One cell that was emptied, or that holds what another cell of its row held, is enough: a labeler who does
    that in this very moment costs one repetition, a column overlooked would cost rows.
    """
    retyped: Counter[int] = Counter()
    for old, new in zip(was, then, strict=True):
        for column, (cell, now) in enumerate(zip(old, new, strict=True)):
            if cell is None or cell == now:
                continue
            if now is None or now in old:
                return True
            retyped[column] += 1
    return any(count > retyped_at_most for count in retyped.values())


def typed(before: Seen, after: Seen) -> list[tuple[int, int]]:
    """Return the cells beside the range that hold what they did not hold: rows from 0 in the range, columns of the tab.

    A cell that was emptied parts nothing; columns that were not read before, as under --range-only, do not count.
    """
    found = []
    for column, cells in after.beside.items():
        if column not in before.beside:
            continue
        known = before.beside[column]
        for row, cell in enumerate(cells):
            old = known[row] if row < len(known) else None
            if cell is not None and without_rows(cell) != without_rows(old):
                found.append((row, column))
    return found


def columns_of(cells: Cells) -> tuple[Counter[Hashable], ...]:
    """Return what each column holds, without regard to rows, so that later reads can be compared with it."""
    return tuple(Counter(cell for cell in column if cell is not None) for column in _columns(cells))


def exchanged(then: Sequence[Counter[Hashable]], now: Sequence[Counter[Hashable]]) -> bool:
    """Say whether a column is another one now: most of what it held is gone from it.

    Catches a column inserted, deleted or moved while a run was busy elsewhere, when the range names other cells.
    A lone word that was retyped is no sign; a lone word that went and left its column blank is.
    """
    for column, held in enumerate(then):
        present = now[column] if column < len(now) else Counter()
        missing = (held - present).total()
        if 2 * missing > held.total() and (missing > 1 or not present):
            return True
    return False


def judged_later(before: Seen, ranks: Sequence[int], now: Seen) -> Verdict | None:
    """Judge from a later look, when the answer itself was lost, so that an edit may also have come afterwards.

    What came after a sort that hit its rows is no concern of the run. None: it cannot be told whether the sort
    hit the right columns.
    """
    verdict = judged(before, ranks, Seen(now.columns, now.cells, now.beside))
    if verdict in (Verdict.AS_PLANNED, Verdict.TYPED_BESIDE):
        return verdict
    was, found = [_neutral(row) for row in before.cells], [_neutral(row) for row in now.cells]
    planned = [was[row] for row in sources(ranks)]
    same_addresses = [row[0] for row in found] == [row[0] for row in planned]
    if before.columns != now.columns or same_addresses or not _mostly_intact(was, found):
        return _by_columns(before, ranks, now)
    if [row[0] for row in put_back(found, sources(ranks, now.hidden))] == [row[0] for row in was]:
        return Verdict.ROWS_HIDDEN
    then = put_back(found, sources(ranks))
    paired = _pairings_kept(before.beside, now.beside)
    after, earlier = paired(planned, found), paired(was, then)
    if after == earlier:
        after, earlier = _neighbours_kept(planned, found), _neighbours_kept(was, then)
    if 2 * max(after, earlier) < len(was):
        return Verdict.ROWS_UNCLEAR
    # As likely before as after means that no row changed its place, so that sorting back is right in any case.
    return Verdict.AS_PLANNED if after > earlier else Verdict.ROWS_EDITED


def _pairings_kept(
    beside: Mapping[int, Sequence[Hashable]], beside_now: Mapping[int, Sequence[Hashable]]
) -> Callable[[Cells, Cells], int]:
    """Return a measure: how many rows still stand beside the same cells, such as their row numbers."""

    def joined(cells: Cells, columns: Mapping[int, Sequence[Hashable]]) -> Counter[Hashable]:
        return Counter(
            (tuple(row), tuple(columns[column][i] for column in beside if column in columns))
            for i, row in enumerate(cells)
        )

    return lambda before, after: (joined(before, beside) & joined(after, beside_now)).total()


def _neighbours_kept(before: Cells, after: Cells) -> int:
    """How many rows are still followed by the same row: few edits break few pairs, another order breaks most."""
    pairs = Counter((tuple(a), tuple(b)) for a, b in pairwise(before))
    return (pairs & Counter((tuple(a), tuple(b)) for a, b in pairwise(after))).total()


def _by_columns(before: Seen, ranks: Sequence[int], now: Seen) -> Verdict | None:
    """Find every column again, wherever it is now, and see whether it was sorted along."""
    taken_from = sources(ranks)
    present = [[_bare(cell) for cell in column] for column in now.beside.values()]
    present += [[without_rows(cell) for cell in column] for column in zip(*now.cells, strict=True)]
    inside = [_sorted_along(column, taken_from, present) for column in _columns(before.cells)]
    outside = [
        _sorted_along([_bare(cell) for cell in column], taken_from, present) for column in before.beside.values()
    ]
    if False in inside or True in outside:
        return Verdict.COLUMNS_EDITED
    # A column that was deleted says nothing, and cannot stand on wrong rows either.
    return Verdict.AS_PLANNED if True in inside else None


def _columns(cells: Cells) -> list[list[Hashable]]:
    return [[without_rows(cell) for cell in column] for column in zip(*cells, strict=True)]


def _bare(cell: Hashable) -> Hashable:
    """The value of a cell beside the range, without its note."""
    return cell[0] if isinstance(cell, tuple) else None


def _sorted_along(was: Sequence[Hashable], taken_from: Sequence[int], present: Cells) -> bool | None:
    """Whether a column now stands in the new order; None when it is gone, or looks the same in both."""
    telling = [place for place, row in enumerate(taken_from) if was[row] != was[place]]
    best, along = 0.7 * len(telling), None  # a few retyped words leave a column what it is
    for column in present:
        for answer, rows in ((True, taken_from), (False, range(len(was)))):
            alike = sum(column[place] == was[rows[place]] for place in telling)
            if telling and alike >= best:
                best, along = alike, answer
    return along
