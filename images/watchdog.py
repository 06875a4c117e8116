"""Deadlines enforced from outside: when one passes, its action runs, whatever the guarded thread waits for."""

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Deadline:
    """One guarded piece of work; `passed` tells its thread afterwards why things broke."""

    __slots__ = ("_action", "_lock", "_open", "_over", "passed")

    def __init__(self, open_ones: "dict[Deadline, float]") -> None:
        self.passed = False
        self._open, self._over = open_ones, False
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
        self._open.pop(self, None)

    def pass_now(self) -> None:
        """Let the deadline pass, unless the work is over."""
        with self._lock:
            if self._over or self.passed:
                return
            self.passed = True
            if self._action:
                self._action()


class Watchdog:
    """One thread that lets deadlines pass; ends with its `with` block, when all open deadlines pass.

    It knows the open ones only, of which there are as many as threads at work, and sleeps until the first of those
    that it knew when it fell asleep: most are over by then.
    """

    def __init__(self) -> None:
        self._open: dict[Deadline, float] = {}
        self._changed = threading.Condition()
        self._sleeps_until = math.inf
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
        deadline = Deadline(self._open)
        due = time.monotonic() + seconds
        with self._changed:
            stopped = self._stopped
            self._open[deadline] = due
            if due < self._sleeps_until:
                self._changed.notify()
        if stopped:
            deadline.pass_now()
        return deadline

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._due():
                    self._sleeps_until = min([due for _, due in self._snapshot()], default=math.inf)
                    known = math.isfinite(self._sleeps_until)
                    self._changed.wait(self._sleeps_until - time.monotonic() if known else None)
                stopped = self._stopped
                passing = [deadline for deadline, _ in self._snapshot()] if stopped else self._due()
            for deadline in passing:
                deadline.pass_now()
                self._open.pop(deadline, None)
            if stopped:
                return

    def _due(self) -> list[Deadline]:
        now = time.monotonic()
        return [deadline for deadline, due in self._snapshot() if due <= now]

    def _snapshot(self) -> list[tuple[Deadline, float]]:
        return list(self._open.items())  # in one step: threads end their deadlines at any moment
