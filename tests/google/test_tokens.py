"""The token service, spoken to by google-auth itself, and the scopes of every call."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from google.auth import exceptions, jwt
from google.auth.crypt import RSASigner
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import credentials, service_account

from tests.google import protocol
from tests.google.desk import Desk
from tests.google.server import StandIn

SHEETS = "https://www.googleapis.com/auth/spreadsheets"


def account(google: StandIn, *scopes: str, path: str = "") -> Any:
    return service_account.Credentials.from_service_account_file(path or google.credentials_direct, scopes=scopes)


def test_a_service_account_gets_a_token_that_opens_a_sheet_until_it_expires() -> None:
    with StandIn() as google:
        sheet = google.add_spreadsheet("t")
        session = AuthorizedSession(account(google, SHEETS))
        assert session.get(f"{google.url}/v4/spreadsheets/{sheet}").status_code == 200
        token = session.credentials.token
        google.state.clock.advance(3601)
        stale = requests.get(
            f"{google.url}/v4/spreadsheets/{sheet}", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        assert stale.status_code == 401
        assert stale.json()["error"]["status"] == "UNAUTHENTICATED"
        # google-auth sees the 401 and fetches a new token by itself, signed with this machine's (older) time.
        google.state.clock.advance(-3601)
        google.tokens.revoke_all()
        assert session.get(f"{google.url}/v4/spreadsheets/{sheet}").status_code == 200
        assert session.credentials.token != token


def test_a_key_of_somebody_else_is_refused() -> None:
    with StandIn() as google, StandIn() as other:
        content = json.loads(Path(google.credentials_direct).read_text())
        content["private_key"] = json.loads(Path(other.credentials).read_text())["private_key"]
        bad = account(google, SHEETS, path=google.write_json(content, "bad.json"))
        with pytest.raises(exceptions.RefreshError, match=r"invalid_grant: Invalid JWT Signature\."):
            bad.refresh(Request())


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"aud": "https://example.org/token"}, "invalid_grant", "Invalid JWT: Failed audience check."),
        ({"iat": 1_000_000_000, "exp": 1_000_003_600}, "invalid_grant", "Invalid JWT: Token must be a short-lived"),
        ({"exp": int(time.time()) + 7200}, "invalid_grant", "Invalid JWT: Token must be a short-lived token"),
        ({"scope": ""}, "invalid_scope", "Empty or missing scope not allowed."),
        ({"scope": "https://www.googleapis.com/auth/nonsense"}, "invalid_scope", "Invalid OAuth scope"),
        ({"iss": "nobody@example.org"}, "invalid_grant", "Invalid grant: account not found"),
    ],
)
def test_the_claims_of_an_assertion_are_checked(changes: dict[str, Any], error: str, description: str) -> None:
    with StandIn() as google:
        info = json.loads(Path(google.credentials_direct).read_text())
        now = int(time.time())
        claims = {"iss": info["client_email"], "aud": info["token_uri"], "scope": SHEETS, "iat": now, "exp": now + 3600}
        signed = jwt.encode(RSASigner.from_service_account_info(info), {**claims, **changes}).decode()
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
        answer = requests.post(f"{google.url}/token", data=form, timeout=30)
        assert answer.status_code == 400
        assert answer.json()["error"] == error
        assert answer.json()["error_description"].startswith(description)


def test_a_person_refreshes_and_may_lose_the_consent() -> None:
    with StandIn() as google:
        info = google.tokens.add_user("lead@example.com", {SHEETS})
        user = credentials.Credentials.from_authorized_user_info(info)
        user._token_uri = f"{google.url}/token"
        user.refresh(Request())
        assert user.token.startswith("ya29.")
        wrong = {**info, "refresh_token": "1//gone"}
        lost = credentials.Credentials.from_authorized_user_info(wrong)
        lost._token_uri = f"{google.url}/token"
        with pytest.raises(exceptions.RefreshError, match="invalid_grant: Bad Request"):
            lost.refresh(Request())


@pytest.mark.parametrize(
    ("scope", "read", "write", "listing"),
    [
        ("https://www.googleapis.com/auth/spreadsheets", 200, 200, 403),
        ("https://www.googleapis.com/auth/spreadsheets.readonly", 200, 403, 403),
        ("https://www.googleapis.com/auth/drive", 200, 200, 200),
        ("https://www.googleapis.com/auth/drive.file", 200, 200, 200),
        ("https://www.googleapis.com/auth/drive.readonly", 200, 403, 200),
        ("https://www.googleapis.com/auth/drive.metadata.readonly", 403, 403, 200),
        ("https://spreadsheets.google.com/feeds", 200, 200, 403),
        ("https://www.googleapis.com/auth/userinfo.email", 403, 403, 403),
    ],
)
def test_scopes_open_the_calls_that_they_open_at_google(scope: str, read: int, write: int, listing: int) -> None:
    desk = Desk([["a"]])
    token = desk.tokens.grant(desk.state.account, {scope})
    path = f"/v4/spreadsheets/{desk.key}"
    assert desk.send("GET", path, token=token).status == read
    assert desk.send("POST", f"{path}/values/A1:clear", token=token).status == write
    answer = desk.send("GET", "/drive/v3/files", token=token)
    assert answer.status == listing
    for status, body in ((read, desk.send("GET", path, token=token)), (listing, answer)):
        if status == 403:
            assert json.loads(body.body)["error"]["message"] == "Request had insufficient authentication scopes."


def test_no_token_and_a_wrong_one_are_told_apart() -> None:
    desk = Desk()
    target = f"/v4/spreadsheets/{desk.key}"
    missing = desk.app.answer(protocol.Request("GET", target, {}, b""))
    assert json.loads(missing.body)["error"]["message"].startswith("Request is missing required authentication")
    wrong = desk.send("GET", target, token="ya29.wrong")
    assert json.loads(wrong.body)["error"]["message"].startswith("Request had invalid authentication credentials")
