"""Reading and writing values."""

import pytest

from tests.google.desk import Desk


def test_trailing_blanks_are_left_out_and_an_empty_range_has_no_values() -> None:
    desk = Desk([["a", "", "c", ""], [], ["", "z"]])
    assert desk.values("A1:E5") == [["a", "", "c"], [], ["", "z"]]
    assert desk.ok("GET", "/values/F1:G9") == {"range": "Sheet1!F1:G9", "majorDimension": "ROWS"}


@pytest.mark.parametrize(
    ("asked", "echoed"),
    [
        ("a1", "Sheet1!A1"),
        ("$B$2:$C$3", "Sheet1!B2:C3"),
        ("C3:B2", "Sheet1!B2:C3"),
        ("B2:C", "Sheet1!B2:C1000"),
        ("B:C", "Sheet1!B1:C1000"),
        ("2:3", "Sheet1!A2:Z3"),
        ("A999:ZZ2000", "Sheet1!A999:Z1000"),
        ("sheet1!A1", "Sheet1!A1"),
        ("'Sheet1'", "Sheet1!A1:Z1000"),
        ("R2C2:R3C3", "Sheet1!B2:C3"),
    ],
)
def test_the_range_is_echoed_resolved_and_clipped(asked: str, echoed: str) -> None:
    assert Desk().ok("GET", f"/values/{asked}")["range"] == echoed


@pytest.mark.parametrize("asked", ["Novice!C3:C14", "A1:B2:C3", "A", "A0", "no such name", "A1!B2", "!"])
def test_a_range_that_makes_no_sense_is_named(asked: str) -> None:
    status, value = Desk().sheets("GET", f"/values/{asked}")
    assert (status, value["error"]["message"]) == (400, f"Unable to parse range: {asked}")


def test_a_range_that_starts_outside_the_grid_is_refused_with_its_limits() -> None:
    _, value = Desk().sheets("GET", "/values/A1001")
    message = "Range (Sheet1!A1001) exceeds grid limits. Max rows: 1000, max columns: 26"
    assert value["error"] == {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}


@pytest.mark.parametrize(
    ("typed", "shown", "unformatted"),
    [
        ("0042", "42", 42),
        ("1,234.5", "1,234.50", 1234.5),
        ("12.5%", "12.50%", 0.125),
        ("$1,234", "$1,234", 1234),
        ("-3e2", "-3.00E+02", -300),
        ("2020-01-01", "2020-01-01", 43831),
        ("1/2/2020", "1/2/2020", 43832),
        ("12:30", "12:30", 12.5 / 24),
        ("2020-01-01 12:00", "2020-01-01 12:00", 43831.5),
        ("true", "TRUE", True),
        ("'007", "007", "007"),
        ("3_1_0", "3_1_0", "3_1_0"),
        ("=4/2", "2", 2),
        ("= 1 / 1024", "0.0009765625", 1 / 1024),
        ('="a"&"b"', "ab", "ab"),
        ("=1/0", "#DIV/0!", "#DIV/0!"),
        ("=NOSUCH(1)", "#NAME?", "#NAME?"),
        ("2020-02-30", "2020-02-30", "2020-02-30"),
        ("zx000123", "zx000123", "zx000123"),
    ],
)
def test_typing_is_parsed_as_in_the_editor(typed: str, shown: str, unformatted: object) -> None:
    desk = Desk()
    desk.write("B2", [[typed]])
    assert desk.values("B2") == [[shown]]
    assert desk.values("B2", valueRenderOption="UNFORMATTED_VALUE") == [[unformatted]]


def test_raw_input_is_never_parsed() -> None:
    desk = Desk()
    desk.write("A1", [["=1+1", "0042", 7, True, "2020-01-01"]], "RAW")
    assert desk.values("A1:E1") == [["=1+1", "0042", "7", "TRUE", "2020-01-01"]]


def test_a_date_reads_as_text_or_as_a_serial_number() -> None:
    desk = Desk()
    desk.write("A1", [["1999-01-02"]])
    query = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "FORMATTED_STRING"}
    assert desk.values("A1", **query) == [["1999-01-02"]]
    assert desk.formulas("A1") == [[36162]]


def test_null_leaves_a_cell_alone_and_an_empty_text_clears_it() -> None:
    desk = Desk([["a", "b", "c"]])
    answer = desk.write("A1:C1", [[None, "", "new"]])
    assert desk.values("A1:C1") == [["a", "", "new"]]
    assert (answer["updatedCells"], answer["updatedColumns"]) == (2, 2)


