"""What was decided of rows all in all: beside them in the sheet, in a saved file, and earlier for the same pictures."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from report.decisions import Decision
from reviewing import distinct
from reviewing.applying import planned
from reviewing.distinct import Pair
from reviewing.marks import Marks


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of each row, one of `KINDS` or "".

    `strangers` are how many decisions of the file are for no row, `marks` what the sheet says, `told` the pairs that
    the file says are distinct.
    """

    kinds: tuple[str, ...]
    strangers: int
    marks: Marks
    told: frozenset[Pair]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows were decided in which way."""
        return dict(Counter(kind for kind in self.kinds if kind).most_common())

    def apart_in(self, state: Path) -> Callable[[Sequence[str | None]], frozenset[Pair]]:
        """Return what gives, for the contents of the rows, the pairs of them that are distinct."""

        def apart(contents: Sequence[str | None]) -> frozenset[Pair]:
            said = distinct.pairs_of(self.marks, contents)
            return distinct.among(said | self.told | distinct.remembered(state), contents)

        return apart


def decided_of(marks: Marks, urls: Sequence[str], saved: Sequence[Decision]) -> Decided:
    """Join what the sheet says with a saved file, which goes first."""
    plan = planned(saved, urls, marks.decisions, overwrite=True)
    kinds = tuple(text or kind for text, kind in zip(plan.texts, marks.kinds, strict=True))
    return Decided(kinds, len(plan.strangers), marks, distinct.told_by(saved))
