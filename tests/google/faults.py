"""Failures on order: what goes wrong, at which request, before or after it took effect."""

import threading
from dataclasses import dataclass, field

from tests.google.protocol import Answer, Request, json_answer

KINDS = (
    "latency",  # the answer comes late
    "429",  # the quota is used up, with a Retry-After
    "500",
    "500-quota",  # a quota error in the clothes of a server error
    "503",
    "502-html",  # a page of the front end instead of JSON
    "reset",  # the connection is reset without an answer
    "time-out",  # nothing comes until the client gives up
    "broken-body",  # a 200 whose JSON breaks off
)
QUOTA = (
    "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service "
    "'sheets.googleapis.com' for consumer 'project_number:{project}'."
)
_PAGE = """<!DOCTYPE html>
<html lang=en>
  <title>Error 502 (Server Error)!!1</title>
  <p><b>502.</b> <ins>That's an error.</ins>
  <p>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.
"""


@dataclass
class Fault:
    """One planned failure: at the `nth` fitting request from now, and the `times - 1` fitting ones after it.

    `after` says that the request takes effect all the same; `match` must occur in the path, `method` be the method.
    """

    kind: str
    nth: int = 1
    times: int = 1
    after: bool = False
    match: str = ""
    method: str = ""
    seconds: float = 1.0  # of latency, or until a time-out ends by itself
    retry_after: int | None = None
    struck: int = 0  # requests it has hit
    seen: int = 0

    def fits(self, request: Request) -> bool:
        """Say whether this request counts."""
        return self.match in request.target and self.method in {"", request.method}


@dataclass
class Faults:
    """The schedule. `add` plans a failure; a request is hit by at most one of them."""

    planned: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: str,
        *,
        nth: int = 1,
        times: int = 1,
        after: bool = False,
        match: str = "",
        method: str = "",
        seconds: float = 1.0,
        retry_after: int | None = None,
    ) -> Fault:
        """Plan a failure of one of KINDS and return it; `times=10**9` is a permanent outage."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no fault; known are {', '.join(KINDS)}")
        fault = Fault(kind, nth, times, after, match, method, seconds, retry_after)
        with self._lock:
            self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """Forget everything that is planned."""
        with self._lock:
            self.planned.clear()

    def strike(self, request: Request) -> Fault | None:
        """Count a request and return the fault that hits it."""
        hit = None
        with self._lock:
            for fault in self.planned:
                if not fault.fits(request):
                    continue
                fault.seen += 1
                if hit is None and fault.nth <= fault.seen < fault.nth + fault.times:
                    fault.struck += 1
                    hit = fault
        return hit


def answer_of(fault: Fault, project: int, good: Answer | None) -> Answer:
    """Return what a fault sends; `good` is the true answer when the request took effect."""
    if fault.kind == "429":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return json_answer(_error(429, QUOTA.format(project=project), "RESOURCE_EXHAUSTED"), 429, headers)
    if fault.kind == "500":
        return json_answer(_error(500, "Internal error encountered.", "INTERNAL"), 500)
    if fault.kind == "500-quota":
        return json_answer(_error(500, QUOTA.format(project=project), "INTERNAL"), 500)
    if fault.kind == "503":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return json_answer(_error(503, "The service is currently unavailable.", "UNAVAILABLE"), 503, headers)
    if fault.kind == "broken-body":
        body = good.body if good is not None and len(good.body) > 1 else b'{"spreadsheetId": "'
        return Answer(200, body[: len(body) // 2])
    return Answer(502, _PAGE.encode(), content_type="text/html; charset=UTF-8")


def _error(code: int, message: str, status: str) -> dict[str, dict[str, int | str]]:
    return {"error": {"code": code, "message": message, "status": status}}
