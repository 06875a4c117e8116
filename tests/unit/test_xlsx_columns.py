"""Review columns in a workbook: what is drawn, which parts change, and that nothing of them stays behind."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from errors import SheetChanged, Unsortable, UsageError
from sheets.a1 import Area
from sheets.columns import Columns, Looks, place_columns, widened
from sheets.rows import Scope
from sheets.worksheet import Move
from sheets.xlsx import XlsxWorksheet
from tests.unit.xlsx_parts import MAIN, SHEET, cells, packed, reorder, root, rows_of, sheet, write
from tests.unit.xlsx_rich import rich

NAMES = ("group", "why", "status", "decision")
LOOKS = Looks("group", ("status", "keeper"), "duplicates", (7, 30, 20, 10))
AREA = Area(1, 2, 2)
STYLES = "xl/styles.xml"
TEXTS = (("1", "same", ""), ("", "", "http error"), ("2", "same", "keeper"), ("1", "same", "keeper"), ("2", "same", ""))
ORDER = (3, 0, 2, 4, 1)


def made(folder: Path, *, rows: int = 5) -> Path:
    """A workbook whose pictures are B2:C6, with running numbers before them."""
    book = openpyxl.Workbook()
    book.active.append(["#", "url", "label"])
    for number in range(1, rows + 1):
        book.active.append([number, f"https://a.example/{number}.jpg", f"label {number}"])
    book.save(folder / "made.xlsx")
    return folder / "made.xlsx"


def review(path: Path, texts=TEXTS, order: Sequence[int] = ORDER, area: Area = AREA, tab: str | None = None) -> str:
    """Write the columns as a run with --review does."""
    worksheet = XlsxWorksheet.open(path, tab, backup=False)
    at = place_columns(worksheet, area, Scope.RANGE, NAMES)
    wide = widened(area, at, Scope.RANGE, NAMES)
    rows = worksheet.read(wide, Scope.RANGE)
    columns = Columns(NAMES, at, texts, choices=("keep", "drop"), looks=LOOKS)
    return worksheet.reorder(Move(wide, Scope.RANGE, rows, tuple(order), "run", columns=columns))


def review_off(path: Path, area: Area = AREA, tab: str | None = None) -> list[str]:
    """Take the columns away; return what was in the last one."""
    worksheet = XlsxWorksheet.open(path, tab, backup=False)
    at = worksheet.standing(area, NAMES)
    assert at is not None
    kept: list[str] = []
    worksheet.remove(NAMES, at, kept.extend)
    return kept


def parts(path: Path) -> dict[str, bytes]:
    return {name: data for name, (data, _, _) in packed(path).items()}


def canonical(path: Path, part: str) -> str:
    return ElementTree.canonicalize(ElementTree.tostring(root(path, part)))


def rules(path: Path) -> list[ElementTree.Element]:
    return list(root(path).iter(f"{{{MAIN}}}cfRule"))


def test_nothing_but_the_sheet_and_its_styles_changes(tmp_path: Path) -> None:
    path = rich(tmp_path)
    before = parts(path)
    area = Area(0, 5, 2)
    texts = (("1", "w", ""), ("1", "w", "keeper"), ("", "", "x"), ("", "", ""), ("", "", "y"))
    review(path, texts, (0, 1, 2, 3, 4), area, "Sheet1")
    changed = {name for name, data in parts(path).items() if before[name] != data}
    assert changed == {SHEET, STYLES, "xl/workbook.xml"}, "the workbook part tells programs to calculate anew"
    shared = root(path, "xl/sharedStrings.xml")
    assert not any("same" in (text.text or "") for text in shared.iter())
    review_off(path, area, "Sheet1")
    order_only = write_again(tmp_path)
    reorder(order_only, (0, 1, 2, 3, 4), "A2:F", tab="Sheet1")
    assert cells(path) == cells(order_only)
    assert canonical(path, STYLES) == canonical(order_only, STYLES)


def write_again(folder: Path) -> Path:
    (folder / "again").mkdir()
    return rich(folder / "again")


def test_taken_away_they_leave_the_very_bytes_of_a_sort_without_them(tmp_path: Path) -> None:
    path = made(tmp_path)
    reorder(path, ORDER, "B2:C", Scope.RANGE)
    plain, styles = parts(path)[SHEET], canonical(path, STYLES)
    path = made(tmp_path)
    review(path)
    assert parts(path)[SHEET] != plain
    review_off(path)
    assert parts(path)[SHEET] == plain
    assert canonical(path, STYLES) == styles


def test_a_second_review_replaces_rules_and_formats_and_keeps_decisions(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    first = (len(rules(path)), canonical(path, STYLES))
    book = openpyxl.load_workbook(path)
    book.active["G3"] = "drop"
    book.save(path)  # as another program: the texts are shared ones now
    again = tuple((group, f"{why} too", status) for group, why, status in (TEXTS[i] for i in ORDER))
    review(path, again, (4, 0, 1, 2, 3))
    assert len(rules(path)) == first[0] == 9
    assert len(list(root(path, STYLES).iter(f"{{{MAIN}}}dxf"))) == 9
    page = openpyxl.load_workbook(path).active
    assert [row[6].value for row in page.iter_rows()] == ["decision", None, None, "drop", None, None]
    assert [row[4].value for row in page.iter_rows()][1:4] == [" too", "same too", "same too"]
    assert review_off(path) == ["", "", "drop", "", ""]


def test_rules_cover_the_rows_but_no_column_that_people_have_painted(tmp_path: Path) -> None:
    path = made(tmp_path)
    book = openpyxl.load_workbook(path)
    book.active["C4"].fill = PatternFill("solid", "FFFF0000")
    book.save(path)
    review(path)
    (ranges,) = [one.get("sqref") for one in root(path).iter(f"{{{MAIN}}}conditionalFormatting")]
    assert ranges == "A2:B1048576 D2:G1048576"
    priorities = [int(rule.get("priority", "0")) for rule in rules(path)]
    assert priorities == sorted(set(priorities))
    assert all('N("image-dataset-curation' in (rule[0].text or "") for rule in rules(path))


def test_people_choose_from_a_drop_down_and_the_header_is_frozen(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    page = openpyxl.load_workbook(path).active
    (choice,) = page.data_validations.dataValidation
    assert (choice.type, choice.formula1, str(choice.sqref)) == ("list", '"keep,drop"', "G2:G1048576")
    assert page.freeze_panes == "A2"
    assert page.column_dimensions["E"].width == 30
    review_off(path)
    page = openpyxl.load_workbook(path).active
    assert page.freeze_panes is None and not page.data_validations.dataValidation


def test_what_a_person_has_frozen_or_set_stays(tmp_path: Path) -> None:
    path = made(tmp_path)
    book = openpyxl.load_workbook(path)
    book.active.freeze_panes = "C3"
    book.active.column_dimensions["E"].width = 99
    book.save(path)
    review(path)
    review_off(path)
    page = openpyxl.load_workbook(path).active
    assert page.freeze_panes == "C3" and page.column_dimensions["E"].width == 99


def test_where_something_stands_already_nothing_is_written(tmp_path: Path) -> None:
    path = made(tmp_path)
    book = openpyxl.load_workbook(path)
    book.active["E9"] = "a remark"
    book.save(path)
    before = path.read_bytes()
    with pytest.raises(Unsortable, match=r"E9") as refused:
        review(path)
    assert "row 1" in refused.value.hint
    assert path.read_bytes() == before


def test_a_drop_down_or_a_table_of_others_claims_its_cells(tmp_path: Path) -> None:
    for claim in ("drop-down", "table"):
        path = made(tmp_path)
        book = openpyxl.load_workbook(path)
        if claim == "table":
            book.active["F8"], book.active["G8"] = "a", "b"
            book.active.add_table(Table(displayName="theirs", ref="F8:G9"))
        else:
            theirs = DataValidation(type="list", formula1='"a,b"', sqref="E2:E9")
            book.active.add_data_validation(theirs)
        book.save(path)
        before = path.read_bytes()
        with pytest.raises(Unsortable, match="something is already"):
            review(path)
        assert path.read_bytes() == before


def test_a_formula_in_a_column_of_ours_is_not_written_over(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    book = openpyxl.load_workbook(path)
    book.active["E3"] = "=A3"
    book.save(path)
    before = path.read_bytes()
    with pytest.raises(Unsortable, match="E3"):
        review(path)
    with pytest.raises(Unsortable, match="E3"):
        review_off(path)
    assert path.read_bytes() == before


def test_texts_that_look_like_escapes_come_back_as_they_are(tmp_path: Path) -> None:
    path = made(tmp_path)
    odd = "_x0041_ <b> & 'q' \u00e9\U0001f600"
    review(path, (("1", odd, ""), *TEXTS[1:]), (0, 1, 2, 3, 4))
    assert XlsxWorksheet.open(path, None).texts(Area(4, 4, 2, 2)) == ((odd,),)
    assert openpyxl.load_workbook(path).active["E2"].value.replace("_x005F_", "_") == odd


def test_a_protected_sheet_keeps_its_columns(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    book = openpyxl.load_workbook(path)
    book.active.protection.sheet = True
    book.save(path)
    with pytest.raises(Unsortable, match="protected"):
        review_off(path)


def test_a_row_of_names_that_is_not_in_the_file_is_added_and_goes_again(tmp_path: Path) -> None:
    page = sheet(rows_of("", '<c r="A2" t="inlineStr"><is><t>https://a.example/1.jpg</t></is></c>').replace(
        '<row r="1"></row>', ""))  # fmt: skip
    path = write(tmp_path / "bare.xlsx", {SHEET: page})
    area = Area(0, 0, 2)
    review(path, (("1", "same", ""),), (0,), area)
    assert [cell for cell in cells(path) if cell.endswith("1")] == ["B1", "C1", "D1", "E1"]
    assert not rules(path), "a workbook without styles gets the columns alone"
    review_off(path, area)
    assert list(cells(path)) == ["A2"]


def test_pictures_in_cells_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"made\.xlsx.*Excel 365"):
        XlsxWorksheet.open(made(tmp_path), None).check_preview(AREA, 0)


def test_columns_that_are_gone_by_now_are_not_looked_for_elsewhere(tmp_path: Path) -> None:
    path = made(tmp_path)
    review(path)
    worksheet = XlsxWorksheet.open(path, None, backup=False)
    at = worksheet.standing(AREA, NAMES)
    book = openpyxl.load_workbook(path)
    book.active.insert_cols(1)
    book.save(path)
    assert at is not None
    with pytest.raises(SheetChanged):
        worksheet.remove(NAMES, at, lambda _: None)
