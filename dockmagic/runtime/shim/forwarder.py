"""Carries connections from ports of this machine into a container without a network. Imported by the shim."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any

from dockmagic.linux import kernel

__all__ = ["bind", "forward"]

_CHUNK = 1 << 16


def bind(ports: list[dict[str, Any]]) -> list[socket.socket]:
    """Take the ports of this machine.

    Args:
        ports: each with ``host`` (0 for any that is free) and ``address`` (empty for all).

    Raises:
        OSError: one is taken, or may not be taken; says which.
    """
    listeners: list[socket.socket] = []
    for port in ports:
        address = port.get("address") or "0.0.0.0"  # noqa: S104  (what -p 80:80 asks for)
        number = port.get("host", 0)
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        listeners.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, number))
            listener.listen(128)
        except OSError as error:
            for taken in listeners:
                taken.close()
            reason = "port is already allocated" if error.errno == errno.EADDRINUSE else str(error.strerror).lower()
            raise OSError(error.errno, f"Bind for {address}:{number} failed: {reason}") from None
    return listeners


def forward(listeners: list[socket.socket], ports: list[int], pidfd: int, users: int) -> int:
    """Start the process that carries; it ends with the thread that calls this.

    Args:
        listeners: from `bind`.
        ports: where each leads to, inside.
        pidfd: of the container's first process.
        users: the user namespace that its network belongs to (its program may be in one below); -1 for ours.

    Returns:
        Its pid.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        kernel.die_with_parent()
        # The shim's pipes and terminals are not to be held open by anyone else.
        kept = {pidfd, users, *(listener.fileno() for listener in listeners)}
        for name in os.listdir("/proc/self/fd"):
            if int(name) > 2 and int(name) not in kept:
                try:
                    os.close(int(name))
                except OSError:
                    continue  # the one of the listing itself
        # A socket belongs to the network in which it was made: connections come in here and go on there.
        if users >= 0:
            kernel.setns(users, kernel.CLONE_NEWUSER)
        kernel.setns(pidfd, kernel.CLONE_NEWNET)
        kernel.die_with_parent()
        _serve(listeners, ports)
    finally:
        os._exit(1)


def _serve(listeners: list[socket.socket], ports: list[int]) -> None:
    import select
    import threading

    leads = {listener.fileno(): (listener, port) for listener, port in zip(listeners, ports, strict=True)}
    poll = select.poll()
    for descriptor in leads:
        poll.register(descriptor, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            listener, port = leads[descriptor]
            try:
                outer, _ = listener.accept()
            except OSError:
                continue  # it hung up again, or there are no descriptors left: then the next one waits
            threading.Thread(target=_carry, args=(outer, port), daemon=True).start()


def _carry(outer: socket.socket, port: int) -> None:
    import threading

    inner = _reach(port)
    if inner is None:
        # What the client sees where nobody listens: a reset instead of an orderly end.
        outer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        outer.close()
        return
    back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
    back.start()
    _copy(outer, inner)
    back.join()
    outer.close()
    inner.close()


def _reach(port: int) -> socket.socket | None:
    for address in ("127.0.0.1", "::1"):
        try:
            return socket.create_connection((address, port), 10)
        except OSError:
            continue
    return None


def _copy(source: socket.socket, aim: socket.socket) -> None:
    source.settimeout(None)
    try:
        while data := source.recv(_CHUNK):
            aim.sendall(data)
    except OSError:
        pass  # one side is gone: the other is told below
    try:
        aim.shutdown(socket.SHUT_WR)
    except OSError:
        pass
