"""What ``--memory``, ``--cpus``, ``--pids-limit`` and ``--ulimit`` say."""

from __future__ import annotations

import resource
from decimal import Decimal, InvalidOperation

import msgspec

from dockmagic.oci.errors import InvalidInput

from .sizes import parse_size

__all__ = ["Limits", "parse_cpus", "parse_memory", "parse_ulimit"]

_LEAST_MEMORY = 6 << 20  # moby, daemon/daemon_unix.go: linuxMinMemory
_KINDS = {
    name.removeprefix("RLIMIT_").lower(): getattr(resource, name)
    for name in dir(resource)
    if name.startswith("RLIMIT_")
}


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much a container may use; 0 means as much as there is.

    Attributes:
        memory: bytes.
        cpus: processors, such as 1.5.
        pids: processes and threads.
        ulimits: name, soft and hard limit; -1 for no limit.
    """

    memory: int = 0
    cpus: float = 0
    pids: int = 0
    ulimits: tuple[tuple[str, int, int], ...] = ()


def parse_memory(text: str) -> int:
    """``-m``: bytes.

    Raises:
        InvalidInput: no amount, or less than docker's 6 MiB.
    """
    size = parse_size(text, "--memory")
    if 0 < size < _LEAST_MEMORY:
        raise InvalidInput("Minimum memory limit allowed is 6MB")
    return size


def parse_cpus(text: str) -> float:
    """``--cpus``: ``1.5``.

    Raises:
        InvalidInput: no positive number.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise InvalidInput(f'invalid argument "{text}" for --cpus', hint="Write a number of processors such as 1.5")
    return float(number)


def parse_ulimit(text: str) -> tuple[str, int, int]:
    """``--ulimit``: ``nofile=1024`` or ``nofile=1024:2048``.

    Raises:
        InvalidInput: no such limit, or soft above hard.
    """
    name, equals, value = text.partition("=")
    soft, colon, hard = value.partition(":")
    try:
        numbers = (int(soft), int(hard if colon else soft))
    except ValueError:
        numbers = None
    if not equals or numbers is None:
        raise InvalidInput(f"invalid ulimit argument: {text}", hint="Write for example nofile=1024:2048")
    if name not in _KINDS:
        raise InvalidInput(f"invalid ulimit type: {name}", hint=f"It is one of {', '.join(sorted(_KINDS))}")
    if numbers[1] != -1 and (numbers[0] > numbers[1] or numbers[0] == -1):
        raise InvalidInput(f"ulimit soft limit must be less than or equal to hard limit: {text}")
    return (name, *numbers)
