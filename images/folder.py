"""The files below a folder: each once, in natural order, with the marks by which it is known again.

Links are not followed unless asked to; a folder is entered once, however many ways lead there.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from errors import AccessRefused, NotFound, UsageError

_TRASHES: Final = re.compile(r"\.trash(?:es|-\d+)?|\$recycle\.bin|system volume information", re.IGNORECASE)
_JUNCTION: Final = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: a folder's link on Windows that is no symlink
_DIGITS: Final = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class Marks:
    """What the file system says of a file; where these are equal, its bytes are taken to be."""

    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    inode: int
    links: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Marks":
        """Take the marks from a status."""
        return cls(
            status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino, status.st_nlink
        )

    def same_file(self, other: "Marks") -> bool:
        """Say whether both are of one file that was not written to in between; a new name for it does not matter."""
        mine = (self.device, self.inode, self.size, self.mtime_ns)
        return mine == (other.device, other.inode, other.size, other.mtime_ns)


@dataclass(frozen=True, slots=True)
class File:
    """One file: `root` is the folder as it was named, `relative` the path below it.

    `also` are further names of the same file: hard links, or links that were followed.
    """

    root: str
    relative: str
    marks: Marks
    also: tuple["File", ...] = ()

    @property
    def path(self) -> str:
        """The path to open."""
        return os.path.join(self.root, self.relative)  # noqa: PTH118  (a Path would need valid text, and drops "./")

    @property
    def names(self) -> tuple["File", ...]:
        """All known names of this file, each as a file of its own."""
        return (self, *self.also)


@dataclass(slots=True)
class Listing:
    """What is below some folders: the files, and how many entries were not looked at for which reason.

    `refused` are folders that could not be listed, with the reason.
    """

    files: list[File] = field(default_factory=list)
    links: int = 0
    hidden: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def natural_key(text: str) -> tuple[object, ...]:
    """Return a key that sorts numbers in names by value, and otherwise as people read; different texts differ.

    >>> sorted(["b10", "B2", "a", "b2"], key=natural_key)
    ['a', 'B2', 'b2', 'b10']
    """
    parts = _DIGITS.split(text.casefold())
    # Numbers by their length without zeros and then digit by digit: as by value, and no number is too long.
    words = [(len(p.lstrip("0")), p.lstrip("0")) if i % 2 else (0, p) for i, p in enumerate(parts)]
    return (*words, (0, text))


def list_files(
    folders: Sequence[Path],
    *,
    hidden: bool = False,
    follow_links: bool = False,
    spared: Iterable[Path] = (),
    progress: Callable[[int], None] | None = None,
) -> Listing:
    """Return the files below the folders, one folder after the other, each in natural order.

    `spared` are folders that are not entered (our own state); trash folders never are. Raises `NotFound`,
    `UsageError` and `AccessRefused` for what cannot be listed at all.
    """
    found = Listing()
    entered = {identity for folder in spared if (identity := _identity(folder)) is not None}
    walk = _Walk(found, entered, hidden, follow_links, progress)
    for folder in folders:
        walk.below(_root(folder))
    found.files = _joined(found.files)
    return found


def _root(folder: Path) -> str:
    text = os.fspath(folder)
    try:
        status = os.stat(text)  # noqa: PTH116  (no Path: the name may be no valid text)
        if not stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{text} is not a folder.", "Name the folder that holds the pictures.")
        with os.scandir(text):
            pass
    except FileNotFoundError as error:
        raise NotFound(f"There is no folder {text}.", "Check the spelling, and the folder you are in.") from error
    except OSError as error:
        raise AccessRefused(f"The folder {text} cannot be read: {error.strerror}.", "Check its permissions.") from error
    return text


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


@dataclass(slots=True)
class _Walk:
    found: Listing
    entered: set[tuple[int, int]]
    hidden: bool
    follow_links: bool
    progress: Callable[[int], None] | None

    def below(self, root: str) -> None:
        """List a root; folders are a stack, because a deep tree must not end in a recursion error."""
        stack = [""]
        while stack:
            relative = stack.pop()
            folders = self._list(root, relative)
            stack += sorted(folders, key=natural_key, reverse=True)
            if self.progress:
                self.progress(len(self.found.files))

    def _list(self, root: str, relative: str) -> list[str]:
        here = os.path.join(root, relative) if relative else root  # noqa: PTH118  (see File.path)
        files: list[File] = []
        folders: list[str] = []
        try:
            status = os.stat(here)  # noqa: PTH116
            if (identity := (status.st_dev, status.st_ino)) in self.entered:
                return []
            self.entered.add(identity)
            with os.scandir(here) as entries:
                for entry in entries:
                    self._sort_in(root, os.path.join(relative, entry.name), entry, files, folders)  # noqa: PTH118
        except OSError as error:
            self.found.refused.append((here, error.strerror or type(error).__name__))
        self.found.files += sorted(files, key=lambda file: natural_key(file.relative))
        return folders

    def _sort_in(
        self, root: str, relative: str, entry: "os.DirEntry[str]", files: list[File], folders: list[str]
    ) -> None:
        if _TRASHES.fullmatch(entry.name):
            return
        if entry.name.startswith(".") and not self.hidden:
            self.found.hidden += 1
            return
        try:
            # Not the entry's own status: on Windows that one knows no inode.
            status = os.lstat(entry.path)
            if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION:
                if not self.follow_links:
                    self.found.links += 1
                    return
                status = os.stat(entry.path)  # noqa: PTH116
        except OSError as error:  # it went away meanwhile, or is a link to nothing or to itself
            self.found.refused.append((entry.path, error.strerror or type(error).__name__))
            return
        if stat.S_ISDIR(status.st_mode):
            folders.append(relative)
        elif stat.S_ISREG(status.st_mode):
            files.append(File(root, relative, Marks.of(status)))


def _joined(files: Sequence[File]) -> list[File]:
    """Join the names of one file: hard links, or links that were followed."""
    first: dict[tuple[int, int], int] = {}
    joined: list[File] = []
    for file in files:
        place = first.setdefault((file.marks.device, file.marks.inode), len(joined))
        if place == len(joined) or not file.marks.inode:  # some network disks know no inode
            joined.append(file)
        else:
            joined[place] = replace(joined[place], also=(*joined[place].also, file))
    return joined
