"""From local files to a picture or a failure for each; a file that did not change is known without being read."""

import contextlib
import hashlib
import os
import queue
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

import imagehash
import numpy as np
import PIL
import scipy
from numpy.typing import NDArray

from images.decode import Decoded, too_many_pixels
from images.folder import File, Marks
from images.formats import HEAD, sniff
from images.local_files import too_large
from images.messages import Task
from images.results import FLAGS, FetchFailure, Picture, Problem
from images.settings import Settings
from images.store import Content, KnownFile, Store
from images.workers import Workers

Reading = Picture | FetchFailure
_NAMED_AS_PICTURE: Final = (
    ".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ico", ".avif",
    ".heic", ".heif",
)  # fmt: skip
_SETTLED_NS: Final = 2_000_000_000
"""A file written less than this before it was read may change again within one tick of its disk's clock (2 s on
FAT): its marks would then not tell."""
_LIBRARIES: Final = ";".join(
    (
        f"imagehash={imagehash.__version__}",
        f"pillow={PIL.__version__}",
        f"scipy={scipy.__version__}",
        f"wavelets={version('PyWavelets')}",
    )
)
_COMMIT_FILES: Final = 200
_COMMIT_SECONDS: Final = 1.0
# Verdicts that hang on this machine or on an option rather than on the bytes: made anew in each run.
_NOT_REMEMBERED: Final = frozenset({"decoder_crashed", "too_many_pixels", "unsupported_format"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Hashes that are wanted besides the fingerprint: algorithms, and the square root of their bits."""

    algorithms: tuple[str, ...] = ()
    size: int = 8

    def version(self, algorithm: str, *, fast: bool) -> str:
        """Name what decides the bits of one of these hashes, for the cache key."""
        return f"{algorithm};{self.size};{_LIBRARIES}{';fast' if fast else ''}"


def read_files(
    files: Sequence[File],
    settings: Settings,
    store: Store,
    progress: Callable[[int, int], None] | None = None,
    wanted: Wanted = Wanted(),
) -> list[Reading | None]:
    """Return a picture or a failure for each file; None for a file that is none and is not named like one.

    Afterwards the store has the `wanted` hashes of each picture: see `hashes_of`. `progress(done, total)` is called
    from this thread. However the run ends, what was read so far is in the store.
    """
    run = _Run(files, settings, store, wanted)
    with Workers(settings.worker_count, settings.decode_timeout, run.broken.append) as workers:
        try:
            run.finish(workers, progress)
        finally:
            run.commit()
    return run.results


def hashes_of(contents: Sequence[str], wanted: Wanted, store: Store, *, fast: bool) -> NDArray[np.uint64]:
    """Return the wanted hashes (n, a, w) of contents that `read_files` read with this wish, given by their digests."""
    columns = []
    for name in wanted.algorithms:
        known = store.hashes(contents, wanted.version(name, fast=fast))
        columns.append([np.frombuffer(known[sha256], "<u8") for sha256 in contents])
    words = wanted.size**2 // 64
    shape = (len(wanted.algorithms), len(contents), words)
    return np.array(columns, np.uint64).reshape(shape).transpose(1, 0, 2)


def digest_of(path: str) -> tuple[str, Marks] | None:
    """Return the SHA-256 of a file and its marks, following no link; None when it cannot be read."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        with os.fdopen(os.open(path, flags), "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return digest, Marks.of(os.fstat(stream.fileno()))
    except OSError:
        return None


@dataclass(slots=True)
class _Run:
    files: Sequence[File]
    settings: Settings
    store: Store
    wanted: Wanted
    results: list[Reading | None] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    _waiting: dict[str, list[int]] = field(default_factory=dict)
    _contents: dict[str, Content] = field(default_factory=dict)
    _decoded: "queue.SimpleQueue[tuple[str, int, Decoded | Problem]]" = field(default_factory=queue.SimpleQueue)
    _new: list[Content] = field(default_factory=list)
    _seen: list[KnownFile] = field(default_factory=list)
    _committed: float = field(default_factory=time.monotonic)
    _done: int = 0
    _hashes: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def finish(self, workers: Workers, progress: Callable[[int, int], None] | None) -> None:
        total = len(self.files)
        self.results = [None] * total
        todo = deque(self._unknown())
        ahead = 4 * self.settings.worker_count
        while todo or self._waiting:
            while todo and len(self._waiting) < ahead:
                self._read(todo.popleft(), workers)
            self._take_decoded()
            if progress and self._done < total:
                progress(self._done, total)
            if time.monotonic() - self._committed > _COMMIT_SECONDS or len(self._new) > _COMMIT_FILES:
                self.commit()
            if self.broken:
                raise self.broken[0]
        if progress:
            progress(total, total)

    def commit(self) -> None:
        """Put into the store what was found so far."""
        if self._new:
            self.store.record([], self._new, fast=self.settings.fast_jpeg, trim=self.settings.trim)
        for name, made in self._hashes.items():
            self.store.record_hashes(self.wanted.version(name, fast=self.settings.fast_jpeg), made)
        if self._seen:
            self.store.record_files(self._seen)
        self._new, self._seen, self._hashes = [], [], {}
        self._committed = time.monotonic()

    def _unknown(self) -> list[int]:
        """Settle the files that did not change since they were read, and return the others."""
        known = self.store.files([_key(file) for file in self.files])
        matching = {
            i: seen.sha256 for i, file in enumerate(self.files) if (seen := known.get(_key(file))) and _is(seen, file)
        }
        self._look_up(matching.values())
        for i, sha256 in matching.items():
            if sha256 in self._contents:
                self._settle(i, sha256)
        return [i for i in range(len(self.files)) if matching.get(i) not in self._contents]

    def _look_up(self, hashes: Iterable[str]) -> None:
        """Take from the store what is known of contents, where that is all that is wanted."""
        known = self.store.contents(hashes, fast=self.settings.fast_jpeg, trim=self.settings.trim)
        whole = {sha256 for sha256, content in known.items() if content.status == "ok"}
        for name in self.wanted.algorithms:
            version = self.wanted.version(name, fast=self.settings.fast_jpeg)
            whole &= self.store.hashes(whole, version).keys()
        self._contents |= {key: one for key, one in known.items() if key in whole or one.status != "ok"}

    def _read(self, i: int, workers: Workers) -> None:
        read = self._bytes_of(i)
        if read is None:
            self._done += 1
            return
        sha256, content = read
        if sha256 not in self._contents:
            self._look_up([sha256])
        if sha256 in self._contents:
            self._settle(i, sha256)
        elif sha256 in self._waiting:
            self._waiting[sha256].append(i)
        else:
            self._waiting[sha256] = [i]
            size = len(content)
            wanted = self.wanted
            task = Task(
                content,
                self.settings.max_pixels,
                self.settings.fast_jpeg,
                self.settings.trim,
                hashes=wanted.algorithms,
                hash_size=wanted.size,
            )
            workers.submit(task, lambda result: self._decoded.put((sha256, size, result)))

    def _bytes_of(self, i: int) -> tuple[str, bytes] | None:
        """Return the bytes of a file that may be a picture, and their digest; else settle it."""
        file = self.files[i]
        try:
            # The file may have become a pipe meanwhile; opening one would wait for ever.
            handle = os.open(file.path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(handle, "rb") as stream:
                before = Marks.of(os.fstat(stream.fileno()))
                head = stream.read(HEAD)
                kind = sniff(head)
                if isinstance(kind, Problem) and kind.status == "not_an_image":
                    named = file.relative.lower().endswith(_NAMED_AS_PICTURE)
                    self.results[i] = FetchFailure(file.path, kind.status, kind.reason) if named else None
                    return None
                content = head + stream.read(self.settings.max_bytes + 1 - len(head))
                after = Marks.of(os.fstat(stream.fileno()))
        except OSError as error:
            reason = f"The file can not be read ({error.strerror or type(error).__name__})."
            self.results[i] = FetchFailure(file.path, "file_not_found", reason)
            return None
        if len(content) > self.settings.max_bytes:
            self.results[i] = _failure(file, too_large(self.settings.max_bytes))
            return None
        sha256 = hashlib.sha256(content).hexdigest()
        settled = max(after.mtime_ns, after.ctime_ns) + _SETTLED_NS < time.time_ns()
        if before == after and after.size == len(content) and settled:
            self._seen.append(
                KnownFile(_key(file), sha256, after.size, after.mtime_ns, after.ctime_ns, after.inode)
            )  # fmt: skip
        return sha256, content

    def _take_decoded(self) -> None:
        with contextlib.suppress(queue.Empty):
            block = bool(self._waiting)
            while True:
                sha256, size, result = self._decoded.get(block, 0.1)
                block = False
                if isinstance(result, Problem):
                    content = Content(sha256, result.status, result.reason, size)
                else:
                    shape = (result.format, result.width, result.height, result.animated, result.fingerprint)
                    content = Content(sha256, "ok", "", size, *shape)
                    for name, words in zip(self.wanted.algorithms, result.hashes, strict=True):
                        self._hashes.setdefault(name, {})[sha256] = words.astype("<u8").tobytes()
                if content.status not in _NOT_REMEMBERED:
                    self._new.append(content)
                self._contents[sha256] = content
                for i in self._waiting.pop(sha256):
                    self._settle(i, sha256)

    def _settle(self, i: int, sha256: str) -> None:
        self._done += 1
        file, content = self.files[i], self._contents[sha256]
        problem = too_many_pixels(content.width, content.height, self.settings.max_pixels)
        if content.status != "ok":
            problem = Problem(content.status, content.reason)
        if problem or content.fingerprint is None:
            self.results[i] = _failure(file, problem or Problem("broken_picture", "The picture has no fingerprint."))
            return
        made = content.fingerprint
        marks = (made.blank, made.low_detail, False, content.animated)
        flags = tuple(flag for flag, marked in zip(FLAGS, marks, strict=True) if marked)
        shape = (content.bytes, content.format, content.width, content.height)
        self.results[i] = Picture(file.path, file.path, sha256, *shape, made, flags)


def _failure(file: File, problem: Problem) -> FetchFailure:
    return FetchFailure(file.path, problem.status, problem.reason)


def _key(file: File) -> bytes:
    return os.path.abspath(os.fsencode(file.path))  # noqa: PTH100  (bytes, and the name as it is)


def _is(seen: KnownFile, file: File) -> bool:
    now = file.marks
    marks = (seen.size, seen.mtime_ns, seen.ctime_ns, seen.inode)
    return marks == (now.size, now.mtime_ns, now.ctime_ns, now.inode)
