"""The body of an answer while it arrives: hashed, unpacked, limited, and in memory only as long as it is small."""

import hashlib
import threading
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from images.objects import Objects

SPILL: Final = 2**20
"""A body above this goes to a temporary file of the store."""
_STEP: Final = 2**18


class TooLargeError(Exception):
    """The body is larger than is allowed, or unpacks to more."""


class BadEncodingError(Exception):
    """The body is not packed as its header says, or in a way that was not asked for."""


class Budget:
    """The bytes that all bodies under way may hold in memory together."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take bytes out of the budget, or say that there are not enough left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """Put bytes back."""
        with self._lock:
            self._left += size


class Body:
    """One body; a context manager that gives back its memory and, unless it was kept, its temporary file."""

    def __init__(self, objects: Objects, budget: Budget, *, encoding: str, max_bytes: int) -> None:
        self._objects, self._budget, self._max = objects, budget, max_bytes
        self._unpack = _unpacker(encoding)
        self._memory: bytearray | None = bytearray()
        self._taken = 0
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self.head = b""
        self.size = 0
        self.sha256 = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._budget.give_back(self._taken)
        self._taken = 0
        if self._file:
            self._file.close()
        if self._path:
            self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Take what arrived; raise `TooLargeError` or `BadEncodingError`."""
        if self._unpack is None:
            self._append(chunk)
            return
        while chunk:
            try:
                plain = self._unpack.decompress(chunk, _STEP)  # in steps: 1 KB may stand for 1 MB
            except zlib.error as error:
                raise BadEncodingError from error
            self._append(plain)
            chunk = self._unpack.unconsumed_tail
            if self._unpack.eof:
                return

    def finish(self) -> None:
        """Say that all has arrived: now `sha256` is known. Raise `BadEncodingError` for a pack that broke off."""
        if self._unpack is not None and not self._unpack.eof and self.size:
            raise BadEncodingError
        self._hash.update(self._memory or b"")
        self.sha256 = self._hash.hexdigest()

    def keep(self) -> Path:
        """Move the body into the store and return its file."""
        return self._objects.keep(self.sha256, self._release())

    def take(self) -> bytes | Path:
        """Hand the body over: its bytes, or a temporary file that the taker removes."""
        return self._release()

    def _append(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self._max:
            raise TooLargeError
        if len(self.head) < 4096:
            self.head += chunk[: 4096 - len(self.head)]
        if self._memory is not None and (self.size > SPILL or not self._reserve(len(chunk))):
            self._spill()
        if self._memory is not None:
            self._memory += chunk  # hashed at the end in one go: each small piece would wake other threads
        else:
            self._hash.update(chunk)
            with self._objects.translated():
                self._open().write(chunk)

    def _reserve(self, size: int) -> bool:
        taken = self._budget.take(size)
        self._taken += size if taken else 0
        return taken

    def _spill(self) -> None:
        with self._objects.translated():
            self._open().write(self._memory or b"")
        self._hash.update(self._memory or b"")
        self._memory = None
        self._budget.give_back(self._taken)
        self._taken = 0

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._path = self._objects.temporary()
            self._file = self._path.open("xb")
        return self._file

    def _release(self) -> bytes | Path:
        if self._memory is not None or self._path is None or self._file is None:
            return bytes(self._memory or b"")
        with self._objects.translated():
            self._file.close()
        path, self._path = self._path, None
        return path


def _unpacker(encoding: str) -> "zlib._Decompress | None":
    """Return what unpacks a Content-Encoding (we ask for none, some servers pack all the same)."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return None
    if name in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: finds out itself whether gzip or zlib
    raise BadEncodingError
