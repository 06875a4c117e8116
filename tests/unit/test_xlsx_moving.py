"""What travels with a row of a workbook, and what stays to the byte."""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from errors import Unsortable
from sheets import a1
from sheets.rows import Scope
from sheets.xlsx import XlsxWorksheet
from tests.unit.xlsx_parts import (
    MAIN,
    SHEET,
    attributes,
    cells,
    inverse,
    packed,
    reorder,
    root,
    rows_of,
    sheet,
    text,
    write,
)
from tests.unit.xlsx_rich import rich

ORDER = (4, 2, 0, 3, 1)  # rows 2..6 of the rich workbook become 6, 4, 2, 5 (missing), 3
XM = "{http://schemas.microsoft.com/office/excel/2006/main}"


def moved_cells(before: dict[str, str], columns: str, order: tuple[int, ...] = ORDER) -> dict[str, str]:
    """Where the cells of rows 2.. belong after the order, formulas aside."""
    new = {source + 2: place + 2 for place, source in enumerate(order)}
    return {
        (f"{a[0]}{new[int(a[1:])]}" if a[0] in columns and int(a[1:]) in new else a): xml for a, xml in before.items()
    }


def without_formulas(found: dict[str, str]) -> dict[str, str]:
    return {address: xml for address, xml in found.items() if ":f" not in xml.replace(":f>", ":f")}


def test_only_the_sheet_its_calculation_order_and_the_recalculation_flag_change(tmp_path: Path) -> None:
    path = rich(tmp_path)
    before = packed(path)
    reorder(path, ORDER, tab="Sheet1")
    after = packed(path)
    assert list(after) == list(before)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {SHEET, "xl/calcChain.xml", "xl/workbook.xml"}
    assert all(before[name][1:] == after[name][1:] for name in before), "dates and places stay too"


def test_without_formulas_only_the_sheet_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows_of(text("B1", "x"), text("B2", "y")))})
    before = packed(path)
    reorder(path, (1, 0), "B1:B")
    after = packed(path)
    assert {name for name in before if before[name] != after[name]} == {SHEET}


def test_cells_keep_every_attribute_and_child_on_their_new_row(tmp_path: Path) -> None:
    path = rich(tmp_path)
    before = cells(path)
    reorder(path, ORDER, "B2:F", tab="Sheet1")
    after = cells(path)
    assert without_formulas(after) == without_formulas(moved_cells(before, "BCDEF"))
    assert 'vm="2"' in after["D2"]
    assert 's="2"' in after["E4"]


def test_columns_outside_the_range_stay(tmp_path: Path) -> None:
    path = rich(tmp_path)
    before = cells(path)
    reorder(path, ORDER, tab="Sheet1")
    after = cells(path)
    for column in "ADEF":
        assert {a: x for a, x in after.items() if a[0] == column} == {a: x for a, x in before.items() if a[0] == column}


def test_formulas_read_their_new_row_and_shared_ones_are_spelled_out(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, ORDER, "B2:F", tab="Sheet1")
    formulas = {c.get("r"): f for c in root(path).iter(f"{{{MAIN}}}c") for f in c.iter(f"{{{MAIN}}}f")}
    assert {address: f.text for address, f in formulas.items()} == {
        "C2": 'B2&"B6"',
        "C3": "LEN(B3)*$H$1",
        "C4": "LEN(B4)*$H$1",
        "C6": "LEN(B6)*$H$1",
        "F4": "UPPER(B4)",
    }
    assert formulas["F4"].attrib == {"t": "array", "ref": "F4"}
    assert formulas["C4"].attrib == {}


def test_calculation_order_names_the_cells_that_have_formulas_now(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, ORDER, "B2:F", tab="Sheet1")
    entries = [(c.get("r"), c.get("i")) for c in root(path, "xl/calcChain.xml")]
    assert entries == [("C4", "4"), ("C6", None), ("C3", None), ("B1", "7"), ("C2", "4"), ("F4", None)]


