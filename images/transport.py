"""Connections to the web: guarded dialling, one TLS context, deadlines that reach every socket.

The address is checked where it is dialled, below everything that could read a URL in another way, so the
promise (no byte to a non-public address) holds for every spelling, redirect and retry.

These are urllib3's connections, on which requests is built, without the layers above them: pools, retries,
cookies and a second response around the first cost more than the rest of a request (ARCHITECTURE.md has the figures).
"""

import contextlib
import http
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import certifi
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from images.dialling import Attempt, dial
from images.guard import is_public
from images.settings import Settings
from images.targets import Web

FAILURES: Final = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
"""What a request or the reading of its answer may raise; `images.dialling.sentence_for` tells them apart."""

_STALE: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, http.client.BadStatusLine)
"""What a connection raises that was kept alive for too long, or on which more was sent than had been asked for."""

_CHUNK: Final = 65536
_FILES: Final = 16
"""Open files allowed for each connection in use: two for itself, two for each that is kept alive beside it, and room
for the rest of the program. macOS begins with 256 for a whole program."""
_FOLD: Final = re.compile(r"\s*[\r\n]\s*")


class _Line(threading.local):
    """The attempt that a thread is in the middle of."""

    attempt: Attempt | None = None

    def current(self) -> Attempt:
        """Return the attempt, without which no connection may be used."""
        if self.attempt is None:
            raise RuntimeError("a connection was used outside of an attempt")
        return self.attempt


_LINE: Final = _Line()


class _Response(http.client.HTTPResponse):
    """An answer, after any informational ones (103 Early Hints); http.client itself passes over 100 alone."""

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment]  # how http.client knows that it has read no head yet
            super().begin()


class _Lifeline(HTTPConnection):
    """Mixed into urllib3's connections: guarded dialling, and a socket that the watchdog can shut down.

    TLS takes the file descriptor out of the first socket object, so a duplicate is kept for the shutdown.
    """

    response_class = _Response
    sock: socket.socket  # None while there is no connection
    _lifeline: socket.socket | None = None
    _private: str | None = None

    def ask(self, target: str, headers: Mapping[str, str], idle: float) -> http.client.HTTPResponse:
        """Send a request, on a new connection or the one kept alive, and return the head of its answer."""
        if self.is_closed:
            self.connect()
            self.sock.settimeout(idle)
        else:
            self._guard(_LINE.current())
        self.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in headers.items():
            self.putheader(name, value)
        self.endheaders()
        return http.client.HTTPConnection.getresponse(self)

    def usable(self) -> bool:
        """Say whether a connection kept alive still is, and nothing has come that was not asked for."""
        # What TLS has unpacked and nobody read yet is no longer seen to wait at the socket.
        unread = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return self.is_connected and not unread

    def close(self) -> None:
        super().close()
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is None:
            return
        attempt = _LINE.attempt
        if attempt is not None and attempt.lifeline is lifeline:
            # http.client "closes" as soon as it has read "Connection: close", and goes on reading the body
            attempt.orphaned.append(lifeline)
        else:
            lifeline.close()

    def _new_conn(self) -> socket.socket:
        attempt = _LINE.current()
        # A proxy's own address was chosen by the user.
        sock, address = dial(attempt, self._dns_host, self.port, guarded=self.proxy is None)
        self._private = None if self.proxy or is_public(address) else str(address)
        self._lifeline = sock.dup()
        self._guard(attempt)
        return sock

    def _guard(self, attempt: Attempt) -> None:
        if self._private is not None:
            attempt.private.add(self._private)
        if self._lifeline is not None:
            attempt.hold(self._lifeline)


class _Http(_Lifeline):
    pass


class _Https(_Lifeline, HTTPSConnection):
    pass


class Answer:
    """What a server answered: its head, and its body as it arrives."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status

    def header(self, name: str) -> str:
        """Return a header, several of one name as a list with commas, "" when there is none."""
        return _FOLD.sub(" ", ", ".join(self._response.headers.get_all(name, ())))

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives, packed as it was sent. Raises one of `FAILURES`."""
        # read1 returns what has arrived: a server that drips is seen dripping
        while chunk := self._response.read1(_CHUNK):
            yield chunk
        if self._response.length:
            raise http.client.IncompleteRead(b"", self._response.length)

    def close(self) -> bool:
        """Read nothing more, and say whether the connection can take another request: all of the body was read."""
        left = self._response.length  # None: in chunks, or up to the end of the connection
        whole = self._response.isclosed() if left is None else not left
        self._response.close()
        # 101: from here on the server speaks another protocol
        return whole and not self._response.will_close and self.status >= http.HTTPStatus.OK


