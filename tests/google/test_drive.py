"""The Drive service."""

import json
from typing import Any

import pytest

from tests.google.desk import Desk
from tests.google.drive_query import matcher
from tests.google.state import STRANGER, permission

SPREADSHEET = "application/vnd.google-apps.spreadsheet"


def names(desk: Desk, query: str = "", **more: Any) -> list[str]:
    status, value = desk.call("GET", "/drive/v3/files", q=query, fields="files(name),nextPageToken", **more)
    assert status == 200, value
    return [file["name"] for file in value["files"]]


def test_a_title_finds_all_files_that_have_it_and_only_those_shared() -> None:
    desk = Desk()
    for _ in range(2):
        desk.state.add_file("twice", desk.state.account)
    desk.state.add_file("twice", STRANGER)
    query = f'mimeType="{SPREADSHEET}" and name = "twice"'
    assert names(desk, query) == ["twice", "twice"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name = 'it\\'s'", ["it's"]),
        ('name = "it\'s"', ["it's"]),
        ("name = 'IT\\'S'", ["it's"]),
        ("name contains 'bo'", ["book"]),
        ("name contains 'ook'", []),
        ("not name = 'book' and trashed = false", ["it's"]),
        ("(name = 'book' or name = 'it\\'s') and 'me' in owners", ["book", "it's"]),
        ("'root' in parents and mimeType != 'text/plain'", ["book", "it's"]),
        ("modifiedTime > '2000-01-01T00:00:00'", ["book", "it's"]),
    ],
)
def test_the_query_language_that_clients_use(query: str, found: list[str]) -> None:
    desk = Desk()
    desk.state.add_file("it's", desk.state.account)
    assert sorted(names(desk, query)) == found


@pytest.mark.parametrize("query", ["name =", "name = 'a' and", "colour = 'red'", "name = 'it's'", "(", "name like 'x'"])
def test_a_query_that_makes_no_sense_is_refused(query: str) -> None:
    status, value = Desk().call("GET", "/drive/v3/files", q=query)
    assert status == 400
    error = value["error"]["errors"][0]
    assert (error["reason"], error["location"]) == ("invalid", "q")


def test_the_scope_drive_file_shows_only_files_of_the_program() -> None:
    desk = Desk()
    theirs = desk.state.add_file("theirs", STRANGER)
    theirs.permissions.append(permission("user", "writer", desk.state.account))
    token = desk.tokens.grant(desk.state.account, {"https://www.googleapis.com/auth/drive.file"})
    listed = json.loads(desk.send("GET", "/drive/v3/files", token=token).body)["files"]
    assert [file["name"] for file in listed] == ["book"]
    assert desk.send("GET", f"/drive/v3/files/{theirs.id}", token=token).status == 404
    assert desk.send("GET", f"/drive/v3/files/{theirs.id}").status == 200


def test_a_listing_comes_in_pages() -> None:
    desk = Desk()
    for number in range(4):
        desk.state.add_file(f"file {number}", desk.state.account)
    _, first = desk.call("GET", "/drive/v3/files", pageSize=3)
    _, second = desk.call("GET", "/drive/v3/files", pageSize=3, pageToken=first["nextPageToken"])
    assert "nextPageToken" not in second
    assert len({file["id"] for file in first["files"] + second["files"]}) == 5


def test_a_file_on_a_shared_drive_needs_the_flags() -> None:
    desk = Desk()
    desk.state.add_file("shared", desk.state.account).drive_id = "drive"
    assert "shared" not in names(desk)
    assert "shared" in names(desk, supportsAllDrives=True, includeItemsFromAllDrives=True)


def test_a_file_is_made_renamed_copied_exported_and_deleted() -> None:
    desk = Desk([["a,b", 'say "x"'], ["2020-01-01", 0.5]])
    _, copy = desk.call("POST", f"/drive/v3/files/{desk.key}/copy", {"name": "copy"})
    _, whole = desk.call("GET", f"/v4/spreadsheets/{copy['id']}")
    assert whole["sheets"] == desk.ok("GET", "")["sheets"]
    assert desk.call("PATCH", f"/drive/v3/files/{copy['id']}", {"name": "renamed"})[1]["name"] == "renamed"
    assert desk.call("GET", f"/v4/spreadsheets/{copy['id']}")[1]["properties"]["title"] == "renamed"
    exported = desk.send("GET", f"/drive/v3/files/{copy['id']}/export?mimeType=text%2Fcsv")
    assert exported.body == b'"a,b","say ""x"""\r\n2020-01-01,0.5'
    assert desk.send("DELETE", f"/drive/v3/files/{copy['id']}").status == 204
    status, value = desk.call("GET", f"/drive/v3/files/{copy['id']}")
    assert (status, value["error"]["message"]) == (404, f"File not found: {copy['id']}.")


