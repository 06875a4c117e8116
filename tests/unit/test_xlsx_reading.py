"""Tabs are found, addresses are read wherever a cell keeps them, and files that are no workbooks say what they are."""

import io
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest

from errors import AccessRefused, CurationError, NotFound, UsageError
from sheets import a1
from sheets.rows import Rows, Scope
from sheets.xlsx import XlsxWorksheet
from sheets.xlsx.package import Bounds, Package
from tests.unit.xlsx_parts import SHEET, packed, relationships, rows_of, sheet, text, write
from tests.unit.xlsx_rich import rich


def read(path: Path, area: str = "B2:C", tab: str | None = None) -> Rows:
    return XlsxWorksheet.open(path, tab).read(a1.parse(area), Scope.RANGE_ONLY)


def test_addresses_are_read_from_text_runs_formulas_and_links(tmp_path: Path) -> None:
    assert read(rich(tmp_path), tab="Sheet1").urls == (
        "https://a.example/1.jpg",
        "https://b.example/2.jpg",
        "https://c.example/3.jpg",
        "",
        "https://d.example/5.jpg",
    )


@pytest.mark.parametrize(
    ("cell", "url"),
    [
        ('<c r="B2" t="str"><f>HYPERLINK("https://a.example/x","cat")</f><v>cat</v></c>', "https://a.example/x"),
        ('<c r="B2" t="e" vm="1"><f>_xlfn.IMAGE("https://a.example/x")</f><v>#VALUE!</v></c>', "https://a.example/x"),
        ('<c r="B2" t="str"><f>"https://a.example/"&amp;"y"</f><v>https://a.example/y</v></c>', "https://a.example/y"),
        ('<c r="B2" t="e" vm="1"><v>#VALUE!</v></c>', ""),
        ('<c r="B2"><v>17</v></c>', "17"),
        ('<c r="B2" t="inlineStr"><is><t>a_x0020_b_x005F_x0020_</t></is></c>', "a b_x0020_"),
        ('<c r="B2" s="4"/>', ""),
        ('<c r="B2" t="inlineStr"><is><t/></is></c>', ""),
    ],
)
def test_a_cell_names_an_address(tmp_path: Path, cell: str, url: str) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows_of("", cell, text("B3", "last")))})
    assert read(path).urls == (url, "last")


def test_a_link_keeps_its_place_in_the_page_and_a_place_in_the_workbook_is_no_address(tmp_path: Path) -> None:
    links = (
        '<hyperlinks><hyperlink ref="B2" r:id="rId1" location="top"/><hyperlink ref="B3" location="A1"/></hyperlinks>'
    )
    parts = {
        SHEET: sheet(rows_of("", text("B2", "cat"), text("B3", "dog")), after=links),
        "xl/worksheets/_rels/sheet1.xml.rels": relationships(("rId1", "hyperlink", "https://a.example/x")),
    }
    assert read(write(tmp_path / "a.xlsx", parts)).urls == ("https://a.example/x#top", "dog")


def test_rows_end_with_the_last_one_that_holds_something_in_the_range(tmp_path: Path) -> None:
    rows = rows_of("", text("B2", "x"), "", text("C4", "y"), '<c r="B5" s="1"/>', text("D6", "z"))
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows)})
    found = read(path)
    assert (found.first_row, found.urls) == (2, ("x", "", ""))
    assert [[one is None for one in row] for row in found.cells] == [[False, True], [True, True], [True, False]]
    assert len(read(path, "B2:C3")) == 1
    assert len(read(path, "F2:G")) == 0


def test_equal_cells_are_equal_however_the_file_keeps_them(tmp_path: Path) -> None:
    strings = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>cat</t></si></sst>'
    rows = rows_of(text("B1", "cat"), '<c r="B2" t="s"><v>0</v></c>', '<c r="B3" t="str"><v>cat</v></c>')
    found = read(write(tmp_path / "a.xlsx", {SHEET: sheet(rows), "xl/sharedStrings.xml": strings}), "B1:B")
    assert found.cells[0] == found.cells[1]
    assert len(set(found.cells)) == 2


def test_a_workbook_with_one_visible_tab_needs_no_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Lists").sheet_state = "hidden"
    path = tmp_path / "a.xlsx"
    book.save(path)
    identity = XlsxWorksheet.open(path, None).identity
    assert (identity.kind, identity.key, identity.worksheet_key) == ("xlsx", str(path), "Sheet")
    assert (identity.spreadsheet, identity.worksheet) == ("a.xlsx", "Sheet")
    assert XlsxWorksheet.open(path, "Lists").identity.worksheet == "Lists"


def test_several_tabs_must_be_named_and_are_listed(tmp_path: Path) -> None:
    path = rich(tmp_path)
    with pytest.raises(UsageError, match='several tabs: "Data", "Sheet1"'):
        XlsxWorksheet.open(path, None)
    with pytest.raises(NotFound, match='no tab "Foods"; its tabs: "Data", "Sheet1"'):
        XlsxWorksheet.open(path, "Foods")
    assert XlsxWorksheet.open(path, "sheet1").identity.worksheet == "Sheet1"


def _encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(99)


