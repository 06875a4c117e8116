"""How a move ends that did not go as planned: the sentences that people read."""

from errors import CurationError, ServiceFailed, SheetChanged
from sheets.google.batch import Backup, Plan
from sheets.google.client import Answered, Outcome
from sheets.google.judgement import Verdict

VERSIONS = "Open File > Version history > See version history and restore the version before this minute."
EDITS = {
    Verdict.ROWS_EDITED: "rows were inserted, deleted, retyped or sorted",
    Verdict.COLUMNS_EDITED: "a column was inserted, deleted, moved or emptied",
    Verdict.ROWS_HIDDEN: "rows were hidden",
    Verdict.TYPED_BESIDE: "something was typed beside the range",
}


def no_answer() -> ServiceFailed:
    """Return the error for a write that was sent three times and will never be applied."""
    return ServiceFailed(
        "Google did not answer to three attempts to write.",
        "Nothing was written, and no late request can write any more. Run the same command again later.",
    )


def open_outcome(error: CurationError) -> ServiceFailed:
    """Return the error for a write whose outcome nobody can find out now."""
    return ServiceFailed(
        f"Google stopped answering while the rows were being moved; it is not known whether they were. {error.what}",
        "Either all rows were moved or none, and undo works in both cases. Look at the sheet when Google answers again;"
        f" should somebody have edited it in that very moment and rows look wrong: {VERSIONS}",
    )


def left_over(discarding: Outcome, copy: Backup) -> str:
    """Return a remark on a copy of the tab that may not have been deleted, "" where it was."""
    if isinstance(discarding, Answered):
        return ""
    return f" A copy of the tab as it was may be left in {copy.title!r}: delete it."


class NotTakenBack(Exception):
    """The sort of an edited tab could not be sorted back, for the reason given.

    `parted` when trying it has moved other cells than those of whole rows.
    """

    def __init__(self, why: str, *, parted: bool = False) -> None:
        super().__init__(why)
        self.parted = parted

    def told(self, plan: Plan, verdict: Verdict) -> CurationError:
        """Return what to tell the user: after an edit of rows they are whole, after one of columns perhaps not."""
        if verdict in (Verdict.ROWS_EDITED, Verdict.ROWS_UNCLEAR, Verdict.ROWS_HIDDEN) and not self.parted:
            return SheetChanged(
                f"Rows of the worksheet {plan.title!r} were edited in the moment of sorting. Whole rows were moved,"
                f" nothing is lost, but the order is neither the old nor the new one ({self}).",
                "Run the same command again while nobody inserts or deletes rows.",
                landed=True,
            )
        return ServiceFailed(
            f"In the moment of sorting {EDITS[verdict]} in the worksheet {plan.title!r}, and the sort could not be"
            f" taken back ({self}).",
            f"Cells of different rows may be mixed. {VERSIONS}",
        )


class StillSorted(NotTakenBack):
    """The sort could not be taken back and stands as it was planned."""


class ColumnsMoved(NotTakenBack):
    """Marks refused to sort back: the columns are not where they were, and nothing was moved."""
