"""Bad input never crashes the stand-in: whatever comes, the answer is a success or an error as Google writes it.

`STANDIN_FUZZ=2000` runs that many examples of each test instead of the few that the normal run affords.
"""

import json
import os
import socket
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.google import schema_strategies
from tests.google.batch import KINDS
from tests.google.desk import Desk
from tests.google.model import Book
from tests.google.protocol import Answer
from tests.google.schema import DRIVE, SHEETS
from tests.google.server import StandIn
from tests.google.sheets_service import METHODS

EXAMPLES = int(os.environ.get("STANDIN_FUZZ", "40"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="STANDIN_FUZZ" not in os.environ,
)


def check(answer: Answer) -> Any:
    """Assert that an answer has a form that Google gives, and return its JSON."""
    assert 200 <= answer.status < 600
    if answer.content_type.startswith("text/html"):
        assert answer.status in {204, 404}
        return None
    if not answer.content_type.startswith("application/json"):
        return None
    value = json.loads(answer.body)
    if answer.status >= 400:
        error = value["error"]
        assert error["code"] == answer.status
        assert error["message"]
        assert "status" in error or "errors" in error
        assert answer.status != 500 or "Internal error" in error["message"]
    return value


def _desk() -> Desk:
    """Return a small spreadsheet with one object of every kind on it, made afresh for each example."""
    return Desk([["name", "url"], [1, "http://a"], ["=A2+1", "http://b"], [None, "x", True]], decorated=True)


def grid_is_sound(book: Book) -> None:
    """Assert what no request may break: rows inside the grid, ids and titles unique, cells within the limit."""
    assert len({sheet.id for sheet in book.sheets}) == len(book.sheets) >= 1
    assert len({sheet.title.casefold() for sheet in book.sheets}) == len(book.sheets)
    for sheet in book.sheets:
        assert sheet.row_count >= 1
        assert sheet.column_count >= 1
        assert len(sheet.rows) <= sheet.row_count
        assert all(len(row) <= sheet.column_count for row in sheet.rows)
        assert all(sheet.whole.holds(merge) for merge in sheet.merges)
    assert book.cell_count() <= 10_000_000


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(fuzz, max_examples=max(10, EXAMPLES // 4))
@given(data=st.data())
def test_a_batch_of_any_kind_is_carried_out_or_refused_whole(kind: str, data: st.DataObject) -> None:
    here = _desk()
    before = here.state.dump()
    requests = data.draw(st.lists(schema_strategies.request(SHEETS, kind), min_size=1, max_size=3))
    answer = here.send("POST", f"/v4/spreadsheets/{here.key}:batchUpdate", json.dumps({"requests": requests}).encode())
    value = check(answer)
    book = here.state.files[here.key].book
    assert book is not None
    grid_is_sound(book)
    if answer.status == 200:
        assert SHEETS.problems(value, "BatchUpdateSpreadsheetResponse") == []
    else:
        assert here.state.dump() | {"time": ""} == before | {"time": ""}


@fuzz
@given(data=st.data())
def test_batches_of_many_kinds_leave_a_readable_book(data: st.DataObject) -> None:
    here = _desk()
    for _ in range(3):
        kinds = data.draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3))
        requests = [data.draw(schema_strategies.request(SHEETS, kind)) for kind in kinds]
        check(
            here.send("POST", f"/v4/spreadsheets/{here.key}:batchUpdate", json.dumps({"requests": requests}).encode())
        )
    whole = check(here.send("GET", f"/v4/spreadsheets/{here.key}?includeGridData=true", b""))
    assert SHEETS.problems(whole, "Spreadsheet") == []


@fuzz
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    path=st.sampled_from(
        [
            "",
            ":batchUpdate",
            ":getByDataFilter",
            "/values/A1",
            "/values/A1:append",
            "/values/B2:C",
            "/values:batchGet",
            "/values:batchUpdate",
            "/values:batchClear",
            "/values/A1:clear",
            "/sheets/0:copyTo",
            "/values/%27",
            "/x/y",
            "/developerMetadata/1",
            "/developerMetadata:search",
            "/values/Sheet1!A1:ZZZ9999999",
            "/values/%00%FF",
        ]
    ),
    query=st.lists(
        st.sampled_from(
            [
                "valueInputOption=RAW",
                "valueInputOption=USER_ENTERED",
                "valueInputOption=x",
                "fields=a(b",
                "fields=*",
                "ranges=A1",
                "ranges=%27",
                "includeGridData=maybe",
                "includeGridData=true",
                "majorDimension=COLUMNS",
                "valueRenderOption=FORMULA",
                "insertDataOption=INSERT_ROWS",
                "fields=sheets.data",
                "nonsense=1",
                "%=%",
            ]
        ),
        max_size=3,
    ),
    data=st.data(),
)
def test_every_sheets_path_answers_any_body(method: str, path: str, query: list[str], data: st.DataObject) -> None:
    here = _desk()
    name = data.draw(st.sampled_from(sorted(METHODS)))
    schema = SHEETS.methods[name].get("request", {}).get("$ref", "ValueRange")
    body = data.draw(
        st.one_of(
            st.binary(max_size=30),
            schema_strategies.body(SHEETS, schema).map(lambda made: json.dumps(made).encode()),
            st.sampled_from([b"", b"null", b"[]", b"{", b'"x"', b"[" * 5000, b'{"values": [[1e999]]}', b'{"a":' * 900]),
        )
    )
    check(here.send(method, f"/v4/spreadsheets/{here.key}{path}?{'&'.join(query)}", body))


