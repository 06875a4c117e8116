"""Opening a Google spreadsheet as people name it, with the rights and credentials they have, on the stand-in."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from errors import AccessRefused, NotFound, ServiceFailed, Unsortable, UsageError
from sheets.a1 import parse
from sheets.google import GoogleWorksheet
from sheets.rows import Scope
from sheets.worksheet import Move
from tests.contract.google_bench import Hours, opened
from tests.google.server import StandIn

AREA = parse("B2:C")
ROWS: list[list[Any]] = [["n", "url", "label"], *([i, f"https://pics.example/{i}.jpg", f"lab{i}"] for i in range(1, 5))]


@pytest.fixture
def google() -> Iterator[StandIn]:
    with StandIn() as served:
        yield served


def asked_scopes(google: StandIn) -> set[str]:
    """Return the last names of the scopes in the token requests, read from the signed assertions."""
    found = set()
    for logged in google.requests:
        if logged.path.endswith("/token"):
            claims = parse_qs(logged.body)["assertion"][0].split(".")[1]
            found |= set(json.loads(base64.urlsafe_b64decode(claims + "=="))["scope"].split())
    return {scope.rsplit("/", 1)[1] for scope in found}


def test_a_title_a_key_and_a_link_open_the_same_tab(google: StandIn) -> None:
    key = google.add_spreadsheet("It's \\ food", {"One": ROWS, "Two": ROWS})
    two = opened(google, key, "Two").identity
    link = f"https://docs.google.com/spreadsheets/d/{key}/edit?gid={two.worksheet_key}#gid={two.worksheet_key}"
    assert opened(google, link).identity == opened(google, "It's \\ food", "Two").identity == two


def test_only_a_title_asks_for_the_list_of_files_and_only_sorting_for_writing(google: StandIn) -> None:
    key = google.add_spreadsheet("Foods", {"One": ROWS})
    opened(google, key)
    assert asked_scopes(google) == {"spreadsheets"}
    google.requests.clear()
    opened(google, "Foods", read_only=True).read(AREA, Scope.RANGE)
    assert asked_scopes(google) == {"spreadsheets.readonly", "drive.metadata.readonly"}


def test_a_whole_run_costs_one_list_five_reads_and_three_writes(google: StandIn) -> None:
    google.add_spreadsheet("Foods", {"One": ROWS})
    worksheet = opened(google, "Foods")
    rows = worksheet.read(AREA, Scope.RANGE)
    worksheet.reorder(Move(AREA, Scope.RANGE, rows, (3, 1, 0, 2), "run"))
    sent = [f"{logged.method} {logged.path.split('/')[1]}" for logged in google.requests]
    assert sent == ["POST token", "GET drive", *["GET v4"] * 3, "POST v4", *["GET v4"] * 2, *["POST v4"] * 2]


def test_several_spreadsheets_of_a_title_are_listed_with_their_links(google: StandIn) -> None:
    keys = [google.add_spreadsheet("Foods", {"One": ROWS}) for _ in range(2)]
    with pytest.raises(UsageError) as caught:
        opened(google, "Foods")
    for key in keys:
        assert f"https://docs.google.com/spreadsheets/d/{key}" in caught.value.what
    assert "changed 20" in caught.value.what
    assert "stranger@example.com" in caught.value.what
    assert "link" in caught.value.hint


def test_an_unknown_title_says_whom_to_share_with(google: StandIn) -> None:
    with pytest.raises(NotFound) as caught:
        opened(google, "Nowhere")
    assert google.client_email in caught.value.what
    assert google.client_email in caught.value.hint


def test_a_spreadsheet_that_is_not_shared_says_whom_to_share_with(google: StandIn) -> None:
    key = google.add_spreadsheet("Foods", {"One": ROWS}, shared=False)
    with pytest.raises(AccessRefused) as caught:
        opened(google, key)
    assert google.client_email in caught.value.hint


def test_a_key_that_nobody_has_is_not_found(google: StandIn) -> None:
    with pytest.raises(NotFound, match="knows no spreadsheet"):
        opened(google, "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms")


def test_a_viewer_may_read_and_is_told_to_become_an_editor_to_sort(google: StandIn) -> None:
    key = google.add_spreadsheet("Foods", {"One": ROWS})
    for entry in google.state.files[key].permissions:
        if entry.get("emailAddress") == google.client_email:
            entry["role"] = "reader"
    worksheet = opened(google, key)
    rows = worksheet.read(AREA, Scope.RANGE)
    with pytest.raises(AccessRefused, match="look at") as caught:
        worksheet.reorder(Move(AREA, Scope.RANGE, rows, (3, 1, 0, 2), "run"))
    assert "Editor" in caught.value.hint


def test_an_api_that_is_switched_off_is_named_with_its_link(google: StandIn) -> None:
    google.add_spreadsheet("Foods", {"One": ROWS})
    google.state.disabled.add("drive")
    with pytest.raises(AccessRefused, match="Google Drive API") as caught:
        opened(google, "Foods")
    assert "https://console.developers.google.com/apis/api/drive.googleapis.com" in caught.value.hint


def test_a_key_that_was_revoked_is_told_from_a_wrong_clock(google: StandIn, tmp_path: Path) -> None:
    with StandIn() as other:  # its key signs, but this service never saw it
        content = json.loads(Path(other.credentials_direct).read_text("utf-8"))
    content["token_uri"] = f"{google.url}/token"
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    key = google.add_spreadsheet("Foods", {"One": ROWS})
    with pytest.raises(AccessRefused, match="revoked"):
        GoogleWorksheet.open(key, None, path, api=google.url, patience=Hours().patience())
    google.state.clock.advance(5 * 3600)
    with pytest.raises(AccessRefused, match="clock"):
        opened(google, key)


@pytest.mark.parametrize("kind", ["429", "503", "reset", "500", "502-html", "broken-body"])
def test_a_token_service_that_stumbles_is_asked_again(google: StandIn, kind: str) -> None:
    key = google.add_spreadsheet("Foods", {"One": ROWS})
    google.faults.add(kind, match="/token", times=2)
    assert opened(google, key).identity.key == key


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed(google: StandIn) -> None:
    worksheet = opened(google, google.add_spreadsheet("Foods", {"One": ROWS}))
    rows = worksheet.read(AREA, Scope.RANGE)
    move = Move(AREA, Scope.RANGE, rows, (3, 1, 0, 2), "run")
    google.tokens.revoke_all()
    google.before_request(2, lambda _state: google.tokens.revoke_all(), method="POST", match="batchUpdate")
    worksheet.reorder(move)
    assert worksheet.landed("run") is True


@pytest.mark.parametrize("kind", ["service_account", "authorized_user"])
def test_googles_own_addresses_are_reached_through_a_proxy_that_the_environment_names(
    google: StandIn, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product is the unchanged one: no address of the stand-in is given to it."""
    monkeypatch.setenv("HTTPS_PROXY", google.proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", google.ca)
    google.add_spreadsheet("Foods", {"One": ROWS})
    path = google.credentials
    if kind == "authorized_user":
        scopes = {"https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive"}
        path = google.write_json(google.tokens.add_user(google.client_email, scopes), "user.json")
    worksheet = GoogleWorksheet.open("Foods", None, Path(path))
    worksheet.reorder(Move(AREA, Scope.RANGE, worksheet.read(AREA, Scope.RANGE), (3, 1, 0, 2), "run"))
    assert worksheet.landed("run") is True
    assert {logged.host for logged in google.requests} == {
        "oauth2.googleapis.com", "www.googleapis.com", "sheets.googleapis.com"
    }  # fmt: skip


def test_a_certificate_that_nobody_knows_ends_at_once_with_what_to_set(
    google: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", google.proxy)
    hours = Hours()
    with pytest.raises(ServiceFailed, match="secure connection") as caught:
        GoogleWorksheet.open("Foods", None, Path(google.credentials), patience=hours.patience())
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    assert hours.waited == 0


def test_nothing_secret_is_logged(google: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    google.faults.add("503", match="/v4/", times=2)
    google.faults.add("reset", match="/token")
    key = google.add_spreadsheet("Foods", {"One": ROWS})
    opened(google, key).read(AREA, Scope.RANGE)
    assert "trying again" in caplog.text
    for secret in ("Bearer", "assertion", "PRIVATE", "fields=", "ya29"):
        assert secret not in caplog.text


def test_a_server_that_is_not_there_ends_with_a_sentence(tmp_path: Path) -> None:
    with StandIn() as gone:
        credentials = tmp_path / "key.json"
        credentials.write_text(Path(gone.credentials_direct).read_text("utf-8"), encoding="utf-8")
    hours = Hours()
    with pytest.raises(ServiceFailed, match="could not be reached"):
        GoogleWorksheet.open("x" * 5, None, credentials, api=gone.url, patience=hours.patience())
    assert hours.waited <= 600


def test_a_backup_tab_holds_the_rows_as_they_were_behind_the_last_tab(google: StandIn) -> None:
    key = google.add_spreadsheet("Foods", {"One": ROWS, "Two": ROWS})
    worksheet = opened(google, key, "One", backup_tab=True)
    before = google.labeler(key, "One").rows()
    line = worksheet.reorder(Move(AREA, Scope.RANGE, worksheet.read(AREA, Scope.RANGE), (3, 1, 0, 2), "run"))
    book = google.state.files[key].book
    assert book is not None
    titles = [sheet.title for sheet in book.sheets]
    assert titles[:2] == ["One", "Two"]
    assert titles[2].startswith("One before 20")
    assert titles[2] in line
    assert google.labeler(key, titles[2]).rows() == before != google.labeler(key, "One").rows()


def test_whole_rows_take_their_notes_and_formulas_along(google: StandIn) -> None:
    rows = [[*row, f"=UPPER(C{i})" if i > 1 else None] for i, row in enumerate(ROWS, start=1)]
    key = google.add_spreadsheet("Foods", {"One": rows})
    hands = google.labeler(key)
    hands.note("E3", "look again")
    worksheet = opened(google, key)
    found = worksheet.read(AREA, Scope.WHOLE_ROWS)
    assert found.obstacles == ()
    worksheet.reorder(Move(AREA, Scope.WHOLE_ROWS, found, (3, 1, 0, 2), "run"))
    assert [row[3] for row in hands.rows()[1:]] == [f"=UPPER(C{i})" for i in range(2, 6)]
    assert [row[0] for row in hands.rows()[1:]] == [4, 2, 1, 3]
    cell = hands.sheet.cell(2, 4)
    assert cell is not None
    assert cell.note == "look again"


def test_a_filter_that_hides_rows_stops_before_anything_is_written(google: StandIn) -> None:
    key = google.add_spreadsheet("Foods", {"One": ROWS})
    worksheet = opened(google, key)
    move = Move(AREA, Scope.RANGE, worksheet.read(AREA, Scope.RANGE), (3, 1, 0, 2), "run")
    google.labeler(key).filter("A1:C5", [3, 4])
    with pytest.raises(Unsortable, match="rows 3-4") as caught:
        worksheet.reorder(move)
    assert "Remove filter" in caught.value.hint
    assert google.labeler(key).rows() == ROWS


def test_formulas_that_would_break_yield_to_force_alone(google: StandIn) -> None:
    rows = [ROWS[0], *([*row[:2], f"=B{(i + 1) % 4 + 2}"] for i, row in enumerate(ROWS[1:]))]
    worksheet = opened(google, google.add_spreadsheet("Foods", {"One": rows}))
    found = worksheet.read(AREA, Scope.RANGE)
    with pytest.raises(Unsortable, match="wrong rows"):
        worksheet.reorder(Move(AREA, Scope.RANGE, found, (3, 1, 0, 2), "run"))
    assert worksheet.reorder(Move(AREA, Scope.RANGE, found, (3, 1, 0, 2), "run", force=True))
    assert worksheet.read(AREA, Scope.RANGE).urls == tuple(found.urls[i] for i in (3, 1, 0, 2))
