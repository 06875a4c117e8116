"""Decoder processes that survive what pictures do to them: a crash or a hang costs one try, never the run.

Plain subprocesses and pipes: `multiprocessing` would import the caller's main module again and leave a
tracker process behind. Each process has a thread of ours that feeds it.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from errors import StateError
from images.decode import Decoded
from images.messages import READY, Task, receive, send
from images.results import Problem
from images.watchdog import Watchdog

_TRIES: Final = 3
"""A process that crashes may have been unlucky: the picture is to blame at the third time."""
_KILLS: Final = 20
"""A process that was killed was most likely killed by somebody else, so its picture gets this many chances."""
_KILLED: Final = frozenset({-int(getattr(signal, "SIGKILL", 9)), -int(signal.SIGTERM)})
_ROOT: Final = Path(__file__).resolve().parent.parent
_START_SECONDS: Final = 60.0

ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}
"""What a decoder process is started with. One thread each in numerical libraries: the processes are the parallelism,
and their stacks count against the memory limit. And the C library keeps up to 64 MB of freed memory for the next
picture: giving it back and asking for it again, page by page, took 12 to 40 % of a process's time (GNU's library
reads these names, `man mallopt`; others pass over them)."""

Answer = Callable[[Decoded | Problem], None]
_Process = subprocess.Popen[bytes]


class _End(Enum):
    CRASHED = 1
    KILLED = 2
    HUNG = 3


class Workers:
    """A pool of decoder processes, which start when there is work and end with the `with` block.

    `seconds` bounds one try of one picture. `broken` is told, from another thread, when no process can be started.
    """

    def __init__(self, count: int, seconds: float, broken: Callable[[Exception], None]) -> None:
        self._seconds, self._broken = seconds, broken
        self._tasks: queue.SimpleQueue[tuple[Task, Answer] | None] = queue.SimpleQueue()
        self._watchdog = Watchdog()
        self._count = count
        self._threads: list[threading.Thread] = []
        self._processes: set[_Process] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def __enter__(self) -> Self:
        self._watchdog.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def submit(self, task: Task, answer: Answer) -> None:
        """Have a picture decoded; `answer` is called from another thread, exactly once unless stopped before."""
        self._tasks.put((task, answer))
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name=f"decoder-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End all processes, also busy ones; tasks that are not answered by now are not answered at all."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(2)
        self._watchdog.stop()

    def pids(self) -> list[int]:
        """Return the ids of the processes that run now."""
        with self._lock:
            return [process.pid for process in self._processes]

    def _work(self) -> None:
        whole = False
        try:
            self._feed()
            whole = True
        finally:
            if not whole:  # a defect of ours must end the run, not let it wait for this picture for ever
                self._broken(RuntimeError("a thread that decodes ended unexpectedly; its own message is above"))

    def _feed(self) -> None:
        process: _Process | None = None
        while (entry := self._tasks.get()) is not None and not self._stopped:
            task, answer = entry
            result: Decoded | Problem | None = None
            ends: list[_End] = []
            while result is None and not self._stopped:
                process = process or self._start()
                if process is None:
                    break
                result, hung = self._ask(process, task)
                if result is None:
                    how = self._end(process)
                    ends.append(_End.HUNG if hung else how)
                    process = None
                    result = _blame(ends)
            if result is not None and not self._stopped:
                answer(result)
        if process is not None:
            process.kill()
            self._end(process)

    def _ask(self, process: _Process, task: Task) -> tuple[Decoded | Problem | None, bool]:
        """Return the answer, None when the process died or was killed for hanging, and whether it hung."""
        answer, late = self._exchange(process, task, self._seconds)
        return (answer if isinstance(answer, Decoded | Problem) else None), late

    def _exchange(self, process: _Process, task: Task | None, seconds: float) -> tuple[object, bool]:
        if process.stdin is None or process.stdout is None:
            return None, False
        deadline = self._watchdog.start(seconds)
        deadline.on_passing(process.kill)
        try:
            if task is not None:
                send(process.stdin, task)
            return receive(process.stdout), False
        except (EOFError, OSError):
            return None, deadline.passed
        finally:
            deadline.finish()

    def _start(self) -> _Process | None:
        """Return a process that has said it is ready; None when stopped, or when none can be started."""
        ends: list[_End] = []
        while _blame(ends) is None:
            process = self._launch()
            if process is None:
                return None
            if self._exchange(process, None, _START_SECONDS)[0] == READY:
                return process
            ends.append(self._end(process))
        if not self._stopped:
            self._fail()
        return None

    def _launch(self) -> _Process | None:
        # -P and the path keep a module in the working directory out of the process.
        environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(_ROOT)}
        command = [sys.executable, "-P", "-m", "images.decoder_process"]
        with self._lock:
            if self._stopped:
                return None
            process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
            self._processes.add(process)
        return process

    def _fail(self) -> None:
        self._broken(
            StateError(
                "The processes that decode pictures can not be started.",
                f"Check the installation: {sys.executable} -m images.decoder_process in {_ROOT} says what is missing.",
            )
        )

    def _end(self, process: _Process) -> _End:
        """Make sure that a process is gone, and say how it went."""
        try:
            code: int | None = process.wait(0.2)  # its pipe has ended, so it is on its way out by itself
        except subprocess.TimeoutExpired:
            code = None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # the rest of a task that a dead process can not take
                    pipe.close()
        process.wait()
        with self._lock:
            self._processes.discard(process)
        return _End.KILLED if code in _KILLED else _End.CRASHED


def _blame(ends: Sequence[_End]) -> Problem | None:
    if ends.count(_End.HUNG) >= 2:
        return Problem("decoder_crashed", "Decoding the picture took more time than is allowed.")
    if ends.count(_End.CRASHED) >= _TRIES or ends.count(_End.KILLED) >= _KILLS:
        return Problem("decoder_crashed", "Decoding the picture crashed the decoder.")
    return None