def test_programs_are_told_to_calculate_when_they_open_it(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, ORDER, tab="Sheet1")
    settings = root(path, "xl/workbook.xml").find(f"{{{MAIN}}}calcPr")
    assert settings is not None
    assert settings.attrib == {"calcId": "191029", "fullCalcOnLoad": "1"}


def test_links_rules_merges_and_sparklines_follow_their_cells(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, ORDER, tab="Sheet1")
    assert attributes(path, "hyperlink", "ref") == ["B2", "B4", "A1"]
    assert attributes(path, "mergeCell", "ref") == ["B6:C6", "H8:H9"]
    assert attributes(path, "dataValidation", "sqref") == ["C1:C100", "B2:B5 B7:B9"]
    assert attributes(path, "conditionalFormatting", "sqref") == ["B2:B6", "C4 C6"]
    assert attributes(path, "ignoredError", "sqref") == ["C3:C4 C6"]
    assert [e.text for e in root(path).iter(f"{XM}sqref")] == ["C4", "C2", "G1", "C3 C6"]
    assert [e.text for e in root(path).iter(f"{XM}f")] == [
        "Sheet1!A4:B4",
        "Data!A6:D6",
        "Sheet1!A2:A6",
        "Data!$A$1:$A$3",
    ]


def test_missing_rows_are_made_and_rows_stay_in_order(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, (3, 0, 1, 2, 4), tab="Sheet1")
    assert attributes(path, "row", "r") == ["1", "2", "3", "4", "5", "6"]
    assert set(cells(path)) >= {"B3", "B4", "B5", "B6"}
    assert "B2" not in cells(path)


def test_heights_stay_with_a_range_and_move_with_whole_rows(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, ORDER, tab="Sheet1")
    assert attributes(path, "row", "ht") == ["", "", "", "", "40"]
    reorder(path, ORDER, "B2:B", Scope.WHOLE_ROWS, tab="Sheet1")
    assert dict(zip(attributes(path, "row", "r"), attributes(path, "row", "ht"), strict=True))["2"] == "40"


def test_whole_rows_move_every_cell(tmp_path: Path) -> None:
    path = rich(tmp_path)
    before = cells(path)
    reorder(path, ORDER, "B2:C", Scope.WHOLE_ROWS, tab="Sheet1")
    assert without_formulas(cells(path)) == without_formulas(moved_cells(before, "ABCDEF"))
    assert attributes(path, "hyperlink", "ref") == ["B2", "B4", "A1"]


@pytest.mark.parametrize("area", ["B2:C", "B2:F"])
def test_the_inverse_order_restores_every_cell(tmp_path: Path, area: str) -> None:
    path = rich(tmp_path)
    worksheet = XlsxWorksheet.open(path, "Sheet1")
    before, read = cells(path), worksheet.read(a1.parse(area), Scope.RANGE_ONLY)
    rules = [attributes(path, tag, "sqref") for tag in ("dataValidation", "conditionalFormatting", "ignoredError")]
    extensions = [e.text for e in root(path).iter() if e.tag.startswith(XM)]
    reorder(path, ORDER, area, tab="Sheet1")
    assert cells(path) != before
    reorder(path, inverse(ORDER), area, tab="Sheet1")
    after = worksheet.read(a1.parse(area), Scope.RANGE_ONLY)
    assert (after.cells, after.urls) == (read.cells, read.urls)
    assert without_formulas(cells(path)) == without_formulas(before)
    assert rules == [
        attributes(path, tag, "sqref") for tag in ("dataValidation", "conditionalFormatting", "ignoredError")
    ]
    assert extensions == [e.text for e in root(path).iter() if e.tag.startswith(XM)]
    assert attributes(path, "hyperlink", "ref") == ["B6", "B2", "A1"]


