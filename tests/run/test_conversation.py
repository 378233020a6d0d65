"""What is said between a shim and those who follow its container."""

from __future__ import annotations

import socket

from dockmagic.runtime.machine.helper import Connection


def test_the_last_words_are_heard_though_ours_were_not() -> None:
    """A shim that ends before it has read a request has still told how its container ended."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with Connection(ours) as connection:
        theirs.send(b'{"exit": 3}')
        connection.send({"do": "resize"})
        theirs.close()
        assert connection.hear() == ({"exit": 3}, [])
        assert connection.hear() == (None, [])