@fuzz
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    path=st.sampled_from(
        [
            "/drive/v3/files",
            "/drive/v3/files/KEY",
            "/drive/v3/files/KEY/copy",
            "/drive/v3/files/KEY/permissions",
            "/drive/v3/files/KEY/permissions/1",
            "/drive/v3/files/KEY/export",
            "/drive/v3/about",
            "/token",
            "/drive/v3",
            "/upload/drive/v2/files/KEY",
            "/drive/v3/files/KEY/comments",
            "/",
            "//",
            "/v4",
            "/_standin/dump",
        ]
    ),
    query=st.dictionaries(
        st.sampled_from(["q", "fields", "pageSize", "pageToken", "mimeType", "supportsAllDrives", "x"]),
        st.sampled_from(
            ["", "1", "-1", "name = 'a'", "name = 'a", "(((", "not not name contains 'x'", "files(id", "true"]
        ),
        max_size=3,
    ),
    data=st.data(),
)
def test_every_drive_path_answers_any_body(method: str, path: str, query: dict[str, str], data: st.DataObject) -> None:
    here = _desk()
    body = data.draw(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(["File", "Permission", "Comment"])
            .flatmap(lambda schema: schema_strategies.body(DRIVE, schema))
            .map(lambda made: json.dumps(made).encode()),
        )
    )
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = here.send(method, path.replace("KEY", here.key) + f"?{text}", body)
    if path != "/token":
        check(answer)
    else:
        assert "error" in json.loads(answer.body)


@fuzz
@given(query=st.text(max_size=40) | st.text(alphabet="()'\"=<>! \\andornotnameinparents", max_size=60))
def test_every_drive_query_is_answered_or_refused(query: str) -> None:
    here = _desk()
    check(here.send("GET", f"/drive/v3/files?q={quote(query, errors='replace')}", b""))


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /token HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /v4/spreadsheets HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00",
    ],
)
def test_broken_http_does_not_stop_the_server(sent: bytes) -> None:
    with StandIn() as google:
        for address in (google.url, google.proxy):
            host, port = address.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port)), timeout=30) as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
        with socket.create_connection((google.url[7:].split(":")[0], int(google.url.rpartition(":")[2]))) as client:
            client.sendall(b"GET /_standin/dump HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_huge_body_is_refused_in_googles_words() -> None:
    here = _desk()
    answer = here.send("POST", f"/v4/spreadsheets/{here.key}:batchUpdate", b" " * (50 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert "payload size exceeds" in check(answer)["error"]["message"]
