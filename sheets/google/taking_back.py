"""Taking a landed sort back: the same cells are sorted once more, at once, to where they were."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from errors import CurationError
from sheets.google import columns as google_columns
from sheets.google.batch import STAMP_FIELDS, Plan, beside, body
from sheets.google.client import Answered, Refused
from sheets.google.desk import Desk
from sheets.google.endings import ColumnsMoved, NotTakenBack, StillSorted
from sheets.google.guard import Guard
from sheets.google.judgement import Seen, Verdict, judged, retyped, sources
from sheets.google.reading import seen_after
from sheets.google.stamps import Stamp, cancelled
from sheets.rows import Scope

_TRIES = 3


@dataclass(frozen=True, slots=True)
class TakingBack:
    """The way back of the sort that a run has landed; `apply` raises `StillSorted` or `NotTakenBack`."""

    desk: Desk
    run: str
    scope: Scope

    def apply(self, plan: Plan, seen: Seen, why: Verdict) -> None:
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
        tab = self.desk.tab()
        marks = () if back.guard is None else back.guard.marks
        by = None if back.guard is None else back.guard.moved(tab.marks, back.box.left, back.box.right)
        if self.scope is Scope.WHOLE_ROWS or by is None:
            raise NotTakenBack("columns were changed since")
        box = replace(back.box, left=back.box.left + by, right=back.box.right + by)
        guard = Guard(tab.sheet_id, tuple((tab.marks[n], n) for _, n in marks if n in tab.marks))
        plan = replace(back, box=box, columns=tab.columns, guard=guard, title=tab.title)
        now = self.desk.again(plan)
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
        outcome = self.desk.delivered({"requests": [*requests, google_columns.discarding(plan.backup)]}, STAMP_FIELDS)
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
        stamp = Stamp(plan.stamp.sequence + 1, int(time.time()), cancelled(self.run))
        known = (*plan.known, plan.stamp)
        watched = beside(plan.box, seen.columns) if self.scope is Scope.RANGE else ()
        return Plan(
            plan.sheet_id, plan.title, seen.columns, plan.box, tuple(ranks), stamp, known, watched, guard=plan.guard
        )

    def _surely(self, plan: Plan) -> Seen:
        """Send a batch that must not be planned anew, three times at most; return the cells after it."""
        for _ in range(_TRIES):
            outcome = self.desk.delivered(body(plan))
            if isinstance(outcome, Answered):
                return seen_after(outcome.answer.get("updatedSpreadsheet") or {}, plan.box)
            if isinstance(outcome, Refused) and plan.guard and plan.guard.refuses(outcome.refusal.taken_id):
                raise ColumnsMoved("columns were changed since")
            if isinstance(outcome, Refused) and not outcome.refusal.stamp_exists:
                raise NotTakenBack(f"Google refused: {outcome.refusal.message}")
            try:
                holder, taken = self.desk.holder(plan.stamp)
            except CurationError as error:
                raise NotTakenBack("Google could not be reached") from error
            if holder == plan.stamp:
                return self.desk.again(plan)
            if plan.stamp.id in taken:
                raise NotTakenBack("another run sorted the spreadsheet")
        raise NotTakenBack("Google did not answer")
