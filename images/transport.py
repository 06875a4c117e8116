"""Connections to the web on requests: guarded dialling, one TLS context, deadlines that reach every socket.

The address is checked where it is dialled, below everything that could read a URL in another way, so the
promise (no byte to a non-public address) holds for every spelling, redirect and retry.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from images.dialling import Attempt, dial
from images.settings import Settings
from images.targets import Web

Response = requests.Response
FAILURES: Final = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
"""What a request or the reading of its answer may raise; `images.dialling.sentence_for` tells them apart."""

_CHUNK: Final = 65536


class _Line(threading.local):
    """The attempt that a thread is in the middle of."""

    attempt: Attempt | None = None

    def current(self) -> Attempt:
        """Return the attempt, without which no connection may be used."""
        if self.attempt is None:
            raise RuntimeError("a connection was used outside of an attempt")
        return self.attempt


_LINE: Final = _Line()


class _Lifeline:
    """Mixed into urllib3's connections: guarded dialling, and a socket that the watchdog can shut down.

    TLS takes the file descriptor out of the first socket object, so a duplicate is kept for the shutdown.
    """

    guarded = True
    sock: socket.socket | None
    port: int
    _dns_host: str
    _lifeline: socket.socket | None = None
    _peer: str | None = None

    def _new_conn(self) -> socket.socket:
        attempt = _LINE.current()
        sock = dial(attempt, self._dns_host, self.port, guarded=self.guarded)
        self._lifeline = sock.dup()
        self._peer = sock.getpeername()[0].partition("%")[0]
        self._guard(attempt)
        return sock

    def request(self, *args: Any, **options: Any) -> None:
        if self._lifeline is not None:  # a connection that was kept alive
            self._guard(_LINE.current())
        super().request(*args, **options)  # type: ignore[misc]  # the connection classes below

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is None:
            return
        attempt = _LINE.attempt
        if attempt is not None and attempt.lifeline is lifeline:
            # http.client "closes" as soon as it has read "Connection: close", and goes on reading the body
            attempt.orphaned.append(lifeline)
        else:
            lifeline.close()

    def _guard(self, attempt: Attempt) -> None:
        if self.guarded and self._peer is not None:
            attempt.talked_to.add(self._peer)
        if self._lifeline is not None:
            attempt.hold(self._lifeline)


class _Http(_Lifeline, HTTPConnection):
    pass


class _Https(_Lifeline, HTTPSConnection):
    pass


class _ProxyHttp(_Lifeline, HTTPConnection):
    guarded = False  # the proxy's own address was chosen by the user


class _ProxyHttps(_Lifeline, HTTPSConnection):
    guarded = False


_POOLS: Final[Mapping[str, type[HTTPConnectionPool]]] = {
    "http": type("_HttpPool", (HTTPConnectionPool,), {"ConnectionCls": _Http}),
    "https": type("_HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": _Https}),
}
_PROXY_POOLS: Final[Mapping[str, type[HTTPConnectionPool]]] = {
    "http": type("_ProxyHttpPool", (HTTPConnectionPool,), {"ConnectionCls": _ProxyHttp}),
    "https": type("_ProxyHttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": _ProxyHttps}),
}


class _Request(requests.PreparedRequest):
    """A request for an address that is in its normal spelling already, which requests need not prepare."""

    def __init__(self, to: Web, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.to = to
        self.method, self.url, self.headers = "GET", to.url, CaseInsensitiveDict(headers)
        self._cookies = RequestsCookieJar()


class _Adapter(HTTPAdapter):
    """requests' adapter with one TLS context for all hosts, and its own short list of the hosts last talked to.

    Stock, each new connection parses the bundle of authorities anew, some 16 ms of CPU; sharing the context is
    not enough as long as `ca_certs` is part of the pool's key (urllib3#3623). urllib3's own list of hosts closes
    connections under the lock that all threads need for each request.
    """

    def __init__(self, context: ssl.SSLContext, connections: int, per_host: int) -> None:
        self._context, self._connections, self._per_host = context, connections, per_host
        self._hosts: OrderedDict[tuple[str, str, int], HTTPConnectionPool] = OrderedDict()
        self._lock = threading.Lock()
        super().__init__(pool_connections=connections, pool_maxsize=per_host, max_retries=0)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> ConnectionPool:
        if proxies or not isinstance(request, _Request):
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        key = (request.to.scheme, request.to.host, request.to.port)
        with self._lock:
            pool = self._hosts.pop(key, None) or self._pool(*key)
            self._hosts[key] = pool
            # a pool closes its idle connections itself once nobody holds it any more
            left = self._hosts.popitem(last=False) if len(self._hosts) > self._connections else None
        del left
        return pool

    def _pool(self, scheme: str, host: str, port: int) -> HTTPConnectionPool:
        secure: Any = {"ssl_context": self._context} if scheme == "https" else {}
        return _POOLS[scheme](host, port, maxsize=self._per_host, **secure)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave verification to the shared context."""

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _PROXY_POOLS
        return manager

    def close(self) -> None:
        super().close()
        self._hosts.clear()


class Transport:
    """Sends requests, from any number of threads, each within the attempt that its thread is in."""

    def __init__(self, settings: Settings) -> None:
        self._adapter = _Adapter(_context(settings), settings.connections, settings.per_host)
        self._timeout = (settings.connect_timeout, settings.idle_timeout)
        self._proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else None

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._adapter.close()

    @contextlib.contextmanager
    def during(self, attempt: Attempt) -> Iterator[None]:
        """Let this thread's connections belong to an attempt."""
        _LINE.attempt = attempt
        try:
            yield
        finally:
            _LINE.attempt = None
            attempt.finish()

    def get(self, to: Web, headers: Mapping[str, str]) -> Response:
        """Ask for an address; the body is still to be read, with `chunks`. Raises one of `FAILURES`."""
        return self._adapter.send(_Request(to, headers), stream=True, timeout=self._timeout, proxies=self._proxies)


def chunks(response: Response) -> Iterator[bytes]:
    """Yield the body as it arrives, packed as it was sent. Raises one of `FAILURES`."""
    # read1 returns what has arrived: a server that drips is seen dripping
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        yield chunk


def _context(settings: Settings) -> ssl.SSLContext:
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    if settings.ca_bundle:
        context.load_verify_locations(settings.ca_bundle)
    return context
