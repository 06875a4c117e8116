"""Deadlines enforced from outside: when one passes, its action runs, whatever the guarded thread waits for."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Deadline:
    """One guarded piece of work; `passed` tells its thread afterwards why things broke."""

    __slots__ = ("_action", "_lock", "_over", "passed")

    def __init__(self) -> None:
        self.passed = False
        self._over = False
        self._action: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def on_passing(self, action: Callable[[], None] | None) -> None:
        """Set what to do when the deadline passes, at once when it has already passed; None: nothing."""
        with self._lock:
            self._action = action
            if self.passed and action and not self._over:
                action()

    def finish(self) -> None:
        """Say that the work is over: the action will not run any more, nor be running, after this returns."""
        with self._lock:
            self._over, self._action = True, None

    def pass_now(self) -> None:
        """Let the deadline pass, unless the work is over."""
        with self._lock:
            if self._over or self.passed:
                return
            self.passed = True
            if self._action:
                self._action()


class Watchdog:
    """One thread that lets deadlines pass; ends with its `with` block, when all open deadlines pass."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Let all open deadlines pass, and all later ones at once."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(1)

    def start(self, seconds: float) -> Deadline:
        """Begin a deadline that passes `seconds` from now unless it is finished before."""
        deadline = Deadline()
        with self._changed:
            stopped = self._stopped
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._numbers), deadline))
            if self._heap[0][2] is deadline:
                self._changed.notify()
        if stopped:
            deadline.pass_now()
        return deadline

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._due():
                    self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                passing = [entry[2] for entry in self._heap] if self._stopped else [heapq.heappop(self._heap)[2]]
                stopped = self._stopped
            for deadline in passing:
                deadline.pass_now()
            if stopped:
                return

    def _due(self) -> bool:
        return bool(self._heap) and self._heap[0][0] <= time.monotonic()
