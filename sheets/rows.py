"""The rows of an area as they were read: opaque cells, the URLs in them, and what stands in a sort's way."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from errors import Unsortable


class Scope(Enum):
    """Which cells move along with a row of the area."""

    RANGE = "range"
    """The area alone; columns beside it that belong to their rows are an obstacle."""
    RANGE_ONLY = "range-only"
    """The area alone, knowingly."""
    WHOLE_ROWS = "whole-rows"
    """All used columns of the worksheet."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something in the worksheet that moving the rows would harm, as two sentences for a person.

    `yields_to_force` marks the one kind that --force may override (formulas that would break).
    """

    what: str
    hint: str
    yields_to_force: bool = False


def stop_at(obstacles: Iterable[Obstacle], *, force: bool) -> None:
    """Raise `Unsortable` at the first obstacle that `force` does not override."""
    for obstacle in obstacles:
        if not (obstacle.yields_to_force and force):
            raise Unsortable(obstacle.what, obstacle.hint)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows from the area's first row to its last row that holds anything, in sheet order.

    `first_row` is the number of the first one as the sheet shows it (in a csv: the record's number).
    `cells[i]` is row i, padded to the width of the area; a cell is opaque, None when empty, and equal to
    another when both hold the same. `urls[i]` is what the first cell names: the address in plain text, behind
    a rich link, or in a HYPERLINK or IMAGE formula; "" for a blank cell. `obstacles` are for the scope
    that was asked for.
    """

    first_row: int
    cells: tuple[tuple[Hashable, ...], ...]
    urls: tuple[str, ...]
    obstacles: tuple[Obstacle, ...] = field(default=())

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.urls)
