"""One request to one web address, within limits no server can stretch. The only file that knows requests.

The address is checked where it is dialled, below everything that could read a URL in another way, so the
promise (no byte to a non-public address) holds for every spelling, redirect and retry.
"""

import contextlib
import http
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from images.body import BadEncodingError, Body, Budget, TooLargeError
from images.dialling import Attempt, dial, sentence_for
from images.formats import HEAD, sniff
from images.hosts import Job
from images.local_files import too_large
from images.objects import Objects
from images.outcomes import Document, Moved, NotModified, Outcome, Trouble
from images.results import OPTED_OUT, Problem
from images.settings import Settings
from images.targets import web_target
from images.watchdog import Watchdog

_CHUNK: Final = 65536
_MEMORY: Final = 32 * 2**20
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TEMPORARY: Final = frozenset({408, 429, 500, 502, 503, 504, 522, 524})
# The four directives by which owners keep machines away, as img2dataset reads them.
_OPT_OUTS: Final = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
# Directives that have a colon themselves, https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
_VALUED: Final = frozenset({"unavailable_after", "max-image-preview", "max-snippet", "max-video-preview"})


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


def _pools(plain: type[HTTPConnection], secure: type[HTTPSConnection]) -> dict[str, type[HTTPConnectionPool]]:
    http_pool = type("_HttpPool", (HTTPConnectionPool,), {"ConnectionCls": plain})
    https_pool = type("_HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure})
    return {"http": http_pool, "https": https_pool}


class _Adapter(HTTPAdapter):
    """requests' adapter with one TLS context for all hosts.

    Stock, each new connection parses the bundle of authorities anew, some 16 ms of CPU; sharing the context is
    not enough as long as `ca_certs` is part of the pool's key (urllib3#3623).
    """

    def __init__(self, context: ssl.SSLContext, connections: int, per_host: int) -> None:
        self._context = context
        super().__init__(pool_connections=connections, pool_maxsize=per_host, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = _pools(_Http, _Https)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context} if host["scheme"] == "https" else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave verification to the shared context."""

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _pools(_ProxyHttp, _ProxyHttps)
        return manager


class Fetcher:
    """Makes requests from any number of threads; answers are values, see `images.outcomes`."""

    def __init__(self, settings: Settings, objects: Objects, watchdog: Watchdog) -> None:
        self._settings, self._objects, self._watchdog = settings, objects, watchdog
        self._budget = Budget(_MEMORY)
        self._adapter = _Adapter(_context(settings), settings.connections, settings.per_host)
        self._proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._adapter.close()

    def fetch(self, job: Job) -> Outcome:
        """Make the next request of a job, and those it is redirected to on the same host."""
        seconds = self._settings.timeout if job.seconds_left is None else job.seconds_left
        deadline = self._watchdog.start(seconds)
        attempt = Attempt(self._settings, deadline, time.monotonic() + seconds, set(job.talked_to))
        _LINE.attempt = attempt
        try:
            outcome = self._hop(job, attempt)
            while isinstance(outcome, Moved) and outcome.to.origin == job.at.origin:
                job.at = outcome.to
                outcome = self._hop(job, attempt)
        finally:
            _LINE.attempt = None
            attempt.finish()
        job.talked_to = frozenset(attempt.talked_to)
        job.seconds_left = max(0.01, attempt.ends - time.monotonic())
        return outcome

    def _hop(self, job: Job, attempt: Attempt) -> Outcome:
        try:
            if self._proxies:
                attempt.check_name(job.at)
            with contextlib.closing(self._send(job)) as response:
                outcome = self._read(response, job)
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            return sentence_for(error, attempt)
        # A server that sends neither length nor chunks can not be told from one that was cut off by us.
        return attempt.timed_out() if attempt.deadline.passed else outcome

    def _send(self, job: Job) -> requests.Response:
        request = requests.Request("GET", job.at.url, headers=self._headers(job)).prepare()
        timeout = (self._settings.connect_timeout, self._settings.idle_timeout)
        return self._adapter.send(request, stream=True, timeout=timeout, proxies=self._proxies)

    def _headers(self, job: Job) -> dict[str, str]:
        headers = {
            "User-Agent": self._settings.user_agent,
            "Accept": "image/*,*/*;q=0.8",
            "Accept-Encoding": "identity",
        }
        for host, referer in self._settings.referers:
            if host in {"*", job.at.host} or job.at.host.endswith("." + host):
                headers["Referer"] = referer
        if job.etag:
            headers["If-None-Match"] = job.etag
        if job.last_modified:
            headers["If-Modified-Since"] = job.last_modified
        return headers

    def _read(self, response: requests.Response, job: Job) -> Outcome:
        status = response.status_code
        if status in _REDIRECTS and "location" in response.headers:
            return self._redirect(response, job)
        if status == 304 and (job.etag or job.last_modified):
            return NotModified()
        if status >= 300 or status < 200:
            pause = _retry_after(response.headers.get("retry-after", "")) if status in {429, 503} else None
            return Trouble(_http_error(status), status in _TEMPORARY, pause, status in {404, 410})
        opted_out = _opted_out(response, self._settings.user_agent)
        if opted_out and self._settings.obey_opt_out:
            return Trouble(Problem("opted_out", OPTED_OUT), lasting=True)
        return self._read_body(response, opted_out=opted_out)

    def _redirect(self, response: requests.Response, job: Job) -> Outcome:
        job.hops += 1
        if job.hops > self._settings.max_redirects:
            reason = f"The server redirected more than {self._settings.max_redirects} times."
            return Trouble(Problem("too_many_redirects", reason))
        # requests decodes headers as latin-1, servers write UTF-8
        location = response.headers["location"].encode("latin-1", "replace").decode("utf-8", "replace")
        to = web_target(location, job.at.url)
        return Trouble(to) if isinstance(to, Problem) else Moved(to)

    def _read_body(self, response: requests.Response, *, opted_out: bool) -> Outcome:
        limit = self._settings.max_bytes
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length[:20]) > limit:
            return Trouble(too_large(limit), lasting=True)
        try:
            encoding = response.headers.get("content-encoding", "")
            with Body(self._objects, self._budget, encoding=encoding, max_bytes=limit) as body:
                kind = self._receive(response, body)
                if isinstance(kind, Problem):
                    return Trouble(kind, lasting=True)
                body.finish()
                source = body.keep() if self._settings.keep_bytes else body.take()
                headers = response.headers
                etag, modified = headers.get("etag"), headers.get("last-modified")
                return Document(source, body.sha256, body.size, etag, modified, opted_out)
        except TooLargeError:
            return Trouble(too_large(limit), lasting=True)
        except BadEncodingError:
            return Trouble(Problem("not_an_image", "The document is packed in a way that can not be read."))

    def _receive(self, response: requests.Response, body: Body) -> str | Problem:
        """Read the body, or only its head when that shows that it is no picture."""
        kind: str | Problem | None = None
        for chunk in _chunks(response):
            body.write(chunk)
            if kind is None and len(body.head) >= HEAD:
                kind = sniff(body.head)
                if isinstance(kind, Problem):
                    return kind
        return sniff(body.head) if kind is None else kind


def _chunks(response: requests.Response) -> Iterator[bytes]:
    # read1 returns what has arrived: a server that drips is seen dripping
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        yield chunk


def _context(settings: Settings) -> ssl.SSLContext:
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    if settings.ca_bundle:
        context.load_verify_locations(settings.ca_bundle)
    return context


def _http_error(status: int) -> Problem:
    try:
        phrase = f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    return Problem("http_error", f"The server answered {status}{phrase}.")


def _opted_out(response: requests.Response, user_agent: str) -> bool:
    """Read X-Robots-Tag: `noai, noimageai`, or `agent: noindex` for one agent."""
    ours = re.split(r"[/ ]", user_agent)[0].lower()
    concerned = True
    for part in response.headers.get("x-robots-tag", "").lower().split(","):
        agent, colon, directive = part.partition(":")
        if colon and agent.strip() not in {
            "unavailable_after",
            "max-image-preview",
            "max-snippet",
            "max-video-preview",
        }:
            concerned = agent.strip() in {ours, "*"}
        else:
            directive = part
        if concerned and directive.strip() in _OPT_OUTS:
            return True
    return False


def _retry_after(text: str) -> float | None:
    """Return the seconds a server asks for, by number or by date."""
    if text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
