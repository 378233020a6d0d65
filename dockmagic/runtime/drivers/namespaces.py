"""What the drivers root, subid and single have in common: containers in namespaces of their own.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dockmagic.linux import kernel

from .driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.runtime.init.container_init import ContainerInit

__all__ = ["Namespaces", "UserNamespace"]


class Namespaces(Driver):
    """Containers with processes, mounts and, if they want, a network of their own."""

    preload: tuple[str, ...] = ("runtime.init.namespaced",)

    def init(self, spec: dict[str, Any]) -> ContainerInit:
        """In new namespaces."""
        from dockmagic.runtime.init.namespaced import NamespacedInit

        return NamespacedInit(spec, self.users)

    def probe_flags(self, isolation: dict[str, Any]) -> int:
        """All that a container may get."""
        from dockmagic.runtime.init.namespaced import namespaces

        return namespaces(isolation)

    def worker_flags(self, isolation: dict[str, Any]) -> int:
        """Mounts of its own, in the user namespace that the files belong to."""
        return kernel.CLONE_NEWNS | (kernel.CLONE_NEWUSER if isolation["uid_map"] else 0)

    @contextmanager
    def tree(self, spec: dict[str, Any], pid: int) -> Iterator[str]:
        """As its process sees it, else mounted here."""
        if pid:
            # Its own view: two overlays must not share an upper folder.
            yield f"/proc/{pid}/root"
            return
        from dockmagic.oci.errors import InvalidInput
        from dockmagic.runtime.init import rootfs
        from dockmagic.snapshot.mountpoints import remember
        from dockmagic.snapshot.snapshot import Snapshot
        from dockmagic.snapshot.table import SNAPSHOTTERS

        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        merged = f"{spec['folder']}/merged"
        SNAPSHOTTERS[spec["snapshotter"]].mount(Snapshot.of(spec), merged)
        try:
            created: list[str] = []
            try:
                rootfs.mount_volumes(spec, merged, created)
            except ValueError as error:
                raise InvalidInput(str(error), hint="Make the container anew with another target") from None
            finally:
                remember(spec["folder"], created)
            yield merged
        finally:
            os.chdir("/")
            kernel.umount(merged)


class UserNamespace(Namespaces):
    """The same in a user namespace, whose root has all capabilities, over what belongs to it."""

    def capabilities(self) -> frozenset[str]:
        """All that the kernel knows."""
        from dockmagic.linux.capabilities import known_to_kernel

        return known_to_kernel()
