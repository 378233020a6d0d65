"""Somebody who has connected to a shim. Imported by the shim."""

from __future__ import annotations

import fcntl
import socket
import termios

from dockmagic.runtime.messages.shim import ShimAnswer

__all__ = ["Client"]


class Client:
    """One connection, and what its other side wants to hear of.

    Attributes:
        follows: of new output in the log, and of the end.
        hears: of all output, past the log if that cannot take it.
        waits: of the end.
        entered: it has started a program of its own, whose end it hears of.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.follows = False
        self.hears = False
        self.waits = False
        self.entered = False

    def send(self, message: ShimAnswer, descriptors: tuple[int, ...] = ()) -> None:
        """Tell it something, if it is still there."""
        try:
            if descriptors:
                socket.send_fds(self.sock, [message.encode()], list(descriptors))
            else:
                self.sock.send(message.encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:
            return  # it has gone

    def tell_news(self) -> None:
        """Let who follows look at the log.

        Not while it has something from us that it has not read: it looks at the log after that anyway. So news never
        fill the socket, and what is said only once, such as the exit code, always has room.
        """
        if self.follows and not any(fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))):  # SIOCOUTQ of unix(7)
            self.send(ShimAnswer())

    def lead_past(self, offset: int, error: OSError, pipes: tuple[int, ...]) -> None:
        """Let who hears all output read the log up to `offset`, and what comes then from these pipes.

        Args:
            offset: in bytes.
            error: why the log cannot be written.
            pipes: one for each stream, output first.
        """
        self.follows = self.hears = False
        self.waits = True
        self.send(ShimAnswer(past=offset, why=error.strerror), pipes)