def test_writing_outside_the_range_is_refused_and_nothing_is_written() -> None:
    desk = Desk()
    body = {"values": [["1", "2", "3"]]}
    _, value = desk.sheets("PUT", "/values/A1:B1", body, valueInputOption="RAW")
    message = "Requested writing within range [Sheet1!A1:B1], but tried writing to column [C]"
    assert value["error"]["message"] == message
    assert desk.values("A1:C1") == []


def test_the_input_option_is_required() -> None:
    _, value = Desk().sheets("PUT", "/values/A1", {"values": [["1"]]})
    assert value["error"]["message"] == "'valueInputOption' is required but not specified"


def test_a_cell_holds_fifty_thousand_characters_and_no_more() -> None:
    desk = Desk()
    desk.write("A1", [["x" * 50_000]], "RAW")
    status, value = desk.sheets("PUT", "/values/A1", {"values": [["x" * 50_001]]}, valueInputOption="RAW")
    assert status == 400
    assert value["error"]["message"].endswith("maximum of 50000 characters in a single cell.")


def test_a_number_beyond_a_double_is_text_when_typed_and_no_json() -> None:
    desk = Desk()
    desk.write("A1", [["9" * 400]])
    assert desk.values("A1") == [["9" * 400]]
    answer = desk.send("PUT", f"/v4/spreadsheets/{desk.key}/values/A1?valueInputOption=RAW", b'{"values": [[1e999]]}')
    assert answer.status == 400


def test_an_object_is_no_value() -> None:
    _, value = Desk().sheets("PUT", "/values/A1", {"values": [["a", {"b": 1}]]}, valueInputOption="RAW")
    assert value["error"]["message"].startswith("Invalid values[0][1]: struct_value {")


def test_a_batch_of_values_is_written_whole_or_not_at_all() -> None:
    desk = Desk()
    data = [{"range": "A1:D1", "values": [list("abcd")]}, {"range": "A4:B4", "values": [["x", "y"]]}]
    answer = desk.ok("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": data})
    totals = {name: part for name, part in answer.items() if name.startswith("total")}
    assert list(totals.values()) == [2, 4, 6, 1]
    data.append({"range": "Nowhere!A1", "values": [["z"]]})
    data[0]["values"] = [list("wxyz")]
    status, _ = desk.sheets("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": data})
    assert status == 400
    assert desk.values("A1:D1") == [list("abcd")]


def test_appending_goes_below_the_table_that_the_range_touches() -> None:
    desk = Desk([["a", "b"], ["c", "d"], [], ["other"]])
    answer = desk.ok("POST", "/values/A1:append", {"values": [["e", "f"]]}, valueInputOption="RAW")
    assert answer["tableRange"] == "Sheet1!A1:B2"
    assert answer["updates"]["updatedRange"] == "Sheet1!A3:B3"


def test_appending_can_insert_rows_and_grows_the_grid() -> None:
    desk = Desk([["a"], ["b"]])
    desk.write("A4", [["below"]])
    query = {"valueInputOption": "RAW", "insertDataOption": "INSERT_ROWS"}
    desk.ok("POST", "/values/A1:append", {"values": [["c"], ["d"]]}, **query)
    assert desk.values("A1:A9") == [["a"], ["b"], ["c"], ["d"], [], ["below"]]
    assert desk.properties()["properties"]["gridProperties"]["rowCount"] == 1002


def test_clearing_keeps_notes_and_formats() -> None:
    desk = Desk([["50%"]])
    desk.batch(
        {
            "updateCells": {
                "range": {"endRowIndex": 1, "endColumnIndex": 1},
                "fields": "note",
                "rows": [{"values": [{"note": "n"}]}],
            }
        }
    )
    desk.ok("POST", "/values/A1:clear")
    cell = desk.ok("GET", "", fields="sheets.data.rowData.values")["sheets"][0]["data"][0]["rowData"][0]["values"][0]
    assert cell["note"] == "n"
    assert cell["userEnteredFormat"]["numberFormat"]["type"] == "PERCENT"
    assert "userEnteredValue" not in cell


def test_unknown_parameters_and_options_are_refused() -> None:
    desk = Desk()
    _, value = desk.sheets("GET", "/values/A1", nonsense=1)
    assert value["error"]["message"].startswith('Invalid JSON payload received. Unknown name "nonsense": Cannot bind')
    _, value = desk.sheets("GET", "/values/A1", valueRenderOption="PRETTY")
    assert value["error"]["message"].startswith("Invalid value at 'value_render_option' (type.googleapis.com/")
