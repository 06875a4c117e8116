"""The main program of a decoder worker: reads tasks from stdin and writes answers to stdout until stdin ends.

What a damaged picture can do to this process (crash, hang, memory) costs the parent one try.
"""

import signal
import sys
from pathlib import Path
from typing import Final

from images.decode import Decoded, decode
from images.messages import READY, Task, receive, send
from images.results import Problem

# 50 megapixels with alpha need 450 MB at 4 bytes a pixel (themselves, and white under them), a progressive JPEG
# as much for its coefficients; above this a file is up to something.
_HEADROOM: Final = 1024 * 2**20


def main() -> int:
    """Answer each task with `Decoded` or `Problem` until stdin ends."""
    # Ctrl-C reaches the whole foreground group; the parent decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory()
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print of a library must not end up between the answers
    send(answers, READY)
    while True:
        try:
            task = receive(source)
        except EOFError:
            return 0
        if not isinstance(task, Task):
            return 1
        try:
            send(answers, answer(task))
        except BrokenPipeError:
            return 0


def answer(task: Task) -> Decoded | Problem:
    """Do one task; memory above the limit is an answer too."""
    try:
        return decode(
            task.source,
            max_pixels=task.max_pixels,
            fast_jpeg=task.fast_jpeg,
            trim=task.trim,
            hashes=task.hashes,
            hash_size=task.hash_size,
            bare=task.bare,
        )
    except MemoryError:
        return Problem("decoder_crashed", "Decoding the picture took more memory than is allowed.")
    except FileNotFoundError:
        return Problem("decoder_crashed", "The bytes of the picture disappeared from the store.")


def limit_memory() -> None:
    """Bound this process's address space, where the system can."""
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return
    statm = Path("/proc/self/statm")
    if statm.exists():  # macOS has the limit but ignores it
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _HEADROOM, used + _HEADROOM))


if __name__ == "__main__":
    sys.exit(main())
