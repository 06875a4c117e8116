"""Run a command: its exit code for every way it can end."""

import os
import sys
from collections.abc import Callable

from console.exit_codes import STOPPED
from console.interruption import Interrupted, Interruptions
from console.messages import note, show_error
from errors import CurationError

NOTHING_WRITTEN = "Interrupted: nothing was written. Pictures fetched so far are kept for the next run."


def run(story: Callable[[Interruptions], int], *, debug: bool, interrupted_means: str = NOTHING_WRITTEN) -> int:
    """Return the exit code of `story`, with its errors and interruptions told in sentences."""
    interruptions = Interruptions()
    try:
        with interruptions:
            code = story(interruptions)
        sys.stdout.flush()
    except CurationError as error:
        show_error(error, debug=debug)
        return interruptions.pending or error.exit_code
    except Interrupted as interrupted:
        note(f"\n{interrupted_means}")
        return interrupted.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); the descriptor is replaced so that the interpreter's
        # own flush at exit does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    return code
