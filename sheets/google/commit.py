"""Sending a batch so that it is applied once or not at all, and is right when it was applied.

The outcome of a request whose answer does not come is found out from the stamp that the batch leaves first:
our stamp is there: it was applied; it is not: the same stamp goes out again with a fresh plan, three times at
most. Before giving up, a lone stamp takes the id, so that a request still on its way is refused for ever.
What came in between our last look and the batch is judged from the answer; see `judgement`. A column that came, went
or moved lets Google refuse the batch; see `guard`. What must not stand is sorted back; see `taking_back`.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from errors import CurationError, ServiceFailed, SheetChanged, Unsortable
from sheets.a1 import column_letters
from sheets.columns import Columns
from sheets.google import columns as google_columns
from sheets.google import looks, previews
from sheets.google.batch import STAMP_FIELDS, Plan, beside, body, ranks_of, stamp_body
from sheets.google.client import Answered, Refused, Unknown
from sheets.google.desk import Desk
from sheets.google.endings import EDITS, VERSIONS, NotTakenBack, StillSorted, no_answer, open_outcome
from sheets.google.judgement import Seen, Verdict, judged, judged_later, typed
from sheets.google.marking import Marks
from sheets.google.reading import Reading, seen_after
from sheets.google.stamps import Stamp, cancelled, next_stamp
from sheets.google.taking_back import TakingBack
from sheets.rows import Scope

Json = Mapping[str, Any]
_TRIES = 3


class Commit:
    """One move on its way: `apply` returns when it is in the sheet and verified, and raises otherwise."""

    def __init__(
        self, desk: Desk, run: str, order: Sequence[int], scope: Scope, columns: Columns | None = None
    ) -> None:
        self._desk = desk
        self._run = run
        self._order = order
        self._ranks = ranks_of(order)
        self._scope = scope
        self._columns = columns
        self._pending: Plan | None = None  # sent, outcome unknown
        self._marks = Marks(desk.guard, lambda request: desk.delivered(request, STAMP_FIELDS), desk.fresh)

    def start(self) -> Reading:
        """Mark the columns, and take the look that the move is planned from."""
        self._marks.put()
        try:
            return self._desk.fresh()
        except (SheetChanged, Unsortable):
            self._forget_marks()
            raise

    def _forget_marks(self) -> None:
        """Take the marks away, in one attempt: what is left then, the next run on the tab takes away."""
        if requests := self._marks.away():
            with suppress(CurationError):
                self._desk.service.send(self._desk.key, {"requests": requests}, STAMP_FIELDS)

    def apply(self, reading: Reading) -> str:
        """Send the move planned from `reading`; return a remark for the user, "" when there is none."""
        try:
            remark = self._landing(reading)
        except (SheetChanged, Unsortable):
            self._forget_marks()
            raise
        self._forget_marks()
        return remark

    def _landing(self, reading: Reading) -> str:
        try:
            return self._rounds(reading)
        except CurationError:
            if self._pending is None:
                raise
            plan = self._pending
            if not self._never_lands(plan):
                return self._settled_later(plan, reading)
            raise

    def _rounds(self, reading: Reading) -> str:
        stamp = next_stamp(self._run, reading.tab.stamps, reading.tab.taken)
        unknown = 0
        reading = self._marks.around(reading)
        for _ in range(2 * _TRIES):
            plan = self._plan(reading, stamp)
            request = body(plan)
            match self._desk.delivered(request):
                case Answered(answer):
                    self._pending = None
                    self._give_back(request["requests"], answer.get("replies") or ())
                    return self._settled(plan, reading, seen_after(answer.get("updatedSpreadsheet") or {}, plan.box))
                case Refused(refused) if plan.guard is not None and plan.guard.refuses(refused.taken_id):
                    reading = self._marks.after_refusal()
                    continue
                case Refused(refused) if not refused.stamp_exists:
                    # Only the stamp tells for sure: an answer may also fail after the batch was applied.
                    if not self._ours(stamp):
                        if refused.status != 400:
                            raise self._desk.service.error(refused, writing=True)
                        fresh = self._explained(reading, self._desk.service.error(refused, writing=True))
                        reading = self._marks.around(fresh)
                        continue
                case Unknown():
                    self._pending = plan
                    unknown += 1
            holder, taken = self._holder(stamp)
            if holder is not None and holder.run == self._run:
                self._pending = None
                return self._settled_later(plan, reading)
            if holder is None and stamp.id not in taken and self._pending is not None:
                if unknown == _TRIES:
                    raise no_answer()
                reading = self._desk.fresh()
                continue
            self._pending = None  # the id belongs to another run, so ours was refused and always will be
            reading = self._desk.fresh()
            stamp = next_stamp(self._run, reading.tab.stamps, reading.tab.taken | {stamp.id})
        raise SheetChanged(
            "Other runs kept sorting this spreadsheet at the same time.",
            "Nothing was written by this one. Let them finish, and run the same command again.",
        )

    def _plan(self, reading: Reading, stamp: Stamp) -> Plan:
        tab, columns = reading.tab, self._columns
        writes: tuple[dict[str, Any], ...] = ()
        if columns is not None:
            writes = (
                *google_columns.writing(tab, reading.box.top, columns, self._order),
                *looks.drawing(tab, columns, reading.painted, stamp.id),
                *(() if reading.strip is None else previews.filling(tab, reading.strip)),
            )
        return Plan(
            tab.sheet_id,
            tab.title,
            tab.columns,
            reading.box,
            self._ranks,
            stamp,
            known=tab.stamps,
            watched=beside(reading.box, tab.columns) if self._scope is Scope.RANGE else (),
            backup=self._desk.backup(),
            writes=writes,
            overwritten=google_columns.overwritten(reading.box, columns),
            guard=self._marks.guard,
            marks=tab.marks,
        )

    def _give_back(self, requests: Sequence[Json], replies: Sequence[Json]) -> None:
        """Put rules for colours back that were others' when the batch deleted them; failing that, they are told."""
        missing = looks.given_back(requests, replies)
        if missing and not isinstance(self._desk.delivered({"requests": missing}, STAMP_FIELDS), Answered):
            raise ServiceFailed(
                "In the moment of writing, somebody changed the rules for conditional formats, and one that was not"
                " ours was deleted.",
                f"The rows were written. {VERSIONS}",
            )

    def _explained(self, reading: Reading, error: CurationError) -> Reading:
        """Look why a batch was refused: return a reading to plan from when the tab has changed, else raise."""
        fresh = self._desk.fresh()
        if replace(fresh.tab, stamps=(), taken=frozenset()) == replace(reading.tab, stamps=(), taken=frozenset()):
            raise error
        return fresh

    def _ours(self, stamp: Stamp) -> bool:
        """Whether a batch that was refused is applied all the same; an outage says no, as the refusal did."""
        try:
            holder = next((entry for entry in self._desk.stamps()[0] if entry.id == stamp.id), None)
        except CurationError:
            return False
        return holder is not None and holder.run == self._run

    def _holder(self, stamp: Stamp) -> tuple[Stamp | None, frozenset[int]]:
        """Return who has the id of a stamp now, and all ids; an outage here leaves the outcome open."""
        try:
            return self._desk.holder(stamp)
        except CurationError as error:
            if self._pending is None:
                raise
            raise open_outcome(error) from error

    def _never_lands(self, plan: Plan) -> bool:
        """Take the id of a batch whose outcome is unknown; False when it turns out to have been applied."""
        cancel = replace(plan.stamp, epoch=int(time.time()), run=cancelled(self._run))
        for _ in range(_TRIES):
            match self._desk.delivered(stamp_body(cancel), STAMP_FIELDS):
                case Answered():
                    self._pending = None
                    return True
                case Refused(refused) if not refused.stamp_exists:
                    raise open_outcome(self._desk.service.error(refused, writing=True))
                case _:
                    holder, taken = self._holder(plan.stamp)
                    if plan.stamp.id in taken:
                        self._pending = None
                        return holder is None or holder.run != self._run
        raise open_outcome(no_answer())

    def _settled(self, plan: Plan, reading: Reading, seen: Seen) -> str:
        return self._ended(judged(reading.seen, plan.ranks, seen), plan, reading, seen)

    def _planned_columns(self, plan: Plan) -> Plan:
        """Return a plan whose batch has landed with its marks where they are since."""
        if plan.guard is None or self._columns is None or self._columns.place.standing:
            return plan
        return replace(plan, guard=plan.guard.shifted(self._columns.place.column, len(self._columns.names)))

    def _settled_later(self, plan: Plan, reading: Reading) -> str:
        seen = self._desk.again(plan)
        verdict = judged_later(reading.seen, plan.ranks, seen)
        if self._changed_since(plan, verdict):
            return (
                " While the answer was lost, columns were changed. The rows were moved before that, or Google would"
                " have refused it; if the order is not what you want, run the same command again."
            )
        if verdict is None:
            raise ServiceFailed(
                "The rows were moved, but Google's answer was lost and columns were changed at the same time, so it"
                " is not certain that every row is whole.",
                f"Compare a few rows. If they are wrong: {VERSIONS}",
            )
        if verdict is Verdict.TYPED_BESIDE:  # before the sort or after it: nobody can tell
            cells = _typed_cells(plan, reading, seen)
            return f" While the answer was lost, somebody typed into {cells}: look whether that is on its row."
        return self._ended(verdict, plan, reading, seen)

    def _changed_since(self, plan: Plan, verdict: Verdict | None) -> bool:
        """Say whether columns that look changed were so only after the batch: its marks have moved since, or held."""
        if plan.guard is None or verdict not in (None, Verdict.COLUMNS_EDITED):
            return False
        guard = self._planned_columns(plan).guard
        return verdict is None or (guard is not None and not guard.fits(self._desk.tab().marks))

    def _ended(self, verdict: Verdict, plan: Plan, reading: Reading, seen: Seen) -> str:
        if verdict is Verdict.AS_PLANNED:
            return ""
        if verdict is Verdict.ROWS_UNCLEAR:
            raise NotTakenBack("Google's answer was lost").told(plan, verdict)
        try:
            TakingBack(self._desk, self._run, self._scope).apply(self._planned_columns(plan), seen, verdict)
        except StillSorted as failure:
            cells = _typed_cells(plan, reading, seen)
            return (
                f" In the moment of sorting, before {failure}, somebody typed into {cells}: look whether that is on its"
                " row."
            )
        except NotTakenBack as failure:
            raise failure.told(plan, verdict) from failure
        raise SheetChanged(
            f"In the moment of sorting {EDITS[verdict]} in the worksheet {plan.title!r}. The sort was taken back.",
            "Every row is where it was. Run the same command again while nobody edits the rows.",
        )


def _typed_cells(plan: Plan, reading: Reading, seen: Seen) -> str:
    """Name the cells beside the range into which somebody has typed since a reading."""
    found = typed(reading.seen, seen)[:20]
    return ", ".join(f"{column_letters(column)}{plan.box.top + row + 1}" for row, column in found)
