"""Whose turn it is: hosts one after the other, few requests at each, pauses that were asked for, dead ones last.

Which rows a dead host costs depends on the order of the sheet only, not on the order of the answers: a row
is begun only when no outcome of the rows still under way could make its host count as dead before it.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from images.targets import Web

_DEAD_AFTER: Final = 5
"""So many rows in a row without an answer, all attempts used, and the host is left for the end."""


@dataclass(slots=True)
class Job:
    """One address to fetch and how far it has come: `at` is where its redirects have led.

    `private` are the addresses talked to that are not public.
    """

    start: Web
    place: int = 0
    at: Web = field(init=False)
    hops: int = 0
    attempt: int = 1
    seconds_left: float | None = None
    etag: str | None = None
    last_modified: str | None = None
    private: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Begin at the start."""
        self.at = self.start

    def restart(self) -> None:
        """Begin a new attempt."""
        self.at, self.hops, self.seconds_left, self.private = self.start, 0, None, ()
        self.attempt += 1


class _State(Enum):
    ALIVE = 1
    DEAD = 2
    PROBING = 3
    GIVEN_UP = 4
    LEFT_ALONE = 5


@dataclass(slots=True)
class _Host:
    """The rows of a host that are not begun yet (before `next` there are none any more), and what came of the others.

    Most hosts have one row and never a job that waits, so nothing is set aside for that: see `put`.
    """

    origin: str
    rows: list[Job | None] = field(default_factory=list)
    next: int = 0
    fine: list[bool | None] = field(default_factory=list)
    waiting: "deque[Job] | tuple[Job, ...]" = ()
    active: int = 0
    not_before: float = 0.0
    state: _State = _State.ALIVE
    queued: bool = False

    def put(self, job: Job) -> None:
        """Put a job in line, before the rows that are not begun."""
        if not isinstance(self.waiting, deque):
            self.waiting = deque()
        self.waiting.append(job)


