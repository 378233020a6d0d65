"""Folders, volumes and tmpfs of a container, from Python and from command lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import InvalidInput
from dockmagic.runtime.container_spec import VolumesFrom
from dockmagic.runtime.disk.volumes import Volume
from dockmagic.runtime.mounting import bind_or_volume, mount_of_fields, parse_mount, parse_tmpfs, parse_volume

from .convert import items, mapping, path, text, unfit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.runtime.disk.record import Mount

__all__ = ["merge", "mounts", "tmpfs", "volumes", "volumes_from"]

_TARGET = "a path in the container, PATH:MODE, (PATH, MODE) or {'bind': PATH, 'mode': MODE}"


def merge(volumes: Iterable[Mount], mounts: Iterable[Mount], tmpfs: Iterable[Mount]) -> tuple[Mount, ...]:
    """What ``--volume``, ``--mount`` and ``--tmpfs`` say together (moby, volumes_unix.go: registerMountPoints).

    The same volume twice is one, the later tmpfs counts, and an anonymous volume of ``--volume`` gives way to all else.

    Raises:
        InvalidInput: two that were named at one place.
    """
    given = tuple(dict.fromkeys(volumes))
    temporary = {mount.target: mount for mount in tmpfs}
    named: dict[str, Mount] = {}
    for mount in (*(mount for mount in given if not mount.anonymous), *mounts):
        if mount.target in named or (mount.target in temporary and mount.type != "tmpfs"):
            raise InvalidInput(f"Duplicate mount point: {mount.target}", hint="Mount one thing at a place")
        named[mount.target] = mount
    anonymous = {mount.target: mount for mount in given if mount.anonymous}
    return tuple({**anonymous, **named, **temporary}.values())


def volumes(keyword: str, value: object) -> tuple[Mount, ...]:
    """A mapping of a folder or a volume to a path in the container, or a list as ``-v`` takes it.

    A `Path` is a folder of this machine; a str is one if it begins with ``/``, ``./``, ``../`` or ``~``, else the name
    of a volume. A list may hold texts and tuples ``(SOURCE, TARGET)`` or ``(SOURCE, TARGET, MODE)``.
    """
    if isinstance(value, Mapping):
        return tuple(
            _mount(f"{keyword}[{source!r}]", source, target)
            for source, targets in value.items()
            for target in (targets if isinstance(targets, list) else [targets])
        )
    found = []
    for one in items(keyword, value):
        if isinstance(one, tuple):
            if len(one) not in (2, 3):
                raise unfit(keyword, one, "(SOURCE, TARGET) or (SOURCE, TARGET, MODE)")
            found.append(_mount(keyword, one[0], one[1:] if len(one) == 3 else one[1]))
        else:
            found.append(parse_volume(text(keyword, one)))
    return tuple(found)


def _mount(keyword: str, source: object, target: object) -> Mount:
    path, mode = _target(keyword, target)
    if isinstance(source, Volume):
        return bind_or_volume(source.name, path, mode)
    if isinstance(source, PurePath):
        return bind_or_volume(str(source), path, mode, folder=True)
    return bind_or_volume(text(f"a source in {keyword}", source), path, mode)


def _target(keyword: str, value: object) -> tuple[str, str]:
    if isinstance(value, Mapping):
        unknown = set(value) - {"bind", "mode", "propagation"}
        if unknown or "bind" not in value:
            raise unfit(keyword, value, _TARGET)
        modes = [text(keyword, value[name]) for name in ("mode", "propagation") if value.get(name)]
        return text(keyword, value["bind"]), ",".join(modes)
    if isinstance(value, tuple) and len(value) == 2:
        return _path(keyword, value[0]), text(keyword, value[1])
    path, _, mode = _path(keyword, value).partition(":")
    return path, mode


def _path(keyword: str, value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    if not isinstance(value, str):
        raise unfit(keyword, value, _TARGET)
    return text(keyword, value)


def mounts(keyword: str, value: object) -> tuple[Mount, ...]:
    """Texts or mappings with the fields of ``--mount``: ``{"type": "bind", "source": …, "target": …}``."""
    return tuple(
        mount_of_fields(_fields(keyword, one)) if isinstance(one, Mapping) else parse_mount(text(keyword, one))
        for one in items(keyword, value)
    )


def _fields(keyword: str, value: Mapping[Any, Any]) -> dict[str, str]:
    found = {}
    for name, one in mapping(keyword, value):
        key = name.lower().replace("_", "-")
        if one is None:
            continue
        if isinstance(one, bool):
            found[key] = "true" if one else "false"
        elif isinstance(one, int):
            found[key] = str(one)
        else:
            found[key] = path(f"{keyword}[{name!r}]", one)
    return found


def tmpfs(keyword: str, value: object) -> tuple[Mount, ...]:
    """A mapping of a path in the container to options, or texts ``PATH[:OPTIONS]``."""
    if isinstance(value, Mapping):
        pairs = [(name, text(f"{keyword}[{name!r}]", one or "")) for name, one in mapping(keyword, value)]
        return tuple(parse_tmpfs(f"{name}:{one}" if one else name) for name, one in pairs)
    return tuple(parse_tmpfs(path(keyword, one)) for one in items(keyword, value))


def volumes_from(keyword: str, value: object) -> tuple[VolumesFrom, ...]:
    """Containers, by name or as objects, each ``NAME``, ``NAME:ro`` or ``NAME:rw``."""
    found = []
    for one in [value] if hasattr(value, "record") else items(keyword, value):
        name, colon, mode = text(keyword, getattr(one, "id", one)).partition(":")
        if not name:
            raise InvalidInput("volumes-from specification cannot be an empty string", hint="Name a container")
        if colon and mode not in ("ro", "rw"):
            raise InvalidInput(f"invalid mode: {mode}", hint="Write --volumes-from NAME, NAME:ro or NAME:rw")
        found.append(VolumesFrom(name, read_only=True if mode == "ro" else None))
    return tuple(found)
