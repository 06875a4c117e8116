"""A Google tab on the stand-in, over real HTTP with the real gspread and google-auth, for the contract suite."""

from collections.abc import Iterator
from pathlib import Path

from sheets.google import GoogleWorksheet
from sheets.google.client import Patience
from tests.google.server import StandIn


class Hours:
    """A clock on which waiting costs nothing; `waited` is what a real run would have slept, in seconds."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> float:
        """Return the time in seconds."""
        return self.waited

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.waited += seconds

    def patience(self, answer_seconds: float = 5) -> Patience:
        """Return the usual patience on this clock, with a shorter wait for each answer."""
        return Patience(timeout=(5, answer_seconds), sleep=self.sleep, clock=self.now)


def opened(
    google: StandIn,
    spreadsheet: str,
    worksheet: str | None = None,
    *,
    patience: Patience | None = None,
    backup_tab: bool = False,
    read_only: bool = False,
) -> GoogleWorksheet:
    """Open a tab of the stand-in, without waiting for anything where no patience is given."""
    return GoogleWorksheet.open(
        spreadsheet,
        worksheet,
        Path(google.credentials_direct),
        read_only=read_only,
        backup_tab=backup_tab,
        api=google.url,
        patience=patience or Hours().patience(),
    )


class GoogleBench:
    """A worksheet in the stand-in, looked at and typed into by the hands of a labeler."""

    def __init__(self, google: StandIn) -> None:
        self._google = google

    def make(self, rows: list[list[str]]) -> GoogleWorksheet:
        """Return a new worksheet with these rows from A1 on; a text that begins with `=` is a formula."""
        key = self._google.add_spreadsheet("Rows", {"Rows": [list(row) for row in rows]})
        self._hands = self._google.labeler(key)
        return opened(self._google, key)

    def texts(self) -> list[list[str]]:
        """Return all cells as they are now, trailing blanks cut."""
        rows = [["" if cell is None else str(cell) for cell in row] for row in self._hands.rows()]
        for row in rows:
            while row and not row[-1]:
                row.pop()
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def type(self, row: int, column: int, text: str) -> None:
        """Type into a cell, counted from 1, as somebody else does who has the sheet open."""
        self._hands.type(f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[column - 1]}{row}", text)


def google_bench() -> Iterator[GoogleBench]:
    """Yield the bench, on a stand-in that lives as long as the test."""
    with StandIn() as google:
        yield GoogleBench(google)
