"""Keeps a program and all that it starts together where there is no pid namespace to do so. Imported by the shim.

The guard stands between shim and program. Orphans become its children, it hands signals on, and when the program or the
shim ends it ends everything below it. If the guard itself is killed, its children become the shim's, who does the same.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final, NoReturn

from dockmagic.linux import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["end_children", "guard"]

_FAILED: Final = 125
_SIGNALS: Final = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
_STATE, _PARENT = 0, 1  # in /proc/PID/stat, behind the program's name


def guard(
    processes: int,
    program: Callable[[], NoReturn],
    settle: Callable[[], None],
    *,
    before: Callable[[], None],
    after: Callable[[], None],
    traced: bool = False,
) -> NoReturn:
    """Fork, let the child be the program, and look after it until it ends.

    Args:
        processes: descriptor of /proc.
        program: what the child does.
        traced: the child becomes a tracer, and its child the program that is to have the signals.
        settle: what the guard does meanwhile, such as closing what is the program's alone.
        before: is done before the program begins, while the shim lives.
        after: is done when nothing of the program is left, whatever has ended it.
    """
    shim = os.getppid()
    kernel.adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    kernel.die_with_parent(signal.SIGTERM)
    if os.getppid() == shim:
        before()
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        program()
    settle()
    code = None
    while code is None and os.getppid() == shim:
        number = signal.sigwait(_SIGNALS)
        if number == signal.SIGCHLD:
            code = _reap(pid)
        elif os.getppid() == shim:
            traced_ones = _children(processes, pid) if traced else []
            os.kill(traced_ones[0][0] if traced_ones else pid, number)
    end_children(processes)
    after()
    os._exit(_FAILED if code is None else code)


def _reap(first: int) -> int | None:
    """Take leave of every child that has ended; the exit code of the first one, if it was among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if not pid:
            return code
        if pid == first:
            code = os.waitstatus_to_exitcode(status)
            code = code if code >= 0 else 128 - code


def end_children(processes: int, known: frozenset[int] = frozenset()) -> None:
    """Kill the children of this process, and theirs that become its own, until none is left.

    Args:
        processes: descriptor of /proc.
        known: children for whose end somebody else waits.
    """
    while True:
        alive = [pid for pid, state in _children(processes, os.getpid()) if not (pid in known and state == b"Z")]
        if not alive:
            return
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
                if pid not in known:
                    os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                continue


def _children(processes: int, parent: int) -> list[tuple[int, bytes]]:
    """The children of a process with their states (proc_pid_stat(5))."""
    found = []
    for name in os.listdir(processes):
        if name.isdecimal():
            try:
                descriptor = os.open(f"{name}/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=processes)
            except OSError:
                continue
            try:
                fields = os.read(descriptor, 1024).rpartition(b")")[2].split()
            except OSError:
                fields = []
            finally:
                os.close(descriptor)
            if fields and int(fields[_PARENT]) == parent:
                found.append((int(name), fields[_STATE]))
    return found
