"""What would come to harm in a workbook is refused by name, and what would not is let through."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as Floating
from openpyxl.formatting.rule import CellIsRule, FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet as Page
from PIL import Image

from errors import Unsortable
from sheets import a1
from sheets.rows import Obstacle, Scope
from sheets.xlsx import XlsxWorksheet
from tests.unit.xlsx_parts import SHEET, packed, relationships, reorder, rows_of, sheet, text, write
from tests.unit.xlsx_rich import PARTS, rich

YELLOW = PatternFill("solid", fgColor="FFFF00")


class Bench:
    """A page with a header and six rows: running numbers, URLs, names."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "foods.xlsx"
        self.book = openpyxl.Workbook()
        self.page: Page = self.book.active
        self.page.append(["#", "url", "name"])
        for number in range(1, 7):
            self.page.append([number, f"https://a.example/{number}.jpg", f"name {number}"])

    def obstacles(self, area: str = "B2:C", scope: Scope = Scope.RANGE) -> tuple[Obstacle, ...]:
        self.book.save(self.path)
        return XlsxWorksheet.open(self.path, None).read(a1.parse(area), scope).obstacles

    def what(self, area: str = "B2:C", scope: Scope = Scope.RANGE) -> str:
        found = self.obstacles(area, scope)
        assert len(found) <= 1, found
        return found[0].what if found else ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_plain_sheet_with_running_numbers_has_no_obstacles(bench: Bench) -> None:
    assert bench.obstacles() == ()


def test_an_obstacle_stops_the_write_and_the_file_stays(bench: Bench) -> None:
    bench.page["D3"] = "label"
    bench.book.save(bench.path)
    before = packed(bench.path)
    with pytest.raises(Unsortable, match="Column D"):
        reorder(bench.path, (1, 0, 2, 3, 4, 5), scope=Scope.RANGE)
    assert packed(bench.path) == before


@pytest.mark.parametrize(
    ("dress", "kind"),
    [
        (lambda page: setattr(page["D3"], "value", "label"), "values"),
        (lambda page: setattr(page["D3"], "value", "=B4"), "formulas that look at other rows"),
        (lambda page: setattr(page["D3"], "comment", Comment("look", "Ada")), "notes"),
        (lambda page: setattr(page["D3"], "fill", YELLOW), "colours"),
    ],
)
def test_columns_beside_that_belong_to_their_rows_are_named(bench: Bench, dress: object, kind: str) -> None:
    assert callable(dress)
    dress(bench.page)
    found = bench.what()
    assert found.startswith(f"Column D ({kind}) beside the range B2:C")


def test_columns_beside_move_along_with_whole_rows_or_stay_knowingly(bench: Bench) -> None:
    bench.page["D3"] = "label"
    assert bench.obstacles(scope=Scope.WHOLE_ROWS) == ()
    assert bench.obstacles(scope=Scope.RANGE_ONLY) == ()


def test_a_colour_for_the_whole_column_and_formulas_on_their_own_row_are_fine(bench: Bench) -> None:
    for row in range(1, 8):
        bench.page.cell(row, 4).fill = YELLOW
        bench.page.cell(row, 5, f"=LEN(B{row})")
    assert bench.obstacles() == ()


def test_a_column_painted_by_its_own_format_counts_for_cells_that_are_not_there(bench: Bench) -> None:
    bench.page.column_dimensions["D"].fill = YELLOW
    bench.page["D3"].fill = YELLOW
    assert bench.obstacles() == ()


def test_a_row_painted_from_end_to_end_would_lose_its_colour(bench: Bench) -> None:
    bench.page.row_dimensions[4].fill = YELLOW
    for column in range(1, 4):
        bench.page.cell(4, column).fill = YELLOW
    assert "colours" in bench.what()


def test_pictures_in_cells_beside_the_range_are_named_and_image_formulas_are_fine(tmp_path: Path) -> None:
    lines = [text(f"B{n}", f"https://a.example/{n}") for n in range(1, 4)]
    picture = '<c r="D2" t="e" vm="1"><v>#VALUE!</v></c>'
    image = "".join(f'<c r="{{}}{n}" t="e" vm="1"><f>_xlfn.IMAGE(B{n})</f><v>#VALUE!</v></c>' for n in (1,))
    rows = rows_of(lines[0] + image.format("E"), lines[1] + picture, lines[2])
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows)})
    (found,) = XlsxWorksheet.open(path, None).read(a1.parse("B1:B"), Scope.RANGE).obstacles
    assert found.what.startswith("Column D (pictures)")
    alone = write(tmp_path / "b.xlsx", {SHEET: sheet(rows.replace(picture, ""))})
    assert XlsxWorksheet.open(alone, None).read(a1.parse("B1:B"), Scope.RANGE).obstacles == ()


