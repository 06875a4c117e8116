"""What Google refuses, said in two lines: what happened, and what the person who runs the command can do."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from errors import AccessRefused, CurationError, NotFound, ServiceFailed, Unsortable

# Drive says with a 403 that it was asked too often.
_RATES = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})


@dataclass(frozen=True, slots=True)
class Where:
    """What a message may name: the spreadsheet as the user calls it, the account, and whether we were writing."""

    spreadsheet: str
    account: str | None = None
    writing: bool = False

    @property
    def person(self) -> str:
        """The address to share a spreadsheet with."""
        return self.account or "the account of your credentials"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success: the HTTP status, Google's sentence, and its one-word reasons."""

    status: int
    message: str
    reasons: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """Whether a quota is used up; some answers say so with a 500."""
        if self.status in (403, 500) and "quota exceeded" in self.message.lower():
            return True
        return self.status == 429 or (self.status == 403 and not _RATES.isdisjoint(self.reasons))

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.full or self.status in (500, 502, 503, 504)

    @property
    def stamp_exists(self) -> bool:
        """Whether the batch was refused because an id of its metadata is taken, so nothing of it was applied."""
        return self.status == 400 and re.search(r"metadata with that ID already exists", self.message) is not None

    @property
    def taken_id(self) -> int | None:
        """The id of metadata that exists already, for which the batch was refused."""
        found = re.search(r"metadata with ID \[([0-9]+)\]", self.message) if self.stamp_exists else None
        return int(found[1]) if found else None


def refusal(status: int, body: str) -> Refusal:
    """Read the body of an answer that is no success, in Google's format, OAuth's, or none (a proxy's HTML page).

    >>> refusal(400, '{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}').message
    'invalid_grant: Invalid JWT Signature.'
    """
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    error = parsed.get("error") if isinstance(parsed, Mapping) else None
    if isinstance(error, str) and isinstance(parsed, Mapping):
        return Refusal(status, _plain(f"{error}: {parsed.get('error_description', '')}"), (error,))
    if not isinstance(error, Mapping):
        return Refusal(status, "")
    return Refusal(status, _plain(str(error.get("message", ""))), _reasons(error))


def translated(refused: Refusal, where: Where) -> CurationError:
    """Return the error that ends the run for a refusal by Sheets or Drive."""
    return _first(_RULES, refused, where) or _unknown(refused, where)


def token_refused(refused: Refusal, where: Where) -> CurationError:
    """Return the error that ends the run when the token service refuses the credentials."""
    return _first(_TOKEN_RULES, refused, where) or AccessRefused(
        f"Google did not accept the credentials of {where.person}: {refused.message or refused.status}.",
        "Create a new key for the service account (Keys > Add key > JSON) and give its file with -a.",
    )


def unreachable(kind: str, detail: str) -> CurationError:
    """Return the error for a connection that failed; `kind` is `tls`, `proxy`, `timeout` or `connection`."""
    what, hint = _CONNECTION[kind]
    return ServiceFailed(f"{what} ({_plain(detail)[:160]}).", hint)


def _plain(text: str) -> str:
    """One line without control characters, of a length that fits a message."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


def _reasons(error: Mapping[str, Any]) -> tuple[str, ...]:
    found = [str(error.get("status", ""))]
    for key in ("errors", "details"):
        entries = error.get(key)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and "reason" in entry:
                found.append(str(entry["reason"]))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One known refusal: statuses (none: any), a pattern in message or reasons, and the two lines for it."""

    statuses: tuple[int, ...]
    pattern: str
    error: type[CurationError]
    what: str
    hint: str
    writing: bool | None = None

    def fits(self, refused: Refusal, where: Where) -> bool:
        text = " ".join((refused.message, *refused.reasons))
        return (
            (not self.statuses or refused.status in self.statuses)
            and (self.writing is None or self.writing == where.writing)
            and re.search(self.pattern, text, re.IGNORECASE) is not None
        )


def _first(rules: tuple[_Rule, ...], refused: Refusal, where: Where) -> CurationError | None:
    for rule in rules:
        if rule.fits(refused, where):
            words = {
                "sheet": where.spreadsheet,
                "person": where.person,
                "message": refused.message.rstrip("."),
                "api": _api(refused.message),
                "link": _link(refused.message),
            }
            return rule.error(rule.what.format(**words), rule.hint.format(**words))
    return None


def _api(message: str) -> str:
    found = re.search(r"Google (?:Sheets|Drive) API", message)
    return found[0] if found else "Google API that is needed"


def _link(message: str) -> str:
    found = re.search(r"https://[^\s\"'<>]+", message)
    return found[0] if found else "https://console.cloud.google.com/apis/library"


def _unknown(refused: Refusal, where: Where) -> CurationError:
    said = f": {refused.message}" if refused.message else ""
    if refused.status >= 500:
        return ServiceFailed(
            f"Google could not serve the spreadsheet {where.spreadsheet!r} (HTTP {refused.status}{said}).",
            "Wait a few minutes and run the same command again; https://www.google.com/appsstatus shows outages.",
        )
    return ServiceFailed(
        f"Google refused a request about the spreadsheet {where.spreadsheet!r} (HTTP {refused.status}{said}).",
        "Open the spreadsheet in a browser and look whether it works there; if it does, please report this message.",
    )


