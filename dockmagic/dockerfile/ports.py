"""What EXPOSE takes: ``port``, ``first-last``, ``port/protocol``, and docker's ``[ip:]host:container`` mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.errors import DockerfileError

from .characters import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PortSpec", "container_ports"]

_PROTOCOLS: Final = ("tcp", "udp", "sctp")


class PortSpec(NamedTuple):
    """One word of EXPOSE, taken apart; what is not there is empty.

    Attributes:
        ip: an address, which means nothing in an image; likewise `host`.
        host: port or range on the host.
        container: port or range.
        protocol: as written; ``tcp`` by default.
    """

    ip: str
    host: str
    container: str
    protocol: str

    @classmethod
    def parse(cls, text: str) -> PortSpec:
        """Take a word apart.

        Raises:
            DockerfileError: no port, or a protocol that is none.
        """
        *before, last = text.split(":")
        host = before.pop() if before else ""
        container, _, protocol = last.partition("/")
        if not container:
            raise DockerfileError(f'invalid port: "{text}": no port specified')
        if protocol and protocol.lower() not in _PROTOCOLS:
            raise DockerfileError(
                f'invalid port: "{text}": invalid proto: {protocol}', hint=f"Write one of {', '.join(_PROTOCOLS)}"
            )
        return cls(":".join(before), host, container, protocol or "tcp")

    def numbers(self) -> range:
        """The container's ports.

        Raises:
            DockerfileError: no number up to 65535, a range that goes down, a bad address or host port.
        """
        ip = self.ip[1:-1] if self.ip.startswith("[") and self.ip.endswith("]") else self.ip
        if ip and not _is_address(ip):
            raise DockerfileError(f"invalid IP address: {self.ip}")
        ports = _range(self.container, "containerPort")
        if self.host and len(ports) > 1 and len(_range(self.host, "hostPort")) != len(ports):
            raise DockerfileError(
                f"invalid ranges specified for container and host Ports: {self.container} and {self.host}"
            )
        if self.host:
            _range(self.host, "hostPort")
        return ports


def container_ports(words: Iterable[str]) -> tuple[str, ...]:
    """Each port as a configuration has it, such as ``80/tcp``.

    Raises:
        DockerfileError: not a port.
    """
    specs = map(PortSpec.parse, words)
    return tuple(f"{number}/{spec.protocol.lower()}" for spec in specs for number in spec.numbers())


def _range(text: str, what: str) -> range:
    first, dash, last = text.partition("-")
    try:
        ports = range(_port(first), _port(last if dash else first) + 1)
    except ValueError:
        ports = range(0)
    if not ports:
        raise DockerfileError(f"invalid {what}: {text}", hint="Ports are numbers from 0 to 65535")
    return ports


def _port(text: str) -> int:
    return parse_number(text.removeprefix("+"), most=65535)


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