def test_sparklines_that_draw_another_tab_belong_to_their_row(tmp_path: Path) -> None:
    path = rich(tmp_path)
    found = XlsxWorksheet.open(path, "Sheet1").read(a1.parse("B2:B"), Scope.RANGE).obstacles
    assert any("C (" in one.what and "pictures" in one.what for one in found)


def test_hidden_rows_are_named_with_what_to_click(bench: Bench) -> None:
    for row in (3, 4, 6):
        bench.page.row_dimensions[row].hidden = True
    (found,) = bench.obstacles()
    assert found.what.startswith("Hidden: rows 3-4, 6;")
    assert "Unhide" in found.hint


def test_rows_that_a_filter_hides_are_named_with_what_to_click(bench: Bench) -> None:
    bench.page.auto_filter.ref = "A1:C7"
    bench.page.auto_filter.add_filter_column(2, ["name 1"])
    bench.page.row_dimensions[3].hidden = True
    (found,) = bench.obstacles()
    assert found.what.startswith("A filter hides row 3;")
    assert "Data > Clear" in found.hint


def test_a_filter_that_hides_nothing_and_hidden_rows_elsewhere_are_fine(bench: Bench) -> None:
    bench.page.auto_filter.ref = "A1:C7"
    bench.page.row_dimensions[9].hidden = True
    assert bench.obstacles() == ()


@pytest.mark.parametrize("merge", ["B3:B4", "C3:D3", "A3:C3", "A2:A9"])
def test_merges_that_tie_rows_or_cross_the_border_are_named(bench: Bench, merge: str) -> None:
    bench.page.merge_cells(merge)
    if merge == "A2:A9":
        assert "Merged" not in bench.what("B2:C", Scope.RANGE_ONLY)
        assert merge in bench.what(scope=Scope.WHOLE_ROWS)
    else:
        assert f": {merge}." in bench.what("B2:C", Scope.RANGE_ONLY)


def test_merges_within_a_row_are_fine(bench: Bench) -> None:
    bench.page.merge_cells("B3:C3")
    bench.page.merge_cells("E3:F3")
    assert bench.obstacles() == ()
    assert bench.obstacles(scope=Scope.WHOLE_ROWS) == ()


def test_array_formulas_over_several_cells_are_named(bench: Bench) -> None:
    bench.page["C3"] = ArrayFormula("C3:C5", "=LEN(B3:B5)")
    found = bench.obstacles()
    assert "C3:C5" in found[0].what
    assert not found[0].yields_to_force


def test_a_data_table_is_named(tmp_path: Path) -> None:
    rows = rows_of(text("B1", "x"), text("B2", "y") + '<c r="C2"><f t="dataTable" ref="C2:C3" r1="A1"/><v>1</v></c>')
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows)})
    (found,) = XlsxWorksheet.open(path, None).read(a1.parse("B1:C"), Scope.RANGE).obstacles
    assert "data tables fill cells that would move: C2:C3" in found.what


def test_notes_on_moving_cells_are_named(bench: Bench) -> None:
    bench.page["C4"].comment = Comment("look", "Ada")
    bench.page["B1"].comment = Comment("header", "Ada")
    assert bench.what() == "Notes or comments are fixed to cells that would move: C4."


def test_comments_in_threads_are_named(tmp_path: Path) -> None:
    threads = '<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">'
    parts = {
        SHEET: sheet(rows_of(text("B1", "x"), text("B2", "y"))),
        "xl/worksheets/_rels/sheet1.xml.rels": relationships(("rId1", "threadedComment", "../threads/t1.xml")),
        "xl/threads/t1.xml": f'{threads}<threadedComment ref="B2"/></ThreadedComments>',
    }
    path = write(tmp_path / "a.xlsx", parts)
    (found,) = XlsxWorksheet.open(path, None).read(a1.parse("B1:B"), Scope.RANGE).obstacles
    assert found.what.endswith("would move: B2.")


def test_pictures_that_float_over_moving_cells_or_beside_them_are_named(bench: Bench, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "dot.png")
    bench.page.add_image(Floating(tmp_path / "dot.png"), "C4")
    assert bench.what() == "Pictures that float over the cells are fixed to cells that would move: C4."
    bench.page._images.clear()
    bench.page.add_image(Floating(tmp_path / "dot.png"), "E4")
    assert bench.what().startswith("Column E (pictures) beside the range")
    assert "float" in bench.what(scope=Scope.WHOLE_ROWS)


def test_a_table_is_fine_when_only_rows_of_its_body_move(bench: Bench) -> None:
    bench.page.add_table(Table(displayName="Foods", ref="A1:C7"))
    assert bench.obstacles() == ()
    assert 'The table "Foods" (A1:C7) has its header' in bench.what("B1:C", Scope.RANGE_ONLY)


def test_a_table_that_ends_among_the_rows_is_named(bench: Bench) -> None:
    bench.page.add_table(Table(displayName="Foods", ref="A1:C4"))
    (found,) = bench.obstacles()
    assert "its end among the rows 2 to 7" in found.what
    assert "(2 to 4)" in found.hint
    assert bench.obstacles("B2:C4") == ()


