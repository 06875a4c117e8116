"""Taking our columns away by one atomic batch, and putting back at once what else went with them.

A column can only be deleted by its place, and somebody may insert or delete one between our last look and the batch.
So the batch first copies the tab: the copy shows what stood there in that very moment, also when Google's answer was
lost. The copy's id lets the batch through once. Others' columns are put back from it; it goes when all is well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from errors import ServiceFailed, SheetChanged
from sheets.columns import Place
from sheets.google import columns as google_columns
from sheets.google import looks
from sheets.google.batch import Backup, copying
from sheets.google.client import Answered, Outcome, Refused, Service
from sheets.google.endings import left_over
from sheets.google.preflight import Box, Preflight
from sheets.google.reading import Strip

Json = Mapping[str, Any]
_TRIES = 3
_VERSIONS = "File > Version history has the sheet as it was"


@dataclass(frozen=True, slots=True)
class Stood:
    """What stood where our columns are: their names, the texts of the last one, and the column of pictures, if any."""

    names: tuple[str, ...]
    last: tuple[str, ...]
    strip: Strip | None


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to be taken away from where.

    `look` reads it in a tab of that title, None where there is no such tab; `fresh` reads the tab as it is by then.
    """

    service: Service
    key: str
    tab: Preflight
    place: Place
    count: int
    copy: Backup
    look: Callable[[str], Stood | None]
    fresh: Callable[[], Preflight]

    def apply(self, before: Stood, pictures: Sequence[Json]) -> str:
        """Send the batch; return a remark for the user, "" when nothing is to be said. Errors say what was done."""
        requests = [
            copying(self.tab.sheet_id, self.copy),
            *pictures,
            *looks.clearing(self.tab),
            google_columns.removing(self.tab.sheet_id, self.place, self.count),
        ]
        then, replies = self._delivered(requests)
        given_back = looks.given_back(requests, replies)
        if then.names != before.names:
            self._restored(then, given_back)
        if given_back:
            self._sent(given_back, "a rule for conditional formats that somebody moved in that moment was deleted")
            if left := looks.deletions(self.fresh()):  # as many of ours were spared as of others were deleted
                self._asked(left)
        if (then.last, then.strip) != (before.last, before.strip):
            return (
                f" In that very moment somebody typed into what was taken away; it is in the tab {self.copy.title!r},"
                " which stays until you delete it."
            )
        return left_over(self._asked([google_columns.discarding(self.copy)]), self.copy)

    def _delivered(self, requests: Sequence[Json]) -> tuple[Stood, Sequence[Json]]:
        """Send the batch until it is applied; a lost answer is made up for by a look whether the copy is there."""
        for _ in range(_TRIES):
            outcome = self._asked(requests)
            then = self.look(self.copy.title)
            if then is not None:
                return then, (outcome.answer.get("replies") or ()) if isinstance(outcome, Answered) else ()
            if isinstance(outcome, Refused):
                raise self.service.error(outcome.refusal, writing=True)
        raise ServiceFailed(
            "Google did not answer, and no column is known to have been taken away.",
            "Look at the sheet, and run the same command again.",
        )

    def _restored(self, then: Stood, given_back: Sequence[Json]) -> None:
        """Put the columns that were deleted back, with all their cells, and say so."""
        columns = {"startColumnIndex": self.place.column, "endColumnIndex": self.place.column + self.count}
        # Into columns that the same batch puts in, so that nothing is written over wherever they land.
        paste = {
            "source": {"sheetId": self.copy.sheet_id, **columns},
            "destination": {"sheetId": self.tab.sheet_id, **columns},
            "pasteType": "PASTE_NORMAL",
        }
        insertion = google_columns.inserting(self.tab.sheet_id, self.place, self.count)
        requests: list[Json] = [insertion, {"copyPaste": paste}, *given_back]
        if then.strip is not None:  # its cells were emptied, perhaps in another column's place
            rows = then.strip.rows
            cells = Box(rows.start, rows.stop, then.strip.column, then.strip.column + 1)
            requests.append(google_columns.putting_back(self.tab.sheet_id, cells, self.copy))
        self._sent([*requests, google_columns.discarding(self.copy)], "other columns than ours were deleted")
        raise SheetChanged(
            "In the moment of taking the columns away, a column was inserted, deleted or moved, so that others were"
            " deleted. They were put back with all their cells.",
            f"Run the same command again. Should a formula that looks at them show #REF! now: {_VERSIONS}.",
        )

    def _sent(self, requests: Sequence[Json], what: str) -> None:
        if not isinstance(self._asked(requests), Answered):
            raise ServiceFailed(
                f"In the moment of taking the columns away, {what}, and it could not be put back.",
                f"The tab {self.copy.title!r} is a copy from before; {_VERSIONS}.",
            )

    def _asked(self, requests: Sequence[Json]) -> Outcome:
        return self.service.deliver(self.key, {"requests": list(requests)}, "replies")
