"""What ``-v``, ``--mount`` and ``--tmpfs`` say, as mounts; docker's words, docker's errors."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.local import by_manifest
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidInput, NotSupported, PathNotFound
from dockmagic.oci.ids import parse_id

from .disk import layers
from .disk.record import Mount
from .disk.volumes import VALID_NAME, anonymous_volume, create_volume
from .flags.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

    from .machine.isolation import Isolation

__all__ = ["bind_or_volume", "mount_of_fields", "over", "parse_mount", "parse_tmpfs", "parse_volume", "ready"]

# Where no image can have a volume: its root, and what the kernel or we fill.
_KERNELS_OWN = re.compile(r"/|/dev|/(?:proc|sys)(?:/.*)?", re.DOTALL)
_PROPAGATION = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_CONSISTENCY = frozenset({"consistent", "cached", "delegated", "default"})
_MODES = (frozenset({"ro", "rw"}), frozenset({"z", "Z"}), frozenset({"nocopy"}), _PROPAGATION, _CONSISTENCY)
# What tmpfs takes from a user (moby, pkg/mount: MergeTmpfsOptions); the first of a pair is the default here.
_TMPFS_FLAGS = frozenset({"rw", "ro", "nosuid", "suid", "nodev", "dev", "noexec", "exec"})
_TMPFS_VALUES = frozenset({"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks"})


def parse_volume(text: str, *, folder: Path | None = None) -> Mount:
    """``-v``: ``/target``, ``NAME:/target[:MODES]``, ``/source:/target[:MODES]``.

    Args:
        text: as written.
        folder: what ``./source`` is relative to; None for the working folder.

    Raises:
        InvalidInput: none of these.
    """
    parts = text.split(":")
    if not all(parts):
        raise InvalidInput(f"invalid spec: {text}: empty section between colons")
    if len(parts) > 3 or (len(parts) == 2 and _is_mode(parts[1])):
        raise InvalidInput(f"invalid volume specification: '{text}'", hint="Write SOURCE:TARGET or SOURCE:TARGET:ro")
    if len(parts) == 1:
        return Mount(type="volume", target=_target(parts[0]), anonymous=True)
    source, target, *modes = parts
    return bind_or_volume(source, target, modes[0] if modes else "", working_folder=folder)


def bind_or_volume(
    source: str, target: str, mode: str = "", *, folder: bool = False, working_folder: Path | None = None
) -> Mount:
    """The mount of a folder of this machine or of a named volume.

    Args:
        source: a path that begins with ``/``, ``./``, ``../`` or ``~``, or the name of a volume.
        target: absolute path in the container.
        mode: words such as ``ro``, separated by commas.
        folder: whether `source` is a folder in any case.
        working_folder: what a relative source is relative to; None for the process's.

    Raises:
        InvalidInput: a mode or a name that is none.
    """
    words = mode.split(",") if mode else []
    if words and not _is_mode(mode):
        raise InvalidInput(f"invalid mode: {mode}", hint="Write ro, rw or nocopy")
    flags = Mount(type="volume", target=_target(target), read_only="ro" in words, no_copy="nocopy" in words)
    if folder or source.startswith(("/", "./", "../", "~")) or source in (".", ".."):
        if flags.no_copy:
            raise InvalidInput(f"invalid volume specification: '{source}': nocopy is for volumes", hint="Leave it out")
        path = os.path.normpath(os.path.join(working_folder or Path.cwd(), os.path.expanduser(source)))
        return msgspec.structs.replace(flags, type="bind", make=True, source=path)
    if not _PROPAGATION.isdisjoint(words):
        raise InvalidInput(f"invalid volume specification: '{source}': only folders propagate mounts")
    return msgspec.structs.replace(flags, name=_volume_name(source))


def _is_mode(text: str) -> bool:
    """Whether these are words after a second colon, at most one of a kind."""
    words = text.split(",")
    if any(sum(word in kind for word in words) > 1 for kind in _MODES):
        return False
    return all(any(word in kind for kind in _MODES) for word in words)


def _target(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidInput(f"invalid mount path: '{path}' mount path must be absolute")
    clean = os.path.normpath("/" + path.lstrip("/"))
    if clean == "/":
        raise InvalidInput("invalid specification: destination can't be '/'")
    return clean


def _volume_name(name: str) -> str:
    if re.fullmatch(VALID_NAME, name) is None:
        raise InvalidInput(
            f'"{name}" includes invalid characters for a local volume name, '
            'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
            hint="If you intended to pass a host folder, write its absolute path",
        )
    return name


def parse_mount(text: str, *, folder: Path | None = None) -> Mount:
    """``--mount``: ``type=bind,source=/here,target=/there,readonly`` and its like, fields separated as in CSV.

    Args:
        text: as written.
        folder: what a relative source is relative to; None for the working folder.

    Raises:
        InvalidInput: a field that is none, or one that does not fit the type.
        NotSupported: a volume driver.
    """
    fields: dict[str, str] = {}
    for field in next(csv.reader([text]), []):
        key, equals, value = field.partition("=")
        key = key.lower()
        if _KEYS.get(key, key) not in _FIELDS:
            raise InvalidInput(
                f"unexpected key '{key}' in '{field}'"
                if equals
                else f"invalid field '{field}' must be a key=value pair"
            )
        if not equals:
            if _KEYS.get(key, key) not in _SWITCHES:
                raise InvalidInput(f"invalid field '{field}' must be a key=value pair")
            value = "true"
        fields[key] = value
    return mount_of_fields(fields, folder=folder)


def mount_of_fields(given: Mapping[str, str], *, folder: Path | None = None) -> Mount:
    """The mount that the fields of ``--mount`` describe.

    Args:
        given: ``type``, ``source``, ``target``, ``readonly`` and so on, in lower case.
        folder: what a relative source is relative to; None for the working folder.

    Raises:
        InvalidInput: a field that is none, or one that does not fit the type.
        NotSupported: a volume driver.
    """
    fields: dict[str, str] = {}
    for name, value in given.items():
        key = _KEYS.get(name, name)
        if key not in _FIELDS:
            raise InvalidInput(f"unexpected key '{name}' of a mount", hint=f"It is one of {', '.join(sorted(_FIELDS))}")
        fields[key] = value
    kind = fields.get("type", "volume").lower()
    if kind not in ("bind", "volume", "tmpfs"):
        raise InvalidInput(f"mount type unknown: {kind!r}", hint="Write type=bind, type=volume or type=tmpfs")
    for prefix in ("bind", "volume", "tmpfs"):
        if prefix != kind and any(key.startswith(f"{prefix}-") for key in fields):
            raise InvalidInput(f"cannot mix '{prefix}-*' options with mount type '{kind}'")
    if not fields.get("target"):
        raise InvalidInput("target is required", hint="Write target=/path")
    if "volume-driver" in fields or "volume-opt" in fields:
        raise NotSupported("volume drivers need a daemon", hint="Use type=bind with a folder that is mounted already")
    mount = Mount(
        type=kind,
        target=_target(fields["target"]),
        read_only=_truth(fields, "readonly"),
        no_copy=_truth(fields, "volume-nocopy"),
        subpath=fields.get("volume-subpath", ""),
    )
    source = fields.get("source", "")
    if kind == "tmpfs":
        if source:
            raise InvalidInput('invalid mount config for type "tmpfs": field Source must not be specified')
        return msgspec.structs.replace(mount, data=_tmpfs_data(fields))
    if kind == "bind":
        if not source:
            raise InvalidInput('invalid mount config for type "bind": field Source must not be empty')
        path = os.path.normpath(os.path.join(folder or Path.cwd(), os.path.expanduser(source)))
        return msgspec.structs.replace(mount, source=path)
    return msgspec.structs.replace(mount, name=_volume_name(source) if source else "", anonymous=not source)


_KEYS = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_SWITCHES = frozenset({"readonly", "volume-nocopy", "bind-nonrecursive"})
_FIELDS = _SWITCHES | {
    "type", "source", "target", "consistency", "bind-propagation", "bind-recursive", "volume-driver", "volume-opt",
    "volume-label", "volume-subpath", "tmpfs-size", "tmpfs-mode",
}  # fmt: skip


def _truth(fields: dict[str, str], key: str) -> bool:
    value = fields.get(key, "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise InvalidInput(f"invalid value for {key}: {fields[key]}", hint="Write true or false")
    return value in ("true", "1")


def _tmpfs_data(fields: dict[str, str]) -> str:
    words = []
    if "tmpfs-size" in fields:
        words.append(f"size={parse_size(fields['tmpfs-size'], 'tmpfs-size')}")
    if "tmpfs-mode" in fields:
        if re.fullmatch("[0-7]{1,4}", fields["tmpfs-mode"]) is None:
            raise InvalidInput(f"invalid value for tmpfs-mode: {fields['tmpfs-mode']}", hint="Write for example 1777")
        words.append(f"mode={fields['tmpfs-mode']}")
    return ",".join(words)


def parse_tmpfs(text: str) -> Mount:
    """``--tmpfs``: ``/target`` or ``/target:size=64m,mode=1777,exec``.

    Raises:
        InvalidInput: an option that tmpfs has not.
    """
    target, _, options = text.partition(":")
    words = [word for word in options.split(",") if word]
    kept = []
    for word in words:
        key, equals, value = word.partition("=")
        if not (word in _TMPFS_FLAGS or (equals and key in _TMPFS_VALUES)):
            raise InvalidInput(f"invalid tmpfs option {word!r}", hint="Write for example size=64m,mode=1777,exec")
        if key in ("uid", "gid"):
            word = f"{key}={_id(value, word)}"  # noqa: PLW2901  (as the kernel takes it)
        kept.append(f"size={parse_size(value, 'size')}" if key == "size" and not value.endswith("%") else word)
    return Mount(type="tmpfs", target=_target(target), read_only="ro" in words, data=",".join(kept))


def _id(value: str, word: str) -> int:
    try:
        number = parse_id(value)
    except ValueError as error:
        raise InvalidInput(f"invalid tmpfs option {word!r}: {error}") from None
    if number is None:
        raise InvalidInput(f"invalid tmpfs option {word!r}", hint="Write the number of a user or group")
    return number


def over(inherited: Iterable[Mount], own: Iterable[Mount]) -> tuple[Mount, ...]:
    """A container's own mounts over those of other containers, of which the last counts (``--volumes-from``).

    An anonymous volume of its own gives way to them.
    """
    own = tuple(own)
    named = {mount.target for mount in own if not mount.anonymous}
    shared = {mount.target: mount for mount in inherited if mount.target not in named}
    return (*shared.values(), *(mount for mount in own if mount.target not in shared))


def ready(
    store: ContentStore, isolation: Isolation, mounts: Iterable[Mount], image_volumes: Iterable[str] = ()
) -> tuple[Mount, ...]:
    """`mounts` with their volumes made, their images unpacked, and anonymous volumes for an image's ``VOLUME``.

    Args:
        store: where images and volumes are.
        isolation: how the images' layers are to lie there.
        mounts: as they were asked for; one of an image has the digest of its manifest as name.
        image_volumes: paths inside.

    Raises:
        InvalidInput: two at the same place.
        PathNotFound: a folder of this machine that is not there.
    """
    found: dict[str, Mount] = {}
    for mount in mounts:
        if mount.target in found:
            raise InvalidInput(f"Duplicate mount point: {mount.target}")
        _check_text(mount)
        if mount.type in ("bind", "cache") and not mount.make and not os.path.lexists(mount.source):
            raise PathNotFound(
                f'invalid mount config for type "bind": bind source path does not exist: {mount.source}',
                hint="Create it, or correct -v",
            )
        found[mount.target] = mount
    for path in image_volumes:
        clean = os.path.normpath("/" + path.lstrip("/"))
        if not _KERNELS_OWN.fullmatch(clean):
            found.setdefault(clean, Mount(type="volume", target=clean, anonymous=True))
    return tuple(
        _with_layers(store, isolation, mount) if mount.type == "image" else _with_volume(store.home, mount)
        for mount in found.values()
    )


def _check_text(mount: Mount) -> None:
    """Refuse paths that the record of a container cannot hold."""
    for path in (mount.source, mount.target):
        try:
            path.encode()
        except UnicodeEncodeError:
            shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise InvalidInput(f"the path {shown} is not UTF-8", hint="Mount it by a link with another name") from None


def _with_layers(store: ContentStore, isolation: Isolation, mount: Mount) -> Mount:
    image = by_manifest(store, Digest(mount.name))
    keys = layers.ensure(store, isolation, image)
    folder = str(store.home.layers / isolation.form_name)
    return msgspec.structs.replace(mount, name=str(mount.name), source=folder, layers=tuple(reversed(keys)))


def _with_volume(home: Home, mount: Mount) -> Mount:
    if mount.type != "volume" or mount.source:
        return mount
    if mount.anonymous:
        made = anonymous_volume(home, mount.target)
        return msgspec.structs.replace(mount, name=made.name, source=made.source)
    return msgspec.structs.replace(mount, source=str(create_volume(home, mount.name).path))
