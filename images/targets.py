"""What the text of a cell names: a web address, data in the text itself, a local path, or nothing. Pure."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import quote, unquote, urljoin

import idna

from images.results import Problem
from images.share_links import direct


@dataclass(frozen=True, slots=True)
class Web:
    """An http or https address in its normal spelling: ASCII, no credentials, no fragment, no default port."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """The server, as host:port."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Data:
    """A `data:` URI, decoded locally."""

    text: str


@dataclass(frozen=True, slots=True)
class Local:
    """What may be the path of a file; `images.local_files` decides."""

    path: str


Target = Web | Data | Local | Problem

_QUOTES: Final = {'"': '"', "'": "'", "<": ">", "“": "”", "‘": "’", "«": "»"}
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Words with a colon are common in cells ("Note: ask Ann"); these are schemes even without "//".
_BARE_SCHEMES: Final = frozenset({"http", "https", "data", "file", "javascript", "mailto", "blob", "about", "tel"})
# example.org/cat.jpg, 192.0.2.7:8080/cat.jpg, localhost:8000/cat.jpg: a host as browsers guess it, and a path.
_HOST_FIRST: Final = re.compile(
    r"(?:(?:[^\s/\\?#@:]+\.)+(?:[^\W\d_]{2,}|xn--[a-z0-9-]+|\d{1,3})\.?(?::\d+)?|localhost:\d+)[/?]\S*", re.IGNORECASE
)
_DRIVE_LETTER: Final = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,5}", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
_PORTS: Final = {"http": 80, "https": 443}
# What browsers leave alone in a path and a query; "%" stays because it is taken to begin an escape.
_KEPT_IN_PATH: Final = "%/:@!$&'()*+,;=~[]|^"
_KEPT_IN_QUERY: Final = _KEPT_IN_PATH + "?\\`{}"


def read_target(text: str) -> Target:  # noqa: PLR0911  (one way out a kind of address)
    r"""Return what a cell's text names, share links already made direct.

    Blanks and one pair of quotes around the text are dropped. A text without a scheme is a web address
    (http) when it begins with `//` or with a dotted host and a slash; else it may be a local path.

    >>> read_target(' "HTTPS://Bücher.example:443/a b.jpg#top" ').url
    'https://xn--bcher-kva.example/a%20b.jpg'
    >>> read_target("example.org/cat.jpg").url, read_target("//example.org/cat.jpg").url
    ('http://example.org/cat.jpg', 'http://example.org/cat.jpg')
    >>> read_target("photos/cat.jpg"), read_target("C:\\photos\\cat.jpg")
    (Local(path='photos/cat.jpg'), Local(path='C:\\photos\\cat.jpg'))
    >>> read_target("ftp://example.org/cat.jpg").reason
    'Only http and https addresses are fetched, not ftp.'
    """
    text = _bare(text)
    if not text:
        return Problem("blank_cell", "The cell is blank.")
    if any("\ud800" <= char <= "\udfff" for char in text):  # an .xlsx can hold one; no address does
        return _no_url("The address holds half a character.")
    if _DRIVE_LETTER.match(text):
        return Local(text)
    scheme = _scheme(text)
    if scheme == "data":
        return Data(text)
    if scheme == "file":
        return Local(text)
    if scheme is not None:
        return web_target(text)
    if text.startswith("//") or _HOST_FIRST.fullmatch(text):
        return web_target("http:" + text)
    return Local(text)


def web_target(text: str, base: str | None = None) -> Web | Problem:
    """Return a web address in its normal spelling, or what is wrong with it; `base` resolves a redirect.

    >>> web_target("../b.jpg", "https://example.org/x/y/a.jpg").url
    'https://example.org/x/b.jpg'
    >>> web_target("http://example.org@127.0.0.1/").origin, web_target("https://example.org:x/").status
    ('127.0.0.1:80', 'not_a_url')
    """
    text = re.sub(r"[\t\r\n]", "", text.strip())
    if base is not None and _scheme(text) is None:
        try:
            text = urljoin(base, text.replace("\\", "/"))
        except ValueError:
            return _no_url("The address has a malformed host.")
    scheme = (_scheme(text) or "").lower()
    if scheme not in _PORTS:
        return Problem("refused_address", f"Only http and https addresses are fetched, not {scheme or 'this'}.")
    # As browsers read it: any number of slashes, either way round, and credentials up to the last "@".
    rest = text[len(scheme) + 1 :].partition("#")[0]
    before, mark, query = rest.partition("?")
    authority, _, path = before.replace("\\", "/").lstrip("/").partition("/")
    host, port = _host_and_port(authority.rpartition("@")[2], _PORTS[scheme])
    if host is None:
        return _no_url(f"The host of the address is malformed ({_short(authority.rpartition('@')[2])}).")
    if port is None:
        return _no_url("The port of the address is not a number up to 65535.")
    netloc = host if port == _PORTS[scheme] else f"{host}:{port}"
    tail = quote(path, safe=_KEPT_IN_PATH) + mark + quote(query, safe=_KEPT_IN_QUERY)
    url = f"{scheme}://{netloc}/{tail}"
    url = text if text == url else url  # one string less in memory for most rows
    shared = direct(url)
    return Web(url, scheme, host, port) if shared == url else web_target(shared)


def path_like(text: str) -> bool:
    """Say whether a text that names no file at least looks like a path: it has a slash or a suffix.

    >>> path_like("photos/cat"), path_like("cat.jpg"), path_like("a cat"), path_like("see p. 4")
    (True, True, False, False)
    """
    return "/" in text or "\\" in text or _SUFFIX.fullmatch(text[text.rfind(".") :]) is not None


def _bare(text: str) -> str:
    text = text.strip(" \t\r\n\0\x0b\x0c\u00a0\u200b\ufeff")
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def _scheme(text: str) -> str | None:
    match = _SCHEME.match(text)
    if match is None:
        return None
    known = match[1].lower() in _BARE_SCHEMES or text[match.end() :].startswith("//")
    return match[1].lower() if known else None


def _host_and_port(authority: str, default: int) -> tuple[str | None, int | None]:
    match = re.fullmatch(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?", authority)
    if match is None:
        host, _, port = authority.rpartition(":")
        return (_host(host), None) if host and not port.isdigit() else (None, None)
    port_text = match["port"] or str(default)
    valid = len(port_text.lstrip("0")) <= 5 and 0 < int(port_text[-6:]) <= 65535
    return _host(match["host"]), int(port_text) if valid else None


def _host(text: str) -> str | None:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except AddressValueError:
            return None
        return None if address.scope_id else f"[{address}]"
    try:
        host = unquote(text, errors="strict")
        if not host.isascii():
            host = idna.uts46_remap(host, std3_rules=False, transitional=False)
        if not host.isascii():
            host = idna.encode(host).decode("ascii")
    except (UnicodeError, idna.IDNAError):
        return None
    host = host.lower()
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _no_url(reason: str) -> Problem:
    return Problem("not_a_url", reason)
