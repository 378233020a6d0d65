"""Classic BPF for seccomp filters: the few instructions that they are made of. Imported by the shim."""

from __future__ import annotations

import struct
from typing import Final

__all__ = [
    "ALLOW",
    "ARCHITECTURES",
    "NOTIFY",
    "RUN_TOO",
    "Instruction",
    "argument",
    "assemble",
    "at_least",
    "equal",
    "fail",
    "give",
    "load",
    "mask",
    "skip",
]

Instruction = tuple[int, int, int, int]

ALLOW: Final = 0x7FFF0000
NOTIFY: Final = 0x7FC00000
_ERRNO: Final = 0x00050000

#: AUDIT_ARCH of a machine as `os.uname` names it.
ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003}
#: Other architectures whose programs a machine runs; docker's profile has x32 besides, which hardly any kernel runs.
RUN_TOO: Final = {"x86_64": ("i386",)}


def load(offset: int) -> Instruction:
    """Take 32 bits of struct seccomp_data: 0 is the call's number, 4 the architecture."""
    return (0x20, 0, 0, offset)


def argument(number: int) -> Instruction:
    """Take the low half of an argument."""
    return load(16 + 8 * number)


def equal(value: int, hit: int, miss: int) -> Instruction:
    """Skip `hit` instructions if what was taken is `value`, else `miss`."""
    return (0x15, hit, miss, value)


def at_least(value: int, hit: int, miss: int) -> Instruction:
    """Likewise for values from `value` on."""
    return (0x35, hit, miss, value)


def skip(count: int) -> Instruction:
    """Skip this many instructions; a comparison skips 255 at most."""
    return (0x05, 0, 0, count)


def mask(bits: int) -> Instruction:
    """Keep these bits only of what was taken."""
    return (0x54, 0, 0, bits)


def give(result: int) -> Instruction:
    """End with a result."""
    return (0x06, 0, 0, result)


def fail(number: int) -> Instruction:
    """End: the call does nothing and gives this error; with 0 it pretends success."""
    return give(_ERRNO | number)


def assemble(program: list[Instruction]) -> bytes:
    """As the kernel loads it."""
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
