"""The system calls that a container may make: docker's default list as a classic BPF program."""

from __future__ import annotations

import errno
import json
import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

__all__ = ["compile_filter"]

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_X32: Final = 0x40000000
# The namespace flags of clone(2), CLONE_NEWNS to CLONE_NEWNET.
_NAMESPACES: Final = 0x7E020000
_AF_VSOCK: Final = 40
_PERSONALITIES: Final = (0x0, 0x0008, 0x20000, 0x20008, 0xFFFFFFFF)

_Instruction = tuple[int, int, int, int]


def _load(offset: int) -> _Instruction:
    return (0x20, 0, 0, offset)


def _equal(value: int, hit: int, miss: int) -> _Instruction:
    return (0x15, hit, miss, value)


def _at_least(value: int, hit: int, miss: int) -> _Instruction:
    return (0x35, hit, miss, value)


def _give(result: int) -> _Instruction:
    return (0x06, 0, 0, result)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    text = Path(__file__).with_name("seccomp.json").read_bytes()
    data: dict[str, Any] = json.loads(text)
    return data


@lru_cache(maxsize=16)
def compile_filter(capabilities: frozenset[str], machine: str = "") -> bytes:
    """The filter for a container with these capabilities (``CAP_…`` names).

    What is not on the list fails with EPERM, as in docker; calls of another architecture too.

    Args:
        capabilities: some calls come only with one.
        machine: as `os.uname` names it; empty for this one.

    Returns:
        BPF instructions, to be loaded as they are.
    """
    machine = machine or os.uname().machine
    data = _data()
    numbers: dict[str, int] = data["numbers"][machine]
    allowed = set(data["allow"])
    for capability, names in data["with_capability"].items():
        if capability in capabilities:
            allowed.update(names)
    program = [
        _load(4),
        _equal(_AUDIT_ARCH[machine], 1, 0),
        _give(_ERRNO | errno.EPERM),
        _load(0),
        _at_least(_X32, 0, 1),  # x32 calls wear the same architecture; on arm64 no number is so high
        _give(_ERRNO | errno.ENOSYS),
    ]
    if "CAP_SYS_ADMIN" not in capabilities:
        # clone3 hides its flags in memory, where no filter sees them: the libraries fall back to clone.
        program += [_equal(numbers["clone3"], 0, 1), _give(_ERRNO | errno.ENOSYS)]
        program += [
            _equal(numbers["clone"], 0, 5),
            _load(16),
            (0x54, 0, 0, _NAMESPACES),
            _equal(0, 0, 1),
            _give(_ALLOW),
            _give(_ERRNO | errno.EPERM),
        ]
    program += [
        _equal(numbers["socket"], 0, 4),
        _load(16),
        _equal(_AF_VSOCK, 0, 1),
        _give(_ERRNO | errno.EPERM),
        _give(_ALLOW),
    ]
    program += [_equal(numbers["personality"], 0, len(_PERSONALITIES) + 3), _load(16)]
    for place, value in enumerate(_PERSONALITIES):
        program.append(_equal(value, len(_PERSONALITIES) - place, 0))
    program += [_give(_ERRNO | errno.EPERM), _give(_ALLOW)]
    program += _ranges(sorted(numbers[name] for name in allowed if name in numbers))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _ranges(numbers: list[int]) -> list[_Instruction]:
    """Allow runs of neighbouring numbers: a third of the comparisons of one by one."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    program: list[_Instruction] = []
    for first, last in runs:
        # Numbers below the run are on no list: those of earlier runs have been answered.
        program += [_at_least(first, 1, 0), _give(_ERRNO | errno.EPERM), _at_least(last + 1, 1, 0), _give(_ALLOW)]
    return [*program, _give(_ERRNO | errno.EPERM)]
