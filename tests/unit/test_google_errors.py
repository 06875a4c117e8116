"""Every refusal of Google becomes two lines: what happened, and what the person can do."""

import json
from pathlib import Path

import pytest

from errors import AccessRefused, CurationError, NotFound, ServiceFailed, Unsortable, UsageError
from sheets.google.client import Patience, Service
from sheets.google.credentials import Account, load
from sheets.google.errors import Where, refusal, token_refused, translated, unreachable
from sheets.google.open import Book, Tab, choose, target, title_query

WHERE = Where("Foods", "robot@project.iam.example")
WRITING = Where("Foods", "robot@project.iam.example", writing=True)
OFF = (
    "Google Drive API has not been used in project 7 before or it is disabled. Enable it by visiting"
    " https://console.developers.google.com/apis/api/drive.googleapis.com/overview?project=7 then retry."
)


def google(status: int, message: str, reason: str = "") -> str:
    return json.dumps({"error": {"code": status, "message": message, "status": reason}})


@pytest.mark.parametrize(
    ("status", "message", "reason", "where", "error", "words"),
    [
        (404, "Requested entity was not found.", "NOT_FOUND", WHERE, NotFound, "robot@project.iam.example"),
        (403, "The caller does not have permission", "PERMISSION_DENIED", WHERE, AccessRefused, "add robot@project"),
        (403, "The caller does not have permission", "PERMISSION_DENIED", WRITING, AccessRefused, "role Editor"),
        (403, OFF, "accessNotConfigured", WHERE, AccessRefused, "apis/api/drive.googleapis.com/overview?project=7"),
        (403, OFF, "PERMISSION_DENIED", WHERE, AccessRefused, "Google Drive API is switched off"),
        (403, "Request had insufficient authentication scopes.", "", WHERE, AccessRefused, "scopes"),
        (400, "Unable to parse range: Novice!C3:C14", "INVALID_ARGUMENT", WHERE, NotFound, "-w"),
        (
            400,
            "Invalid requests[4].sortRange: range.startRowIndex is larger than current grid size (9)",
            "",
            WRITING,
            NotFound,
            "past the edge",
        ),
        (
            400,
            "You can't sort a range containing vertical merges. There is a vertical merge at K3:K4",
            "",
            WRITING,
            Unsortable,
            "K3:K4",
        ),
        (
            400,
            "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove"
            " protection if you need to edit.",
            "",
            WRITING,
            Unsortable,
            "Protect sheets and ranges",
        ),
        (400, "This operation is not allowed on cells in typed columns.", "", WRITING, Unsortable, "table"),
        (
            400,
            "This action would increase the number of cells in the workbook above the limit of 10000000 cells.",
            "",
            WRITING,
            Unsortable,
            "10,000,000",
        ),
        (
            429,
            "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user'",
            "RESOURCE_EXHAUSTED",
            WRITING,
            ServiceFailed,
            "Write requests per minute",
        ),
        (503, "The service is currently unavailable.", "UNAVAILABLE", WHERE, ServiceFailed, "HTTP 503"),
        (500, "Internal error encountered.", "INTERNAL", WHERE, ServiceFailed, "HTTP 500"),
        (400, "Invalid requests[0].updateSheetProperties: something new", "", WHERE, ServiceFailed, "something new"),
        (401, "Request had invalid authentication credentials.", "", WHERE, AccessRefused, "new key"),
    ],
)
def test_a_refusal_says_what_happened_and_what_to_do(  # noqa: PLR0917 # one column each of the table above
    status: int, message: str, reason: str, where: Where, error: type[CurationError], words: str
) -> None:
    said = translated(refusal(status, google(status, message, reason)), where)
    assert type(said) is error
    assert words in f"{said.what} {said.hint}"
    assert said.what.endswith(".")
    assert "\n" not in said.what + said.hint


@pytest.mark.parametrize(
    ("error", "description", "words"),
    [
        ("invalid_grant", "Invalid JWT Signature.", "revoked"),
        (
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat"
            " and exp values in the JWT claim.",
            "clock",
        ),
        ("invalid_grant", "Invalid grant: account not found", "no longer exists"),
        ("invalid_grant", "Token has been expired or revoked.", "Sign in again"),
        ("unauthorized_client", "Client is unauthorized", "scopes"),
        ("something_new", "who knows", "something_new"),
    ],
)
def test_refused_credentials_say_which_cure_helps(error: str, description: str, words: str) -> None:
    said = token_refused(refusal(400, json.dumps({"error": error, "error_description": description})), WHERE)
    assert isinstance(said, AccessRefused)
    assert words in f"{said.what} {said.hint}"


def test_a_page_of_a_proxy_instead_of_json_is_no_stumbling_block() -> None:
    refused = refusal(502, "<html><title>Error 502</title></html>")
    assert refused.passing
    assert "HTTP 502" in translated(refused, WHERE).what


def test_a_500_that_speaks_of_quota_counts_as_a_full_quota() -> None:
    assert refusal(500, google(500, "Quota exceeded for quota metric 'Read requests'")).full
    assert not refusal(500, google(500, "Internal error encountered.")).full


