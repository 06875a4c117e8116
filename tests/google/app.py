"""One request in, one answer out: routing, tokens, quotas and switched-off services, without any socket."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

from tests.google import drive, sheets_service
from tests.google.errors import ApiError, DriveError, TokenError
from tests.google.faults import QUOTA
from tests.google.oauth import Token, TokenService
from tests.google.protocol import Answer, Request, json_answer, parse_body
from tests.google.state import State

MAX_BODY = 50 * 1024 * 1024  # a larger body is refused before it is read
_HOSTS = {
    "sheets.googleapis.com": {"v4"},
    "www.googleapis.com": {"drive", "upload", "oauth2"},
    "drive.googleapis.com": {"drive"},
    "oauth2.googleapis.com": {"token"},
    "accounts.google.com": {"o"},
}
HOSTS = frozenset(_HOSTS)
_NAMES = {"sheets": "Google Sheets API", "drive": "Google Drive API"}
_TOKEN_PATHS = (["token"], ["o", "oauth2", "token"], ["oauth2", "v4", "token"], ["oauth2", "v3", "token"])


class App:
    """The three services over one state."""

    def __init__(self, state: State, tokens: TokenService) -> None:
        self.state, self.tokens = state, tokens

    def answer(self, request: Request) -> Answer:
        """Answer a request; a refusal becomes its error body."""
        try:
            with _without_collector():
                return self._answer(request)
        except ApiError as error:
            return json_answer(error.body(), error.code, error.headers)

    def _answer(self, request: Request) -> Answer:
        segments = request.segments
        first = segments[0] if segments else ""
        if request.host and first not in _HOSTS.get(request.host, set()):
            return _page_not_found(request)
        if len(request.body) > MAX_BODY:
            raise ApiError(413, "Request payload size exceeds the limit: 52428800 bytes.")
        if first == "_standin":
            return self._own(request, segments[1:])
        if segments in _TOKEN_PATHS:
            return self._token(request)
        if first == "v4":
            return self._sheets(request, segments)
        if first in {"drive", "upload"}:
            return self._drive(request, segments)
        return _page_not_found(request)

    def _own(self, request: Request, segments: list[str]) -> Answer:
        """Answer what is no part of Google: look at everything, or declare an id to be a stranger's file."""
        match request.method, segments:
            case "GET", ["dump"]:
                return json_answer(self.state.dump())
            case "PUT", ["strangers", file_id]:
                self.state.strangers.add(file_id)
                return Answer(204)
        return _page_not_found(request)

    def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            raise TokenError("invalid_request", "Only POST is allowed.", 405)
        return json_answer(self.tokens.exchange(request.body))

    def _sheets(self, request: Request, segments: list[str]) -> Answer:
        found = sheets_service.route(request.method, segments)
        if found is None:
            return _page_not_found(request)
        caller = self._admit(request, "sheets", writes=found[0].writes).email
        return json_answer(sheets_service.answer(self.state, caller, found, request.query, parse_body(request.body)))

    def _drive(self, request: Request, segments: list[str]) -> Answer:
        found = drive.route(request.method, segments)
        if found is None:
            return _page_not_found(request)
        token = self._admit(request, "drive", writes=found[0].writes)
        return drive.answer(self.state, token, found, request.query, self._drive_body(request))

    @staticmethod
    def _drive_body(request: Request) -> dict[str, Any]:
        if request.segments[0] == "upload":
            return {"text": request.body.decode("utf-8-sig", "replace")}
        try:
            return parse_body(request.body)
        except ApiError as error:
            raise DriveError(400, "Parse Error", "parseError") from error

    def _admit(self, request: Request, service: str, *, writes: bool) -> Token:
        """Return the token of a call, after token, scopes, switches and quota let the call pass."""
        token = self.tokens.who(request.headers.get("authorization", ""), service, writes=writes)
        if service in self.state.disabled:
            raise self._disabled(service)
        self._count(token.email, "write" if writes else "read")
        return token

    def _disabled(self, service: str) -> ApiError:
        number = self.state.project_number
        link = f"https://console.developers.google.com/apis/api/{service}.googleapis.com/overview?project={number}"
        message = (
            f"{_NAMES[service]} has not been used in project {number} before or it is disabled. Enable it by visiting "
            f"{link} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to "
            "our systems and retry."
        )
        if service == "drive":
            error = DriveError(403, message, "accessNotConfigured")
            error.help = "https://console.developers.google.com"
            return error
        info = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {"service": f"{service}.googleapis.com", "consumer": f"projects/{number}"},
        }
        return ApiError(403, message, details=[info])

    def _count(self, caller: str, kind: str) -> None:
        """Refuse the call when a quota is set and used up in this minute of the clock."""
        limit = self.state.quota.get(kind)
        if limit is None:
            return
        now = self.state.clock.now()
        key = (caller, kind, int(now // 60))
        with self.state.lock:
            used = self.state.quota_used[key] = self.state.quota_used.get(key, 0) + 1
        if used > limit:
            text = QUOTA.format(project=self.state.project_number)
            raise ApiError(429, text if kind == "write" else text.replace("Write", "Read"))


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Keep Python from searching a million new cells for cycles, of which there are none, while a request runs."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _page_not_found(request: Request) -> Answer:
    """Return the HTML page that Google's front end gives for a path without a service."""
    body = (
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> "
        "<ins>That's an error.</ins>\n  <p>The requested URL was not found on this server.\n"
    )
    if request.headers.get("accept", "").startswith("application/json"):
        error = {"code": 404, "message": "Method not found.", "status": "NOT_FOUND"}
        return json_answer({"error": error}, 404)
    return Answer(404, body.encode(), content_type="text/html; charset=UTF-8")
