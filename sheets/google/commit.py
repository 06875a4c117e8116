"""Sending a batch so that it is applied once or not at all, and is right when it was applied.

The outcome of a request whose answer does not come is found out from the stamp that the batch leaves first:
our stamp is there: it was applied; it is not: the same stamp goes out again with a fresh plan, three times at
most. Before giving up, a lone stamp takes the id, so that a request still on its way is refused for ever.
What came in between our last look and the batch is judged from the answer; see `judgement`. A column that came, went
or moved lets Google refuse the batch; see `guard`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from errors import CurationError, ServiceFailed, SheetChanged, Unsortable
from sheets.a1 import column_letters
from sheets.columns import Columns
from sheets.google import columns as google_columns
from sheets.google import looks, previews
from sheets.google.batch import ANSWER_FIELDS, STAMP_FIELDS, Backup, Plan, beside, body, ranks_of, stamp_body
from sheets.google.client import Answered, Outcome, Refused, Service, Unknown
from sheets.google.endings import EDITS, VERSIONS, ColumnsMoved, NotTakenBack, StillSorted, no_answer, open_outcome
from sheets.google.guard import Guard
from sheets.google.judgement import Seen, Verdict, judged, judged_later, retyped, sources, typed
from sheets.google.marking import Marks
from sheets.google.preflight import Preflight
from sheets.google.reading import Reading, seen_after
from sheets.google.stamps import Stamp, cancelled, next_stamp
from sheets.rows import Scope

Json = Mapping[str, Any]
_TRIES = 3


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
        self._marks = Marks(desk.guard, lambda request: self._delivered(request, STAMP_FIELDS), desk.fresh)

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
            match self._delivered(request):
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
        if missing and not isinstance(self._delivered({"requests": missing}, STAMP_FIELDS), Answered):
            raise ServiceFailed(
                "In the moment of writing, somebody changed the rules for conditional formats, and one that was not"
                " ours was deleted.",
                f"The rows were written. {VERSIONS}",
            )

    def _delivered(self, request: dict[str, object], fields: str = ANSWER_FIELDS) -> Outcome:
        """Send, and again after a wait while a quota is used up, which means that nothing was applied."""
        attempt = 0
        while True:
            outcome = self._desk.service.send(self._desk.key, request, fields)
            if not isinstance(outcome, Refused) or not outcome.refusal.full:
                return outcome
            if not self._desk.service.wait(attempt, outcome.retry_after, "the limit of requests is used up"):
                return outcome
            attempt += 1

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
            known, taken = self._desk.stamps()
        except CurationError as error:
            if self._pending is None:
                raise
            raise open_outcome(error) from error
        return next((entry for entry in known if entry.id == stamp.id), None), taken

    def _never_lands(self, plan: Plan) -> bool:
        """Take the id of a batch whose outcome is unknown; False when it turns out to have been applied."""
        cancel = replace(plan.stamp, epoch=int(time.time()), run=cancelled(self._run))
        for _ in range(_TRIES):
            match self._delivered(stamp_body(cancel), STAMP_FIELDS):
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
            self._take_back(self._planned_columns(plan), seen, verdict)
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

    def _take_back(self, plan: Plan, seen: Seen, why: Verdict) -> None:
        """Sort the same cells back at once; rows that get hidden meanwhile need another round."""
        first = plan
        taken_from = sources(plan.ranks, seen.hidden)
        for _ in range(_TRIES):
            back = self._following(plan, taken_from, seen)
            try:
                after = self._surely(back)
            except ColumnsMoved:
                plan, seen = self._followed(back, seen)
                continue
            # An answer holds the cells beside the range only where they are watched.
            known = seen if back.watched else replace(seen, beside={})
            verdict = judged(known, back.ranks, after)
            if verdict is Verdict.AS_PLANNED or (verdict is Verdict.ROWS_EDITED and retyped(known, back.ranks, after)):
                self._put_back(first)
                return
            if verdict is not Verdict.ROWS_HIDDEN:
                self._give_up(back, after, why, verdict)
            if why is Verdict.TYPED_BESIDE:
                # Hidden since the sort: no sort moves those rows, so the others go where it had put them.
                self._surely(self._following(back, sources(back.ranks, after.hidden), after))
                raise StillSorted("rows were hidden")
            taken_from = tuple(taken_from[row] for row in sources(back.ranks, after.hidden))
            plan, seen = back, after
        raise NotTakenBack("rows were being hidden")

    def _followed(self, back: Plan, seen: Seen) -> tuple[Plan, Seen]:
        """Follow the columns of a plan to where they are now, with their cells there."""
        tab = self._desk.tab()
        marks = () if back.guard is None else back.guard.marks
        by = None if back.guard is None else back.guard.moved(tab.marks, back.box.left, back.box.right)
        if self._scope is Scope.WHOLE_ROWS or by is None:
            raise NotTakenBack("columns were changed since")
        box = replace(back.box, left=back.box.left + by, right=back.box.right + by)
        guard = Guard(tab.sheet_id, tuple((tab.marks[n], n) for _, n in marks if n in tab.marks))
        plan = replace(back, box=box, columns=tab.columns, guard=guard, title=tab.title)
        now = self._desk.again(plan)
        if now.cells != seen.cells:
            raise NotTakenBack("the tab was edited once more")
        return plan, now

    def _put_back(self, plan: Plan) -> None:
        """Put the cells that the batch wrote over back from its copy of the tab; an edit may have moved them there."""
        if not plan.overwritten or plan.backup is None:
            return
        # A second arrival finds the copy gone and is refused, so sending again does no harm.
        backup = plan.backup
        requests = [google_columns.putting_back(plan.sheet_id, box, backup, kind) for box, kind in plan.overwritten]
        outcome = self._delivered({"requests": [*requests, google_columns.discarding(plan.backup)]}, STAMP_FIELDS)
        if not isinstance(outcome, Answered):
            cells = ", ".join(box.name for box, _ in plan.overwritten)
            raise NotTakenBack(f"the cells {cells} are as they were in the tab {backup.title!r}")

    def _give_up(self, back: Plan, after: Seen, why: Verdict, verdict: Verdict) -> NoReturn:
        """Undo the sort back where it has parted something itself: other columns, or words typed since the sort."""
        parted = verdict is Verdict.COLUMNS_EDITED
        if parted or (verdict is Verdict.TYPED_BESIDE and why is not Verdict.TYPED_BESIDE):
            try:
                self._surely(self._following(back, sources(back.ranks, after.hidden), after))
            except NotTakenBack as failure:
                raise NotTakenBack(str(failure), parted=parted) from failure
        raise NotTakenBack("the tab was edited once more")

    def _following(self, plan: Plan, ranks: Sequence[int], seen: Seen) -> Plan:
        """Return the plan of another sort of the same cells, with the stamp after the last one."""
        stamp = Stamp(plan.stamp.sequence + 1, int(time.time()), cancelled(self._run))
        known = (*plan.known, plan.stamp)
        watched = beside(plan.box, seen.columns) if self._scope is Scope.RANGE else ()
        return Plan(
            plan.sheet_id, plan.title, seen.columns, plan.box, tuple(ranks), stamp, known, watched, guard=plan.guard
        )

    def _surely(self, plan: Plan) -> Seen:
        """Send a batch that must not be planned anew, three times at most; return the cells after it."""
        for _ in range(_TRIES):
            outcome = self._delivered(body(plan))
            if isinstance(outcome, Answered):
                return seen_after(outcome.answer.get("updatedSpreadsheet") or {}, plan.box)
            if isinstance(outcome, Refused) and plan.guard and plan.guard.refuses(outcome.refusal.taken_id):
                raise ColumnsMoved("columns were changed since")
            if isinstance(outcome, Refused) and not outcome.refusal.stamp_exists:
                raise NotTakenBack(f"Google refused: {outcome.refusal.message}")
            try:
                holder, taken = self._holder(plan.stamp)
            except CurationError as error:
                raise NotTakenBack("Google could not be reached") from error
            if holder == plan.stamp:
                return self._desk.again(plan)
            if plan.stamp.id in taken:
                raise NotTakenBack("another run sorted the spreadsheet")
        raise NotTakenBack("Google did not answer")


def _typed_cells(plan: Plan, reading: Reading, seen: Seen) -> str:
    """Name the cells beside the range into which somebody has typed since a reading."""
    found = typed(reading.seen, seen)[:20]
    return ", ".join(f"{column_letters(column)}{plan.box.top + row + 1}" for row, column in found)
