"""The addresses of a host name, asked of the system within a time that the system does not know."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from images.guard import Address

Resolve = Callable[[str], Sequence[Address]]
"""Returns all addresses of a host; raises `OSError` (as `socket.gaierror`) or `UnicodeError` when there are none."""


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

    threading.Thread(target=ask, name=f"resolve-{host}", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer to the name {host}") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
