"""The addresses of a host name, asked of the system within a time that the system does not know."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from images.guard import Address

Resolve = Callable[[str], Sequence[Address]]
"""Returns all addresses of a host; raises `OSError` (as `socket.gaierror`) or `UnicodeError` when there are none."""

_QUESTIONS: Final[queue.SimpleQueue[Callable[[], None]]] = queue.SimpleQueue()
_IDLE: Final = threading.Semaphore(0)
"""Counts the threads that wait for a question: one that hangs at a silent name server holds up no other."""
_PATIENCE: Final = 5.0
"""Seconds that such a thread waits before it ends."""


def system_addresses(host: str) -> list[Address]:
    """Return all addresses that the system knows for a host, in the order in which to try them."""
    found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


def within(resolve: Resolve, host: str, seconds: float) -> Sequence[Address]:
    """Resolve a host, or raise `TimeoutError`: nothing else ends a look-up at a silent name server.

    An address in its normal spelling is its own answer.
    """
    with contextlib.suppress(ValueError):
        return (ip_address(host.strip("[]")),)
    answers: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    _QUESTIONS.put(ask)
    if not _IDLE.acquire(blocking=False):
        threading.Thread(target=_answer, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer to the name {host}") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _answer() -> None:
    while True:
        try:
            _QUESTIONS.get(timeout=_PATIENCE)()
        except queue.Empty:
            if _IDLE.acquire(blocking=False):
                return
        else:
            _IDLE.release()