_NOTHING = "Nothing was written."
_RULES = (
    _Rule(
        (403,),
        r"has not been used in project|accessNotConfigured|SERVICE_DISABLED|API is disabled",
        AccessRefused,
        "The {api} is switched off in the Google Cloud project of {person}.",
        "Open {link} and press Enable, wait a minute, and run the same command again.",
    ),
    _Rule(
        (403,),
        r"insufficient authentication scopes|ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        AccessRefused,
        "The credentials of {person} were made without access to Google Sheets, or to the list of files.",
        "Make them again with the scopes spreadsheets and drive.metadata.readonly, or use a service account's key.",
    ),
    _Rule(
        (403,),
        r"quota project|USER_PROJECT_DENIED|CONSUMER_INVALID",
        AccessRefused,
        "Google wants to know which Cloud project these credentials count for: {message}.",
        "Run: gcloud auth application-default set-quota-project PROJECT, or give a service account's key with -a.",
    ),
    _Rule(
        (403, 429, 500),
        r"quota exceeded|RESOURCE_EXHAUSTED|rateLimitExceeded",
        ServiceFailed,
        "Google's limit of requests is used up, also after waiting: {message}.",
        "Wait some minutes, let fewer programs use the same account at a time, and run the same command again.",
    ),
    _Rule(
        (403,),
        "",
        AccessRefused,
        "{person} may look at the spreadsheet {sheet!r} but not change it.",
        "Open the spreadsheet, press Share, give {person} the role Editor, and run the same command again.",
        writing=True,
    ),
    _Rule(
        (403,),
        "",
        AccessRefused,
        "The spreadsheet {sheet!r} is not shared with {person}.",
        "Open the spreadsheet, press Share, add {person} as Editor, and run the same command again.",
    ),
    _Rule(
        (404,),
        "",
        NotFound,
        "Google knows no spreadsheet {sheet!r} that {person} may see.",
        "Check the link or key (it is the part of the address after /d/), and share the spreadsheet with {person}.",
    ),
    _Rule(
        (400,),
        r"unable to parse range|no grid with id|sheet with id .* not found",
        NotFound,
        "The worksheet is no longer in the spreadsheet {sheet!r} ({message}).",
        "Somebody renamed or deleted the tab; give its present name with -w. " + _NOTHING,
    ),
    _Rule(
        (400,),
        r"current grid size|exceeds grid limits|outside the grid",
        NotFound,
        "The range lies past the edge of the worksheet in {sheet!r} ({message}).",
        "Give a range inside the worksheet with -r. " + _NOTHING,
    ),
    _Rule(
        (400,),
        r"protected cell or object",
        Unsortable,
        "Cells that have to move are protected, and {person} may not edit them.",
        "Ask the owner: Data > Protect sheets and ranges > add {person}, or remove the protection. " + _NOTHING,
    ),
    _Rule(
        (400,),
        r"vertical merges|merged cell",
        Unsortable,
        "Merged cells are in the way of a sort: {message}.",
        "Select them and choose Format > Merge cells > Unmerge. " + _NOTHING,
    ),
    _Rule(
        (400,),
        r"typed columns",
        Unsortable,
        "The range lies in a table of Google Sheets, whose typed columns refuse a sort from outside.",
        "Open the table's menu, choose Convert to unformatted data, and run the same command again. " + _NOTHING,
    ),
    _Rule(
        (400,),
        r"above the limit of \d+ cells",
        Unsortable,
        "The spreadsheet {sheet!r} is so full that one more column does not fit (limit: 10,000,000 cells).",
        "Delete empty rows, columns or old tabs, and run the same command again. " + _NOTHING,
    ),
    _Rule(
        (401,),
        "",
        AccessRefused,
        "Google does not accept the credentials of {person} any more.",
        "Create a new key for the service account (Keys > Add key > JSON) and give its file with -a.",
    ),
)
_TOKEN_RULES = (
    _Rule(
        (),
        r"reasonable timeframe|iat and exp|short-lived token",
        AccessRefused,
        "Google refuses the sign-in because this computer's clock is wrong.",
        "Set the clock (switch on automatic date and time), and run the same command again.",
    ),
    _Rule(
        (),
        r"invalid jwt|signature",
        AccessRefused,
        "Google does not know the key of {person}: it was revoked, or the file was altered.",
        "Create a new key (Google Cloud console > Service accounts > Keys > Add key > JSON) and give its file with -a.",
    ),
    _Rule(
        (),
        r"account not found|invalid_client|disabled_client|deleted_client",
        AccessRefused,
        "The account {person} no longer exists or is disabled ({message}).",
        "Create a service account and a key for it, share the spreadsheet with it, and give the key's file with -a.",
    ),
    _Rule(
        (),
        r"invalid_scope|unauthorized_client|access_denied",
        AccessRefused,
        "The account {person} may not ask for access to Google Sheets ({message}).",
        "Make them again with the scopes spreadsheets and drive.metadata.readonly, or use a service account's key.",
    ),
    _Rule(
        (),
        r"expired or revoked|invalid_rapt|reauth|bad request",
        AccessRefused,
        "The sign-in stored in the credentials has expired or was revoked ({message}).",
        "Sign in again (gcloud auth application-default login), or use a service account's key with -a.",
    ),
)
_CONNECTION = {
    "tls": (
        "The secure connection to Google could not be checked",
        "If your network inspects traffic, set REQUESTS_CA_BUNDLE to its certificate file; check the clock as well.",
    ),
    "proxy": (
        "The proxy did not let the request to Google pass",
        "Check HTTPS_PROXY (address, user and password), or unset it to connect directly.",
    ),
    "timeout": (
        "Google did not answer in time",
        "Check the network connection and run the same command again.",
    ),
    "connection": (
        "Google could not be reached",
        "Check the network connection (and HTTPS_PROXY, if you use a proxy), and run the same command again.",
    ),
}
