"""Who we are to Google: a service account's key, a signed-in user, or the credentials this computer already has."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google.auth
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.oauth2 import credentials, service_account

from errors import AccessRefused, CurationError, NotFound, UsageError

SHEETS = "https://www.googleapis.com/auth/spreadsheets"
SHEETS_READONLY = "https://www.googleapis.com/auth/spreadsheets.readonly"
DRIVE_METADATA = "https://www.googleapis.com/auth/drive.metadata.readonly"

# google-auth's classes carry no signatures; what we make of them is `Any` from here on.
_ServiceAccount: Any = service_account.Credentials
_User: Any = credentials.Credentials

_CREATE = (
    "Create a service account in the Google Cloud console, make a key for it (Keys > Add key > JSON),"
    " and give that file with -a; the README walks through it."
)
_TOKEN_HOSTS = frozenset({"oauth2.googleapis.com", "accounts.google.com", "www.googleapis.com"})
# A key file has about 2.4 kB; whatever is far larger is some other file, and is not read into memory.
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials ready for use, and the address a spreadsheet has to be shared with (None: not known)."""

    credentials: Any
    email: str | None


def load(path: Path | None, scopes: Sequence[str]) -> Account:
    """Return the account of a credentials file, or this computer's application-default one for None.

    Takes files of the kinds `service_account` and `authorized_user`. Raises `NotFound`, `AccessRefused` or
    `UsageError`, each saying which file to make instead. A signed-in user keeps the scopes of the sign-in,
    because Google refuses a refresh that asks for any other, even a narrower one.
    """
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if path is None and named:
        path = Path(named)
        kind = _contents(path).get("type")
        if kind not in _KINDS:  # workload identity and the like: google-auth knows them
            return _default(scopes)
    if path is None:
        return _default(scopes)
    return _from_info(_contents(path), path, scopes)


def is_loopback(host: str | None) -> bool:
    """Say whether a host name is this computer itself.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("example.org")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _contents(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"The file {path} is no credentials file: it is too large.", _CREATE)
        info = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no credentials file {path}.", _CREATE) from error
    except OSError as error:
        raise AccessRefused(f"The credentials file {path} cannot be read: {error.strerror}.", _CREATE) from error
    except ValueError as error:
        raise UsageError(f"The file {path} is no credentials file: it is not JSON.", _CREATE) from error
    if not isinstance(info, Mapping):
        raise UsageError(f"The file {path} is no credentials file.", _CREATE)
    return info


def _from_info(info: Mapping[str, Any], path: Path, scopes: Sequence[str]) -> Account:
    maker = _KINDS.get(str(info.get("type")))
    if maker is None:
        raise _wrong_kind(info, path)
    _check_token_address(info.get("token_uri"), path)
    try:
        return maker(info, scopes)
    # google-auth reports a missing field or a damaged key by ValueError, and a key of a wrong type by TypeError
    except (ValueError, TypeError, GoogleAuthError) as error:
        raise UsageError(
            f"The credentials file {path} is damaged: {str(error).splitlines()[0][:120] if str(error) else 'bad key'}.",
            "Download the key again, or make a new one (Keys > Add key > JSON), without editing the file.",
        ) from error


def _wrong_kind(info: Mapping[str, Any], path: Path) -> CurationError:
    if "installed" in info or "web" in info:
        return UsageError(
            f"The file {path} is an OAuth client secret: it names a program, not an account that can open a sheet.",
            _CREATE,
        )
    if "type" in info:
        return UsageError(f"The credentials file {path} is of the kind {info['type']!r}, which is not known.", _CREATE)
    return UsageError(f"The file {path} is no credentials file: it has no 'type'.", _CREATE)


def _check_token_address(address: object, path: Path) -> None:
    """Refuse a file that would have us send a signed request for a token to somebody else than Google."""
    if address is None:
        return
    parts = urlsplit(str(address))
    google = parts.scheme == "https" and parts.hostname in _TOKEN_HOSTS and parts.port in (None, 443)
    if not google and not (parts.scheme in ("http", "https") and is_loopback(parts.hostname)):
        raise AccessRefused(
            f"The credentials file {path} names a token service that is not Google's ({parts.hostname}).",
            "Download the key from Google again; do not use a file from anywhere else.",
        )


def _service_account(info: Mapping[str, Any], scopes: Sequence[str]) -> Account:
    made = _ServiceAccount.from_service_account_info(dict(info), scopes=list(scopes))
    return Account(made, str(info["client_email"]))


def _authorized_user(info: Mapping[str, Any], _scopes: Sequence[str]) -> Account:
    kept = {key: value for key, value in info.items() if key != "scopes"}
    made = _User.from_authorized_user_info(kept)
    return Account(made, str(info["account"]) if info.get("account") else None)


_KINDS = {"service_account": _service_account, "authorized_user": _authorized_user}


def _default(scopes: Sequence[str]) -> Account:
    try:
        found, _project = google.auth.default(scopes=list(scopes))
    except (DefaultCredentialsError, OSError, ValueError) as error:
        raise AccessRefused(
            "No credentials were given, and this computer has none of its own for Google.",
            "Give a service account's key file with -a, or sign in once with: gcloud auth application-default login"
            f" --scopes={SHEETS},https://www.googleapis.com/auth/cloud-platform",
        ) from error
    if isinstance(found, _User):
        found = _User(
            None,
            refresh_token=found.refresh_token,
            token_uri=found.token_uri,
            client_id=found.client_id,
            client_secret=found.client_secret,
            quota_project_id=found.quota_project_id,
        )
    return Account(found, getattr(found, "service_account_email", None))
