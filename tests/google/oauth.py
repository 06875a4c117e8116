"""The token service: checks a signed JWT as Google does, hands out tokens that expire, and knows their scopes."""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.google.clock import Clock
from tests.google.errors import ApiError, DriveError, TokenError

AUDIENCES = {
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://www.googleapis.com/oauth2/v3/token",
}
LIFETIME = 3600  # seconds, of a token and of the longest assertion
SKEW = 300  # seconds a clock may be ahead
_PREFIX = "https://www.googleapis.com/auth/"
_SHEETS_WRITE = {"spreadsheets", "drive", "drive.file"}
_SHEETS_READ = _SHEETS_WRITE | {"spreadsheets.readonly", "drive.readonly"}
_DRIVE_WRITE = {"drive", "drive.file"}
_DRIVE_READ = _DRIVE_WRITE | {"drive.readonly", "drive.metadata", "drive.metadata.readonly"}
# The scopes that open each kind of call. The old feeds scope opens Sheets calls, and Drive calls as well.
OPENS = {
    ("sheets", False): {_PREFIX + name for name in _SHEETS_READ} | {"https://spreadsheets.google.com/feeds"},
    ("sheets", True): {_PREFIX + name for name in _SHEETS_WRITE} | {"https://spreadsheets.google.com/feeds"},
    ("drive", False): {_PREFIX + name for name in _DRIVE_READ},
    ("drive", True): {_PREFIX + name for name in _DRIVE_WRITE},
}
KNOWN_SCOPES = {_PREFIX + name for name in _SHEETS_READ | _DRIVE_READ | {"cloud-platform", "userinfo.email"}} | {
    "https://spreadsheets.google.com/feeds",
    "https://docs.google.com/feeds",
    "openid",
    "email",
}


