"""What ``--memory``, ``--cpus``, ``--pids-limit`` and ``--ulimit`` say, and how this machine can hold it."""

from __future__ import annotations

import math
import os
import resource
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dockmagic.linux import cgroups
from dockmagic.oci.errors import InvalidInput, OutOfRange

from .sizes import parse_size

if TYPE_CHECKING:
    from dockmagic.runtime.machine.isolation import Isolation

__all__ = ["Hold", "Limits", "hold", "parse_cpus", "parse_memory", "parse_ulimit"]

_LEAST_MEMORY = 6 << 20  # moby, daemon/daemon_unix.go: linuxMinMemory
# Docker's names (docker/go-units, ulimit.go); of locks the standard library has no constant (setrlimit(2)).
_KINDS = {
    "core": resource.RLIMIT_CORE, "cpu": resource.RLIMIT_CPU, "data": resource.RLIMIT_DATA,
    "fsize": resource.RLIMIT_FSIZE, "locks": 10, "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE, "nice": resource.RLIMIT_NICE, "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC, "rss": resource.RLIMIT_RSS, "rtprio": resource.RLIMIT_RTPRIO,
    "rttime": resource.RLIMIT_RTTIME, "sigpending": resource.RLIMIT_SIGPENDING, "stack": resource.RLIMIT_STACK,
}  # fmt: skip


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
        InvalidInput: no amount.
        OutOfRange: less than docker's 6 MiB.
    """
    size = parse_size(text, "--memory")
    if 0 < size < _LEAST_MEMORY:
        raise OutOfRange("Minimum memory limit allowed is 6MB")
    return size


def parse_cpus(text: str) -> float:
    """``--cpus``: ``1.5``.

    Raises:
        InvalidInput: no positive number.
        OutOfRange: more than this machine has.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise InvalidInput(f'invalid argument "{text}" for --cpus', hint="Write a number of processors such as 1.5")
    here = os.cpu_count() or 1
    if number > here:
        raise OutOfRange(f"Range of CPUs is from 0.01 to {here}.00, as there are only {here} CPUs available")
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
    if not equals or numbers is None or min(numbers) < -1:
        raise InvalidInput(f"invalid ulimit argument: {text}", hint="Write for example nofile=1024:2048")
    if name not in _KINDS:
        raise InvalidInput(f"invalid ulimit type: {name}", hint=f"It is one of {', '.join(sorted(_KINDS))}")
    if numbers[1] != -1 and (numbers[0] > numbers[1] or numbers[0] == -1):
        raise InvalidInput(
            f"ulimit soft limit must be less than or equal to hard limit: {numbers[0]} > {numbers[1]}",
            hint=f"Write {name}=SOFT:HARD",
        )
    return (name, *numbers)


class Hold(NamedTuple):
    """How a container's limits are held here.

    Attributes:
        groups: folder of the cgroups for each controller that is to hold something.
        rlimits: (number, soft, hard) for each of its processes.
        processors: how many of them it may use; 0 for all.
        notices: one line for each limit that is not held as asked.
    """

    groups: dict[str, str]
    rlimits: list[tuple[int, int, int]]
    processors: int
    notices: list[str]

    def record(self, limits: Limits) -> dict[str, Any]:
        """As the shim takes it."""
        amounts = {"memory": limits.memory, "cpus": limits.cpus, "pids": limits.pids}
        return {"groups": self.groups, "processors": self.processors, "amounts": amounts}


def hold(limits: Limits, isolation: Isolation) -> Hold:
    """Cgroups where they can be written to, resource limits else, and a plain word where neither does."""
    wanted = [name for name, value in (("memory", limits.memory), ("cpu", limits.cpus), ("pids", limits.pids)) if value]
    folders = cgroups.writable() if wanted else {}
    groups = {name: folders[name] for name in wanted if name in folders}
    rlimits = [(_KINDS[name], soft, hard) for name, soft, hard in limits.ulimits]
    processors, notices = 0, []
    for name in wanted:
        if name in groups:
            continue
        reason = f"for no {name} cgroup can be written to"
        if name == "memory":
            rlimits.append((resource.RLIMIT_DATA, limits.memory, limits.memory))
            notices.append(f"--memory holds for each process of the container by itself, {reason}")
        elif name == "cpu":
            processors = math.ceil(limits.cpus)
            notices.append(f"--cpus gives the container {processors} whole processors, {reason}")
        elif isolation.uid_map:
            rlimits.append((resource.RLIMIT_NPROC, limits.pids, limits.pids))
            notices.append(f"--pids-limit holds for each user of the container by itself, {reason}")
        else:
            notices.append(f"--pids-limit is not held, {reason}")
    return Hold(groups, rlimits, processors, notices)
