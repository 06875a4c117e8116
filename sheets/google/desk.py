"""What a move needs from the worksheet, and from the spreadsheet that it is sent to."""

from collections.abc import Callable
from dataclasses import dataclass

from sheets.google.batch import ANSWER_FIELDS, Backup, Plan
from sheets.google.client import Outcome, Service
from sheets.google.guard import Guard
from sheets.google.judgement import Seen
from sheets.google.preflight import Preflight
from sheets.google.reading import Reading
from sheets.google.stamps import Stamp


@dataclass(frozen=True, slots=True)
class Desk:
    """What sending needs from the worksheet: looks at the spreadsheet, and where it is.

    `fresh` reads again and raises when the rows changed or may not be moved; `stamps` returns the stamps of the
    spreadsheet and all ids of metadata; `again` reads the cells of a plan, and those beside them, once more.
    `guard` returns new marks for the columns, as far as they were seen last, and the number of columns of the tab;
    `tab` reads what lies over the tab once more.
    """

    service: Service
    key: str
    fresh: Callable[[], Reading]
    stamps: Callable[[], tuple[tuple[Stamp, ...], frozenset[int]]]
    again: Callable[[Plan], Seen]
    backup: Callable[[], Backup | None]
    guard: Callable[[], tuple[Guard, int] | None]
    tab: Callable[[], Preflight]

    def delivered(self, request: dict[str, object], fields: str = ANSWER_FIELDS) -> Outcome:
        """Send a batch, and again while a quota is used up, which means that nothing was applied."""
        return self.service.deliver(self.key, request, fields)

    def holder(self, stamp: Stamp) -> tuple[Stamp | None, frozenset[int]]:
        """Return who has the id of a stamp now, and all ids."""
        known, taken = self.stamps()
        return next((entry for entry in known if entry.id == stamp.id), None), taken