@dataclass(frozen=True, slots=True)
class Token:
    """What an access token stands for."""

    email: str
    scopes: frozenset[str]
    expires: float

    @property
    def own_files_only(self) -> bool:
        """Whether Drive shows this token only files that its program made: `drive.file` opens no others."""
        return not self.scopes & (OPENS["drive", False] - {_PREFIX + "drive.file"})


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh token of a person stands for."""

    email: str
    client_id: str
    client_secret: str
    scopes: frozenset[str]


class TokenService:
    """Knows the keys of service accounts and every token it has given out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[str, tuple[str, rsa.RSAPublicKey]] = {}  # e-mail -> key id, key
        self._refresh: dict[str, Refresh] = {}
        self._tokens: dict[str, Token] = {}
        self.audiences = set(AUDIENCES)  # and the stand-in's own address

    def add_account(self, email: str, token_uri: str) -> dict[str, Any]:
        """Make a service account and return the contents of its credentials file."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_id = secrets.token_hex(20)
        self._keys[email] = (key_id, private.public_key())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        project = email.partition("@")[2].partition(".")[0]
        return {
            "type": "service_account",
            "project_id": project,
            "private_key_id": key_id,
            "private_key": pem.decode(),
            "client_email": email,
            "client_id": str(secrets.randbelow(10**21)).zfill(21),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        }

    def add_user(self, email: str, scopes: set[str]) -> dict[str, Any]:
        """Make a person who has consented, and return the contents of an authorized_user file."""
        token, client_id = "1//" + secrets.token_urlsafe(40), secrets.token_hex(8) + ".apps.googleusercontent.com"
        secret = "GOCSPX-" + secrets.token_urlsafe(16)
        self._refresh[token] = Refresh(email, client_id, secret, frozenset(scopes))
        return {"type": "authorized_user", "client_id": client_id, "client_secret": secret, "refresh_token": token}

    def grant(self, email: str, scopes: set[str]) -> str:
        """Give out a token without an exchange, for tests that speak plain HTTP."""
        token = "ya29.c." + secrets.token_urlsafe(48)
        self._tokens[token] = Token(email, frozenset(scopes), self._clock.now() + LIFETIME)
        return token

    def revoke_all(self) -> None:
        """Let every token given out so far be unknown."""
        self._tokens.clear()

    def exchange(self, body: bytes) -> dict[str, Any]:
        """Answer POST /token."""
        form = {name: found[-1] for name, found in parse_qs(body.decode("utf-8", "replace")).items()}
        kind = form.get("grant_type", "")
        if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            email, scopes = self._check_assertion(form.get("assertion", ""))
        elif kind == "refresh_token":
            email, scopes = self._check_refresh(form)
        else:
            raise TokenError("unsupported_grant_type", f"Invalid grant_type: {kind}")
        answer: dict[str, Any] = {"access_token": self.grant(email, scopes), "expires_in": LIFETIME - 1}
        if kind == "refresh_token":
            answer["scope"] = " ".join(sorted(scopes))
        answer["token_type"] = "Bearer"
        return answer

    def _check_refresh(self, form: dict[str, str]) -> tuple[str, set[str]]:
        known = self._refresh.get(form.get("refresh_token", ""))
        if known is None:
            raise TokenError("invalid_grant", "Bad Request")
        if (form.get("client_id"), form.get("client_secret")) != (known.client_id, known.client_secret):
            raise TokenError("invalid_client", "Unauthorized", 401)
        wanted = set(form.get("scope", "").split())
        if not wanted <= known.scopes:
            raise TokenError("invalid_scope", "Some requested scopes were invalid.")
        return known.email, wanted or set(known.scopes)

    def _check_assertion(self, assertion: str) -> tuple[str, set[str]]:
        """Check signature, issuer, audience, scope and time of a JWT, in the order in which Google complains."""
        header, claims, signature, signed = _split_jwt(assertion)
        known = self._keys.get(str(claims.get("iss", "")))
        if known is None:
            raise TokenError("invalid_grant", "Invalid grant: account not found")
        key_id, key = known
        if header.get("alg") != "RS256" or header.get("kid", key_id) != key_id:
            raise TokenError("invalid_grant", "Invalid JWT Signature.")
        try:
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise TokenError("invalid_grant", "Invalid JWT Signature.") from error
        if claims.get("aud") not in self.audiences:
            raise TokenError("invalid_grant", "Invalid JWT: Failed audience check.")
        self._check_time(claims)
        scopes = set(str(claims.get("scope", "")).split())
        if not scopes:
            raise TokenError("invalid_scope", "Empty or missing scope not allowed.")
        if not scopes <= KNOWN_SCOPES:
            raise TokenError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return str(claims.get("sub") or claims["iss"]), scopes

    def _check_time(self, claims: dict[str, Any]) -> None:
        issued, expires = claims.get("iat"), claims.get("exp")
        times = [t for t in (issued, expires) if isinstance(t, int | float) and not isinstance(t, bool)]
        now = self._clock.now()
        if len(times) != 2 or times[0] > now + SKEW or times[1] < now - SKEW or times[1] - times[0] > LIFETIME + SKEW:
            raise TokenError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )

    def who(self, authorization: str, service: str, *, writes: bool) -> Token:
        """Return the token of a call, or the refusal of its token or scopes."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise _unauthenticated(
                "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie "
                "or other valid authentication credential. See "
                "https://developers.google.com/identity/sign-in/web/devconsole-project.",
                service,
            )
        token = self._tokens.get(text.strip())
        if token is None or token.expires <= self._clock.now():
            raise _unauthenticated(
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
                "valid authentication credential. See "
                "https://developers.google.com/identity/sign-in/web/devconsole-project.",
                service,
            )
        if not token.scopes & OPENS[service, writes]:
            raise _insufficient(service)
        return token


def _split_jwt(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    parts = assertion.split(".")
    try:
        header, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
        found = json.loads(header), json.loads(claims)
    except (ValueError, binascii.Error) as error:
        raise TokenError("invalid_grant", "Invalid JWT: The assertion is not a JWT.") from error
    if not all(isinstance(part, dict) for part in found):
        raise TokenError("invalid_grant", "Invalid JWT: The assertion is not a JWT.")
    return found[0], found[1], signature, f"{parts[0]}.{parts[1]}".encode()


def _unauthenticated(message: str, service: str) -> ApiError:
    if service == "drive":
        error: ApiError = DriveError(401, "Invalid Credentials", "authError", location=("Authorization", "header"))
    else:
        error = ApiError(401, message)
    error.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return error


def _insufficient(service: str) -> ApiError:
    message = "Request had insufficient authentication scopes."
    if service == "drive":
        return DriveError(403, message, "insufficientPermissions")
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "sheets.googleapis.com"},
    }
    return ApiError(403, message, details=[detail])
