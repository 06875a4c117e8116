"""The line to Google: one session with least rights, time limits, bounded retries, and writes that are sent once.

A read (and the request for a token) is repeated while its failure may pass: 429, 500, 502, 503, 504, a connection
that breaks, an answer that cannot be read. Waits double up to a ceiling, with full jitter; a Retry-After is
obeyed; `Patience.total` bounds them all. A write is sent once: its outcome is a value, and who sent it decides
what to do when the outcome is unknown.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import gspread
import gspread.urls
import requests  # only to name what gspread's and google-auth's session raises
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession, Request

from errors import CurationError, UsageError
from sheets.google.credentials import Account, is_loopback
from sheets.google.errors import Refusal, Where, refusal, token_refused, translated, unreachable

_LOG = logging.getLogger(__name__)
_LOST = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on asking, in seconds: `total` for all waits of one step, `ceiling` for a single one.

    `timeout` is for connecting and for each answer (Google gives a request 180 s); `sleep`, `clock` and `chance`
    are there for tests.
    """

    total: float = 600
    ceiling: float = 64
    timeout: tuple[float, float] = (10, 200)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Answered:
    """A write that was applied, with Google's answer."""

    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """A write that was certainly not applied."""

    refusal: Refusal
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A write whose answer did not come, or cannot be read: it may have been applied, or may still be."""

    why: str


Outcome = Answered | Refused | Unknown


class Service:
    """Sheets and Drive for one account; `api` sends everything to a server on this computer instead of Google."""

    def __init__(self, account: Account, patience: Patience, api: str | None = None) -> None:
        self._api = None if api is None else _loopback(api)
        self._patience = patience
        self.account = account
        self.spreadsheet = ""  # what the user calls it, for messages
        token_session = requests.Session()
        make: Any = AuthorizedSession  # google-auth's classes carry no signatures
        session = make(account.credentials, auth_request=_TokenRequest(token_session, self))
        if api is not None:
            session.trust_env = token_session.trust_env = False
        self._client = gspread.HTTPClient(account.credentials, session=session)
        self._client.set_timeout(patience.timeout)
        self.refresh_patience()

    def refresh_patience(self) -> None:
        """Begin a new step of the work: the bound on waiting counts from now."""
        self._deadline = self._patience.clock() + self._patience.total

    def spreadsheet_json(self, key: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `spreadsheets.get` of a spreadsheet."""
        return self._read(gspread.urls.SPREADSHEET_URL % key, params)

    def files_json(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one page of Drive's `files.list`."""
        return self._read(gspread.urls.DRIVE_FILES_API_V3_URL, params)

    def send(self, key: str, body: Mapping[str, Any], fields: str) -> Outcome:
        """Send one `batchUpdate`, once, and say what became of it."""
        url = self._address(gspread.urls.SPREADSHEET_BATCH_UPDATE_URL % key)
        try:
            response = self._client.request("post", url, params={"fields": fields, "prettyPrint": "false"}, json=body)
        except gspread.exceptions.APIError as error:
            return self._failed_write(error.response)
        except (*_LOST, TransportError) as error:
            return Unknown(type(error).__name__)
        except GoogleAuthError as error:  # no token, so the request never left
            raise self._token_error(error) from error
        answer = _parsed(response)
        return Unknown("an answer that cannot be read") if answer is None else Answered(answer)

    def deliver(self, key: str, body: Mapping[str, Any], fields: str) -> Outcome:
        """Send, and again after a wait while a quota is used up, which means that nothing was applied."""
        attempt = 0
        while True:
            outcome = self.send(key, body, fields)
            if not isinstance(outcome, Refused) or not outcome.refusal.full:
                return outcome
            if not self.wait(attempt, outcome.retry_after, "the limit of requests is used up"):
                return outcome
            attempt += 1

    def wait(self, attempt: int, retry_after: float | None, why: str) -> bool:
        """Wait before the next attempt (counted from 0); False, at once, when the bound would be passed."""
        patience = self._patience
        pause = min(patience.ceiling, 2.0**attempt) * patience.chance() if retry_after is None else retry_after
        if patience.clock() + pause > self._deadline:
            return False
        _LOG.warning("Google: %s; trying again in %.0f s.", why, pause)
        patience.sleep(pause)
        return True

    def error(self, refused: Refusal, *, writing: bool = False) -> CurationError:
        """Return the error that ends the run for this refusal."""
        return translated(refused, self._where(writing=writing))

    def _where(self, *, writing: bool = False) -> Where:
        return Where(self.spreadsheet, self.account.email, writing)

    def _address(self, url: str) -> str:
        if self._api is None:
            return url
        parts = urlsplit(url)
        return self._api + url.removeprefix(f"{parts.scheme}://{parts.netloc}")

    def _read(self, url: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        attempt = 0
        while True:
            try:
                response = self._client.request("get", self._address(url), params={**params, "prettyPrint": "false"})
                answer = _parsed(response)
                if answer is not None:
                    return answer
                failed, pause, why = refusal(502, ""), None, "an answer that cannot be read"
            except gspread.exceptions.APIError as error:
                failed, pause = _refusal(error.response), _retry_after(error.response)
                if not failed.passing:
                    raise self.error(failed) from error
                why = f"HTTP {failed.status}"
            except (*_LOST, TransportError) as error:
                kind, detail, passing = _kind(error)
                if not passing or not self.wait(attempt, None, detail):
                    raise unreachable(kind, detail) from error
                attempt += 1
                continue
            except GoogleAuthError as error:
                raise self._token_error(error) from error
            if not self.wait(attempt, pause, why):
                raise self.error(failed)
            attempt += 1

    def _failed_write(self, response: requests.Response) -> Outcome:
        failed = _refusal(response)
        if failed.full or 400 <= failed.status < 500:
            return Refused(failed, _retry_after(response))
        return Unknown(f"HTTP {failed.status}")

    def _token_error(self, error: GoogleAuthError) -> CurationError:
        details = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], Mapping) else None
        text = json.dumps(details) if details else json.dumps({"error": str(error)})
        return token_refused(refusal(400, text), self._where())

    def token(self, ask: Callable[[], Any]) -> Any:
        """Ask for a token until there is one, a definite refusal, or the end of our patience."""
        attempt = 0
        while True:
            pause: float | None = None
            try:
                response = ask()
                body = response.data.decode("utf-8", "replace")
                failed = refusal(response.status, body)
                if not _token_may_pass(response.status, body, failed):
                    return response
                why, pause = f"HTTP {failed.status} for a token", _seconds(response.headers.get("Retry-After"))
                over = self.error(failed)
            except TransportError as error:
                kind, why, passing = _kind(error)
                over = unreachable(kind, why)
                if not passing:
                    raise over from error
            if not self.wait(attempt, pause, why):
                raise over
            attempt += 1


