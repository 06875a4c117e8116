"""Runs with --review and --review-off under faults and edits in their very moment: no label or decision leaves its row.

REVIEW_FIRE=500 makes it long.
"""

import os
import random
from collections.abc import Callable

import pytest

from errors import CurationError
from sheets.a1 import Area
from sheets.columns import Columns, Looks, place_columns, widened
from sheets.google import GoogleWorksheet
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.contract.google_bench import opened
from tests.contract.test_columns import NAMES
from tests.google.labeler import Labeler
from tests.google.model import Sheet
from tests.google.server import StandIn
from tests.google.state import State

RUNS = int(os.environ.get("REVIEW_FIRE", "12"))
COUNT = 8
LOOKS = Looks("group", ("why", "one"), "possible duplicates", (7, 20, 9))
FAULTS = (None, None, "503", "reset", "broken-body", "429")


class Scene:
    """A tab with pictures, their labels and decisions, which are known by the address in their row."""

    def __init__(self, google: StandIn, rng: random.Random) -> None:
        rows = [["#", "url", "label"]]
        rows += [[str(n), f"https://a.example/{n}.jpg", f"label {n}"] for n in range(1, COUNT + 1)]
        self.rng, self.google = rng, google
        self.key = google.add_spreadsheet("Rows", {"Rows": rows})
        self.hands: Labeler = google.labeler(self.key, "Rows")
        self.labels = {row[1]: row[2] for row in rows[1:]}
        self.decisions: dict[str, str] = {}
        self.kept: list[str] = []
        self.log: list[str] = []

    def rows(self, tab: str = "Rows") -> list[list[str]]:
        held = self.google.labeler(self.key, tab).rows()
        return [["" if cell is None else str(cell) for cell in row] for row in held]

    def place(self) -> tuple[int, int]:
        """The row of names and the column of addresses, as they are now (from 0)."""
        return next((i, row.index("url")) for i, row in enumerate(self.rows()) if "url" in row)

    def area(self) -> Area:
        row, column = self.place()
        return Area(column, column + 1, row + 2)

    def edit(self, _: State) -> None:
        """Do something that people do, in the moment before a batch arrives."""
        row, column = self.place()
        rows = self.rows()
        kind = self.rng.choice(("insert column", "insert row", "label", "decision", "sort", "nothing", "column right"))
        self.log.append(kind)
        at = self.rng.randrange(row + 1, row + 1 + COUNT)
        url = rows[at][column] if at < len(rows) and column < len(rows[at]) else ""
        if kind == "insert column":
            self.hands.insert_columns(1)
        elif kind == "column right":
            self.hands.insert_columns(column + 3)
        elif kind == "insert row":
            self.hands.insert_rows(at + 1)
        elif kind == "label" and url in self.labels:
            self.labels[url] = f"again {self.rng.random()}"
            self.hands.type(f"{'ABCDEFGHIJKLMN'[rows[row].index('label')]}{at + 1}", self.labels[url])
        elif kind == "decision" and url in self.labels and "decision" in rows[row]:
            self.decisions[url] = self.rng.choice(("keep", "drop"))
            self.hands.type(f"{'ABCDEFGHIJKLMN'[rows[row].index('decision')]}{at + 1}", self.decisions[url])
        elif kind == "sort":
            last = max(len(one) for one in rows)
            self.hands.sort(f"B{row + 2}:{'ABCDEFGHIJKLMN'[last - 1]}{row + 1 + COUNT}", column + 1, descending=True)

    def review(self, worksheet: GoogleWorksheet) -> None:
        area = self.area()
        at = place_columns(worksheet, area, Scope.RANGE, NAMES)
        wide = widened(area, at, Scope.RANGE, NAMES)
        rows = worksheet.read(wide, Scope.RANGE)
        order = list(range(len(rows)))
        self.rng.shuffle(order)
        texts = tuple((str(i // 2 + 1), self.rng.choice(("one of", "same"))) for i in range(len(rows)))
        columns = Columns(NAMES, at, texts, choices=("keep", "drop"), looks=LOOKS)
        run = f"run{self.rng.random()}"
        worksheet.reorder(Move(wide, Scope.RANGE, rows, tuple(order), run, columns=columns))

    def off(self, worksheet: GoogleWorksheet) -> None:
        at = worksheet.standing(self.area(), NAMES)
        if at is not None:
            worksheet.remove(NAMES, at, self.kept.extend)

    def attempt(self, what: Callable[[GoogleWorksheet], None]) -> None:
        """Try as the commands do, and go on without after three times; what is left is looked at in any case."""
        fault = self.rng.choice(FAULTS)
        nth = 1 if what == self.off else 2  # the first batch of a sort only marks the columns
        if fault:
            after = self.rng.random() < 0.5 and fault != "429"
            self.google.faults.add(fault, nth=nth, after=after, match=":batchUpdate")
        self.google.before_request(nth, self.edit, match=":batchUpdate")
        for _ in range(3):
            try:
                what(opened(self.google, self.key, "Rows"))
            except CurationError as error:
                self.log.append(f"{what.__name__}: {error.what}")
            else:
                self.log.append(f"{what.__name__}: done")
                return

    def wrong(self) -> list[str]:
        """Return what is not as it must be."""
        row, column = self.place()
        rows = self.rows()
        found = {}
        for one in rows[row + 1 :]:
            if column < len(one) and one[column]:
                found[one[column]] = one
        told = [f"{url} is gone" for url in self.labels if url not in found]
        told += [
            f"{url} has the label {found[url][column + 1 :]}, not {label}"
            for url, label in self.labels.items()
            if url in found and label not in found[url]
        ]
        copies = [sheet.title for sheet in self.book_tabs() if sheet.title != "Rows"]
        for url, decision in self.decisions.items():
            beside = decision in found.get(url, ())
            elsewhere = decision in self.kept or any(decision in cells for tab in copies for cells in self.rows(tab))
            if not beside and not ("decision" not in rows[row] and elsewhere):
                told.append(f"{url} lost its decision {decision}: {found.get(url)}")
        return told

    def book_tabs(self) -> list[Sheet]:
        book = self.google.state.files[self.key].book
        assert book is not None
        return list(book.sheets)


@pytest.mark.parametrize("seed", range(RUNS))
def test_labels_and_decisions_stay_with_their_rows(seed: int) -> None:
    with StandIn() as google:
        scene = Scene(google, random.Random(seed))  # noqa: S311 - the same story every time
        for what in (scene.review, scene.review, scene.off):
            scene.attempt(what)
            assert not scene.wrong(), (scene.log, scene.wrong(), scene.rows())
