"""Answers chown and mknod for a container that has one user only, and notes down what they would have done.

The kernel holds a program that calls them and tells us (seccomp_unotify(2)). We find the file as the program would: in
its root, from its folder. What is in the writable layer gets an entry in the table of `ownertable`; anything else, a
volume above all, is left to the kernel's own answer. Forked off by the shim, one for each program that it starts.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import select
import stat
import struct
from typing import Any, Final, NoReturn

from dockmagic.linux import bpf, idmap, kernel
from dockmagic.snapshot import ownertable
from dockmagic.snapshot.table import SNAPSHOTTERS

__all__ = ["compile_filter", "record", "records_owners"]

_CALLS: Final = {
    "x86_64": {
        "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "mknod": 133, "mknodat": 259, "setuid": 105,
        "setgid": 106, "setreuid": 113, "setregid": 114, "setgroups": 116, "setresuid": 117, "setresgid": 119,
        "setfsuid": 122, "setfsgid": 123,
    },
    "aarch64": {
        "fchownat": 54, "fchown": 55, "mknodat": 33, "setregid": 143, "setgid": 144, "setreuid": 145, "setuid": 146,
        "setresuid": 147, "setresgid": 149, "setfsuid": 151, "setfsgid": 152, "setgroups": 159,
    },
    # Those with ids of 32 bits, which libraries call: chown32 and so on.
    "i386": {
        "chown": 212, "fchown": 207, "lchown": 198, "fchownat": 298, "mknod": 14, "mknodat": 297, "setuid": 213,
        "setgid": 214, "setreuid": 203, "setregid": 204, "setgroups": 206, "setresuid": 208, "setresgid": 210,
        "setfsuid": 215, "setfsgid": 216,
    },
}  # fmt: skip
_CHOWN, _SETGID, _SETUID, _MKNOD = 1 << 0, 1 << 6, 1 << 7, 1 << 27  # capabilities(7)
_GROUPS: Final = ("setgid", "setregid", "setgroups", "setresgid", "setfsgid")
_USERS: Final = ("setuid", "setreuid", "setresuid", "setfsuid")

_RECEIVE, _SEND, _IS_VALID, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082102, 0x40082104  # linux/seccomp.h
_SYNC_WAKE_UP: Final = 1
_QUESTION: Final = struct.Struct("=QIIiIQ6Q")
_ANSWER: Final = struct.Struct("=QqiI")
_CONTINUE: Final = 1
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_SYMLINK_NOFOLLOW: Final = 0x100
_PATH_MAX: Final = 4096
_PAGE: Final = 4096
_HERE: Final = os.O_PATH | os.O_CLOEXEC
# A program's own descriptors go by this name too, but "self" would be us.
_OWN_FILE: Final = re.compile(rb"/(?:proc/self|dev)/fd/([0-9]+)")


def compile_filter(capabilities: int) -> bytes:
    """The filter that sends us calls of a program with these capabilities, and lets it believe in changes of user.

    There is nobody else to become, so a program that gives up root stays what it is. Without the capability for a call
    the kernel answers, as it would under docker: no.
    """
    program = [bpf.load(4)]
    for architecture in _architectures():
        questions = _questions(_CALLS[architecture], capabilities)
        program += [bpf.equal(bpf.ARCHITECTURES[architecture], 1, 0), bpf.skip(len(questions)), *questions]
    return bpf.assemble([*program, bpf.give(bpf.ALLOW)])


def _architectures() -> tuple[str, ...]:
    machine = os.uname().machine
    return (machine, *bpf.RUN_TOO.get(machine, ()))


def _questions(numbers: dict[str, int], capabilities: int) -> list[bpf.Instruction]:
    """The part of the filter for the calls of one architecture; it ends with an answer."""
    program = [bpf.load(0)]
    if capabilities & _CHOWN:
        for name in ("chown", "fchown", "lchown", "fchownat"):
            if name in numbers:
                program += [bpf.equal(numbers[name], 0, 1), bpf.give(bpf.NOTIFY)]
    for capability, names in ((_SETGID, _GROUPS), (_SETUID, _USERS)):
        if capabilities & capability:
            for name in names:
                program += [bpf.equal(numbers[name], 0, 1), bpf.fail(0)]
    if capabilities & _MKNOD:
        for name, mode in (("mknod", 1), ("mknodat", 2)):
            if name in numbers:
                program += [
                    bpf.equal(numbers[name], 0, 6),
                    bpf.argument(mode),
                    bpf.mask(0o170000),
                    bpf.equal(stat.S_IFCHR, 1, 0),
                    bpf.equal(stat.S_IFBLK, 0, 1),
                    bpf.give(bpf.NOTIFY),
                    bpf.give(bpf.ALLOW),
                ]
    return [*program, bpf.give(bpf.ALLOW)]


def records_owners(capabilities: int) -> bool:
    """Whether root with these capabilities may give files away."""
    return bool(capabilities & _CHOWN)


def record(spec: dict[str, Any], listener: int, users: int, mounts: int) -> NoReturn:
    """Answer until no program is left under the filter of `listener`. For a fresh child of the shim.

    Args:
        spec: of the container.
        listener: what `kernel.listen_filter` gave.
        users: descriptor of the container's user namespace.
        mounts: descriptor of its mount namespace.
    """
    try:
        kernel.die_with_parent()
        writable = SNAPSHOTTERS[spec["snapshotter"]].writable(spec["folder"])
        upper = os.open(writable, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        table = ownertable.open_table(spec["folder"])
        # Ours, for in the container's own we do not exist.
        processes = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        kernel.setns(users, kernel.CLONE_NEWUSER)
        kernel.setns(mounts, kernel.CLONE_NEWNS)
        idmap.become_root(several=False)
        kernel.die_with_parent()
        kept = sorted((listener, upper, table, processes))
        for low, high in zip([-1, *kept], [*kept, 1 << 20], strict=True):
            os.closerange(low + 1, high)
        os.umask(0)
        _Recorder(listener, upper, table, processes).run()
    finally:
        os._exit(0)


class _Ours(Exception):
    """The file is none of the writable layer: the kernel is to answer."""


class _Call:
    """One call that waits for an answer."""

    __slots__ = ("arguments", "id", "name", "pid")

    def __init__(self, question: bytearray, names: dict[tuple[int, int], str]) -> None:
        self.id, self.pid, _, number, architecture, _, *arguments = _QUESTION.unpack(question)
        self.name = names.get((architecture, number), "")
        self.arguments = arguments

    def number(self, place: int) -> int:
        """A signed 32 bit argument."""
        value: int = self.arguments[place] & 0xFFFFFFFF
        return value - (1 << 32) if value & 1 << 31 else value


class _Recorder:
    def __init__(self, listener: int, upper: int, table: int, processes: int) -> None:
        self.listener = listener
        self.upper = upper
        self.table = table
        self.processes = processes
        self.names = {
            (bpf.ARCHITECTURES[architecture], number): name
            for architecture in _architectures()
            for name, number in _CALLS[architecture].items()
        }
        self.home = os.open("/", _HERE)
        self.root = os.fstat(self.home)
        self.mount = kernel.identify(self.home).mount
        self.memory = (0, -1)  # of the last caller: pid, descriptor

    def run(self) -> None:
        # Who asks and who answers take turns, and need not look for another processor. Since Linux 6.6.
        try:
            fcntl.ioctl(self.listener, _SET_FLAGS, _SYNC_WAKE_UP)
        except OSError:
            pass  # an older kernel
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        question = bytearray(_QUESTION.size)
        empty = bytes(_QUESTION.size)
        while not poll.poll()[0][1] & (select.POLLHUP | select.POLLERR):
            question[:] = empty  # the kernel insists on zeros
            try:
                fcntl.ioctl(self.listener, _RECEIVE, question)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue  # who asked was killed
                raise
            call = _Call(question, self.names)
            code, flags = 0, 0
            try:
                self.answer(call)
            except _Ours:
                flags = _CONTINUE
            except OSError as error:
                code = -(error.errno or errno.EIO)
            try:
                fcntl.ioctl(self.listener, _SEND, _ANSWER.pack(call.id, 0, code, flags))
            except OSError:
                continue  # gone meanwhile

    def answer(self, call: _Call) -> None:
        """Do what the call asks for, as far as one user can.

        Raises:
            _Ours: the kernel is to answer.
            OSError: the call fails with this.
        """
        name = call.name
        if name == "mknod":
            self.make(call, _AT_FDCWD, call.arguments[0], call.arguments[1], call.arguments[2])
        elif name == "mknodat":
            self.make(call, call.number(0), *call.arguments[1:4])
        elif name == "fchown":
            self.change(call, self.file(call, call.number(0)), call.number(1), call.number(2))
        elif name in ("chown", "lchown"):
            target = self.find(call, _AT_FDCWD, self.text(call, call.arguments[0]), follow=name == "chown")
            self.change(call, target, call.number(1), call.number(2))
        elif name == "fchownat":
            folder, flags = call.number(0), call.arguments[4]
            path = self.text(call, call.arguments[1])
            if not path and flags & _AT_EMPTY_PATH:
                target = self.file(call, folder)
            else:
                target = self.find(call, folder, path, follow=not flags & _AT_SYMLINK_NOFOLLOW)
            self.change(call, target, call.number(2), call.number(3))
        else:
            raise _Ours

    # ------------------------------------------------------------------ the two deeds

    def change(self, call: _Call, target: int, uid: int, gid: int) -> None:
        """Note down a new owner of what `target` is; it is closed."""
        try:
            if kernel.identify(target).mount != self.mount:
                raise _Ours
            self.check(call)
            # A file of a lower layer comes to the upper one now, where it has the inode that is noted down. The kernel
            # sees to set-id bits and capabilities, and says no where the file system is read-only.
            kernel.touch_owner(target)
            self.note(target, ownertable.RecordedOwner(uid, gid))
        finally:
            os.close(target)

    def make(self, call: _Call, folder: int, address: int, mode: int, device: int) -> None:
        """Make an empty file in a device's place."""
        path = self.text(call, address)
        above, _, name = path.rstrip(b"/").rpartition(b"/")
        parent = self.find(call, folder, above or (b"/" if path.startswith(b"/") else b"."), follow=True)
        try:
            if kernel.identify(parent).mount != self.mount or not name or not device & 0xFFFFFFFF:
                # With both numbers 0 it would be overlay's own sign of a removal, which the kernel refuses.
                raise _Ours
            mask = self.umask(call)
            self.check(call)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(name, flags, mode & 0o7777 & ~mask, dir_fd=parent))
            made = os.open(name, _HERE | os.O_NOFOLLOW, dir_fd=parent)
        finally:
            os.close(parent)
        try:
            self.note(made, ownertable.RecordedOwner(-1, -1, stat.S_IFMT(mode), device & 0xFFFFFFFF))
        finally:
            os.close(made)

    def note(self, target: int, owner: ownertable.RecordedOwner) -> None:
        path = os.readlink(b"self/fd/%d" % target, dir_fd=self.processes)
        try:
            identity = kernel.identify(self.upper, path[1:])
        except FileNotFoundError:
            return  # removed, though still open: nothing of it will be kept
        ownertable.append(self.table, identity, owner)

    # ------------------------------------------------------------------ looking at the caller

    def open(self, path: bytes, flags: int = os.O_PATH) -> int:
        """Something of a process, such as ``123/cwd``."""
        return os.open(path, flags | os.O_CLOEXEC, dir_fd=self.processes)

    def check(self, call: _Call) -> None:
        """Make sure that what was read was read of the caller, not of a later process with its number."""
        try:
            fcntl.ioctl(self.listener, _IS_VALID, struct.pack("=Q", call.id))
        except OSError:
            raise _Ours from None

    def text(self, call: _Call, address: int) -> bytes:
        """A path in the caller's memory."""
        for _ in range(2):
            if self.memory[0] != call.pid:
                if self.memory[1] >= 0:
                    os.close(self.memory[1])
                self.memory = (0, -1)
                self.memory = (
                    call.pid,
                    os.open(b"%d/mem" % call.pid, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.processes),
                )
            data = b""
            place = address
            try:
                while b"\0" not in data and len(data) <= _PATH_MAX:
                    # To the page's end at most: the next one may not be there.
                    piece = os.pread(self.memory[1], _PAGE - place % _PAGE, place)
                    if not piece:
                        break
                    data += piece
                    place += len(piece)
            except OSError:
                raise OSError(errno.EFAULT, "bad address") from None
            if b"\0" in data:
                return data[: data.index(b"\0")]
            if data:
                raise OSError(errno.ENAMETOOLONG, "path too long")
            # The caller has become another program since, and this is the old one's memory.
            os.close(self.memory[1])
            self.memory = (0, -1)
        raise OSError(errno.EFAULT, "bad address")

    def file(self, call: _Call, number: int) -> int:
        """What one of the caller's descriptors is."""
        try:
            return self.open(b"%d/fd/%d" % (call.pid, number))
        except FileNotFoundError:
            raise OSError(errno.EBADF, "bad descriptor") from None

    def find(self, call: _Call, folder: int, path: bytes, *, follow: bool) -> int:
        """What a path of the caller's leads to."""
        if (own := _OWN_FILE.fullmatch(path)) and follow:
            return self.file(call, int(own[1]))
        base = -1
        moved = False
        if not path.startswith(b"/"):
            name = b"%d/cwd" % call.pid if folder == _AT_FDCWD else b"%d/fd/%d" % (call.pid, folder)
            try:
                base = self.open(name)
            except FileNotFoundError:
                raise OSError(errno.EBADF, "bad descriptor") from None
        try:
            there = os.stat(b"%d/root" % call.pid, dir_fd=self.processes)
            if (there.st_dev, there.st_ino) != (self.root.st_dev, self.root.st_ino):
                self.enter(b"%d/root" % call.pid)
                moved = True
            flags = _HERE if follow else _HERE | os.O_NOFOLLOW
            return os.open(path, flags, dir_fd=base if base >= 0 else None)
        finally:
            if moved:
                os.fchdir(self.home)
                os.chroot(".")
            if base >= 0:
                os.close(base)

    def enter(self, root: bytes) -> None:
        """Have a caller's own root, which it made with chroot(2), for a moment."""
        descriptor = self.open(root)
        try:
            os.fchdir(descriptor)
            os.chroot(".")
        finally:
            os.close(descriptor)

    def umask(self, call: _Call) -> int:
        """The mode bits that the caller does not want."""
        descriptor = self.open(b"%d/status" % call.pid, os.O_RDONLY)
        try:
            found = re.search(rb"^Umask:\s*([0-7]+)", os.read(descriptor, _PAGE), re.MULTILINE)
        finally:
            os.close(descriptor)
        return int(found[1], 8) if found else 0