class _TokenRequest(Request):
    """google-auth's request for a token, with our retries instead of its own three."""

    def __init__(self, session: requests.Session, service: Service) -> None:
        super().__init__(session)
        self._service = service

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make the request; google-auth sees only an answer that is final."""
        ask: Any = super().__call__
        return self._service.token(lambda: ask(*args, **kwargs))

    def __deepcopy__(self, memo: object) -> NoReturn:
        """Refuse: google-auth would copy the session for a background look-up of regions that we have no use for."""
        raise TypeError("one session, one thread")


def _loopback(api: str) -> str:
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname):
        raise UsageError(
            f"The address {parts.hostname} cannot stand in for Google: it is not on this computer.",
            "Only a server on this computer (127.0.0.1) may take Google's place.",
        )
    return f"{parts.scheme}://{parts.netloc}"


def _parsed(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, Mapping) else None


def _refusal(response: requests.Response) -> Refusal:
    return refusal(response.status_code, response.text)


def _retry_after(response: requests.Response) -> float | None:
    return _seconds(response.headers.get("Retry-After"))


def _seconds(header: str | None) -> float | None:
    """The seconds a Retry-After header asks for, as a number or a date; None when it says nothing usable."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None


def _token_may_pass(status: int, body: str, failed: Refusal) -> bool:
    if status == 200:  # google-auth takes any 200 for a token
        try:
            return not isinstance(json.loads(body), Mapping)
        except ValueError:
            return True
    return failed.passing or bool({"server_error", "internal_failure", "temporarily_unavailable"} & {*failed.reasons})


def _kind(error: Exception) -> tuple[str, str, bool]:
    """Name the kind of a failed connection and its innermost reason (no query, no token); say whether it may pass."""
    cause: BaseException = error
    if isinstance(error, TransportError) and isinstance(error.__cause__, requests.RequestException):
        cause = error.__cause__
    detail = _reason(cause)
    if isinstance(cause, requests.exceptions.SSLError):
        return "tls", detail, False
    if isinstance(cause, requests.exceptions.ProxyError):
        return "proxy", detail, "Tunnel connection failed: 4" not in str(cause)
    if isinstance(cause, requests.Timeout):
        return "timeout", detail, True
    return "connection", detail, True


def _reason(error: BaseException) -> str:
    """The class of the innermost exception: its text would repeat the whole URL with its query."""
    inner: object = error
    while isinstance(inner, BaseException):
        following = getattr(inner, "reason", None) or next(
            (arg for arg in inner.args if isinstance(arg, BaseException)), None
        )
        if not isinstance(following, BaseException):
            return inner.strerror if isinstance(inner, OSError) and inner.strerror else type(inner).__name__
        inner = following
    return type(error).__name__
