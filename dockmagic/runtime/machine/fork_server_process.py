"""The process of a `fork_server.ForkServer`: forks the helpers that it is asked for, and imports what they need once.

It imports little itself, since who starts it waits for it.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
from typing import TYPE_CHECKING, NoReturn

from dockmagic.runtime.messages.fork_server import Forked, ForkRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["main"]


def main() -> None:
    """Fork what is asked for on descriptor 0, until nobody can ask any more."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    sock = socket.socket(fileno=os.dup(0))
    asked = select.poll()
    asked.register(sock, select.POLLIN)
    ahead: list[str] = []
    while True:
        while ahead and not asked.poll(0):
            _load(ahead.pop(0))
        data, descriptors, _, _ = socket.recv_fds(sock, 1 << 12, 2)
        if not data:
            return
        _reap()
        request = ForkRequest.decode(data)
        ahead += request.preload or ()
        if not request.module:
            continue
        module = _load(request.module)
        pid = os.fork()
        if pid == 0:
            sock.close()
            _become(module.main, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        sock.send(Forked(pid=pid).encode())


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass  # there are none


def _load(name: str) -> ModuleType:
    module = importlib.import_module(f"dockmagic.{name}")
    gc.freeze()  # so that a child's collector does not write to, and so copy, all of the parent's pages
    return module


def _become(begin: Callable[[], None], connection: int, errors: int) -> NoReturn:
    """Be the helper, with descriptors as `helper.spawn` would give them."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(connection, 0)
        os.dup2(errors, 2)
        os.close(connection)
        os.close(errors)
        begin()
        code = 0
    finally:
        os._exit(code)
