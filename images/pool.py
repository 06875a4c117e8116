"""The threads that fetch: they take jobs from the hosts' line, decide about retries, and deliver outcomes."""

import functools
import queue
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from errors import CurationError
from images.dialling import LeftBehindError
from images.fetch import Fetcher
from images.hosts import Hosts, Job
from images.objects import Objects
from images.outcomes import Document, Moved, NotModified, Outcome, Trouble
from images.results import Problem
from images.settings import Settings
from images.watchdog import Watchdog

_LONGEST_PAUSE: Final = 120.0
"""A host that asks for a longer pause is left alone for the rest of the run."""
_BACKOFF: Final = 1.0
# Idle threads look up this often, should a wake-up have gone to one that could not use it.
_GLANCE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Fetched:
    """The final outcome of a job."""

    job: Job
    outcome: Document | NotModified | Trouble


class FetchPool:
    """Fetches jobs with many threads; ends, however busy its threads are, with the `with` block.

    `delivered` gets a `Fetched` for each job, or the exception because of which the run can not go on. At most
    `backlog` documents are delivered without having been taken by `take_off`, so that memory stays bounded.
    """

    def __init__(self, jobs: Sequence[Job], settings: Settings, objects: Objects, *, backlog: int) -> None:
        self.delivered: queue.SimpleQueue[Fetched | Exception | None] = queue.SimpleQueue()
        self._settings = settings
        self._hosts = Hosts(jobs, per_host=settings.per_host)
        self._watchdog = Watchdog()
        self._fetcher = Fetcher(settings, objects, self._watchdog)
        self._room = backlog
        self._changed = threading.Condition()
        self._stopped = False
        self._count = min(settings.connections, len(jobs))
        self._threads: set[threading.Thread] = set()

    def __enter__(self) -> Self:
        self._watchdog.__enter__()
        for _ in range(self._count):
            self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Cut all connections and wait a moment for the threads; who waits for a name server is left behind."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._watchdog.stop()
        until = time.monotonic() + 1.5
        for thread in list(self._threads):
            thread.join(max(0.0, until - time.monotonic()))
        self._fetcher.close()

    def take_off(self) -> None:
        """Make room for one more document."""
        with self._changed:
            self._room += 1
            self._changed.notify()

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"fetch-{len(self._threads)}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        whole = False
        try:
            self._serve()
            whole = True
        finally:
            if not whole:  # a defect of ours must end the run, not let it wait for this job for ever
                self.delivered.put(RuntimeError("a thread that fetches ended unexpectedly; its own message is above"))

    def _serve(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                outcome = self._fetcher.fetch(job, functools.partial(self._replace, threading.current_thread(), job))
            except LeftBehindError:
                return
            except CurationError as error:  # the disk is full
                self.delivered.put(error)
                return
            self._conclude(job, outcome)

    def _replace(self, thread: threading.Thread, job: Job, outcome: Trouble) -> None:
        """Go on without a thread that waits for a name server."""
        self._conclude(job, outcome)
        with self._changed:
            self._threads.discard(thread)
            thread.name = "left behind"
            try:
                if not self._stopped:
                    self._start()
            except RuntimeError as error:  # the system allows no more of them
                self.delivered.put(error)

    def _conclude(self, job: Job, outcome: Outcome) -> None:
        with self._changed:
            final = self._settle(job, outcome)
            if isinstance(outcome, Document):
                self._room -= 1
            skipped = self._hosts.skipped()
            if self._room > 0:  # else nobody could use it, and `take_off` wakes the next one
                self._changed.notify()
        if final is not None:
            self.delivered.put(Fetched(job, final))
        self._deliver_skipped(skipped)

    def _next_job(self) -> Job | None:
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                job = self._hosts.take(now) if self._room > 0 else None
                skipped = self._hosts.skipped()
                if skipped:
                    self._deliver_skipped(skipped)
                if job is not None:
                    return job
                if self._hosts.finished:
                    self._changed.notify_all()
                    return None
                self._changed.wait(min(_GLANCE, self._hosts.wait(now) or _GLANCE))
        return None

    def _settle(self, job: Job, outcome: Outcome) -> Document | NotModified | Trouble | None:
        """Put a job back in line, or return its final outcome."""
        now = time.monotonic()
        if isinstance(outcome, Moved):
            self._hosts.moved(job, outcome.to, now)
            return None
        if not isinstance(outcome, Trouble):
            self._hosts.resolved(job, now, answered=True)
            return outcome
        pause = outcome.pause or 0.0
        if pause > _LONGEST_PAUSE:
            self._hosts.give_up(job.at, now)
        elif outcome.temporary and job.attempt < self._settings.attempts and not self._stopped:
            # full jitter: anything from at once to twice as long as the time before
            delay = random.uniform(0, _BACKOFF * 2**job.attempt)  # noqa: S311  (no secret)
            self._hosts.again(job, now, delay=delay, pause=pause)
            return None
        own_host = job.at.origin == job.start.origin
        self._hosts.resolved(job, now, answered=not (own_host and (outcome.silent or outcome.temporary)))
        return outcome

    def _deliver_skipped(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            reason = f"Its host {job.start.host} gave no usable answer to other rows before it."
            self.delivered.put(Fetched(job, Trouble(Problem("host_skipped", reason))))
