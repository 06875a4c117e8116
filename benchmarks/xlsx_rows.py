"""How long a workbook of many rows takes to sort, beside openpyxl, which loads and saves the whole of it.

    python benchmarks/xlsx_rows.py [ROWS]

Makes a workbook of 6 columns (number, URL, text, number, formula, text) in a temporary folder, 100,000 rows unless
told otherwise, and prints one table: seconds, and the memory at its highest. Each line runs in a process of its own.
openpyxl's line moves the same cells by value; it drops cached values, in-cell pictures and sparklines on the way.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import openpyxl

from benchmarks import memory
from sheets import a1
from sheets.rows import Scope
from sheets.worksheet import Move
from sheets.xlsx import XlsxWorksheet

_AREA = a1.parse("B2:C")


def make(path: Path, count: int) -> None:
    """Write the workbook that is sorted."""
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Sheet1")
    page.append(["#", "url", "name", "size", "length", "note"])
    for number in range(1, count + 1):
        url = f"https://example.org/pictures/{number}.jpg"
        page.append([number, url, f"name {number}", number * 2, f"=LEN(B{number + 1})", "keep"])
    book.save(path)


def read(path: Path, _: int) -> None:
    """Read the rows and look for obstacles."""
    XlsxWorksheet.open(path, None).read(_AREA, Scope.RANGE)


def ours(path: Path, count: int, scope: Scope = Scope.RANGE_ONLY) -> None:
    """Read the rows, shuffle them, write and check."""
    worksheet = XlsxWorksheet.open(path, None, backup=False)
    worksheet.reorder(Move(_AREA, scope, worksheet.read(_AREA, scope), _order(count), "benchmark"))


def whole(path: Path, count: int) -> None:
    """Do the same with all columns."""
    ours(path, count, Scope.WHOLE_ROWS)


def peer(path: Path, count: int) -> None:
    """Let openpyxl load the workbook, move the values of B:C, and save it."""
    book = openpyxl.load_workbook(path)
    page = book["Sheet1"]
    before = [[page.cell(row, column).value for column in (2, 3)] for row in range(2, count + 2)]
    for place, source in enumerate(_order(count)):
        for column, value in zip((2, 3), before[source], strict=True):
            page.cell(place + 2, column).value = value
    book.save(path)


LINES: dict[str, Callable[[Path, int], None]] = {"read": read, "range": ours, "whole rows": whole, "openpyxl": peer}


def _order(count: int) -> tuple[int, ...]:
    order = list(range(count))
    random.Random(1).shuffle(order)
    return tuple(order)


def main() -> None:
    """Print the table, or be one line of it."""
    parser = argparse.ArgumentParser(description="Time the sorting of a workbook.")
    parser.add_argument("rows", nargs="?", type=int, default=100_000)
    parser.add_argument("--line", choices=LINES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.line:
        start = time.perf_counter()
        LINES[told.line](told.file, told.rows)
        print(f"{told.line:12} {time.perf_counter() - start:7.1f} s   {memory.peak():>9}")
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.xlsx"
        make(path, told.rows)
        print(f"{told.rows:,} rows of 6 columns, {path.stat().st_size / 2**20:.1f} MB", flush=True)
        for line in LINES:
            subprocess.run([sys.executable, __file__, str(told.rows), "--line", line, "--file", path], check=True)


if __name__ == "__main__":
    main()
