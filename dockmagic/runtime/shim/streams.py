"""The pipes or the terminal of a container's program: its output to the log and to who follows it, input to it."""

from __future__ import annotations

import fcntl
import os
import select
import time
from typing import TYPE_CHECKING

from dockmagic.runtime.init import process

from . import log
from .output import Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.runtime.messages.shim import ShimAnswer

    from .client import Client

__all__ = ["Streams"]

_CHUNK = 1 << 18
_PIPE = 1 << 20  # F_SETPIPE_SZ: fewer turns for a program that writes much
_BLOCK = 1 << 12  # who writes as much at once writes no lines for somebody who waits
_LULL = 0.0002  # seconds
_INTEREST = select.POLLIN | select.POLLHUP


class Streams:
    """What the shim holds of its program's standard streams.

    Args:
        poll: of the shim; tells when one of these can be read or written.
        clients: of the shim, some of whom follow the output.
        path: of the log; empty if none is kept, and the first client gets the pipes themselves.
    """

    def __init__(self, poll: select.poll, clients: Mapping[int, Client], path: str) -> None:
        self._poll = poll
        self._clients = clients
        self._output = Output(path)
        self._outputs: dict[int, int] = {}  # descriptor: which stream it is
        self._direct: tuple[int, ...] = ()  # ends of the output's pipes, where nobody keeps a log
        self._unheard: set[int] = set()  # terminals of other programs, which nobody follows
        self._stdin = -1
        self._master = -1
        self._flood = False  # the last output was a block of many

    @property
    def open(self) -> bool:
        """Whether more output may come."""
        return bool(self._outputs)

    @property
    def written(self) -> int:
        """Bytes of the log so far."""
        return self._output.size

    def pipes(self, *, stdin: bool) -> tuple[int, int, int]:
        """Make pipes; the program's ends, which the caller closes when the program has them.

        Args:
            stdin: whether there is an input; else it is empty.
        """
        mine: list[int] = []
        theirs: list[int] = []
        for stream in (log.STDOUT, log.STDERR):
            out, into = os.pipe()
            try:
                fcntl.fcntl(out, 1031, _PIPE)  # F_SETPIPE_SZ, named in Python only for some libcs
            except OSError:
                pass  # the user's pipes are used up: the usual size does
            mine.append(out)
            theirs.append(into)
            if self._output.log >= 0:
                self._outputs[out] = stream
        if self._output.log < 0:
            self._direct = tuple(mine)
        if stdin:
            taken, self._stdin = os.pipe()
        else:
            # The machine's: the container's may be anything that a volume has in its place (CVE-2025-31133).
            taken = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        return (taken, theirs[0], theirs[1])

    def take_terminal(self, master: int) -> None:
        """Have a terminal instead, whose other side the program holds."""
        self._master = master
        self._outputs[master] = log.STDOUT

    def turn_away(self, terminals: Iterable[int]) -> None:
        """Read what nobody hears: a terminal that fills up stops its program, and one that is closed ends it."""
        for descriptor in terminals:
            self._unheard.add(descriptor)
            self._poll.register(descriptor, select.POLLIN)

    def hand_over(self, client: Client, answer: ShimAnswer, *, stdin: bool, once: bool) -> None:
        """Answer a client, with the streams that it gets itself.

        Args:
            client: who asked.
            answer: to it.
            stdin: whether it gets the end to write input to.
            once: whether its end is the only one: when it closes it, the program sees the end of its input.
        """
        into = self._master if self._master >= 0 else self._stdin
        passed, self._direct = self._direct, ()
        if not stdin or into < 0:
            client.send(answer, passed)
        else:
            client.send(answer, (*passed, into))
        for descriptor in passed:
            os.close(descriptor)
        if once and stdin and into >= 0 and into == self._stdin:
            os.close(self._stdin)
            self._stdin = -1

    def resize(self, rows: int, columns: int) -> None:
        """Tell the terminal, if there is one, how large it is."""
        if self._master >= 0:
            process.resize(self._master, rows, columns)

    def listen(self) -> None:
        """From now on `serve` is called."""
        for descriptor in self._outputs:
            self._poll.register(descriptor, _INTEREST)

    def serve(self, descriptor: int) -> bool:
        """Do what a descriptor waits for; whether it is one of these."""
        if descriptor in self._outputs:
            self._pump(descriptor)
        elif descriptor in self._output.waiting:
            self._let_flow(descriptor)
        elif descriptor in self._unheard:
            if not self._read(descriptor):
                self._unheard.remove(descriptor)
                self._close(descriptor)
        else:
            return False
        return True

    def _pump(self, descriptor: int) -> None:
        if self._output.waiting:
            return  # since this very turn
        if self._flood:
            # It writes faster than we could turn: its pipe fills meanwhile, and one frame does for many writes.
            time.sleep(_LULL)
        data = self._read(descriptor)
        self._flood = _BLOCK <= len(data) < _CHUNK
        if not data:
            del self._outputs[descriptor]
            if descriptor == self._master:
                self._master = -1
            self._close(descriptor)
            return
        self._output.write(self._outputs[descriptor], data, self._clients.values())
        if self._output.waiting:
            for number in self._outputs:
                self._poll.unregister(number)
            for number in self._output.waiting:
                self._poll.register(number, select.POLLOUT)

    def _let_flow(self, descriptor: int) -> None:
        """Give a pipe that was full what waits for it, and read on if none is."""
        self._poll.unregister(descriptor)
        self._output.put(descriptor, self._output.waiting[descriptor])
        if descriptor in self._output.waiting:
            self._poll.register(descriptor, select.POLLOUT)
        elif not self._output.waiting:
            self.listen()

    def _close(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        os.close(descriptor)

    @staticmethod
    def _read(descriptor: int) -> bytes:
        try:
            return os.read(descriptor, _CHUNK)
        except OSError:
            return b""  # a terminal whose last user has gone says EIO
