"""Run a command: its exit code for every way it can end."""

import io
import sys
from collections.abc import Callable

from console.interruption import Interrupted, Interruptions
from console.messages import note, show_error
from errors import CurationError

NOTHING_WRITTEN = "Interrupted: nothing was written. Pictures fetched so far are kept for the next run."


def run(story: Callable[[Interruptions], int], *, debug: bool, interrupted_means: str = NOTHING_WRITTEN) -> int:
    """Return the exit code of `story`, with its errors and interruptions told in sentences."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A title that the terminal's encoding lacks must not end a run; nor may half a character in a file name.
            stream.reconfigure(errors="backslashreplace")
    interruptions = Interruptions()
    try:
        with interruptions:
            return story(interruptions)
    except CurationError as error:
        show_error(error, debug=debug)
        if interruptions.written:
            note(f"       {interruptions.written}")
        return interruptions.pending or error.exit_code
    except Interrupted as interrupted:
        note(f"\nInterrupted. {interruptions.written}" if interruptions.written else f"\n{interrupted_means}")
        return interrupted.exit_code