class Hosts:
    """The jobs that are left, by host. Times are those of any steady clock, in seconds. Not thread-safe."""

    def __init__(self, jobs: Iterable[Job], *, per_host: int) -> None:
        self._per_host = per_host
        # With more connections a host than that, rows could never be begun as freely as was asked for.
        self._dead_after = max(_DEAD_AFTER, per_host + 1)
        self._hosts: dict[str, _Host] = {}
        self._ready: deque[_Host] = deque()
        self._timers: list[tuple[float, int, _Host, Job | None]] = []
        self._numbers = itertools.count()
        self._active = 0
        self._skipped: list[Job] = []
        for job in jobs:
            host = self._host(job.start)
            job.place = len(host.rows)
            host.rows.append(job)
            host.fine.append(None)
        for host in self._hosts.values():
            self._consider(host, 0.0)

    def take(self, now: float) -> Job | None:
        """Return a job whose turn it is, None when there is none at this moment."""
        self._wake(now)
        if not (self._ready or self._active or self._timers):
            self._probe(now)
        while self._ready:
            host = self._ready.popleft()
            host.queued = False
            job = self._next_job(host, now)
            if job is not None:
                host.active += 1
                self._active += 1
                self._consider(host, now)
                return job
        return None

    @property
    def finished(self) -> bool:
        """Whether no job is left, waiting or under way."""
        return not (self._ready or self._active or self._timers or self._dead())

    def wait(self, now: float) -> float | None:
        """Return the seconds until a pause ends, None when no pause is known."""
        return max(0.0, self._timers[0][0] - now) if self._timers else None

    def resolved(self, job: Job, now: float, *, answered: bool) -> None:
        """Say that a job has its final outcome; `answered` is False when its own host gave no usable answer."""
        self._leave(job, now)
        host = self._host(job.start)
        host.fine[job.place] = answered
        if host.state is _State.PROBING:
            host.state = _State.ALIVE if answered else _State.GIVEN_UP
            if not answered:
                self._skip_rest(host)
        elif host.state is _State.ALIVE and not answered and self._is_dead(host, job.place):
            host.state = _State.DEAD
        self._consider(host, now)
        self._forget(host, now)

    def again(self, job: Job, now: float, *, delay: float, pause: float = 0.0) -> None:
        """Put a job back for a new attempt after `delay`; `pause` keeps everybody from its present host."""
        present = self._host(job.at)
        present.not_before = max(present.not_before, now + pause)
        self._leave(job, now)
        job.restart()
        heapq.heappush(self._timers, (now + max(delay, pause), next(self._numbers), self._host(job.start), job))

    def moved(self, job: Job, to: Web, now: float) -> None:
        """Put a job that was redirected to another host in that host's line."""
        self._leave(job, now)
        job.at = to
        host = self._host(to)
        host.put(job)
        self._consider(host, now)

    def give_up(self, origin: Web, now: float) -> None:
        """Send nothing more to a host: it asked to be left alone for longer than a run can wait."""
        host = self._host(origin)
        host.state = _State.LEFT_ALONE
        self._skip_rest(host)
        self._consider(host, now)

    def skipped(self) -> list[Job]:
        """Return, once each, the jobs that will not be begun because their host is dead."""
        skipped, self._skipped = self._skipped, []
        return skipped

    def _host(self, web: Web) -> _Host:
        origin = web.origin
        if (host := self._hosts.get(origin)) is None:
            host = self._hosts[origin] = _Host(origin)
        return host

    def _forget(self, host: _Host, now: float) -> None:
        """Drop a host that is done with and of which nothing need be remembered: memory is for what is left to do."""
        if host.active or host.waiting or host.queued or host.not_before > now or host.state is not _State.ALIVE:
            return
        if host.next == len(host.rows) and None not in host.fine:
            del self._hosts[host.origin]

    def _leave(self, job: Job, now: float) -> None:
        host = self._host(job.at)
        host.active -= 1
        self._active -= 1
        self._consider(host, now)

    def _wake(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            _, _, host, job = heapq.heappop(self._timers)
            if job is not None:
                host.put(job)
            self._consider(host, now)

    def _consider(self, host: _Host, now: float) -> None:
        """Put a host in the line of those that can be served, if it can and is not there yet."""
        if host.queued or host.active >= self._per_host or not (host.waiting or self._may_advance(host)):
            return
        if host.not_before > now:
            heapq.heappush(self._timers, (host.not_before, next(self._numbers), host, None))
            return
        host.queued = True
        self._ready.append(host)

    def _next_job(self, host: _Host, now: float) -> Job | None:
        if host.active >= self._per_host:
            return None
        if host.not_before > now:
            self._consider(host, now)
            return None
        if host.state is _State.LEFT_ALONE:
            self._skipped += host.waiting
            host.waiting = ()
        if isinstance(host.waiting, deque) and host.waiting:
            return host.waiting.popleft()
        if not self._may_advance(host):
            return None
        job, host.rows[host.next] = host.rows[host.next], None
        host.next += 1
        return job

    def _may_advance(self, host: _Host) -> bool:
        if host.next == len(host.rows):
            return False
        if host.state is _State.PROBING:
            return host.next == 0 or host.fine[host.next - 1] is not None
        if host.state is not _State.ALIVE:
            return False
        before = host.fine[max(0, host.next - self._dead_after) : host.next]
        return len(before) < self._dead_after or True in before

    def _is_dead(self, host: _Host, place: int) -> bool:
        first = last = place
        while first > 0 and host.fine[first - 1] is False:
            first -= 1
        while last + 1 < host.next and host.fine[last + 1] is False:
            last += 1
        return last - first + 1 >= self._dead_after

    def _dead(self) -> list[_Host]:
        return [host for host in self._hosts.values() if host.state is _State.DEAD and host.next < len(host.rows)]

    def _probe(self, now: float) -> None:
        for host in self._dead():
            host.state = _State.PROBING
            self._consider(host, now)

    def _skip_rest(self, host: _Host) -> None:
        self._skipped += [job for job in host.rows[host.next :] if job is not None]
        host.next = len(host.rows)
