"""Putting the marks of `guard` on the columns of a tab, again where they have moved, and taking them away."""

from collections.abc import Callable
from typing import Any

from sheets.google.client import Answered, Outcome, Refused
from sheets.google.guard import Guard
from sheets.google.reading import Reading
from sheets.google.tags import forgetting

_TRIES = 3


class Marks:
    """The marks of one run; `guard` is what a batch may rely on, None where nothing guards.

    `new` returns new marks for the columns, as far as they were seen last, and the number of columns of the tab;
    `deliver` sends a batch; `fresh` reads the rows again.
    """

    def __init__(
        self,
        new: Callable[[], tuple[Guard, int] | None],
        deliver: Callable[[dict[str, Any]], Outcome],
        fresh: Callable[[], Reading],
    ) -> None:
        self._new, self._deliver, self._fresh = new, deliver, fresh
        self._ids: list[int] = []
        self.guard: Guard | None = None

    def put(self) -> None:
        """Mark the columns as they were seen last.

        Never raises for a refusal or an outage: without marks a batch is judged from its answer alone.
        """
        self.guard = None
        prove = True
        for _ in range(_TRIES):
            if (made := self._new()) is None:
                return
            guard, columns = made
            self._ids += [number for _, number in guard.marks]
            match self._deliver(guard.marking(columns, prove=prove)):
                case Answered(answer):
                    self.guard = guard if not prove or guard.proven(answer.get("replies") or ()) else None
                    return
                case Refused(refused) if not refused.stamp_exists:
                    if refused.status != 400 or not prove:
                        return
                    prove = False  # to take away what is not there may be refused, which would be proof enough

    def around(self, reading: Reading) -> Reading:
        """Return a reading, the same or a later one, in which the marks are where they should be."""
        for _ in range(_TRIES):
            if self.guard is None or self.guard.fits(reading.tab.marks):
                return reading
            self.put()
            reading = self._fresh()
        self.guard = None
        return reading

    def after_refusal(self) -> Reading:
        """Look again after the marks have refused a batch."""
        reading = self._fresh()
        if self.guard is not None and self.guard.fits(reading.tab.marks):
            self.guard = None  # nothing has moved: so the service keeps other rules, and is not asked again
        return self.around(reading)

    def away(self) -> list[dict[str, Any]]:
        """Return the requests that take the marks of this run away."""
        return [forgetting(number) for number in self._ids]