def test_a_pivot_table_in_moving_cells_is_named(tmp_path: Path) -> None:
    parts = {
        SHEET: sheet(rows_of(text("B1", "x"), text("B2", "y"))),
        "xl/worksheets/_rels/sheet1.xml.rels": relationships(("rId1", "pivotTable", "../pivotTables/p1.xml")),
        "xl/pivotTables/p1.xml": '<pivotTableDefinition name="Sums"><location ref="B2:D9"/></pivotTableDefinition>',
    }
    path = write(tmp_path / "a.xlsx", parts)
    (found,) = XlsxWorksheet.open(path, None).read(a1.parse("B1:B"), Scope.RANGE).obstacles
    assert 'The pivot table "Sums" (B2:D9)' in found.what


def test_formulas_that_look_at_other_rows_are_named_and_yield_to_force(bench: Bench) -> None:
    bench.page["C3"] = "=B2"
    bench.page["C4"] = "=B4&$F$1"
    (found,) = bench.obstacles()
    assert found.what == "Formulas in cells that would move look at other rows: C3."
    assert found.yields_to_force


def test_a_member_of_a_shared_formula_is_judged_by_what_it_means_on_its_row(tmp_path: Path) -> None:
    rows = rows_of(
        text("B1", "a") + '<c r="C1"><f t="shared" ref="C1:C3" si="0">B1&amp;B2</f></c>',
        text("B2", "b") + '<c r="C2"><f t="shared" si="0"/></c>',
    )
    path = write(tmp_path / "a.xlsx", {SHEET: sheet(rows)})
    (found,) = XlsxWorksheet.open(path, None).read(a1.parse("B1:C"), Scope.RANGE).obstacles
    assert found.what.endswith(": C1, C2.")


def test_a_relative_rule_for_some_of_the_rows_is_named(bench: Bench) -> None:
    bench.page.conditional_formatting.add("B3:B4", FormulaRule(["LEN(B3)>9"], fill=YELLOW))
    assert bench.what().startswith("A conditional format with a relative formula (LEN(B3)>9) covers only some")


def test_rules_for_all_rows_or_without_relative_formulas_are_fine(bench: Bench) -> None:
    bench.page.conditional_formatting.add("B2:B99", FormulaRule(["LEN(B2)>9"], fill=YELLOW))
    bench.page.conditional_formatting.add("C3:C4", CellIsRule("equal", ["$F$1"], fill=YELLOW))
    validation = DataValidation("list", '"keep,drop"')
    validation.add("C3:C5")
    bench.page.add_data_validation(validation)
    assert bench.obstacles() == ()


def test_a_relative_validation_for_some_of_the_rows_is_named(bench: Bench) -> None:
    validation = DataValidation("custom", "LEN(C3)<9")
    validation.add("C3:C5")
    bench.page.add_data_validation(validation)
    assert bench.what().startswith("A data validation with a relative formula (LEN(C3)<9)")


def test_a_sparkline_that_draws_other_rows_that_move_is_named(tmp_path: Path) -> None:
    parts = dict(PARTS)
    parts[SHEET] = str(PARTS[SHEET]).replace("Sheet1!A2:B2", "Sheet1!B3:B4")
    path = write(tmp_path / "a.xlsx", parts)
    found = XlsxWorksheet.open(path, "Sheet1").read(a1.parse("B2:C"), Scope.RANGE_ONLY).obstacles
    assert [one.what for one in found] == ["The sparkline in C2 draws other rows that would move (Sheet1!B3:B4)."]


def test_a_protected_sheet_is_left_as_somebody_asked(bench: Bench) -> None:
    bench.page.protection.sheet = True
    (found,) = bench.obstacles()
    assert found.what == 'The worksheet "Sheet" is protected against changes.'
    assert "Unprotect Sheet" in found.hint


def test_a_signed_workbook_is_refused(tmp_path: Path) -> None:
    parts = {SHEET: sheet(rows_of(text("B1", "x"), text("B2", "y"))), "_xmlsignatures/origin.sigs": ""}
    path = write(tmp_path / "a.xlsx", parts)
    (found,) = XlsxWorksheet.open(path, None).read(a1.parse("B1:B"), Scope.RANGE).obstacles
    assert "digitally signed" in found.what


def test_an_outline_would_come_apart_only_with_whole_rows(bench: Bench) -> None:
    bench.page.row_dimensions.group(3, 4)
    assert bench.obstacles() == ()
    assert bench.what(scope=Scope.WHOLE_ROWS).endswith("come apart: rows 3-4.")


def test_an_empty_range_has_no_obstacles(bench: Bench) -> None:
    bench.page.protection.sheet = True
    assert bench.obstacles("F2:G") == ()
