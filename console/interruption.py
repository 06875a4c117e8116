"""Ctrl-C and SIGTERM: end at once while nothing is written, and wait for the outcome of the one write."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from console.exit_codes import INTERRUPTED, TERMINATED
from console.messages import note


class Interrupted(BaseException):
    """The person, or the system, asked the run to end; like KeyboardInterrupt it passes every `except Exception`."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class Interruptions:
    """A context in which SIGINT and SIGTERM raise `Interrupted`, except from `hold` until `release`.

    `written` is for the person, however the run ends: what the story wrote so far, and how to undo it.
    """

    def __init__(self) -> None:
        self.written = ""
        self._held = False
        self._pending: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruptions":
        """Take the signals over; outside the main thread they stay as they are."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold interruptions back from here on, also after the block, until `release`.

        A story that has written goes on holding until it has said so.
        """
        self._held = True
        yield

    def release(self) -> None:
        """Stop holding back; what came meanwhile stays `pending`."""
        self._held = False

    @property
    def pending(self) -> int | None:
        """The exit code of an interruption that came while it was held back, else None."""
        return self._pending

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        code = INTERRUPTED if number == signal.SIGINT else TERMINATED
        if not self._held:
            raise Interrupted(code)
        self._pending = code
        note("\nThe write has begun; waiting for its outcome before ending ...")
