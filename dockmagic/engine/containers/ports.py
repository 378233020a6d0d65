"""The ports of a container as ``ps`` and ``inspect`` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.runtime.disk.record import Record, State

__all__ = ["exposed_ports", "shown_ports"]


def exposed_ports(record: Record, state: State) -> tuple[str, ...]:
    """Ports that a running container exposes, as ``80/tcp``; docker has none for one that does not run."""
    if state.status not in ("running", "paused"):
        return ()
    return tuple(record.config.exposed_ports or ())


def shown_ports(record: Record, state: State) -> tuple[str, ...]:
    """What ``ps`` shows: published ports, and those that are exposed only, neighbours as a range: ``90-92/tcp``."""
    published = {f"{port.container}/{port.protocol}" for port in state.ports}
    rest = [_parts(text) for text in exposed_ports(record, state) if text not in published]
    return (*map(str, state.ports), *_ranges(sorted(rest)))


def _parts(text: str) -> tuple[str, int]:
    number, _, protocol = text.partition("/")
    return protocol or "tcp", int(number)


def _ranges(ports: Iterable[tuple[str, int]]) -> Iterator[str]:
    first: tuple[str, int] | None = None
    last = 0
    for port in (*ports, ("", 0)):
        if first is not None and port == (first[0], last + 1):
            last = port[1]
            continue
        if first is not None:
            yield f"{first[1]}{f'-{last}' if last != first[1] else ''}/{first[0]}"
        first, last = port, port[1]
