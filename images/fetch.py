"""One request to one web address, within limits no server can stretch, and what its answer means."""

import http
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from images.body import BadEncodingError, Body, Budget, TooLargeError
from images.dialling import Attempt, sentence_for
from images.formats import HEAD, sniff
from images.hosts import Job
from images.local_files import too_large
from images.objects import Objects
from images.outcomes import Document, Moved, NotModified, Outcome, Trouble
from images.results import OPTED_OUT, Problem
from images.settings import Settings
from images.targets import web_target
from images.transport import FAILURES, Answer, Transport
from images.watchdog import Watchdog

_MEMORY: Final = 32 * 2**20
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TEMPORARY: Final = frozenset({408, 429, 500, 502, 503, 504, 522, 524})
# The four directives by which owners keep machines away, as img2dataset reads them.
_OPT_OUTS: Final = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
# Directives that have a colon themselves, https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
_VALUED: Final = frozenset({"unavailable_after", "max-image-preview", "max-snippet", "max-video-preview"})


class Fetcher:
    """Makes requests from any number of threads; answers are values, see `images.outcomes`."""

    def __init__(self, settings: Settings, objects: Objects, watchdog: Watchdog) -> None:
        self._settings, self._objects, self._watchdog = settings, objects, watchdog
        self._budget = Budget(_MEMORY)
        self._transport = Transport(settings)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._transport.close()

    def fetch(self, job: Job, leave: Callable[[Trouble], None]) -> Outcome:
        """Make the next request of a job, and those it is redirected to on the same host.

        Where this thread waits for a name server beyond the deadline, `leave` is told the outcome by another one,
        and `LeftBehindError` is raised here once the wait is over.
        """
        seconds = self._settings.timeout if job.seconds_left is None else job.seconds_left
        deadline = self._watchdog.start(seconds)
        attempt = Attempt(self._settings, deadline, time.monotonic() + seconds, set(job.private), leave)
        with self._transport.during(attempt):
            outcome = self._hop(job, attempt)
            while isinstance(outcome, Moved) and outcome.to.origin == job.at.origin:
                job.at = outcome.to
                outcome = self._hop(job, attempt)
        job.private = tuple(sorted(attempt.private))
        job.seconds_left = max(0.01, attempt.ends - time.monotonic())
        return outcome

    def _hop(self, job: Job, attempt: Attempt) -> Outcome:
        try:
            if self._settings.proxy:
                attempt.check_name(job.at)
            with self._transport.get(job.at, self._headers(job)) as answer:
                outcome = self._read(answer, job)
        except FAILURES as error:
            return sentence_for(error, attempt)
        # A server that sends neither length nor chunks can not be told from one that was cut off by us.
        return attempt.timed_out() if attempt.deadline.passed else outcome

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

    def _read(self, answer: Answer, job: Job) -> Outcome:
        status = answer.status
        if status in _REDIRECTS and answer.header("location"):
            return self._redirect(answer, job)
        if status == 304 and (job.etag or job.last_modified):
            return NotModified()
        if status >= 300 or status < 200:
            pause = _retry_after(answer.header("retry-after")) if status in {429, 503} else None
            return Trouble(_http_error(status), status in _TEMPORARY, pause, status in {404, 410})
        opted_out = _opted_out(answer, self._settings.user_agent)
        if opted_out and self._settings.obey_opt_out:
            return Trouble(Problem("opted_out", OPTED_OUT), lasting=True)
        return self._read_body(answer, opted_out=opted_out)

    def _redirect(self, answer: Answer, job: Job) -> Outcome:
        job.hops += 1
        if job.hops > self._settings.max_redirects:
            reason = f"The server redirected more than {self._settings.max_redirects} times."
            return Trouble(Problem("too_many_redirects", reason))
        # http.client decodes headers as latin-1, servers write UTF-8
        location = answer.header("location").encode("latin-1", "replace").decode("utf-8", "replace")
        to = web_target(location, job.at.url)
        return Trouble(to) if isinstance(to, Problem) else Moved(to)

    def _read_body(self, answer: Answer, *, opted_out: bool) -> Outcome:
        limit = self._settings.max_bytes
        length = answer.header("content-length")
        if length.isascii() and length.isdigit() and int(length[:20]) > limit:
            return Trouble(too_large(limit), lasting=True)
        try:
            encoding = answer.header("content-encoding")
            with Body(self._objects, self._budget, encoding=encoding, max_bytes=limit) as body:
                kind = self._receive(answer, body)
                if isinstance(kind, Problem):
                    return Trouble(kind, lasting=True)
                body.finish()
                source = body.keep() if self._settings.keep_bytes else body.take()
                etag, modified = answer.header("etag") or None, answer.header("last-modified") or None
                return Document(source, body.sha256, body.size, etag, modified, opted_out)
        except TooLargeError:
            return Trouble(too_large(limit), lasting=True)
        except BadEncodingError:
            return Trouble(Problem("not_an_image", "The document is packed in a way that can not be read."))

    def _receive(self, answer: Answer, body: Body) -> str | Problem:
        """Read the body, or only its head when that shows that it is no picture."""
        kind: str | Problem | None = None
        for chunk in answer.chunks():
            body.write(chunk)
            if kind is None and len(body.head) >= HEAD:
                kind = sniff(body.head)
                if isinstance(kind, Problem):
                    return kind
        return sniff(body.head) if kind is None else kind


def _http_error(status: int) -> Problem:
    try:
        phrase = f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    return Problem("http_error", f"The server answered {status}{phrase}.")


def _opted_out(answer: Answer, user_agent: str) -> bool:
    """Read X-Robots-Tag: `noai, noimageai`, or `agent: noindex` for one agent."""
    ours = re.split(r"[/ ]", user_agent)[0].lower()
    concerned = True
    for part in answer.header("x-robots-tag").lower().split(","):
        agent, colon, directive = part.partition(":")
        if colon and agent.strip() not in _VALUED:
            concerned = agent.strip() in {ours, "*"}
        else:
            directive = part
        if concerned and directive.strip() in _OPT_OUTS:
            return True
    return False


def _retry_after(text: str) -> float | None:
    """Return the seconds a server asks for, by number or by date."""
    text = text.strip()
    if text.isascii() and text.isdigit():  # a raised two is a digit as well
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
