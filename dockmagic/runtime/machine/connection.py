"""The way to a helper process: a socket whose messages are checked as they come."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final, Self, TypeVar

from dockmagic.oci.errors import DockmagicError
from dockmagic.runtime.messages.message import MalformedMessage, Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["MAX_DESCRIPTORS", "MAX_MESSAGE", "Connection"]

#: Bytes and descriptors of a message at most.
MAX_MESSAGE: Final = 1 << 18
MAX_DESCRIPTORS: Final = 4

_Message = TypeVar("_Message", bound=Message)


class Connection:
    """A conversation over a SOCK_SEQPACKET socket: one `Message` after the other, descriptors beside it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    @classmethod
    def to(cls, folder: Path) -> Connection:
        """Reach the shim that listens in `folder`.

        Raises:
            OSError: nobody listens.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            # Through a descriptor: the folder's path may be longer than the 107 bytes that an address holds.
            descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
            try:
                sock.connect(f"/proc/self/fd/{descriptor}/socket")
            finally:
                os.close(descriptor)
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message."""
        if descriptors:
            socket.send_fds(self.sock, [message.encode()], list(descriptors))
        else:
            self.sock.send(message.encode())

    def hear(self, kind: type[_Message]) -> tuple[_Message | None, list[int]]:
        """The next message with its descriptors; None when the other side has gone.

        Raises:
            DockmagicError: what came is no message of this kind.
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self.sock, MAX_MESSAGE, MAX_DESCRIPTORS)
        except ConnectionResetError:
            # The other side closed before it had read all of ours. What it sent before that is still to be had.
            data, descriptors, _, _ = socket.recv_fds(self.sock, MAX_MESSAGE, MAX_DESCRIPTORS)
        if not data:
            return None, descriptors
        try:
            return kind.decode(data), descriptors
        except MalformedMessage as error:
            for descriptor in descriptors:
                os.close(descriptor)
            raise DockmagicError(
                f"another process of dockmagic sent a {kind.__name__} that cannot be read: {error}",
                hint="If dockmagic was updated while a container ran, start that container anew",
            ) from None

    def ask(
        self, message: Message, kind: type[_Message], descriptors: Sequence[int] = ()
    ) -> tuple[_Message | None, list[int]]:
        """Send a message and `hear` what comes next; None, too, when the other side goes at this very moment.

        Raises:
            DockmagicError: as for `hear`.
        """
        try:
            self.send(message, descriptors)
            return self.hear(kind)
        except ConnectionError:
            return None, []

    def close(self) -> None:
        """Hang up."""
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
