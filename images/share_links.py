"""Share links of Google Drive and Dropbox, turned into the address of the file itself. Pure."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

# Drive ids are letters, digits, "-" and "_"; anything else is not ours to rewrite.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{10,}")
_DRIVE_FILE: Final = re.compile(r"/(?:a/[^/]+/)?file/(?:u/\d+/)?d/([A-Za-z0-9_-]{10,})(?:/.*)?")


def direct(url: str) -> str:
    """Return the address that serves the file behind a share link; any other URL unchanged.

    >>> direct("https://drive.google.com/file/d/1AbCdEfGhIjK/view?usp=sharing")
    'https://drive.google.com/uc?export=download&id=1AbCdEfGhIjK'
    >>> direct("https://drive.google.com/open?id=1AbCdEfGhIjK")
    'https://drive.google.com/uc?export=download&id=1AbCdEfGhIjK'
    >>> direct("https://www.dropbox.com/s/abc/cat.jpg?dl=0")
    'https://www.dropbox.com/s/abc/cat.jpg?raw=1'
    >>> direct("https://www.dropbox.com/scl/fi/abc/cat.jpg?rlkey=k&dl=0")
    'https://www.dropbox.com/scl/fi/abc/cat.jpg?rlkey=k&raw=1'
    >>> direct("https://example.org/open?id=1AbCdEfGhIjK")
    'https://example.org/open?id=1AbCdEfGhIjK'
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    rewrite = _REWRITES.get(host)
    return rewrite(url) if rewrite else url


def _drive(url: str) -> str:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if match := _DRIVE_FILE.fullmatch(parts.path):
        file_id = match[1]
    elif parts.path in {"/open", "/uc", "/thumbnail"} and _ID.fullmatch(query.get("id", [""])[0]):
        file_id = query["id"][0]
    else:
        return url
    asked = {"export": "download", "id": file_id}
    if key := query.get("resourcekey"):  # older shared files answer only with their resource key
        asked["resourcekey"] = key[0]
    return f"https://drive.google.com/uc?{urlencode(asked)}"


def _dropbox(url: str) -> str:
    parts = urlsplit(url)
    if not parts.path.startswith(("/s/", "/scl/fi/")):
        return url
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in {"dl", "raw"}]
    return urlunsplit(parts._replace(query=urlencode([*query, ("raw", "1")])))


_REWRITES: Final[dict[str, Callable[[str], str]]] = {
    "drive.google.com": _drive,
    "docs.google.com": _drive,
    "dropbox.com": _dropbox,
    "www.dropbox.com": _dropbox,
}
