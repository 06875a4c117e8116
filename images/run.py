"""One run of reading pictures: fetching, decoding and recording, all at once, led by the caller's thread."""

import contextlib
import hashlib
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from images.data_uri import read_data_uri
from images.decode import Decoded
from images.hosts import Job
from images.knowledge import Found, contents_known, judge, look_up, policy_of, visit_of
from images.local_files import find_file, read_file, too_large
from images.messages import Task
from images.outcomes import Document, NotModified
from images.pool import Fetched, FetchPool
from images.results import Problem
from images.settings import Settings
from images.store import Content, Store, Visit
from images.targets import Data, Local, Target, Web
from images.workers import Workers

_COMMIT_SECONDS: Final = 0.5
_COMMIT_ROWS: Final = 100
_WAIT: Final = 0.1
_MEMORY: Final = 64 * 2**20
# Verdicts that hang on this machine or on an option rather than on the bytes: made anew in each run.
_NOT_REMEMBERED: Final = frozenset({"decoder_crashed", "too_many_pixels", "unsupported_format"})


@dataclass(slots=True)
class Pending:
    """A content on its way through the decoders, and what waits for it."""

    size: int
    source: bytes | Path
    waiting: list[tuple[str, str]] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    takes_room: bool = False


class Run:
    """One call of `read_pictures`; only the caller's thread touches it.

    Keys are web addresses or, for what is no web target, texts. In the end `ends` has one entry for each key,
    `contents` what is known of every content found, `failed_at` the final addresses.
    """

    def __init__(
        self,
        targets: Mapping[str, Target],
        settings: Settings,
        store: Store,
        progress: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._settings, self._store = settings, store
        self._progress, self._cancelled = progress, cancelled
        self.ends: dict[str, Found | Problem] = {}
        self._targets = targets
        self._known = look_up([t for t in self._targets.values() if isinstance(t, Web)], settings, store)
        self.contents, self.failed_at = self._known.contents, self._known.failed_at
        self._offline = deque(key for key, target in self._targets.items() if isinstance(target, Data | Local))
        self._offline += self._known.stored
        self._pending: dict[str, Pending] = {}
        self._decoded: queue.SimpleQueue[tuple[str, Decoded | Problem]] = queue.SimpleQueue()
        self._visits: list[Visit] = []
        self._new: list[Content] = []
        self._committed = time.monotonic()
        self._policy = policy_of(settings)
        self._reported = -1
        self._in_memory = 0

    def finish(self) -> None:
        """Find an end for every key."""
        self.ends |= self._known.ends
        self.ends |= {key: target for key, target in self._targets.items() if isinstance(target, Problem)}
        settings = self._settings
        self._backlog = 64 + 4 * settings.worker_count
        self._pool = FetchPool(self._known.jobs, settings, self._store.objects, backlog=self._backlog)
        self._known.jobs = []  # each is forgotten when it is done
        self._workers = Workers(settings.worker_count, settings.decode_timeout, self._pool.delivered.put)
        try:
            with self._workers, self._pool:
                while len(self.ends) < len(self._targets):
                    self._step()
        finally:
            self._save_what_arrived()
            self._commit()
        self._report()

    def _step(self) -> None:
        self._report()
        if self._cancelled and self._cancelled():
            raise KeyboardInterrupt
        while self._offline and len(self._pending) < self._backlog and self._in_memory < _MEMORY:
            self._read_offline(self._offline.popleft())
        moved = self._take_fetched() + self._take_decoded()
        if len(self._visits) + len(self._new) >= _COMMIT_ROWS or time.monotonic() - self._committed > _COMMIT_SECONDS:
            self._commit()
        if not moved and len(self.ends) < len(self._targets):
            self._wait()

    def _wait(self) -> None:
        """Sleep until something arrives; both queues wake us through the pool's."""
        with contextlib.suppress(queue.Empty):
            arrived = self._pool.delivered.get(timeout=_WAIT)
            if arrived is not None:
                self._take(arrived)

    def _take_fetched(self) -> int:
        count = 0
        with contextlib.suppress(queue.Empty):
            while count < _COMMIT_ROWS:
                arrived = self._pool.delivered.get_nowait()
                count += 1
                if arrived is not None:
                    self._take(arrived)
        return count

    def _take(self, arrived: Fetched | Exception) -> None:
        if isinstance(arrived, BaseException):
            raise arrived
        key, outcome = arrived.job.start.url, arrived.outcome
        if isinstance(outcome, Document):
            self._take_document(key, arrived.job, outcome)
        elif isinstance(outcome, NotModified):
            visit = self._known.visits[key]
            self._offer(key, visit.final_url or key, str(visit.sha256), None)
        else:
            final = arrived.job.at.url
            self.ends[key] = outcome.problem
            self.failed_at[key] = final
            if outcome.lasting and not self._stays_good(key, outcome.problem.status):
                self._visits.append(visit_of(arrived.job, self._policy, outcome.problem))

    def _stays_good(self, key: str, status: str) -> bool:
        """Say whether a refresh failed of a picture that is known: it stays known, unless its owner opted out."""
        visit = self._known.visits.get(key)
        return visit is not None and visit.sha256 is not None and status not in {"ok", "opted_out"}

    def _worth_keeping(self, visits: Iterable[Visit]) -> list[Visit]:
        """Return the visits, their contents decoded, but for those that lead to no picture where one was known."""
        statuses = {visit.url: self.contents[str(visit.sha256)].status for visit in visits}
        return [visit for visit in visits if not self._stays_good(visit.url, statuses[visit.url])]

    def _take_document(self, key: str, job: Job, document: Document) -> None:
        visit = visit_of(job, self._policy, document)
        pending = self._offer(key, job.at.url, document.sha256, document)
        if pending is None:
            self._visits += self._worth_keeping([visit])
        elif not self._settings.keep_bytes or key in self._known.visits:
            pending.visits.append(visit)  # nothing to come back to before it is decoded, or something better
        else:
            self._visits.append(visit)

    def _offer(self, key: str, final_url: str, sha256: str, document: Document | None) -> Pending | None:
        """Give a key its content: known, under way, or to be decoded now."""
        self._look_up(sha256)
        pending = self._pending.get(sha256)
        if sha256 in self.contents:
            self._end(key, final_url, sha256)
        elif pending is not None:
            pending.waiting.append((key, final_url))
        else:
            source = document.source if document else self._store.objects.path(sha256)
            size = document.size if document else self._store.objects.size(sha256)
            pending = self._submit(sha256, Pending(size, source, takes_room=document is not None))
            pending.waiting.append((key, final_url))
            return pending
        if document is not None:
            self._dispose(document.source)
            self._pool.take_off()
        return pending

    def _look_up(self, sha256: str) -> None:
        if sha256 not in self.contents and sha256 not in self._pending:
            self.contents |= contents_known([sha256], self._settings, self._store)

    def _submit(self, sha256: str, pending: Pending) -> Pending:
        self._pending[sha256] = pending
        settings = self._settings
        bare = not settings.fingerprints
        task = Task(pending.source, settings.max_pixels, settings.fast_jpeg, settings.trim, bare=bare)
        if isinstance(pending.source, bytes):
            self._in_memory += pending.size
            pending.source = b""

        def answer(result: Decoded | Problem) -> None:
            self._decoded.put((sha256, result))
            self._pool.delivered.put(None)

        self._workers.submit(task, answer)
        return pending

    def _take_decoded(self) -> int:
        count = 0
        with contextlib.suppress(queue.Empty):
            while True:
                sha256, result = self._decoded.get_nowait()
                count += 1
                self._settle(sha256, self._pending.pop(sha256), result)
        return count

    def _settle(self, sha256: str, pending: Pending, result: Decoded | Problem) -> None:
        if isinstance(result, Problem):
            content = Content(sha256, result.status, result.reason, pending.size)
        else:
            shape = (result.format, result.width, result.height, result.animated)
            content = Content(sha256, "ok", "", pending.size, *shape, result.fingerprint)
        self.contents[sha256] = content
        if content.status not in _NOT_REMEMBERED:
            self._new.append(content)
        self._visits += self._worth_keeping(pending.visits)
        if isinstance(pending.source, bytes):
            self._in_memory -= pending.size
        for key, final_url in pending.waiting:
            self._end(key, final_url, sha256)
        self._dispose(pending.source)
        if pending.takes_room:
            self._pool.take_off()

    def _read_offline(self, key: str) -> None:
        """Begin with a picture that needs no network: in the text, in a file, or in the store."""
        if key in self._known.stored:
            found = self._known.stored[key]
            self._offer(key, found.final_url, found.sha256, None)
            return
        read = self._read_local(key)
        if isinstance(read, Problem):
            self.ends[key] = read
            return
        final_url, content = read
        if len(content) > self._settings.max_bytes:
            self.ends[key] = too_large(self._settings.max_bytes)
            return
        sha256 = hashlib.sha256(content).hexdigest()
        source = self._store.objects.keep(sha256, content) if self._settings.keep_bytes else content
        self._look_up(sha256)
        if sha256 in self.contents:
            self._end(key, final_url, sha256)
        else:
            pending = self._pending.get(sha256) or self._submit(sha256, Pending(len(content), source))
            pending.waiting.append((key, final_url))

    def _read_local(self, key: str) -> tuple[str, bytes] | Problem:
        target = self._targets[key]
        if isinstance(target, Data):
            content = read_data_uri(target.text)
            return content if isinstance(content, Problem) else (target.text, content)
        path = find_file(
            target.path if isinstance(target, Local) else key, self._settings.base_folder, self._settings.allow_files
        )
        if isinstance(path, Problem):
            return path
        content = read_file(path, self._settings.max_bytes)
        return content if isinstance(content, Problem) else (path.as_uri(), content)

    def _end(self, key: str, final_url: str, sha256: str) -> None:
        self.failed_at[key] = final_url
        self.ends[key] = judge(self.contents[sha256], self._settings) or Found(final_url, sha256)

    def _dispose(self, source: bytes | Path) -> None:
        """Remove a body that was not kept."""
        if isinstance(source, Path) and not self._settings.keep_bytes:
            source.unlink(missing_ok=True)

    def _save_what_arrived(self) -> None:
        """After an interruption, remember the documents that are in the store already."""
        with contextlib.suppress(queue.Empty):
            while True:
                arrived = self._pool.delivered.get_nowait()
                if isinstance(arrived, Fetched) and isinstance(arrived.outcome, Document):
                    if self._settings.keep_bytes and arrived.job.start.url not in self._known.visits:
                        visit = visit_of(arrived.job, self._policy, arrived.outcome)
                        self._visits.append(visit)
                    self._dispose(arrived.outcome.source)
        for pending in self._pending.values():
            self._dispose(pending.source)

    def _commit(self) -> None:
        if self._visits or self._new:
            self._store.record(self._visits, self._new, fast=self._settings.fast_jpeg, trim=self._settings.trim)
            self._visits, self._new = [], []
        self._committed = time.monotonic()

    def _report(self) -> None:
        if self._progress and len(self.ends) != self._reported:
            self._reported = len(self.ends)
            self._progress(self._reported, len(self._targets))
