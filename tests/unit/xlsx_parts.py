"""Workbooks written part by part, for what openpyxl cannot write, and a look into them without our own code."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from sheets import a1
from sheets.rows import Scope
from sheets.worksheet import Move
from sheets.xlsx import XlsxWorksheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
    '<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>{}</Types>'
)
_TYPES = {
    "workbook": "sheet.main",
    "worksheets/sheet1": "worksheet",
    "worksheets/sheet2": "worksheet",
    "sharedStrings": "sharedStrings",
    "styles": "styles",
    "calcChain": "calcChain",
    "metadata": "sheetMetadata",
    "comments1": "comments",
}


def relationships(*pointers: tuple[str, str, str]) -> str:
    """A relationship part; each pointer is (id, kind, target), an outside target has a scheme."""
    return (
        f'<Relationships xmlns="{RELS}">'
        + "".join(
            f'<Relationship Id="{identifier}" Type="{OFFICE}/{kind}" Target="{target}"'
            + (' TargetMode="External"' if "://" in target else "")
            + "/>"
            for identifier, kind, target in pointers
        )
        + "</Relationships>"
    )


def sheet(rows: str, *, before: str = "", after: str = "") -> str:
    """A worksheet part around its rows."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"{before}<sheetData>{rows}</sheetData>{after}</worksheet>"
    )


def write(path: Path, parts: Mapping[str, str | bytes], *, tabs: Iterable[str] = ("Sheet1",)) -> Path:
    """Write a workbook from its parts; those that every workbook has are added where they are missing."""
    titles = list(tabs)
    whole: dict[str, str | bytes] = {
        "[Content_Types].xml": CONTENT_TYPES.format(
            "".join(
                f'<Override PartName="/xl/{name}.xml" ContentType='
                f'"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"/>'
                for name, kind in _TYPES.items()
                if f"xl/{name}.xml" in parts or name == "workbook"
            )
        ),
        "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        + "".join(f'<sheet name="{t}" sheetId="{i}" r:id="rId{i}"/>' for i, t in enumerate(titles, start=1))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relationships(
            *((f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(titles) + 1)),
            *(
                (f"rIdX{i}", kind, f"{kind}.xml")
                for i, kind in enumerate(("sharedStrings", "styles", "calcChain"))
                if f"xl/{kind}.xml" in parts
            ),
        ),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (whole | dict(parts)).items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 29, 12, 34, 56)), data, zipfile.ZIP_DEFLATED)
    return path


def cells(path: Path, part: str = SHEET) -> dict[str, str]:
    """What each cell of a sheet is, by its address: its XML without the address; blank unformatted cells left out."""
    found = {}
    for cell in root(path, part).iter(f"{{{MAIN}}}c"):
        address = cell.attrib.pop("r")
        if cell.attrib or len(cell):
            cell.tail = None
            found[address] = ElementTree.tostring(cell, encoding="unicode")
    return found


def root(path: Path, part: str = SHEET) -> ElementTree.Element:
    with zipfile.ZipFile(path) as archive:
        return ElementTree.fromstring(archive.read(part))  # noqa: S314 - our own file


def attributes(path: Path, tag: str, name: str, part: str = SHEET) -> list[str]:
    """The values of an attribute on all elements of a kind, in their order."""
    return [element.get(name, "") for element in root(path, part).iter(f"{{{MAIN}}}{tag}")]


def packed(path: Path) -> dict[str, tuple[bytes, tuple[int, ...], int]]:
    """The packed bytes, date and place in the order of each entry of a zip file."""
    data = path.read_bytes()
    found: dict[str, tuple[bytes, tuple[int, ...], int]] = {}
    with zipfile.ZipFile(path) as archive:
        for place, entry in enumerate(archive.infolist()):
            head = data[entry.header_offset :][:30]
            start = entry.header_offset + 30 + sum(int.from_bytes(head[i : i + 2], "little") for i in (26, 28))
            found[entry.filename] = (data[start : start + entry.compress_size], entry.date_time, place)
    return found


def reorder(
    path: Path,
    order: Iterable[int],
    area: str = "B2:C",
    scope: Scope = Scope.RANGE_ONLY,
    *,
    tab: str | None = None,
    force: bool = False,
    backup: bool = False,
) -> str:
    """Read an area and put its rows into another order."""
    worksheet = XlsxWorksheet.open(path, tab, backup=backup)
    parsed = a1.parse(area)
    wanted = tuple(order)
    rows = worksheet.read(parsed, scope, at_least=len(wanted))
    return worksheet.reorder(Move(parsed, scope, rows, wanted, "run", force))


def inverse(order: Iterable[int]) -> tuple[int, ...]:
    """The order that takes another one back."""
    wanted = tuple(order)
    return tuple(sorted(range(len(wanted)), key=wanted.__getitem__))


def text(address: str, value: str, attributes: str = "") -> str:
    """A cell with its text in it."""
    return f'<c r="{address}" t="inlineStr" {attributes}><is><t>{value}</t></is></c>'


def rows_of(*lines: str, first: int = 1) -> str:
    """`row` elements, numbered from `first`."""
    return "".join(f'<row r="{number}">{line}</row>' for number, line in enumerate(lines, start=first))