def test_an_uploaded_csv_replaces_the_spreadsheet() -> None:
    desk = Desk([["old"]])
    desk.batch({"addSheet": {"properties": {"title": "second"}}})
    answer = desk.send("PUT", f"/upload/drive/v2/files/{desk.key}?uploadType=media&convert=True", b"a,b\n1,2\n")
    assert json.loads(answer.body)["id"] == desk.key
    assert desk.values("A1:C3") == [["a", "b"], ["1", "2"]]
    assert len(desk.ok("GET", "")["sheets"]) == 1


def test_permissions_are_given_changed_and_taken() -> None:
    desk = Desk()
    path = f"/drive/v3/files/{desk.key}/permissions"
    given = {"type": "user", "role": "writer", "emailAddress": "lead@example.com", "withLink": False}
    status, made = desk.call("POST", path, given, supportsAllDrives=True)
    assert (status, made["role"]) == (200, "writer")
    _, listed = desk.call("GET", path, fields="nextPageToken,permissions")
    assert [entry["emailAddress"] for entry in listed["permissions"]] == [desk.state.account, "lead@example.com"]
    assert desk.call("PATCH", f"{path}/{made['id']}", {"role": "reader"})[1]["role"] == "reader"
    assert desk.send("DELETE", f"{path}/{made['id']}").status == 204
    assert desk.call("DELETE", f"{path}/{made['id']}")[0] == 404


def test_a_reader_reads_and_does_not_write() -> None:
    desk = Desk()
    file = desk.state.add_file("theirs", STRANGER)
    file.permissions.append(permission("user", "reader", desk.state.account))
    assert desk.call("GET", f"/v4/spreadsheets/{file.id}")[0] == 200
    status, value = desk.call("POST", f"/v4/spreadsheets/{file.id}/values/A1:clear")
    assert (status, value["error"]["message"]) == (403, "The caller does not have permission")


def test_an_unknown_file_is_not_found_and_a_strangers_is_refused() -> None:
    desk = Desk()
    stranger = desk.state.add_file("theirs", STRANGER)
    assert desk.send("PUT", f"/_standin/strangers/1{'a' * 43}").status == 204
    for key, code, status in (
        ("1" + "b" * 43, 404, "NOT_FOUND"),
        ("test", 404, "NOT_FOUND"),
        ("1" + "a" * 43, 403, "PERMISSION_DENIED"),
        (stranger.id, 403, "PERMISSION_DENIED"),
    ):
        found, value = desk.call("GET", f"/v4/spreadsheets/{key}")
        assert (found, value["error"]["status"]) == (code, status)


def test_a_service_that_is_switched_off_says_where_to_switch_it_on() -> None:
    desk = Desk()
    desk.state.disabled.add("drive")
    status, value = desk.call("GET", "/drive/v3/files")
    assert status == 403
    assert value["error"]["errors"][0]["reason"] == "accessNotConfigured"
    assert "Enable it by visiting https://console.developers.google.com/apis/api/drive" in value["error"]["message"]


def test_version_and_time_move_with_every_change() -> None:
    desk = Desk()
    path = f"/drive/v3/files/{desk.key}"
    _, before = desk.call("GET", path, fields="version,modifiedTime,createdTime")
    desk.state.clock.advance(60)
    desk.write("A1", [["x"]])
    _, after = desk.call("GET", path, fields="version,modifiedTime,createdTime")
    assert int(after["version"]) == int(before["version"]) + 1
    assert after["modifiedTime"] > before["modifiedTime"]
    assert after["createdTime"] == before["createdTime"]


def test_an_empty_query_lets_everything_pass() -> None:
    assert matcher("  ", "x")(Desk().file)
