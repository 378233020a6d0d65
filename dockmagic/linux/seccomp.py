"""The system calls that a container may make: docker's default list as a classic BPF program."""

from __future__ import annotations

import errno
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from . import bpf

__all__ = ["compile_filter"]

# The namespace flags of clone(2), CLONE_NEWNS to CLONE_NEWNET.
_NAMESPACES: Final = 0x7E020000
_FAMILIES: Final = (38, 40)  # AF_ALG, the kernel's cryptography, and AF_VSOCK, the machine that hosts this one
_PERSONALITIES: Final = (0x0, 0x0008, 0x20000, 0x20008, 0xFFFFFFFF)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    text = Path(__file__).with_name("seccomp.json").read_bytes()
    data: dict[str, Any] = json.loads(text)
    return data


@lru_cache(maxsize=16)
def compile_filter(capabilities: frozenset[str], machine: str = "") -> bytes:
    """The filter for a container with these capabilities (``CAP_…`` names).

    What is not on the list fails with EPERM, as in docker; so do calls of another architecture, but for those of 32 bit
    programs on an x86_64. What is newer than the list fails with ENOSYS.

    Args:
        capabilities: some calls come only with one.
        machine: as `os.uname` names it; empty for this one.

    Returns:
        BPF instructions, to be loaded as they are.
    """
    machine = machine or os.uname().machine
    data = _data()
    allowed = set(data["allow"])
    for capability, names in data["with_capability"].items():
        if capability in capabilities:
            allowed.update(names)
    program = [bpf.load(4)]
    for architecture in (machine, *bpf.RUN_TOO.get(machine, ())):
        checks = _checks(data["numbers"][architecture], allowed, namespaces="CAP_SYS_ADMIN" in capabilities)
        program += [bpf.equal(bpf.ARCHITECTURES[architecture], 1, 0), bpf.skip(len(checks)), *checks]
    return bpf.assemble([*program, bpf.fail(errno.EPERM)])


def _checks(numbers: dict[str, int], allowed: set[str], *, namespaces: bool) -> list[bpf.Instruction]:
    """The part of the filter for the calls of one architecture; it ends with an answer."""
    program = [
        bpf.load(0),
        # A call that is newer than the list is told as one that the kernel has not: libraries then take an older one,
        # which they do not if it is forbidden. Calls of x32, which wear the same architecture, have such numbers too.
        bpf.at_least(max(numbers.values()) + 1, 0, 1),
        bpf.fail(errno.ENOSYS),
    ]
    if "socketcall" in numbers:
        # It hides the family in memory. Libraries fall back to socket, which Linux has for i386 since 4.3.
        program += [bpf.equal(numbers["socketcall"], 0, 1), bpf.fail(errno.ENOSYS)]
    if not namespaces:
        # clone3 hides its flags in memory, where no filter sees them: the libraries fall back to clone.
        program += [bpf.equal(numbers["clone3"], 0, 1), bpf.fail(errno.ENOSYS)]
        program += [
            bpf.equal(numbers["clone"], 0, 5),
            bpf.argument(0),
            bpf.mask(_NAMESPACES),
            bpf.equal(0, 0, 1),
            bpf.give(bpf.ALLOW),
            bpf.fail(errno.EPERM),
        ]
    program += [
        bpf.equal(numbers["socket"], 0, 5),
        bpf.argument(0),
        bpf.equal(_FAMILIES[0], 1, 0),
        bpf.equal(_FAMILIES[1], 0, 1),
        bpf.fail(errno.EPERM),
        bpf.give(bpf.ALLOW),
    ]
    program += [bpf.equal(numbers["personality"], 0, len(_PERSONALITIES) + 3), bpf.argument(0)]
    for place, value in enumerate(_PERSONALITIES):
        program.append(bpf.equal(value, len(_PERSONALITIES) - place, 0))
    program += [bpf.fail(errno.EPERM), bpf.give(bpf.ALLOW)]
    return program + _ranges(sorted(numbers[name] for name in allowed if name in numbers))


def _ranges(numbers: list[int]) -> list[bpf.Instruction]:
    """Allow runs of neighbouring numbers: a third of the comparisons of one by one."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    program: list[bpf.Instruction] = []
    for first, last in runs:
        # Numbers below the run are on no list: those of earlier runs have been answered.
        program += [bpf.at_least(first, 1, 0), bpf.fail(errno.EPERM), bpf.at_least(last + 1, 1, 0), bpf.give(bpf.ALLOW)]
    return [*program, bpf.fail(errno.EPERM)]