def test_numbers_that_a_file_leaves_out_are_counted(tmp_path: Path) -> None:
    plain = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><v>4</v></c></row><row/>"
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(plain)})
    reorder(path, (1, 0), "A1:A")
    assert list(cells(path)) == ["A1", "B1", "A2", "B2"]
    assert [v.text for v in root(path).iter(f"{{{MAIN}}}v")] == ["3", "2", "1", "4"]


def test_prefixed_namespaces_are_kept(tmp_path: Path) -> None:
    prefixed = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="B1"><x:v>1</x:v></x:c></x:row>'
        '<x:row r="4"><x:c r="B4"><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    path = write(tmp_path / "a.xlsx", {SHEET: prefixed})
    reorder(path, (1, 3, 0, 2), "B1:B")
    written = zipfile.ZipFile(path).read(SHEET).decode()
    assert '<x:row r="2"><x:c r="B2"><x:v>2</x:v></x:c></x:row>' in written
    assert "xmlns:ns" not in written


def test_the_strict_flavour_is_understood(tmp_path: Path) -> None:
    path = rich(tmp_path)
    strict = {
        name: zipfile.ZipFile(path)
        .read(name)
        .replace(b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        .replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        for name in zipfile.ZipFile(path).namelist()
    }  # fmt: skip
    path = write(tmp_path / "strict.xlsx", strict)
    rows = XlsxWorksheet.open(path, "Sheet1").read(a1.parse("B2:C"), Scope.RANGE_ONLY)
    assert rows.urls[0] == "https://a.example/1.jpg"
    assert rows.urls[4] == "https://d.example/5.jpg"
    reorder(path, ORDER, tab="Sheet1")
    assert b'ref="B2"' in zipfile.ZipFile(path).read(SHEET)


def test_a_link_over_several_rows_comes_apart_and_still_links_each(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in range(1, 6):
        book.active.cell(row, 2, f"name {row}")
    book.active["B2"].hyperlink = "https://a.example/"
    book.active["B2"].hyperlink.ref = "B2:B3"
    path = tmp_path / "a.xlsx"
    book.save(path)
    worksheet = XlsxWorksheet.open(path, None)
    assert worksheet.read(a1.parse("B1:B"), Scope.RANGE).urls[1:3] == ("https://a.example/", "https://a.example/")
    reorder(path, (1, 0, 4, 2, 3), "B1:B")
    assert attributes(path, "hyperlink", "ref") == ["B1", "B4"]
    assert worksheet.read(a1.parse("B1:B"), Scope.RANGE).urls[3] == "https://a.example/"


def test_forced_formulas_read_as_copies_and_come_back(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in range(1, 5):
        book.active.cell(row + 1, 2, f"https://a.example/{row}")
        book.active.cell(row + 1, 3, f"=B{row}&B{row + 2}")
    path = tmp_path / "a.xlsx"
    book.save(path)
    before = cells(path)
    with pytest.raises(Unsortable, match="look at other rows: C2, C3, C4, C5"):
        reorder(path, (3, 1, 2, 0))
    assert cells(path) == before
    reorder(path, (3, 1, 2, 0), force=True)
    assert openpyxl.load_workbook(path).active["C2"].value == "=B1&B3"
    reorder(path, (3, 1, 2, 0), force=True)
    assert cells(path) == before


def test_a_forced_formula_that_would_look_above_the_sheet_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.xlsx",
        {SHEET: sheet(rows_of(text("B1", "x"), text("B2", "y") + '<c r="C2"><f>B1</f></c>'))},
    )
    with pytest.raises(Unsortable, match=r"C2 \(=B1\) would look above the first row"):
        reorder(path, (1, 0), "B1:C", force=True)


def test_a_shared_formula_beside_the_range_stays_shared(tmp_path: Path) -> None:
    path = rich(tmp_path)
    reorder(path, ORDER, "D2:D6", tab="Sheet1")
    assert [f.get("t") for f in root(path).iter(f"{{{MAIN}}}f")][:2] == ["shared", "array"]
    assert [f.get("si") for f in root(path).iter(f"{{{MAIN}}}f")] == ["0", None, "0", "0", None]
