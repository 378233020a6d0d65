"""Published ports and names of hosts, from Python and from command lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput
from dockmagic.runtime.flags.ports import parse_exposed, parse_port
from dockmagic.runtime.hosts import check_address, parse_host

from .convert import items, mapping, text, unfit

if TYPE_CHECKING:
    from dockmagic.runtime.flags.ports import Port

__all__ = ["addresses", "exposed", "hosts", "ports"]

_WANTED = "a port of this machine: an int, a str, (ADDRESS, PORT) or None for a free one"


def ports(keyword: str, value: object) -> tuple[Port, ...]:
    """A mapping of the container's port to this machine's, or a list as ``-p`` takes it: ``8080:80``.

    A list may hold texts, ports of the container, and tuples of this machine's port and the container's.
    """
    if isinstance(value, Mapping):
        texts = [
            f"{_outside(f'{keyword}[{inside!r}]', one)}{_port(f'a port in {keyword}', inside)}"
            for inside, outside in value.items()
            for one in (outside if isinstance(outside, list) else [outside])
        ]
    else:
        texts = [_listed(keyword, one) for one in items(keyword, value)]
    return tuple(port for one in texts for port in parse_port(one))


def _listed(keyword: str, value: object) -> str:
    if not isinstance(value, tuple):
        return _port(keyword, value)
    if len(value) not in (2, 3):
        raise unfit(keyword, value, "(OURS, CONTAINER'S) or (OURS, CONTAINER'S, PROTOCOL)")
    protocol = f"/{text(keyword, value[2])}" if len(value) == 3 else ""
    return f"{_outside(keyword, value[0])}{_port(keyword, value[1])}{protocol}"


def _port(keyword: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise unfit(keyword, value, "an int or a str such as '8080:80'")
    return text(keyword, value)


def _outside(keyword: str, value: object) -> str:
    """What stands before the container's port."""
    if value is None or value == 0:
        return ""
    if isinstance(value, tuple):
        if len(value) != 2 or not isinstance(value[0], str):
            raise unfit(keyword, value, _WANTED)
        address = f"[{value[0]}]" if ":" in value[0] else value[0]
        return f"{address}:{'' if value[1] is None else _outside(keyword, value[1]).rstrip(':')}:"
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise unfit(keyword, value, _WANTED)
    return f"{value}:"


def exposed(keyword: str, value: object) -> tuple[str, ...]:
    """Ports as a configuration names them: ``80/tcp``."""
    found = [value] if isinstance(value, int) else items(keyword, value)
    return tuple(port for one in found for port in parse_exposed(_port(keyword, one)))


def hosts(keyword: str, value: object) -> tuple[tuple[str, str], ...]:
    """Names and addresses for ``/etc/hosts``: a mapping, ``(NAME, ADDRESS)``, or ``NAME:ADDRESS``."""
    if isinstance(value, Mapping):
        texts = [f"{name}={text(f'{keyword}[{name!r}]', one)}" for name, one in mapping(keyword, value)]
    else:
        texts = [_host(keyword, one) for one in items(keyword, value)]
    return tuple(map(parse_host, texts))


def _host(keyword: str, value: object) -> str:
    if isinstance(value, tuple) and len(value) == 2:
        return "=".join(text(keyword, one) for one in value)
    return text(keyword, value)


def addresses(keyword: str, value: object) -> tuple[str, ...]:
    """Addresses of name servers."""
    found = tuple(text(keyword, one) for one in items(keyword, value))
    for one in found:
        if not one:
            raise InvalidInput(f"{keyword} has an empty address", hint="Leave it out")
        check_address(one)
    return found
