"""Progress on stderr: a bar with rate and ETA on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Never

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """A context that shows how much of some work is done; call `update(done, total)` as often as you like."""

    def __init__(self, what: str, unit: str) -> None:
        self._what = what
        self._unit = unit
        self._bar: tqdm[Never] | None = None
        self._started = self._last = time.monotonic()

    def __enter__(self) -> "Progress":
        """Begin; nothing is shown before the first `update`."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Leave the bar where it is, so that an interrupted run shows how far it came."""
        if self._bar is not None:
            self._bar.close()

    def update(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        if sys.stderr.isatty():
            bar = self._bar or tqdm(total=total, desc=self._what, unit=f" {self._unit}", dynamic_ncols=True)
            bar.total = total
            bar.update(done - bar.n)
            self._bar = bar
            return
        now = time.monotonic()
        if done == total or now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            rate = done / max(now - self._started, 1e-3)
            left = f", about {(total - done) / rate:.0f} s left" if 0 < done < total else ""
            sys.stderr.write(f"{self._what}: {done} of {total} {self._unit} ({rate:.1f}/s{left})\n")
