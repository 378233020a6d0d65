"""What ``-p`` says: ports of this machine that lead into a container."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from dockmagic.oci.errors import InvalidInput, NotSupported

__all__ = ["Port", "check_ports", "parse_exposed", "parse_port"]

_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


class Port(msgspec.Struct, frozen=True, omit_defaults=True):
    """One port of this machine that leads to one of a container.

    Attributes:
        container: inside.
        host: outside; 0 for one that is free.
        address: of this machine; empty for all.
        protocol: ``tcp``.
    """

    container: int
    host: int = 0
    address: str = ""
    protocol: str = "tcp"

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address or "0.0.0.0"  # noqa: S104  (docker's display)
        return f"{address}:{self.host}->{self.container}/{self.protocol}"


def parse_port(text: str) -> tuple[Port, ...]:
    """``-p``: ``80``, ``8080:80``, ``127.0.0.1:8080:80``, ``8000-8009:80-89``, each with ``/tcp``.

    Raises:
        InvalidInput: no port.
        NotSupported: not TCP.
    """
    rest, slash, protocol = text.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidInput(f"invalid proto: {protocol}", hint="Write tcp")
    if protocol != "tcp":
        raise NotSupported(f"{text}: only TCP ports can be forwarded without a daemon")
    rest, _, inside = rest.rpartition(":")
    if rest.startswith("["):
        address, _, outside = rest[1:].partition("]")
        outside = outside.removeprefix(":")
    else:
        address, _, outside = rest.rpartition(":")
    if not inside:
        raise InvalidInput(f"no port specified: {text}<empty>", hint="Write for example -p 8080:80")
    if address:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise InvalidInput(f"invalid IP address: {address}") from None
    ours = _range(inside, "containerPort")
    theirs = _range(outside, "hostPort") if outside else [0] * len(ours)
    if len(theirs) != len(ours):
        if len(ours) > 1:
            raise InvalidInput(f"invalid ranges specified for container and host Ports: {inside} and {outside}")
        theirs = theirs[:1]
    return tuple(
        Port(container=container, host=host, address=address, protocol=protocol)
        for container, host in zip(ours, theirs, strict=True)
    )


def parse_exposed(text: str) -> tuple[str, ...]:
    """``--expose``: ``80``, ``8000-8009/udp``; as a configuration names them: ``80/tcp``.

    Raises:
        InvalidInput: no port.
    """
    ports, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidInput(f"invalid proto: {protocol}", hint="Write tcp, udp or sctp")
    if _RANGE.fullmatch(ports) is None:
        raise InvalidInput(f"invalid range format for --expose: {text}", hint="Write for example --expose 80")
    return tuple(f"{port}/{protocol}" for port in _range(ports, "containerPort"))


def _range(text: str, what: str) -> list[int]:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise InvalidInput(f"invalid {what}: {text}", hint="Write for example -p 8080:80")
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last <= 65535:
        raise InvalidInput(f"invalid {what}: {text}")
    return list(range(first, last + 1))


def check_ports(ports: tuple[Port, ...], network: str) -> None:
    """Refuse what this network cannot do.

    Raises:
        NotSupported: on the machine's own network the program's port is the machine's port.
    """
    if network != "host":
        return
    for port in ports:
        if port.host not in (0, port.container) or port.address:
            inside = port.container
            raise NotSupported(
                f"with the host's network the container's port {inside} is this machine's port {inside}",
                hint=f"Let the program listen on another port, or use --network none -p {port.host}:{inside}",
            )
