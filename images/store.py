"""What is known of every address and every picture: an SQLite index, and files named by their content.

`index.sqlite` holds four tables (`fetch` by address, `content` and `fingerprint` by content, `file` by local
path); `objects/ab/<sha256>` the bytes; `tmp/` what is being written. Several runs may use one store at once.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from errors import AccessRefused, StateError
from hashing import FINGERPRINT_VERSION, Fingerprint
from images.decode import DECODER_VERSION
from images.objects import Objects, full_disk

SCHEMA_VERSION: Final = 1
_APPLICATION_ID: Final = 0x736F7274  # "sort", so that somebody else's SQLite file is not taken for ours
_CHUNK: Final = 500
_SCHEMA: Final = """
CREATE TABLE fetch (url TEXT PRIMARY KEY, policy TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
    final_url TEXT, sha256 TEXT, etag TEXT, last_modified TEXT, time REAL NOT NULL, attempts INTEGER NOT NULL,
    opted_out INTEGER NOT NULL, private TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE content (sha256 TEXT, decoder TEXT, status TEXT NOT NULL, reason TEXT NOT NULL, bytes INTEGER NOT NULL,
    format TEXT, width INTEGER, height INTEGER, animated INTEGER, PRIMARY KEY (sha256, decoder)) WITHOUT ROWID;
CREATE TABLE fingerprint (sha256 TEXT, version TEXT, value BLOB NOT NULL, PRIMARY KEY (sha256, version));
"""
# Added later, and made where it is missing: a program that does not know it is not disturbed by it.
_FILE_TABLE: Final = """
CREATE TABLE IF NOT EXISTS file (path BLOB PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, inode TEXT NOT NULL) WITHOUT ROWID
"""
_HASH_TABLE: Final = """
CREATE TABLE IF NOT EXISTS hash (sha256 TEXT, version TEXT, value BLOB NOT NULL, PRIMARY KEY (sha256, version))
    WITHOUT ROWID
"""
_USED: Final = "SELECT sha256 FROM fetch WHERE sha256 IS NOT NULL UNION SELECT sha256 FROM file"


@dataclass(frozen=True, slots=True)
class Visit:
    """What an address answered: a document (`sha256`), or a failure worth remembering.

    `policy` names the options under which a failure holds. `private` are the non-public addresses that were
    talked to, `opted_out` says whether the owner asked not to be read by machines: both are judged again
    at each use, so that a store filled under laxer options lets nothing in.
    """

    url: str
    policy: str
    status: str
    reason: str
    final_url: str | None
    sha256: str | None
    etag: str | None = None
    last_modified: str | None = None
    time: float = 0.0
    attempts: int = 1
    opted_out: bool = False
    private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of some bytes: a picture with its fingerprint, if that is wanted ("ok"), or why they are none."""

    sha256: str
    status: str
    reason: str
    bytes: int
    format: str = ""
    width: int = 0
    height: int = 0
    animated: bool = False
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What a local file held when it was read: the digest of its bytes, and its marks by which it is known again.

    `path` is absolute and in the file system's own bytes.
    """

    path: bytes
    sha256: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Usage:
    """How much a store holds: addresses known, pictures with a fingerprint, files kept, and bytes on disk."""

    addresses: int
    pictures: int
    files: int
    bytes: int


class Store:
    """The store in one folder, made when it is not there; a context manager. Not for several threads.

    Raises `StateError` for a store of another version, a damaged one, or a full disk, and `AccessRefused`
    where the folder can not be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = Objects(folder)
        with self._translated():
            # Autocommit: transactions are begun by `_writing` alone, so that reads never hold a lock.
            self._db = sqlite3.connect(folder / "index.sqlite", timeout=60, isolation_level=None)
        try:
            with self._translated():
                self._open()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; everything recorded is already committed."""
        self._db.close()

    def visits(self, urls: Sequence[str]) -> dict[str, Visit]:
        """Return what is known of these addresses."""
        rows = self._select("SELECT * FROM fetch WHERE url IN ({})", urls)
        return {row[0]: Visit(*_visit_columns(row)) for row in rows}

    def contents(
        self, hashes: Iterable[str], *, fast: bool = False, trim: bool = False, bare: bool = False
    ) -> dict[str, Content]:
        """Return what is known of these contents by today's decoder and algorithms.

        `fast` tells apart the fingerprints of JPEGs that were decoded at a reduced size, `trim` those that carry
        one of the picture inside its margins. `bare` wants no fingerprints, and passes over those that there are.
        """
        decoder, version = versions(fast=fast, trim=trim)
        sql = "SELECT * FROM content WHERE decoder = ? AND sha256 IN ({})"
        rows = list(self._select(sql, sorted(set(hashes)), (decoder,)))
        pictures = [] if bare else [row[0] for row in rows if row[2] == "ok"]
        sql = "SELECT sha256, value FROM fingerprint WHERE version = ? AND sha256 IN ({})"
        made = dict(self._select(sql, pictures, (version,)))
        known = {}
        for row in rows:
            content = _content(row, made.get(row[0]), bare=bare)
            if content is not None:
                known[content.sha256] = content
        return known

    def files(self, paths: Sequence[bytes]) -> dict[bytes, KnownFile]:
        """Return what is known of these local files; whether they still are what they were is for the caller."""
        rows = self._select("SELECT * FROM file WHERE path IN ({})", paths)
        return {row[0]: KnownFile(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows}

    def record_files(self, known: Iterable[KnownFile]) -> None:
        """Remember local files, in one transaction; what was known of them before is replaced."""
        # An inode may need all 64 bits, and SQLite's integers have a sign.
        rows = [(k.path, k.sha256, k.size, k.mtime_ns, k.ctime_ns, str(k.inode)) for k in known]
        with self._translated(), self._writing():
            self._db.executemany("REPLACE INTO file VALUES (?,?,?,?,?,?)", rows)

    def hashes(self, contents: Iterable[str], version: str) -> dict[str, bytes]:
        """Return the further hashes of these contents that are known under a version, which the caller makes up."""
        rows = self._select(
            "SELECT sha256, value FROM hash WHERE version = ? AND sha256 IN ({})", sorted(set(contents)), (version,)
        )
        return dict(rows)

    def record_hashes(self, version: str, made: Mapping[str, bytes]) -> None:
        """Remember further hashes of contents, in one transaction."""
        rows = [(sha256, version, value) for sha256, value in made.items()]
        with self._translated(), self._writing():
            self._db.executemany("REPLACE INTO hash VALUES (?,?,?)", rows)

    def record(
        self, visits: Sequence[Visit], contents: Sequence[Content], *, fast: bool = False, trim: bool = False
    ) -> None:
        """Remember visits and contents, in one transaction; what was known of them before is replaced."""
        decoder, version = versions(fast=fast, trim=trim)
        with self._translated(), self._writing():
            self._db.executemany("REPLACE INTO fetch VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", map(_visit_row, visits))
            rows = [_content_row(content, decoder) for content in contents]
            self._db.executemany("REPLACE INTO content VALUES (?,?,?,?,?,?,?,?,?)", rows)
            prints = [(c.sha256, version, c.fingerprint.to_bytes()) for c in contents if c.fingerprint]
            self._db.executemany("REPLACE INTO fingerprint VALUES (?,?,?)", prints)

    def picture_path(self, sha256: str) -> Path | None:
        """Return the file that holds a content, None when its bytes were not kept."""
        return self.objects.path_if_kept(sha256)

    def open_bytes(self, sha256: str) -> bytes | None:
        """Return the bytes of a content, checked against their hash; None when missing or damaged."""
        return self.objects.read(sha256)

    def thumbnail(self, sha256: str) -> NDArray[np.uint8] | None:
        """Return the 64x64 gray thumbnail of a picture, None when it is not known."""
        sql = "SELECT value FROM fingerprint WHERE sha256 IN ({}) ORDER BY rowid DESC LIMIT 1"
        for (value,) in self._select(sql, [sha256]):
            if (made := _fingerprint(value)) is not None:
                return made.thumbnail
        return None

    def usage(self) -> Usage:
        """Count what the store holds."""
        with self._translated():
            (addresses,) = self._db.execute("SELECT count(*) FROM fetch").fetchone()
            (pictures,) = self._db.execute("SELECT count(DISTINCT sha256) FROM fingerprint").fetchone()
        sizes = [size for _, size in self.objects.kept()]
        index = sum(path.stat().st_size for path in self.folder.glob("index.sqlite*"))
        return Usage(addresses, pictures, len(sizes), sum(sizes) + index)

    def prune(self, *, older_than_days: float | None = None, bytes_only: bool = False) -> Usage:
        """Remove what no address leads to any more, and return what is left.

        `older_than_days` first forgets addresses not fetched since; `bytes_only` removes the files of all
        pictures and keeps what is known about them.
        """
        with self._translated():
            if older_than_days is not None:
                limit = time.time() - older_than_days * 86400
                self._db.execute("DELETE FROM fetch WHERE time < ?", (limit,))
            used = {row[0] for row in self._db.execute(_USED)}
            if not bytes_only:
                for table in ("content", "fingerprint", "hash"):
                    self._db.execute(f"DELETE FROM {table} WHERE sha256 NOT IN ({_USED})")  # noqa: S608  (our own words)
            for sha256, _ in list(self.objects.kept()):
                if bytes_only or sha256 not in used:
                    self.objects.remove(sha256)
            self._db.execute("VACUUM")
        return self.usage()

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing with NORMAL; a power cut at most the last pictures, which are fetched again.
        self._db.execute("PRAGMA synchronous=NORMAL")
        with self._writing():
            version = self._pragma("user_version")
            if version == 0 and self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
                self._db.execute(f"PRAGMA application_id={_APPLICATION_ID}")
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                for statement in (_FILE_TABLE, _HASH_TABLE):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
                return
            if version == SCHEMA_VERSION and self._pragma("application_id") == _APPLICATION_ID:
                for statement in (_FILE_TABLE, _HASH_TABLE):
                    self._db.execute(statement)
        if self._pragma("application_id") != _APPLICATION_ID or version != SCHEMA_VERSION:
            raise StateError(
                f"The store {self.folder} has format {version}; this program reads format {SCHEMA_VERSION}.",
                "Use the program that wrote it, name another folder with --store, or delete it: pictures are"
                " then fetched again.",
            )

    def _pragma(self, name: str) -> int:
        (value,) = self._db.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # a full disk has already rolled back
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _select(self, sql: str, keys: Sequence[str | bytes], before: tuple[str, ...] = ()) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            with self._translated():
                rows = self._db.execute(sql.format(",".join("?" * len(chunk))), (*before, *chunk)).fetchall()
            yield from rows

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _broken(self.folder, error) from error


def versions(*, fast: bool, trim: bool = False) -> tuple[str, str]:
    """Return the keys under which verdicts of the decoder and fingerprints are kept."""
    suffix = ";fast" if fast else ""
    return DECODER_VERSION + suffix, FINGERPRINT_VERSION + suffix + (";trim2" if trim else "")


def _broken(folder: Path, error: sqlite3.Error) -> StateError | AccessRefused:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL or "disk I/O" in str(error):
        return full_disk(folder)
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return AccessRefused(f"The store {folder} can not be written.", "Name another folder with --store.")
    return StateError(
        f"The store {folder} can not be used ({error}).",
        "Move it away or delete it, or name another folder with --store: pictures are then fetched again.",
    )


def _visit_row(visit: Visit) -> tuple[object, ...]:
    return (
        visit.url, visit.policy, visit.status, visit.reason, visit.final_url, visit.sha256, visit.etag,
        visit.last_modified, visit.time, visit.attempts, visit.opted_out, json.dumps(visit.private),
    )  # fmt: skip


def _visit_columns(row: tuple[Any, ...]) -> Iterator[Any]:
    yield from row[:10]
    yield bool(row[10])
    yield tuple(json.loads(str(row[11])))


def _content_row(content: Content, decoder: str) -> tuple[object, ...]:
    return (
        content.sha256, decoder, content.status, content.reason, content.bytes, content.format,
        content.width, content.height, content.animated,
    )  # fmt: skip


def _content(row: tuple[Any, ...], value: bytes | None, *, bare: bool) -> Content | None:
    made = None if value is None else _fingerprint(value)
    if row[2] == "ok" and made is None and not bare:  # made by another version: the bytes are decoded again
        return None
    sha256, _, status, reason, size, kind, width, height, animated = row
    return Content(sha256, status, reason, size, kind, width, height, bool(animated), made if status == "ok" else None)


def _fingerprint(value: bytes) -> Fingerprint | None:
    try:
        return Fingerprint.from_bytes(value)
    except ValueError:
        return None
