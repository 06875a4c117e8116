"""The addresses of a host name."""

import contextlib
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from images.guard import Address

Resolve = Callable[[str], Sequence[Address]]
"""Returns all addresses of a host; raises `OSError` (as `socket.gaierror`) or `UnicodeError` when there are none."""


def system_addresses(host: str) -> list[Address]:
    """Return all addresses that the system knows for a host, in the order in which to try them."""
    found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


def look_up(resolve: Resolve, host: str) -> Sequence[Address]:
    """Resolve a host, which may take as long as a silent name server likes; an address is its own answer."""
    host = host.strip("[]")
    if ":" in host or host[-1:].isdigit():  # a name with a letter at its end need not be tried
        with contextlib.suppress(ValueError):
            return (ip_address(host),)
    return resolve(host)
