"""What the flags of ``create`` and ``run`` say together where several speak of one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.oci.errors import InvalidInput
from dockmagic.run.flags.environment import parse_label, parse_label_file, parse_variable, read_env_file
from dockmagic.run.flags.limits import Limits, parse_cpus, parse_memory, parse_ulimit
from dockmagic.run.flags.ports import parse_port
from dockmagic.run.mounting import parse_mount, parse_tmpfs, parse_volume

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dockmagic.image.image import Image
    from dockmagic.run.container import Container
    from dockmagic.run.disk.record import Mount
    from dockmagic.run.flags.ports import Port

__all__ = ["mounts_from", "read_environment", "read_labels", "read_limits", "read_mounts", "read_ports"]


def read_environment(env: Sequence[str], env_files: Sequence[str]) -> list[str]:
    """What ``--env-file`` and, over it, ``--env`` say together."""
    variables = [word for path in env_files for word in read_env_file(path)]
    return [*variables, *(word for word in map(parse_variable, env) if word is not None)]


def read_labels(labels: Sequence[str], label_files: Sequence[str]) -> dict[str, str]:
    """What ``--label-file`` and, over it, ``--label`` say together."""
    named = {name: value for path in label_files for name, value in parse_label_file(path).items()}
    return named | dict(map(parse_label, labels))


def read_limits(memory: str, cpus: str, pids: int, ulimits: Sequence[str]) -> Limits:
    """What ``--memory``, ``--cpus``, ``--pids-limit`` and ``--ulimit`` say together."""
    return Limits(
        memory=parse_memory(memory) if memory else 0,
        cpus=parse_cpus(cpus) if cpus else 0,
        pids=max(0, pids),
        ulimits=tuple(map(parse_ulimit, ulimits)),
    )


def read_mounts(volumes: Sequence[str], mounts: Sequence[str], tmpfs: Sequence[str]) -> list[Mount]:
    """What ``--volume``, ``--mount`` and ``--tmpfs`` say together."""
    return [*map(parse_volume, volumes), *map(parse_mount, mounts), *map(parse_tmpfs, tmpfs)]


def mounts_from(names: Sequence[str], find: Callable[[str], Container]) -> list[Mount]:
    """The folders and volumes of other containers (``--volumes-from NAME[:ro]``)."""
    found = []
    for text in names:
        name, colon, mode = text.partition(":")
        if colon and mode not in ("ro", "rw"):
            raise InvalidInput(f"invalid mode of --volumes-from: {mode}", hint="Write NAME, NAME:ro or NAME:rw")
        for mount in find(name).record.mounts:
            if mount.type in ("bind", "volume"):
                # It belongs to the other container, and stays when this one goes.
                shared = replace(mount, anonymous=False)
                found.append(replace(shared, read_only=True) if mode == "ro" else shared)
    return found


def read_ports(image: Image, publish: Sequence[str], exposed: Sequence[str], *, every: bool) -> tuple[Port, ...]:
    """What ``--publish`` says; with `every`, those that its image exposes and `exposed`, too (``-P``)."""
    all_exposed = dict.fromkeys((*(image.config.exposed_ports or ()), *exposed)) if every else ()
    return tuple(port for text in (*publish, *all_exposed) for port in parse_port(text))