class _Proxy:
    """How to reach what is behind a proxy; its URL means what it means to requests."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        url = url if "://" in url else f"http://{url}"
        self.headers: dict[str, str] = HTTPAdapter().proxy_headers(url)
        self._url, self._context = parse_url(url), context
        self._config = ProxyConfig(context, False, None, None)

    def connection(self, to: Web) -> _Lifeline:
        """Return a connection to the proxy, through it for https."""
        host, port, scheme = str(self._url.host), self._url.port, str(self._url.scheme)
        if "https" not in {scheme, to.scheme}:
            return _Http(host, port or 80, proxy=self._url)
        connection = _Https(
            host, port or (443 if scheme == "https" else 80),
            proxy=self._url, proxy_config=self._config, ssl_context=self._context,
        )  # fmt: skip
        if to.scheme == "https":
            connection.set_tunnel(to.host, to.port, self.headers, scheme)
        return connection


class Transport:
    """Sends requests, from any number of threads, each within the attempt that its thread is in."""

    def __init__(self, settings: Settings) -> None:
        _allow_files(_FILES * settings.connections)
        self._settings, self._context = settings, _context(settings)
        self._proxy = _Proxy(settings.proxy, self._context) if settings.proxy else None
        self._idle: dict[tuple[str, str, int], list[_Lifeline]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections that are kept alive."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            _close(connections)

    @contextlib.contextmanager
    def during(self, attempt: Attempt) -> Iterator[None]:
        """Let this thread's connections belong to an attempt."""
        _LINE.attempt = attempt
        try:
            yield
        finally:
            _LINE.attempt = None
            attempt.finish()

    @contextlib.contextmanager
    def get(self, to: Web, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Ask for an address; its answer can be read within the `with` block. Raises one of `FAILURES`."""
        target = "/" + to.url.split("/", 3)[3]
        if self._proxy is not None and to.scheme == "http":
            target, headers = to.url, {**headers, **self._proxy.headers}
        connection, answer = self._ask(to, target, headers)
        whole = False
        try:
            yield answer
        finally:
            try:
                whole = answer.close()
            finally:
                if whole:
                    self._keep(to, connection)
                else:
                    connection.close()

    def _ask(self, to: Web, target: str, headers: Mapping[str, str]) -> tuple[_Lifeline, Answer]:
        """Send a request on a connection kept alive, and on a new one where the server was just closing that."""
        connection = self._known(to)
        if connection is not None:
            try:
                return connection, self._answer(connection, target, headers)
            except _STALE:
                if _LINE.current().deadline.passed:  # which has shut it down
                    raise
        connection = self._new(to)
        return connection, self._answer(connection, target, headers)

    def _answer(self, connection: _Lifeline, target: str, headers: Mapping[str, str]) -> Answer:
        try:
            return Answer(connection.ask(target, headers, self._settings.idle_timeout))
        except BaseException:
            connection.close()
            raise

    def _new(self, to: Web) -> _Lifeline:
        if self._proxy is not None:
            return self._proxy.connection(to)
        if to.scheme == "https":
            return _Https(to.host, to.port, ssl_context=self._context)
        return _Http(to.host, to.port)

    def _known(self, to: Web) -> _Lifeline | None:
        """Return a connection to the same server that was kept alive and still is."""
        key = (to.scheme, to.host, to.port)
        while True:
            with self._lock:
                connections = self._idle.pop(key, [])
                connection = connections.pop() if connections else None
                if connections:
                    self._idle[key] = connections
            if connection is None or connection.usable():
                return connection
            connection.close()

    def _keep(self, to: Web, connection: _Lifeline) -> None:
        """Keep a connection alive, and let go of the server least lately talked to when there are too many."""
        _LINE.current().release()
        key = (to.scheme, to.host, to.port)
        with self._lock:
            self._idle[key] = [*self._idle.pop(key, []), connection]
            left = self._idle.pop(next(iter(self._idle))) if len(self._idle) > self._settings.connections else []
        _close(left)


def _close(connections: Iterable[_Lifeline]) -> None:
    for connection in connections:
        connection.close()


def _allow_files(count: int) -> None:
    """Raise this process's limit of open files to a number, as far as the system lets it."""
    try:
        import resource  # noqa: PLC0415  (not on Windows, where sockets are no files)
    except ImportError:
        return
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if most == resource.RLIM_INFINITY else min(count, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _context(settings: Settings) -> ssl.SSLContext:
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    if settings.ca_bundle:
        context.load_verify_locations(settings.ca_bundle)
    return context
