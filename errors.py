"""The errors that end a run, each a sentence for the person who started it.

    CurationError              what happened, and what to do next        exit 1
    |-- UsageError             the command line asks for something impossible   exit 2
    |-- NotFound               no such spreadsheet, worksheet, file or record
    |-- AccessRefused          the service, or the file system, says no
    |-- Undecided              rows that people were to decide on first are not decided
    |-- Unsortable             the worksheet has something that a sort would harm
    |-- ServiceFailed          the service did not answer within its bound, or broke its word
    |-- StateError             an undo file, result or store of ours cannot be used
    `-- SheetChanged           the rows are no longer those that were read: read again

A failure of one row is a value (see `images`), never one of these. Edges translate foreign exceptions
once, with `raise ... from`; scripts print `what` and `hint` on two lines and, with --debug, the traceback.
"""


class CurationError(Exception):
    """A run cannot go on: `what` happened, with the names involved, and `hint` says what to do next."""

    exit_code = 1

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsageError(CurationError):
    """The command line asks for something impossible; nothing was opened, read or written."""

    exit_code = 2


class NotFound(CurationError):
    """A spreadsheet, worksheet, file or record that was named does not exist."""


class AccessRefused(CurationError):
    """The service or the file system refuses: not shared, API off, read-only, locked by another program."""


class Unsortable(CurationError):
    """The worksheet holds something that moving these rows would harm; nothing was written."""


class Undecided(CurationError):
    """Rows wait for a decision of people, and the run was told not to go on without; nothing was written."""


class ServiceFailed(CurationError):
    """A service did not answer within its bound, or answered what cannot be trusted."""


class StateError(CurationError):
    """An undo file, a saved result or the store is missing, damaged, or of another version."""


class SheetChanged(CurationError):
    """Somebody edited the rows between reading and writing.

    `landed` says whether our permutation had already been applied when that was noticed (it then moved
    whole rows of the edited sheet, so nothing is mixed, but the order is not the planned one).
    """

    def __init__(self, what: str, hint: str, *, landed: bool = False) -> None:
        super().__init__(what, hint)
        self.landed = landed