def test_drives_403_for_asking_too_often_is_waited_out() -> None:
    error = {"code": 403, "message": "User Rate Limit Exceeded", "errors": [{"reason": "userRateLimitExceeded"}]}
    assert refusal(403, json.dumps({"error": error})).passing
    assert not refusal(403, google(403, "The caller does not have permission")).passing


@pytest.mark.parametrize("kind", ["tls", "proxy", "timeout", "connection"])
def test_a_failed_connection_names_its_kind_and_a_cure(kind: str) -> None:
    said = unreachable(kind, "reset")
    assert isinstance(said, ServiceFailed)
    assert said.hint


def test_control_characters_in_googles_words_do_not_reach_the_terminal() -> None:
    said = translated(refusal(400, google(400, "bad\u001b[31m thing\r\nnext")), WHERE)
    assert said.what.isprintable()


def credentials_file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "credentials.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no credentials file"),
        ({}, "no 'type'"),
        ({"installed": {"client_id": "x"}}, "OAuth client secret"),
        ({"web": {"client_id": "x"}}, "service account"),
        ({"type": "magic"}, "'magic'"),
        ({"type": "service_account"}, "damaged"),
        ({"type": "service_account", "client_email": "a@b"}, "damaged"),
        (
            {
                "type": "service_account",
                "client_email": "a@b",
                "private_key": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n",
                "token_uri": "https://oauth2.googleapis.com/token",
            },
            "damaged",
        ),
        ({"type": "authorized_user", "client_id": "x"}, "damaged"),
    ],
)  # fmt: skip
def test_a_wrong_credentials_file_says_what_to_make_instead(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(credentials_file(tmp_path, content), [])
    assert words in f"{caught.value.what} {caught.value.hint}"
    assert "PRIVATE" not in caught.value.what


@pytest.mark.parametrize(
    "address", ["https://evil.example/token", "http://oauth2.googleapis.com/token", "https://oauth2.googleapis.com:1/t"]
)
def test_a_token_service_that_is_not_googles_is_refused(tmp_path: Path, address: str) -> None:
    content = {"type": "service_account", "client_email": "a@b", "private_key": "x", "token_uri": address}
    with pytest.raises(AccessRefused, match="not Google's"):
        load(credentials_file(tmp_path, content), [])


def test_a_missing_credentials_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.json"):
        load(tmp_path / "absent.json", [])


def test_a_computer_without_credentials_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "APPDATA", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(AccessRefused, match="none of its own"):
        load(None, [])


def test_only_this_computer_may_stand_in_for_google() -> None:
    with pytest.raises(UsageError, match=r"example\.org"):
        Service(Account(None, None), Patience(), "http://example.org:80")


@pytest.mark.parametrize(
    ("text", "key", "gid"),
    [
        ("https://docs.google.com/spreadsheets/d/1AbC_d-efGHIJ/edit#gid=12", "1AbC_d-efGHIJ", 12),
        ("https://docs.google.com/spreadsheets/d/1AbC_d-efGHIJ/edit?gid=0#gid=0", "1AbC_d-efGHIJ", 0),
        ("https://docs.google.com/spreadsheets/u/1/d/1AbC_d-efGHIJ", "1AbC_d-efGHIJ", None),
        ("https://drive.google.com/open?id=1AbC_d-efGHIJ", "1AbC_d-efGHIJ", None),
        ("https://drive.google.com/file/d/1AbC_d-efGHIJ/view", "1AbC_d-efGHIJ", None),
        ("https://docs.google.com/spreadsheet/ccc?key=0AbCdEfGhIjKl&usp=x", "0AbCdEfGhIjKl", None),
        ("1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms", "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms", None),
    ],
)
def test_addresses_and_keys_are_told_from_titles(text: str, key: str, gid: int | None) -> None:
    found = target(text)
    assert (found.key, found.gid) == (key, gid)


@pytest.mark.parametrize("title", ["example", "food_images_to_label_for_the_second_batch_2025", "/d/ or not"])
def test_a_title_stays_a_title(title: str) -> None:
    assert target(title).title == title


@pytest.mark.parametrize(
    "text", ["https://docs.google.com/spreadsheets/d/e/2PACX-1vQ/pubhtml", "https://example.org", ""]
)
def test_a_link_that_opens_nothing_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        target(text)


def test_quotes_and_backslashes_in_a_title_cannot_leave_the_query() -> None:
    assert title_query("a' or name = 'b\\").endswith(r"name = 'a\' or name = \'b\\'")


BOOK = Book("k", "Foods", (Tab(0, "One", 1), Tab(5, "Two", 1)), 2)


def test_a_tab_is_chosen_by_title_before_gid_and_a_lone_one_needs_no_name() -> None:
    assert choose(BOOK, "One", 5).sheet_id == 0
    assert choose(BOOK, None, 5).title == "Two"
    assert choose(Book("k", "Foods", BOOK.tabs[:1], 1), None, None).title == "One"


def test_an_unnamed_or_unknown_tab_lists_those_there_are() -> None:
    with pytest.raises(UsageError) as unnamed:
        choose(BOOK, None, None)
    with pytest.raises(NotFound) as unknown:
        choose(BOOK, "Three", None)
    with pytest.raises(NotFound) as gone:
        choose(BOOK, None, 6)
    for caught in (unnamed, unknown, gone):
        assert "'One', 'Two'" in caught.value.hint
