"""Snapshots by overlayfs: the layers of an image below, shared by all of its containers, and one writable directory.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dockmagic.linux import kernel
from dockmagic.linux.kernel import MS_NODEV, MS_PRIVATE, MS_RDONLY, MS_REC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.layer.disk_format import DiskFormat, Whiteouts
    from dockmagic.layer.pack import OwnerRecord
    from dockmagic.store.content import ContentStore

    from .changes import Written
    from .snapshot import Snapshot

__all__ = ["OverlaySnapshotter"]


class OverlaySnapshotter:
    """Overlayfs. Layers are unpacked once; a container costs nothing until it writes."""

    name = "overlay"
    needs_mounts = True
    shares_layers = True
    populates = False
    preload: tuple[str, ...] = ("snapshot.upper",)

    def whiteouts(self, *, user_xattrs: bool) -> Whiteouts:
        """As overlayfs marks removals itself."""
        from dockmagic.layer.disk_format import Whiteouts

        return Whiteouts.USER if user_xattrs else Whiteouts.TRUSTED

    def folder_name(self, owners: str) -> str:
        """One for each map of owners."""
        return owners

    def probe(self, folder: str, *, user_xattrs: bool, owners: bool) -> str:
        """Mount, write, rename, white out, be opaque."""
        from .overlay_probe import probe

        return probe(self, folder, user_xattrs=user_xattrs, owners=owners)

    def keys(self, store: ContentStore, image: Image) -> list[str]:
        """One for each layer."""
        from .layers import keys

        return keys(store, image)

    def unpack(self, folder: Path, keys: Sequence[str], layers: list[dict[str, Any]], form: DiskFormat) -> None:  # noqa: ARG002  (each layer has its own)
        """Unpack each layer into its own folder."""
        from .unpack import unpack_all

        unpack_all(folder, layers, form)

    def prepare(self, folder: Path, mode: int) -> None:
        """Make upper and work directory, and the mount point."""
        for part in ("upper", "work", "merged", "empty"):
            (folder / part).mkdir()
        # What the container sees as / is what its image has there, whatever the umask.
        (folder / "upper").chmod(mode)

    def populate(self, folder: Path, lower: Path, apart: Iterable[str], *, owners: bool) -> None:
        """Nothing: files are copied up when they are written."""

    def writable(self, folder: str) -> str:
        """The upper directory."""
        return f"{folder}/upper"

    def describe(self, snapshot: Snapshot) -> dict[str, str]:
        """As docker's overlay2."""
        return {
            "LowerDir": ":".join(f"{snapshot.layers_folder}/{layer}" for layer in snapshot.layers),
            "MergedDir": f"{snapshot.folder}/merged",
            "UpperDir": f"{snapshot.folder}/upper",
            "WorkDir": f"{snapshot.folder}/work",
        }

    def mount(self, snapshot: Snapshot, where: str) -> None:
        """Mount the layers with the upper directory on top."""
        lower, box = _lower(snapshot)
        # Whatever the kernel was built for: the upper folder is to tell by itself what was written, as with userxattr.
        data = f"lowerdir={lower},upperdir={box}/upper,workdir={box}/work{_flags(snapshot)}"
        # Whoever is root in it may make a device's node, but no such node opens the device.
        kernel.mount("overlay", where, "overlay", MS_NODEV, data)

    @contextmanager
    def view(self, snapshot: Snapshot, where: str) -> Iterator[str]:
        """Mount all read-only, the upper directory as the topmost lower one: two overlays must not share an upper."""
        kernel.mount(None, "/", None, MS_REC | MS_PRIVATE)
        lower, box = _lower(snapshot)
        # Two lower folders at the least: an overlay of a single one without an upper is refused.
        data = f"lowerdir={box}/upper:{lower}{_flags(snapshot)}"
        kernel.mount("overlay", where, "overlay", MS_NODEV | MS_RDONLY, data)
        try:
            yield where
        finally:
            os.chdir("/")
            kernel.umount(where)

    def changes(self, folder: Path, told: Callable[[Written], OwnerRecord] | None = None) -> list[Written]:
        """What is in the upper directory."""
        from .upper import scan

        return scan(folder / "upper", told)


def _lower(snapshot: Snapshot) -> tuple[str, str]:
    """The layers as mount(2) takes them, and the container's folder, for this process in the folder of the layers.

    Every path in the options is relative to that folder: so 127 of them fit into the one page that mount(2) takes, and
    no comma or colon in the home's path can end an option.
    """
    box = os.path.relpath(snapshot.folder, snapshot.layers_folder)
    os.chdir(snapshot.layers_folder)
    return ":".join(snapshot.layers or [f"{box}/empty"]), box


def _flags(snapshot: Snapshot) -> str:
    return ",userxattr" if snapshot.user_xattrs else ",redirect_dir=off,metacopy=off"
