"""The unmodified gspread, method by method, over TLS and Google's own host names.

Its own test-suite is the greater measure (`run_gspread_suite.py`); these facts are ours and need nothing but the wheel.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import gspread
import pytest
from gspread import utils
from gspread.exceptions import APIError, GSpreadException, SpreadsheetNotFound, WorksheetNotFound

from tests.google.server import StandIn

ENVIRONMENT = ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE")


@pytest.fixture(scope="module")
def google() -> Iterator[StandIn]:
    with StandIn() as google:
        yield google


@pytest.fixture(scope="module")
def client(google: StandIn) -> Iterator[gspread.Client]:
    patch = pytest.MonkeyPatch()
    patch.setenv("HTTPS_PROXY", google.proxy)
    patch.setenv("REQUESTS_CA_BUNDLE", google.ca)
    for name in [name for name in os.environ if name.lower() == "no_proxy"]:
        patch.delenv(name)
    yield gspread.service_account(google.credentials)
    patch.undo()


@pytest.fixture
def book(client: gspread.Client, request: pytest.FixtureRequest) -> Iterator[Any]:
    made = client.create(f"Test {request.node.name}")
    yield made
    client.del_spreadsheet(made.id)


def test_files_are_found_by_title_key_and_url(client: gspread.Client, book: Any) -> None:
    assert client.open(book.title).id == client.open_by_key(book.id).id == client.open_by_url(book.url).id == book.id
    assert book.title in [file["name"] for file in client.list_spreadsheet_files()]
    assert (book.locale, book.timezone) == ("en_US", "Etc/GMT")
    for key in ("test", "1" + "z" * 43):
        with pytest.raises(SpreadsheetNotFound):
            client.open_by_key(key)
    with pytest.raises(SpreadsheetNotFound):
        client.open("no such title")


def test_a_file_that_is_not_shared_is_a_permission_error(client: gspread.Client, google: StandIn) -> None:
    with pytest.raises(PermissionError):
        client.open_by_key(google.add_spreadsheet("private", shared=False))


def test_a_spreadsheet_is_copied_exported_imported_renamed_and_shared(client: gspread.Client, book: Any) -> None:
    book.sheet1.update([["a1", "B2"]], "A1:B2")
    copy = client.copy(book.id, title="copy", copy_permissions=True)
    assert copy.fetch_sheet_metadata()["sheets"] == book.fetch_sheet_metadata()["sheets"]
    assert client.export(copy.id, utils.ExportFormat.CSV) == b"a1,B2"
    client.import_csv(copy.id, "x,y\n1,2")
    assert client.open_by_key(copy.id).sheet1.get_all_values() == [["x", "y"], ["1", "2"]]
    before = copy.get_lastUpdateTime()
    copy.update_title("🎊 new")
    copy.update_timezone("Europe/Paris")
    copy.update_locale("fr_FR")
    assert client.open("🎊 new").timezone == "Europe/Paris"
    assert copy.get_lastUpdateTime() >= before
    copy.share("lead@example.com", perm_type="user", role="writer", notify=False)
    assert "lead@example.com" in [entry.get("emailAddress") for entry in copy.list_permissions()]
    copy.remove_permissions("lead@example.com", role="writer")
    assert "lead@example.com" not in [entry.get("emailAddress") for entry in copy.list_permissions()]
    client.del_spreadsheet(copy.id)


def test_worksheets_come_go_move_and_change_their_looks(book: Any) -> None:
    with pytest.raises(APIError, match="You can't hide all the sheets in a document"):
        book.sheet1.hide()
    second = book.add_worksheet("🌵 second", 10, 5)
    first = book.add_worksheet("first", 1, 1, index=0)
    assert [sheet.title for sheet in book.worksheets()] == ["first", "Sheet1", "🌵 second"]
    second.update_index(0)
    book.reorder_worksheets([book.sheet1, first, second])
    second.hide()
    assert book.worksheets(exclude_hidden=True)[-1].title != "🌵 second"
    second.show()
    second.update_title("I'm new")
    second.update_tab_color("#FF0080")
    shown = book.fetch_sheet_metadata({"fields": "sheets.properties.tabColorStyle"})["sheets"]
    assert {"tabColorStyle": {"rgbColor": {"red": 1, "blue": 0.5019608}}} in [one["properties"] for one in shown]
    second.clear_tab_color()
    second.hide_gridlines()
    second.freeze(rows=2, cols=1)
    again = book.worksheet("I'm new")
    assert (again.frozen_row_count, again.frozen_col_count, again.is_gridlines_hidden) == (2, 1, True)
    duplicate = second.duplicate(new_sheet_name="twin")
    assert duplicate.frozen_row_count == 2
    assert second.copy_to(book.id)["title"] == "Copy of I'm new"
    for sheet in (duplicate, first, second):
        book.del_worksheet(sheet)
    with pytest.raises(WorksheetNotFound):
        book.worksheet("twin")


def test_cells_are_written_read_found_and_cleared(book: Any) -> None:
    sheet = book.sheet1
    sheet.update_acell("A1", "= 1 / 1024")
    assert sheet.acell("A1").numeric_value == 1 / 1024
    sheet.update_acell("C1", "2,000,000.01")
    assert sheet.acell("C1").numeric_value == 2000000.01
    sheet.update_cell(2, 10, "camelcase")
    assert sheet.find("CamelCase", case_sensitive=False).address == "J2"
    assert [cell.value for cell in sheet.findall(re.compile("^camel"))] == ["camelcase"]
    assert sheet.find("nothing") is None
    sheet.update_cells([gspread.Cell(1, 2, "b1"), gspread.Cell(2, 1, "a2")])
    assert sheet.get("A1:B2") == [["0.0009765625", "b1"], ["a2"]]
    sheet.batch_update([{"range": "A4:D4", "values": [["A4", "", "", "D4"]]}])
    assert sheet.batch_get(["A4:D4", "B1"]) == [[["A4", "", "", "D4"]], [["b1"]]]
    sheet.batch_clear(["A4:D4"])
    assert sheet.get_values("A4:D4", maintain_size=True) == [["", "", "", ""]]
    sheet.clear()
    assert sheet.get_all_values() == [[]]


def test_records_come_back_as_they_are_rendered(book: Any) -> None:
    sheet = book.sheet1
    sheet.resize(2, 4)
    rows = [["=4/2", "2020-01-01", "string", 53], ["=3/2", 0.12, "1999-01-02", ""]]
    sheet.update(rows, "A1:D2", value_input_option=utils.ValueInputOption.user_entered)
    assert list(sheet.get_all_records()[0].items()) == [
        ("2", 1.5), ("2020-01-01", 0.12), ("string", "1999-01-02"), ("53", ""),
    ]  # fmt: skip
    plain = sheet.get_all_records(value_render_option=utils.ValueRenderOption.unformatted)
    assert plain == [{2: 1.5, 43831: 0.12, "string": 36162, 53: ""}]
    formulas = sheet.get_all_records(value_render_option=utils.ValueRenderOption.formula)
    assert formulas == [{"=4/2": "=3/2", 43831: 0.12, "string": 36162, 53: ""}]


def test_rows_and_columns_are_appended_inserted_and_deleted(book: Any) -> None:
    sheet = book.sheet1
    sheet.append_row(["a", "b"])
    sheet.append_rows([["c", "d"], ["e", "f"]])
    sheet.insert_row(["new", "=1+1"], 2, value_input_option=utils.ValueInputOption.user_entered)
    assert sheet.col_values(1) == ["a", "new", "c", "e"]
    assert sheet.acell("B2", value_render_option=utils.ValueRenderOption.formula).value == "=1+1"
    with pytest.raises(GSpreadException):
        sheet.insert_row(["x"], 1, inherit_from_before=True)
    sheet.insert_cols([["1", "2"]], 1)
    assert sheet.row_values(2) == ["2", "new", "2"]
    sheet.delete_columns(1)
    sheet.delete_rows(2, 3)
    assert sheet.get_all_values() == [["a", "b"], ["e", "f"]]
    sheet = book.sheet1  # gspread's own count of rows has run away from the sheet's
    sheet.add_rows(3)
    sheet.add_cols(2)
    assert (book.sheet1.row_count, book.sheet1.col_count) == (1002, 28)


def test_sorting_merging_filtering_and_grouping(book: Any) -> None:
    sheet = book.sheet1
    sheet.resize(6, 3)
    rows = [["Apple", "2012", "4"], ["Banana", "2013", "3"], ["Canada", "2007", "1"], ["Fox", "2013", "2"]]
    sheet.update(rows, "A1:C4")
    sheet.sort((2, "asc"), (3, "des"), range="A1:C4")
    assert sheet.col_values(1) == ["Canada", "Apple", "Banana", "Fox"]
    sheet.merge_cells("A1:B2", utils.MergeType.merge_rows)
    sheet.merge_cells("A3:B4")
    merges = book.fetch_sheet_metadata()["sheets"][0]["merges"]
    assert len(merges) == 3
    sheet.unmerge_cells("A1:C6")
    sheet.set_basic_filter("B1:C2")
    assert book.fetch_sheet_metadata()["sheets"][0]["basicFilter"]["range"]["endColumnIndex"] == 3
    sheet.clear_basic_filter()
    sheet.add_dimension_group_columns(0, 2)
    assert sheet.list_dimension_group_columns()[0]["range"]["endIndex"] == 2
    sheet.delete_dimension_group_columns(0, 2)
    assert sheet.list_dimension_group_columns() == []


def test_notes_formats_names_and_protection(book: Any) -> None:
    sheet = book.sheet1
    assert sheet.get_note("A1") == ""
    sheet.insert_notes({"A1": "read me", "C3": "and me"})
    assert sheet.get_notes() == [["read me"], [], ["", "", "and me"]]
    sheet.clear_notes(["A1"])
    assert sheet.get_note("A1") == ""
    sheet.batch_format([{"range": "A1:B2", "format": {"textFormat": {"bold": True}}}])
    named = sheet.define_named_range("A1:B2", "Corner")["replies"][0]["addNamedRange"]["namedRange"]
    assert book.list_named_ranges()[0]["namedRangeId"] == named["namedRangeId"]
    assert sheet.get_values("Corner") == [[]]
    sheet.delete_named_range(named["namedRangeId"])
    protected = sheet.add_protected_range("A1:B2")["replies"][0]["addProtectedRange"]["protectedRange"]
    assert book.list_protected_ranges(sheet.id)[0]["protectedRangeId"] == protected["protectedRangeId"]
    sheet.delete_protected_range(protected["protectedRangeId"])
    assert book.list_protected_ranges(sheet.id) == []
    sheet.add_validation("A1", gspread.utils.ValidationConditionType.one_of_list, ["y", "n"], strict=True)
    sheet.copy_range("A1:B2", "D1:E2")
    sheet.cut_range("D1:E2", "F1")
    sheet.hide_rows(0, 2)
    sheet.unhide_rows(0, 2)
    sheet.hide_columns(0, 1)
    sheet.columns_auto_resize(0, 1)
