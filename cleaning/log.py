"""The log of a removal: every move is in it, on the disk, before the first one happens.

One JSON object a line. The first says what the run is; then one a planned move (`Step`); then, as they happen,
notes: where a file really went, that it was left, that it is restored. A line cut off by a crash is ignored.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import atomic
from errors import AccessRefused, NotFound, StateError
from images.folder import Marks

SCHEMA: Final = 1
MOVED: Final = "moved"
LEFT: Final = "left"
RESTORING: Final = "restoring"
RESTORED: Final = "restored"
_LONGEST: Final = 2**20
"""Bytes that no line reaches: three paths, whose length the system limits, and a few words."""
_APPEND: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One name that is to disappear: from where to where, and which bytes it stood for; `kept` is what stays for it.

    `target` is None for the trash, whose place only the system knows.
    """

    source: str
    target: str | None
    sha256: str
    marks: Marks
    kept: str


@dataclass(slots=True)
class Log:
    """A log file that is being written, or that was read again: its steps, and what became of each."""

    path: Path
    way: str
    steps: list[Step] = field(default_factory=list)
    became: dict[int, str] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path, name: str, way: str, steps: Sequence[Step]) -> "Log":
        """Write the whole plan to a new log in `folder` and have it reach the disk."""
        log = cls(_claimed(folder, name), way, list(steps))
        head = {"removal": SCHEMA, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "way": way}
        log._append([head, *({"step": i, **asdict(step)} for i, step in enumerate(steps))], sync=True)
        return log

    @classmethod
    def load(cls, path: Path) -> "Log":
        """Read a log; raise `NotFound`, `AccessRefused` or `StateError`."""
        try:
            lines = path.read_text("utf-8").splitlines(keepends=True)
        except FileNotFoundError as error:
            raise NotFound(f"There is no log {path}.", "The run that removed files printed its name.") from error
        except UnicodeDecodeError as error:
            raise _damaged(path) from error
        except OSError as error:
            raise AccessRefused(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
        try:
            return cls._of(path, list(_objects(lines)))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise _damaged(path) from error

    @classmethod
    def _of(cls, path: Path, lines: Sequence[dict[str, Any]]) -> "Log":
        head = lines[0]
        if head["removal"] != SCHEMA:
            raise StateError(f"{path} was written by another version.", "Use the version that wrote it.")
        log = cls(path, str(head["way"]))
        for line in lines[1:]:
            number = int(line.pop("step"))
            if "source" in line:
                step = Step(**{**line, "marks": Marks(**line["marks"])})
                log.steps[number : number + 1] = [step]
            else:
                log.became[number] = line["became"]
        return log

    @property
    def left_all(self) -> bool:
        """Whether every file is known to be where it was."""
        return all(self.became.get(number) == LEFT for number in range(len(self.steps)))

    def retarget(self, number: int, step: Step) -> None:
        """Replace a step before it happens: its target was taken meanwhile."""
        self.steps[number] = step
        self._append([{"step": number, **asdict(step)}], sync=True)

    def note(self, number: int, became: str, why: str = "") -> None:
        """Note what became of a step."""
        self.became[number] = became
        self._append([{"step": number, "became": became, **({"why": why} if why else {})}], sync=became == RESTORING)

    def _append(self, objects: Sequence[dict[str, Any]], *, sync: bool) -> None:
        try:
            # The log names people's files: theirs alone to read. JSON's escapes keep names that are no valid text.
            with os.fdopen(os.open(self.path, _APPEND, 0o600), "r+b") as stream:
                _cut_half_line(stream)
                stream.write("".join(json.dumps(one) + "\n" for one in objects).encode("ascii"))
                stream.flush()
                if sync:
                    os.fsync(stream.fileno())
        except OSError as error:
            raise StateError(
                f"The log {self.path} cannot be written: {error.strerror}.",
                "No file is moved without its entry there; name another folder with --state.",
            ) from error


def _cut_half_line(stream: BinaryIO) -> None:
    """Remove what a crash or a full disk left of a last line: the next one would continue it."""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, end - 1))
    if stream.read() == b"\n":
        return
    start = stream.seek(max(0, end - _LONGEST))
    stream.truncate(start + stream.read().rfind(b"\n") + 1)
    stream.seek(0, os.SEEK_END)


def _objects(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    for i, line in enumerate(lines):
        try:
            found = json.loads(line)
        except ValueError:
            if i == len(lines) - 1:  # cut off by a crash
                return
            raise
        yield found


def _claimed(folder: Path, name: str) -> Path:
    try:
        return atomic.claim(folder, name, ".jsonl")
    except OSError as error:
        raise StateError(
            f"No log can be written in {folder}: {error.strerror}.", "Name another folder with --state."
        ) from error


def _damaged(path: Path) -> StateError:
    return StateError(f"{path} is no log of a removal, or it is damaged.", "Name the file that the run printed.")
