"""How the contract suite makes a worksheet in each back-end, and looks at it without our own code."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import openpyxl

from sheets.delimited import DelimitedWorksheet
from sheets.worksheet import Worksheet
from tests.contract.memory import MemoryWorksheet


class Bench(Protocol):
    """A worksheet under test, and the hands of a labeler on it."""

    def make(self, rows: list[list[str]]) -> Worksheet:
        """Return a new worksheet with these rows from A1 on; a text that begins with `=` is a formula."""
        ...

    def texts(self) -> list[list[str]]:
        """Return all cells as they are now, trailing blanks cut, read by other code than ours."""
        ...

    def type(self, row: int, column: int, text: str) -> None:
        """Type into a cell, counted from 1, as somebody else does who has the sheet open."""
        ...


class MemoryBench:
    def make(self, rows: list[list[str]]) -> Worksheet:
        self._sheet = MemoryWorksheet([list(row) for row in rows])
        return self._sheet

    def texts(self) -> list[list[str]]:
        return trimmed(self._sheet.cells)

    def type(self, row: int, column: int, text: str) -> None:
        cells = self._sheet.cells[row - 1]
        cells += [""] * (column - len(cells))
        cells[column - 1] = text


class CsvBench:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "rows.csv"

    def make(self, rows: list[list[str]]) -> Worksheet:
        self._write(rows)
        return DelimitedWorksheet(self._path, backup=False)

    def texts(self) -> list[list[str]]:
        return trimmed(csv.reader(io.StringIO(self._path.read_text("utf-8"), newline="")))

    def type(self, row: int, column: int, text: str) -> None:
        rows = self.texts()
        rows[row - 1] += [""] * (column - len(rows[row - 1]))
        rows[row - 1][column - 1] = text
        self._write(rows)

    def _write(self, rows: list[list[str]]) -> None:
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows(rows)
        self._path.write_bytes(stream.getvalue().encode())


class XlsxBench:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "rows.xlsx"

    def make(self, rows: list[list[str]]) -> Worksheet:
        book = openpyxl.Workbook()
        book.active.title = "Rows"
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row, start=1):
                if text:
                    book.active.cell(number, column, int(text) if text.isdigit() else text)
        book.save(self._path)
        from sheets.xlsx import XlsxWorksheet  # noqa: PLC0415 - a suite of one back-end needs no other

        return XlsxWorksheet.open(self._path, "Rows", backup=False)

    def texts(self) -> list[list[str]]:
        sheet = openpyxl.load_workbook(self._path)["Rows"]
        return trimmed([["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)])

    def type(self, row: int, column: int, text: str) -> None:
        book = openpyxl.load_workbook(self._path)
        book["Rows"].cell(row, column, text)
        book.save(self._path)


def trimmed(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Cut blank cells at the ends of rows and blank rows at the end."""
    result = []
    for row in rows:
        cells = list(row)
        while cells and not cells[-1]:
            cells.pop()
        result.append(cells)
    while result and not result[-1]:
        result.pop()
    return result


def bench(kind: str, folder: Path) -> Iterator[Bench]:
    """Yield the bench of one back-end."""
    match kind:
        case "memory":
            yield MemoryBench()
        case "csv":
            yield CsvBench(folder)
        case "xlsx":
            yield XlsxBench(folder)
        case "google":
            from tests.contract.google_bench import google_bench  # noqa: PLC0415 - the stand-in takes a second

            yield from google_bench()
