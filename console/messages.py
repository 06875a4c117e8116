"""Words to a person: errors in two lines, and foreign text made safe for a terminal."""

import sys
import traceback

from errors import CurationError


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
        traceback.print_exception(error)
    sys.stderr.write(f"Error: {_lines(error.what)}\n       {_lines(error.hint)}\n")


def say(text: str = "") -> None:
    """Print a line of the summary to stdout."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Print a line for the person who watches, to stderr."""
    sys.stderr.write(f"{text}\n")


def _lines(text: str) -> str:
    return "\n       ".join(plain(line, 2000) for line in text.splitlines())
