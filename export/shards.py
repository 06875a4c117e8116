"""Many pictures in one file, with what is known of each beside it: tar for WebDataset, Parquet for `datasets`.

The bytes of a shard follow from its rows and their contents alone, so that it has a hash before it is written.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Final

from errors import StateError
from export.layouts import UNLABELLED
from export.manifest import ManifestRow
from export.memory import Memory
from export.parquet import write_parquet
from export.writing import Lost, Progress, Writer, each

_VERSION: Final = 1
"""Of what is in a shard; another number writes all of them anew."""
_UNTOLD: Final = frozenset({"file", "status", "reason"})
"""Columns that say nothing more of a picture in a shard: its name is the file, and it is there."""

Read = Callable[[str], bytes | None]
"""Gives the bytes of a content by its sha256, checked; None when they are not there."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One file: its path, the rows whose pictures it holds, and the labels by their number (None: no labels)."""

    path: str
    rows: tuple[ManifestRow, ...]
    classes: tuple[str, ...] | None

    @property
    def recipe(self) -> str:
        """A hash of all that decides what is in it."""
        told = [_VERSION, self.path, self.classes, [row.values() for row in self.rows]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def number_of(self, row: ManifestRow) -> int | None:
        """Return the number of a row's label."""
        return None if self.classes is None else self.classes.index(row.label or UNLABELLED)


class _Sum(io.RawIOBase):
    """A stream that hashes what is written, and passes it on."""

    def __init__(self, to: IO[bytes] | None = None) -> None:
        self._to, self._at, self.hash = to, 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # of any buffer: pyarrow gives its own
        self.hash.update(data)
        if self._to is not None:
            self._to.write(data)
        size = memoryview(data).nbytes
        self._at += size
        return size


def shards_of(files: Iterable[tuple[str, ManifestRow]], classes: tuple[str, ...] | None) -> tuple[Shard, ...]:
    """Return the shards that hold these rows, by path."""
    held: dict[str, list[ManifestRow]] = {}
    for path, row in files:
        held.setdefault(path, []).append(row)
    return tuple(Shard(path, tuple(rows), classes) for path, rows in held.items())


def sums_of(shards: Sequence[Shard], memory: Memory, read: Read, progress: Progress) -> dict[str, str]:
    """Return the sha256 that each shard has or will have, by path; "" where a content of it is not there.

    A shard that an earlier export made of the very same is known by the memory, any other is made without writing it.
    """

    def find(shard: Shard) -> str:
        recipe, _, found = memory.recipes.get(shard.path, "").partition(" ")
        if recipe == shard.recipe and found:
            return found
        made = _Sum()
        try:
            _pack(shard, read, made)
        except Lost:
            return ""
        return made.hash.hexdigest()

    return dict(zip((shard.path for shard in shards), each(shards, find, progress), strict=True))


def writer_of(shard: Shard, sha256: str, read: Read) -> Writer:
    """Return what writes a shard into a stream; it raises `Lost` where a content is gone."""

    def write(stream: IO[bytes]) -> None:
        made = _Sum(stream)
        _pack(shard, read, made)
        if made.hash.hexdigest() != sha256:
            raise StateError(f"{shard.path} came out otherwise than a moment ago.", "Run the same command again.")

    return write


def _pack(shard: Shard, read: Read, stream: _Sum) -> None:
    def whole(sha256: str) -> bytes:
        data = read(sha256)
        if data is None:
            raise Lost(sha256)
        return data

    if shard.path.endswith(".tar"):
        _write_tar(shard, whole, stream)
    else:
        numbers = None if shard.classes is None else [shard.number_of(row) for row in shard.rows]
        write_parquet(shard.rows, shard.classes, numbers, whole, stream)


def _write_tar(shard: Shard, read: Callable[[str], bytes], stream: _Sum) -> None:
    """Write a tar as https://github.com/webdataset/webdataset wants it: the files of a sample have one name.

    The picture, `.json` with the columns of the manifest, and for a label `.cls`, its number, and `.txt`, its text.
    """
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for row in shard.rows:
            name = str(row.file).rpartition("/")[2]
            key = name.partition(".")[0]
            told = {column: value for column, value in row.values().items() if column not in _UNTOLD}
            members = {name: read(str(row.sha256)), f"{key}.json": _json(told)}
            if (number := shard.number_of(row)) is not None:
                members |= {f"{key}.cls": str(number).encode(), f"{key}.txt": _text(row.label or UNLABELLED)}
            for member, data in members.items():
                header = tarfile.TarInfo(member)  # of nobody, from 1970: the same bytes on every machine and day
                header.size = len(data)
                tar.addfile(header, io.BytesIO(data))


def _json(value: object) -> bytes:
    return _text(json.dumps(value, ensure_ascii=False))


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")
