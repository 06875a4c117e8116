"""Progress on stderr: a bar with rate and ETA on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Never

from tqdm import tqdm

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """A context that shows how much of some work is done; call `update(done, total)` as often as you like.

    Work that ends within `delay` seconds shows nothing.
    """

    def __init__(self, what: str, unit: str, *, delay: float = 0.0) -> None:
        self._what = what
        self._unit = unit
        self._delay = delay
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
        if time.monotonic() - self._started < self._delay:
            return
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


class Steps:
    """A context that shows the progress of named steps, each from when it is first reported."""

    def __init__(self, units: Mapping[str, str], *, delay: float) -> None:
        self._units = units
        self._delay = delay
        self._steps: dict[str, Progress] = {}

    def __enter__(self) -> "Steps":
        """Begin; nothing is shown before the first `update`."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Leave the bars where they are."""
        for step in self._steps.values():
            step.__exit__()

    def update(self, step: str, done: int, total: int) -> None:
        """Show that `done` of `total` of a step are done; `units` says what is counted."""
        if step not in self._steps:
            self._steps[step] = Progress(step.capitalize(), self._units[step], delay=self._delay)
        self._steps[step].update(done, total)
