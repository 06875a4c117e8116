"""Words to a person: errors in two lines, and foreign text made safe for a terminal."""

import contextlib
import os
import sys
import traceback
from typing import TextIO

from errors import CurationError

_lost: list[TextIO] = []
"""Streams that nobody reads any more."""


def plain(text: str, limit: int = 200) -> str:
    r"""Return foreign text without control characters, cut to `limit` characters.

    A cell can hold terminal escapes, and a URL of 50,000 characters.

    >>> plain("a\x1b[31mb\n")
    'a?[31mb?'
    """
    safe = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 3] + "..."


def show_error(error: CurationError, *, debug: bool) -> None:
    """Print what happened and what to do next to stderr; with `debug` the traceback first."""
    if debug:
        note("".join(traceback.format_exception(error)).rstrip())
    note(f"Error: {_lines(error.what)}\n       {_lines(error.hint)}")


def say(text: str = "", *, vital: bool = False) -> None:
    """Print a line of the summary to stdout; when nobody can read it there, a `vital` one goes to stderr."""
    line = plain(text, limit=100_000)
    if not _written(sys.stdout, line) and vital:
        note(line)


def note(text: str) -> None:
    """Print lines for the person who watches, to stderr."""
    _written(sys.stderr, text)


def _written(stream: TextIO | None, text: str) -> bool:
    """Write a line at once and say whether that worked: a summary that cannot be shown must not end a run."""
    if stream is None or stream in _lost:  # closed before we started, or since
        return False
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:  # whoever read it has gone (`| head`), or the disk behind it is full
        _lost.append(stream)
        _discard(stream)
        return False
    return True


def _discard(stream: TextIO) -> None:
    """Let what is still buffered go nowhere, or the interpreter would complain of it at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _lines(text: str) -> str:
    return "\n       ".join(plain(line, 2000) for line in text.splitlines())
