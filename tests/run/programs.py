"""Following a container to its end, as most tests of containers do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.run.container import Container

__all__ = ["finish"]


def finish(container: Container, stdin: bytes | None = None) -> tuple[int, str, str]:
    """Start a container and follow it to its end."""
    pieces: dict[int, list[bytes]] = {1: [], 2: []}
    with container.start(owner=os.getpid(), stdin=stdin is not None) as session:
        code = session.follow(lambda stream, data: pieces[stream].append(data), stdin=stdin)
    return code, b"".join(pieces[1]).decode(errors="replace"), b"".join(pieces[2]).decode(errors="replace")