def _zip(**parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "error", "what", "hint"),
    [
        (b"", UsageError, "is empty", "save it as"),
        (b"a,b\n1,2\n", UsageError, "is not an .xlsx workbook", ".csv"),
        (_encrypted(), AccessRefused, "protected with a password", "Encrypt with Password"),
        (b"\xd0\xcf\x11\xe0" + bytes(99), UsageError, r"97-2003 workbook", "Save As"),
        (b"PK\x03\x04 torn", UsageError, "not a workbook, or it is damaged", "save it"),
        (_zip(a="b"), UsageError, "a zip file but not a workbook", ".xlsx"),
        (_zip(**{"mimetype": "x", "content.xml": "x"}), UsageError, "OpenDocument", "LibreOffice"),
        (
            _zip(**{"_rels/.rels": relationships(("r", "officeDocument", "xl/workbook.bin")), "xl/workbook.bin": ""}),
            UsageError,
            r"binary workbook \(.xlsb\)",
            "Save As",
        ),
    ],
)
def test_what_is_no_workbook_says_what_it_is(
    tmp_path: Path, data: bytes, error: type[CurationError], what: str, hint: str
) -> None:
    path = tmp_path / "foods.xlsx"
    path.write_bytes(data)
    with pytest.raises(error, match=f"foods.xlsx .*{what}") as caught:
        XlsxWorksheet.open(path, None)
    assert hint in caught.value.hint


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        XlsxWorksheet.open(tmp_path / "foods.xlsx", None)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ('<row r="2"/><row r="1"/>', "row 1 follows row 2"),
        ('<row r="1"><c r="B1"/><c r="A1"/></row>', "holds A1 out of order"),
        ('<row r="1"><c r="B2"/></row>', "row 1 holds a cell B2"),
        ('<row r="x"/>', "row x follows"),
        ('<row r="999999999"/>', "row 999999999 follows row 0"),
        ('<row r="1"><c r="XFE1"/></row>', "holds XFE1"),
        ('<row r="1"><c r="A11"/></row>', "row 1 holds a cell A11"),
        ('<row r="1"><c r="B1" s="x"><v>1</v></c><c r="C1" s="y"/></row>', "'y' stands where a number should"),
        ('<row r="1"><c r="B1" t="s"><v>9</v></c></row>', "B1 names text 9"),
        ('<row r="1"><c', "no well-formed XML"),
    ],
)
def test_a_damaged_sheet_says_where(tmp_path: Path, rows: str, what: str) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows)})
    with pytest.raises(UsageError, match=what):
        XlsxWorksheet.open(path, None).read(a1.parse("B1:B"), Scope.RANGE)


def test_entities_are_refused_not_expanded(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE worksheet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    data = sheet(rows_of(text("B1", "&b;"))).replace("<worksheet", f"{bomb}<worksheet", 1)
    with pytest.raises(UsageError, match="declares a document type"):
        read(write(tmp_path / "a.xlsx", {SHEET: data}), "B1:B")


def test_a_part_that_unpacks_to_far_more_than_a_sheet_does_is_not_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(" " * (20_000_000))})
    assert path.stat().st_size < 100_000
    with pytest.raises(UsageError, match=r"unpacks to 20,.* bytes, 10\d\d times its size"):
        read(path)


def test_a_part_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(" " * 5_000_000)})
    data = path.read_bytes()
    size = struct.pack("<I", len(sheet(" " * 5_000_000)))
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, struct.pack("<I", 1000)))
    with pytest.raises(UsageError, match="damaged"):
        read(path)


@pytest.mark.parametrize("bounds", [Bounds(entries=3), Bounds(total=100)])
def test_packages_beyond_the_bounds_are_refused(tmp_path: Path, bounds: Bounds) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet("")})
    with pytest.raises(UsageError, match=r"entries of .* bytes unpacked; up to"):
        Package(path.read_bytes(), "a.xlsx", bounds)


def test_an_encrypted_entry_and_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {SHEET: sheet("")})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(AccessRefused, match="encrypted"):
        Package(bytes(data), "a.xlsx")
    twice = path.read_bytes().replace(b"_rels/.rels", b"_RELS/.rels")
    stream = io.BytesIO(twice)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("_rels/.rels", "")
    with pytest.raises(UsageError, match="two parts of one name"):
        Package(stream.getvalue(), "a.xlsx")


def test_a_copy_without_changes_keeps_every_packed_byte_date_and_comment(tmp_path: Path) -> None:
    path = rich(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("stored.bin", b"as it is", zipfile.ZIP_STORED)
        archive.comment = b"a comment"
        with archive.open("streamed.bin", "w") as stream:
            stream.write(b"x" * 1000)
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(Package(path.read_bytes(), "rich.xlsx").rewritten({}))
    assert packed(copy) == packed(path)
    with zipfile.ZipFile(copy) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"a comment"


def test_an_entry_written_as_a_stream_is_copied_with_its_sizes_in_its_head() -> None:
    class Pipe(io.BytesIO):
        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "text " * 100)
    data = pipe.getvalue()
    assert zipfile.ZipFile(io.BytesIO(data)).infolist()[0].flag_bits & 0x08
    with zipfile.ZipFile(io.BytesIO(Package(data, "a.xlsx").rewritten({}))) as copy:
        assert copy.read("a.txt") == b"text " * 100
        assert not copy.infolist()[0].flag_bits & 0x08
