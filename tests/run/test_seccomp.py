"""The filter of system calls, judged call by call for each processor, wherever this runs; and its numbers."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from dockmagic.linux import bpf, disposition, kernel, seccomp
from dockmagic.linux.capabilities import DEFAULT
from dockmagic.runtime.init import proot, recorder

MACHINES = ("x86_64", "aarch64", "i386")
ALLOWED = bpf.ALLOW
# Where Debian's linux-libc-dev and linux-libc-dev-arm64-cross have the kernel's own numbers.
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/aarch64-linux-gnu/include/asm-generic/unistd.h"),
    "i386": Path("/usr/include/x86_64-linux-gnu/asm/unistd_32.h"),
}
# Whose filter has a processor's calls.
FILTER = {"x86_64": "x86_64", "aarch64": "aarch64", "i386": "x86_64"}
OTHER = {"x86_64": "aarch64", "aarch64": "x86_64", "i386": "aarch64"}


def numbers(machine: str) -> dict[str, int]:
    """The table that the filter is made from."""
    found: dict[str, int] = seccomp._data()["numbers"][machine]
    return found


def judge(code: bytes, machine: str, number: int, *arguments: int) -> int:
    """What the kernel would make of a call: the program, run as seccomp(2) runs it."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, bpf.ARCHITECTURES[machine], 0, *padded)
    program = list(struct.iter_unpack("<HBBI", code))
    at = taken = 0
    while True:
        operation, hit, miss, value = program[at]
        at += 1
        if operation == 0x20:
            taken = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            taken &= value
        elif operation == 0x05:
            at += value
        elif operation == 0x06:
            return value
        else:
            at += hit if (taken == value if operation == 0x15 else taken >= value) else miss


def refused(number: int) -> int:
    """How a filter says no with this error."""
    return bpf.fail(number)[3]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    """A processor that there is a table for."""
    name: str = request.param
    return name


def test_each_call_is_judged_as_the_list_says(machine: str) -> None:
    """Also at the ends of runs of neighbouring numbers."""
    code = seccomp.compile_filter(DEFAULT, FILTER[machine])
    data = seccomp._data()
    allowed = set(data["allow"]) | set(data["with_capability"]["CAP_SYS_CHROOT"])
    special = {"clone", "clone3", "socket", "socketcall", "personality"}
    for name, number in numbers(machine).items():
        if name not in special:
            assert judge(code, machine, number) == (ALLOWED if name in allowed else refused(errno.EPERM)), name


def test_calls_that_libraries_of_today_make_are_allowed(machine: str) -> None:
    """Glibc takes an older call for them if the kernel has none, but not if they are forbidden."""
    code = seccomp.compile_filter(DEFAULT, FILTER[machine])
    for name in ("fchmodat2", "futex_waitv", "faccessat2", "openat2", "statx", "rseq", "mseal", "setxattrat"):
        assert judge(code, machine, numbers(machine)[name]) == ALLOWED, name


def test_a_call_that_is_newer_than_the_list_is_told_as_missing(machine: str) -> None:
    """As in runc: EPERM would make programs fail that can do without. So are calls of x32."""
    code = seccomp.compile_filter(DEFAULT, FILTER[machine])
    newest = max(numbers(machine).values())
    for number in (newest + 1, 999, 0x40000000, 0x40000001, 0xFFFFFFFF):
        assert judge(code, machine, number) == refused(errno.ENOSYS)
    other = OTHER[machine]
    assert judge(code, other, numbers(other)["read"]) == refused(errno.EPERM)


def test_arguments_are_looked_at(machine: str) -> None:
    """No namespaces, no sockets of the kernel's cryptography or of a hypervisor, no strange personalities."""
    code = seccomp.compile_filter(DEFAULT, FILTER[machine])
    call = numbers(machine)
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert judge(code, machine, call["clone"], flag | 17) == refused(errno.EPERM)
    assert judge(code, machine, call["clone"], 17) == ALLOWED
    assert judge(code, machine, call["clone3"]) == refused(errno.ENOSYS)
    families = {family: judge(code, machine, call["socket"], family) for family in range(46)}
    assert {family for family, answer in families.items() if answer != ALLOWED} == {38, 40}
    assert judge(code, machine, call["personality"], 0xFFFFFFFF) == ALLOWED
    assert judge(code, machine, call["personality"], 0x0040000) == refused(errno.EPERM)


def test_programs_of_32_bits_get_no_socket_that_others_are_refused() -> None:
    """Socketcall hides the family in memory; told as missing, it is replaced by socket in today's libraries."""
    code = seccomp.compile_filter(DEFAULT, "x86_64")
    assert judge(code, "i386", numbers("i386")["socketcall"], 1) == refused(errno.ENOSYS)


def test_a_capability_brings_its_calls(machine: str) -> None:
    """As in docker: with CAP_SYS_ADMIN mounts, with CAP_SYS_PTRACE other programs' descriptors."""
    for capability, name in (("SYS_ADMIN", "mount"), ("SYS_PTRACE", "pidfd_getfd"), ("SYS_TIME", "clock_settime")):
        number = numbers(machine)[name]
        assert judge(seccomp.compile_filter(DEFAULT, FILTER[machine]), machine, number) == refused(errno.EPERM)
        code = seccomp.compile_filter(DEFAULT | {f"CAP_{capability}"}, FILTER[machine])
        assert judge(code, machine, number) == ALLOWED


def test_there_is_one_number_for_each_call(machine: str) -> None:
    """The tables of who makes, answers and hides calls say the same."""
    known = numbers(machine)
    tables = [recorder._CALLS[machine], {"statx": proot._STATX[machine]}]
    if machine != "i386":  # which no dockmagic runs on
        tables.append(kernel._NUMBERS[machine])
        assert disposition._SIGTIMEDWAIT[machine] == b"%d" % known["rt_sigtimedwait"]
    for table in tables:
        assert {name: known.get(f"{name}32", known[name]) for name in table} == table
    later = {"clone3": proot._CLONE3, "openat2": proot._OPENAT2, "faccessat2": proot._FACCESSAT2,
             "fchmodat2": proot._FCHMODAT2, "mount_setattr": kernel._MOUNT_SETATTR}  # fmt: skip
    assert {name: known[name] for name in later} == later
    if machine == "aarch64":
        assert not {"chown", "lchown", "mknod"} & known.keys()


def test_the_numbers_are_the_kernels(machine: str) -> None:
    """As its headers have them; they may be older than the newest calls."""
    if not HEADERS[machine].exists():
        pytest.skip(f"needs {HEADERS[machine]}")
    # Where 32 bit processors have another call of this name, headers for all say it in two lines.
    lines = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", HEADERS[machine].read_text(), re.MULTILINE)
    kernels = {name: int(number) for name, number in lines if name != "syscalls"}  # how many there are
    if machine == "aarch64":
        kernels["newfstatat"] = kernels.pop("fstatat")
    ours = numbers(machine)
    assert {name: number for name, number in ours.items() if kernels.get(name, number) != number} == {}
    last = max(kernels.values())
    assert {name for name, number in ours.items() if number <= last and name not in kernels} <= {"uretprobe"}
