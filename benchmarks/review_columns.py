"""How long the review columns of many rows take to write, to write again, and to take away, on every back-end.

    python benchmarks/review_columns.py [ROWS] [--kinds csv xlsx google]

Makes a sheet of 3 columns with 100,000 rows unless told otherwise, six in ten of them in groups of four, and prints
one table: seconds, seconds of the process's CPU, and its memory at its highest. Each back-end runs in a process of its
own, and so does the stand-in for Google, whose work is in the seconds but not in the CPU. Nothing is fetched.
"""

import argparse
import csv
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import memory
from report.review import KEEPER, NAMES, WIDTHS
from sheets.a1 import Area
from sheets.columns import Columns, Looks, place_columns, widened
from sheets.rows import Scope
from sheets.worksheet import Move, Worksheet

_AREA = Area(1, 2, 2)
_LOOKS = Looks("group", ("status", KEEPER), "possible duplicates", WIDTHS)
_SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from benchmarks.review_columns import sheet
from tests.google.server import StandIn
with StandIn() as google:
    key = google.add_spreadsheet("Rows", {"Rows": sheet(int(sys.argv[2]))})
    print(google.url, google.credentials_direct, key, flush=True)
    sys.stdin.read()
"""


def sheet(count: int) -> list[list[str]]:
    """Return the rows: a header, then number, URL and label."""
    rows = [[str(i), f"https://example.org/some/pictures/{i}.jpg", f"label {i % 50}"] for i in range(1, count + 1)]
    return [["#", "url", "label"], *rows]


@contextmanager
def made(kind: str, count: int, folder: Path) -> Iterator[Worksheet]:
    """Yield a worksheet with these rows."""
    path = folder / f"rows.{kind}"
    if kind == "csv":
        from sheets.delimited import DelimitedWorksheet  # noqa: PLC0415 - each process loads what it measures

        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(sheet(count))
        yield DelimitedWorksheet(path, backup=False)
    elif kind == "xlsx":
        import openpyxl  # noqa: PLC0415 - as above

        from sheets.xlsx import XlsxWorksheet  # noqa: PLC0415 - as above

        book = openpyxl.Workbook(write_only=True)
        page = book.create_sheet("Rows")
        for row in sheet(count):
            page.append(row)
        book.save(path)
        yield XlsxWorksheet.open(path, "Rows", backup=False)
    else:
        with _google(count) as worksheet:
            yield worksheet


@contextmanager
def _google(count: int) -> Iterator[Worksheet]:
    from sheets.google import GoogleWorksheet  # noqa: PLC0415 - each process loads what it measures
    from sheets.google.client import Patience  # noqa: PLC0415 - as above

    command = [sys.executable, "-c", _SERVER, str(Path(__file__).resolve().parent.parent), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the stand-in has no pipes")
        url, credentials, key = server.stdout.readline().split()
        # A busy computer needs longer than Google allows a request.
        yield GoogleWorksheet.open(key, None, Path(credentials), api=url, patience=Patience(timeout=(10, 1800)))
        server.stdin.close()


def review(worksheet: Worksheet, order: list[int], texts: tuple[tuple[str, ...], ...], run: str) -> None:
    """Write the columns with a move, as a run with --review does."""
    at = place_columns(worksheet, _AREA, Scope.RANGE, NAMES)
    wide = widened(_AREA, at, Scope.RANGE, NAMES)
    rows = worksheet.read(wide, Scope.RANGE)
    columns = Columns(NAMES, at, texts, choices=("keep", "drop", "distinct"), looks=_LOOKS)
    worksheet.reorder(Move(wide, Scope.RANGE, rows, tuple(order), run, columns=columns))


def texts_of(order: list[int]) -> tuple[tuple[str, ...], ...]:
    """Return the texts of every row before the move."""
    why = "same picture (97 % alike, hashes differ in 2, 4 and 3 of 64 bits)"
    found: list[tuple[str, ...]] = [("",) * (len(NAMES) - 1)] * len(order)
    for place, row in enumerate(order):
        if place < 0.6 * len(order):
            keeper = "" if place % 4 else KEEPER
            found[row] = (str(place // 4 + 1), f"row {place + 3}", why, "1200x675 jpeg 187 kB", keeper)
        else:
            found[row] = ("", "", "", "1200x675 jpeg 187 kB", "")
    return tuple(found)


def measure(kind: str, count: int) -> None:
    """Print the lines of one back-end."""
    order = list(range(count))
    random.Random(1).shuffle(order)
    texts = texts_of(order)
    with TemporaryDirectory() as folder, made(kind, count, Path(folder)) as worksheet:
        with _lap(f"{kind}: sort and write"):
            review(worksheet, order, texts, "one")
        with _lap(f"{kind}: sort and write again"):
            review(worksheet, order, tuple(texts[i] for i in order), "two")
        with _lap(f"{kind}: take away"):
            at = worksheet.standing(_AREA, NAMES)
            if at is None:
                raise RuntimeError("the columns are not found again")
            worksheet.remove(NAMES, at, lambda _: None)


@contextmanager
def _lap(what: str) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    seconds, busy = time.perf_counter() - began, time.process_time() - cpu
    print(f"{what:<32}{seconds:>8.1f} s{busy:>8.1f} s CPU{memory.peak():>12}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time the review columns.")
    parser.add_argument("rows", nargs="?", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="+", choices=("csv", "xlsx", "google"), default=["csv", "xlsx", "google"])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.one, options.rows)
        return
    print(f"{options.rows:,} rows")
    for kind in options.kinds:
        subprocess.run([sys.executable, __file__, str(options.rows), "--one", kind], check=True)


if __name__ == "__main__":
    main()
