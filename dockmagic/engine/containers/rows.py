"""Rows of containers."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dockmagic.engine.ages import duration
from dockmagic.rows import ContainerRow, WrittenRow

from .ports import shown_ports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.disk.record import Mount, State
    from dockmagic.snapshot.changes import WrittenChange

__all__ = ["command_line", "container_row", "moment_of", "mount_name", "status_of", "written_rows"]

_KINDS = (
    (stat.S_ISREG, "file"), (stat.S_ISDIR, "dir"), (stat.S_ISLNK, "link"), (stat.S_ISFIFO, "fifo"),
    (stat.S_ISCHR, "char"), (stat.S_ISBLK, "block"),
)  # fmt: skip
_ENTRY_KINDS = ("file", "hardlink", "link", "char", "block", "dir", "fifo")


def moment_of(seconds: float) -> datetime:
    """Seconds since the epoch as an aware date."""
    return datetime.fromtimestamp(seconds, UTC)


def status_of(state: State) -> str:
    """How a container goes, in docker's words: ``Up 3 minutes``, ``Exited (0) 2 hours ago``."""
    now = datetime.now(UTC).timestamp()
    if state.status == "created":
        return "Created"
    if state.status == "dead":
        return f"Dead ({state.error})"
    if state.status == "exited":
        return f"Exited ({state.exit_code}) {duration(max(0.0, now - state.finished))} ago"
    return f"Up {duration(max(0.0, now - state.started))}{' (Paused)' if state.status == 'paused' else ''}"


def command_line(words: Iterable[str]) -> str:
    """A command as ``ps`` shows it: words with blanks in them in quotes."""
    return " ".join(f"'{word}'" if " " in word else word for word in words)


def mount_name(mount: Mount) -> str:
    """What ``ps`` shows of a mount: the volume's name, or the path of this machine."""
    return mount.name or mount.source or mount.type


def container_row(container: Container, state: State, *, sizes: bool) -> ContainerRow:
    """One container.

    Args:
        container: which.
        state: as it was when the list was made.
        sizes: count the bytes of the writable layer and of the image.
    """
    record = container.record
    own = container.size if sizes and not record.damaged else None
    return ContainerRow(
        id=container.id,
        image=record.image,
        command=command_line(record.argv),
        created_at=moment_of(record.created),
        ports=shown_ports(record, state),
        state=state.status,
        status=status_of(state),
        size=own,
        virtual_size=None if own is None else own + container.image.size,
        names=container.name,
        labels=tuple(f"{name}={value}" for name, value in record.labels.items()),
        mounts=tuple(mount_name(mount) for mount in record.mounts if mount.type in ("bind", "volume")),
        networks=(record.network,),
        local_volumes=sum(1 for mount in record.mounts if mount.type == "volume"),
    )


def written_rows(changes: Iterable[WrittenChange], image: Image) -> tuple[WrittenRow, ...]:
    """What a container has added, changed and deleted, with the layer whose file is hidden now."""
    instructions = {layer.index: layer.created_by for layer in image.layers}
    rows = []
    for change in changes:
        old, new = change.old, change.new
        rows.append(
            WrittenRow(
                change=change.letter,
                path=change.path,
                kind=_kind(new.mode) if new and new.mode else _ENTRY_KINDS[old.entry.type] if old else "file",
                size=new.size if new else 0,
                old_size=old.entry.size if old else 0,
                layer=old.layer if old else None,
                created_by=instructions[old.layer] if old else "",
            )
        )
    return tuple(rows)


def _kind(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "file")
