"""Programs that are started and waited for: their end, or anything else that comes in its own time."""

from __future__ import annotations

import json
import os
import resource
import time
from typing import TYPE_CHECKING

from dockmagic.runtime.container_spec import ContainerSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dockmagic.runtime.container import Container

__all__ = ["finish", "limit_log", "spec", "until"]


def spec(command: Sequence[str] = (), **fields: object) -> ContainerSpec:
    """The request for a container that runs `command`; lists become the tuples that it has."""
    typed = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return ContainerSpec(command=tuple(command), **typed)  # type: ignore[arg-type]


def finish(
    container: Container, stdin: bytes | None = None, *, secret_files: Mapping[str, bytes] | None = None
) -> tuple[int, str, str]:
    """Start a container and follow it to its end."""
    pieces: dict[int, list[bytes]] = {1: [], 2: []}
    with container.start(owner=os.getpid(), stdin=stdin is not None, secret_files=secret_files or {}) as session:
        code = session.follow(lambda stream, data: pieces[stream].append(data), stdin=stdin)
    return code, b"".join(pieces[1]).decode(errors="replace"), b"".join(pieces[2]).decode(errors="replace")


def limit_log(container: Container, size: int) -> None:
    """Let the log take `size` bytes and no more, as a full disk does."""
    keeper = json.loads((container.folder / "state.json").read_bytes())["shim"]
    resource.prlimit(keeper, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def until(wanted: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if wanted():
            return True
        time.sleep(0.02)
    return False
