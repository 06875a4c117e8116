"""LibreOffice opens a workbook whose rows were moved and agrees on every cell."""

import csv
import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest

from sheets.rows import Scope
from tests.unit.xlsx_parts import inverse, reorder
from tests.unit.xlsx_rich import rich

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="NOT CHECKED: LibreOffice is not on this machine (Debian: apt-get install libreoffice-calc-nogui)",
)


def shown(folder: Path, *paths: Path) -> list[list[list[str]]]:
    """What LibreOffice shows in the first tab of each workbook."""
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76",  # comma, quote, UTF-8
            "--outdir",
            folder / "out",
            *paths,
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    result = []
    for path in paths:
        with (folder / "out" / f"{path.stem}.csv").open(encoding="utf-8", newline="") as stream:
            result.append(list(csv.reader(stream)))
    return result


def permuted(rows: list[list[str]], order: tuple[int, ...], columns: slice) -> list[list[str]]:
    """The rows below the header with some columns in another order."""
    result = [list(row) for row in rows]
    for place, source in enumerate(order):
        result[1 + place][columns] = rows[1 + source][columns]
    return result


def test_every_cell_agrees_with_the_permutation_formulas_included(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["#", "url", "length", "label", "joined", "row"])
    for number in range(1, 31):
        row = number + 1
        url = f"https://a.example/{'x' * (number * 7 % 11)}{number}.jpg" if number % 5 else None
        page.append([number, url, f"=LEN(B{row})", f'ünï {number}, "q"', f'=D{row}&"|"&$H$1', number / 4])
    page["H1"] = "=COUNTA(B2:B31)"
    before = tmp_path / "before.xlsx"
    book.save(before)
    order = tuple((place * 7 + 3) % 30 for place in range(30))
    copies = {}
    for name, area, scope in (("range", "B2:E", Scope.RANGE_ONLY), ("whole", "B2:C", Scope.WHOLE_ROWS)):
        copies[name] = tmp_path / f"{name}.xlsx"
        shutil.copy(before, copies[name])
        reorder(copies[name], order, area, scope)
    back = tmp_path / "back.xlsx"
    shutil.copy(copies["range"], back)
    reorder(back, inverse(order), "B2:E")
    original, by_range, whole, restored = shown(tmp_path, before, copies["range"], copies["whole"], back)
    assert len(original) == 31
    assert original[3][2] == str(len(original[3][1])), "LibreOffice calculates"
    assert by_range == permuted(original, order, slice(1, 5))
    assert whole == permuted(original, order, slice(0, 6))
    assert restored == original


def test_a_workbook_with_everything_opens_and_agrees(tmp_path: Path) -> None:
    before = rich(tmp_path)
    order = (4, 2, 0, 3, 1)
    after = tmp_path / "after.xlsx"
    shutil.copy(before, after)
    reorder(after, order, "B2:F", tab="Sheet1")
    # The tab is the second one; LibreOffice writes the first, so let it be the first in both.
    for path in (before, after):
        _first(path)
    original, moved = shown(tmp_path, before, after)
    assert original[1][1] == "https://a.example/1.jpg"
    assert original[2][1] == "https://b.example/2.jpg"
    assert [row[1] for row in moved] == [row[1] for row in permuted(original, order, slice(1, 6))]
    assert [row[0] for row in moved] == [row[0] for row in original]
    assert [row[3:6] for row in moved] == [row[3:6] for row in permuted(original, order, slice(1, 6))]


def _first(path: Path) -> None:
    """Put the tab Sheet1 before the tab Data."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    data = b'<sheet name="Data" sheetId="7" r:id="rId2"/>'
    root = parts["xl/workbook.xml"]
    assert data in root
    parts["xl/workbook.xml"] = root.replace(data, b"").replace(b"</sheets>", data + b"</sheets>")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
