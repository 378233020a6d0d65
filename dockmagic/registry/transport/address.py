"""How far an address reaches, and where a registry may lead its client.

A registry names other hosts: token realms, redirects, upload locations. A public one that names a private address
would have its client ask servers that it cannot reach itself (server-side request forgery), so that is refused.
"""

from __future__ import annotations

import ipaddress
import socket
from enum import Enum

from .parsing import number

__all__ = ["Reach", "is_loopback", "may_lead", "reach_of_address", "reach_of_host", "split_host"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Reach(Enum):
    """From where an address can be reached."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"


def split_host(netloc: str) -> tuple[str, int | None]:
    """``host:port`` in its two parts, an IPv6 address without its brackets; the port may be absent."""
    if netloc.startswith("["):
        host, _, rest = netloc[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = netloc.partition(":")
    return host, number(port)


def reach_of_address(text: str) -> Reach:
    """The reach of a numerical address.

    Raises:
        ValueError: it is none.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.is_loopback or address.is_unspecified:  # 0.0.0.0 connects to this machine
        return Reach.LOOPBACK
    if address.is_link_local:  # where clouds keep a machine's credentials
        return Reach.LINK_LOCAL
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def _by_name(host: str) -> Reach | None:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return Reach.LOOPBACK
    try:
        return reach_of_address(name)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether `host` (no port) is this machine by its very name or number."""
    return _by_name(host) is Reach.LOOPBACK


def reach_of_host(host: str, *, resolve: bool = True) -> Reach:
    """The reach of a host (no port): of its most public address where it has several.

    Args:
        host: name or number.
        resolve: whether to ask the name service; without, an unknown name counts as public.
    """
    known = _by_name(host)
    if known is not None:
        return known
    if not resolve:
        return Reach.PUBLIC
    try:
        found = {reach_of_address(str(entry[4][0])) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return Reach.PUBLIC
    return next((reach for reach in Reach if reach in found), Reach.PUBLIC)


def may_lead(home: Reach, target: Reach) -> bool:
    """Whether a registry of reach `home` may send its client to an address of reach `target`."""
    return target in (Reach.PUBLIC, home) or (home is Reach.LOOPBACK and target is Reach.PRIVATE)
