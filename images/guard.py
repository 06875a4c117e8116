"""Which addresses a byte may be sent to: public ones on the web's ports, and what the user allowed. Pure."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

PORTS: Final = frozenset({80, 443, 8000, 8080, 8443})
"""The ports on which the web is served; any other one is more likely somebody's service than a picture."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
# `is_global` calls these public: Azure's host service, the whole of the IETF's 192.0.0.0/24, 6to4 relays.
_NOT_PUBLIC_V4: Final = tuple(map(IPv4Network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")))
# Inside 2000::/3, the only block given out so far: tunnels that carry an IPv4 address, and documentation.
_NOT_PUBLIC_V6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20")))
_UNICAST_V6: Final = IPv6Network("2000::/3")


class RefusedAddressError(OSError):
    """The guard refuses: a non-public address or another port. `str()` is the sentence for the row."""


def plain(address: Address) -> Address:
    """Return the IPv4 address inside a mapped or NAT64 one, which is where its bytes would go; else itself.

    >>> from ipaddress import ip_address
    >>> plain(ip_address("::ffff:127.0.0.1")), plain(ip_address("64:ff9b::a00:1"))
    (IPv4Address('127.0.0.1'), IPv4Address('10.0.0.1'))
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet, looked at from any machine.

    >>> from ipaddress import ip_address
    >>> [is_public(ip_address(a)) for a in ("93.184.215.14", "10.0.0.1", "168.63.129.16", "2002:7f00:1::")]
    [True, False, False, False]
    """
    address = plain(address)
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in net for net in _NOT_PUBLIC_V4)
    return (
        address.scope_id is None
        and address in _UNICAST_V6
        and address.is_global
        and not any(address in net for net in _NOT_PUBLIC_V6)
    )


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Say whether the user allowed an address by one of his networks.

    >>> from ipaddress import ip_address
    >>> is_allowed(ip_address("::ffff:127.0.0.1"), [IPv4Network("127.0.0.0/8")])
    True
    """
    address = plain(address)
    return any(address.version == network.version and address in network for network in networks)


def refusal(records: Sequence[Address], port: int, networks: Sequence[Network]) -> str | None:
    """Return why no byte may go to a host with these addresses, None when all of them are fine.

    One bad record refuses the host: whoever mixes public and private records is trying something.

    >>> from ipaddress import ip_address
    >>> refusal([ip_address("93.184.215.14")], 443, ())
    >>> refusal([ip_address("93.184.215.14"), ip_address("10.0.0.1")], 443, ())
    'The host has an address that is not public (10.0.0.1).'
    """
    for address in records:
        if is_allowed(address, networks):
            continue
        if not is_public(address):
            return f"The host has an address that is not public ({plain(address)})."
        if port not in PORTS:
            return f"Port {port} is not one that pictures are served on."
    return None
