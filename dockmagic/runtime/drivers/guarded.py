"""What the drivers chroot and proot have in common: programs without namespaces, kept together by a guard process.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .driver import Driver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.runtime.init.container_init import ContainerInit
    from dockmagic.runtime.messages.process_spec import ProcessSpec

    from .mount_request import MountRequest

__all__ = ["Guarded"]


class Guarded(Driver):
    """Programs that see a copy of their image's files and share all else with the machine.

    Attributes:
        why: the reason for what cannot be held.
        traced: whether the program that is started traces the container's.
        secrets_on_disk: whether secrets are files in the copy while a program runs.
    """

    why = ""
    mounts = False
    mounts_snapshots = False
    traced = False
    secrets_on_disk = False
    preload = ("runtime.init.guarded",)
    network_hint = "Leave it out: without namespaces there is no other network"

    def refuse(self, *, network: str, read_only: bool, mounts: Sequence[MountRequest], init: bool = False) -> None:
        """Networks, read-only roots, a further program in front, and mounts but for those that can be shown."""
        from dockmagic.oci.errors import NotSupported

        if network == "none":
            raise NotSupported(f"--network none cannot be held: {self.why}", hint="Use --network host")
        if read_only:
            raise NotSupported(f"--read-only cannot be held: {self.why}")
        if init:
            raise NotSupported(
                f"--init cannot be held: {self.why}", hint="Leave it out: what is left of a program is ended"
            )
        for mount in mounts:
            if not self.shows(mount):
                raise NotSupported(
                    f"nothing of the type {mount.type} can be mounted at {mount.target}: {self.why}",
                    hint="Copy files in with `cp`, or put them into the image",
                )

    def shows(self, mount: MountRequest) -> bool:
        """Whether the files of a mount can be had at its target."""
        raise NotImplementedError

    def init(self, spec: dict[str, Any]) -> ContainerInit:
        """Under a guard."""
        from dockmagic.runtime.init.guarded import GuardedInit

        return GuardedInit(spec, self)

    def furnish(self, spec: dict[str, Any]) -> None:
        """See `init.guarded.Entry`."""
        raise NotImplementedError

    def enter(self, spec: dict[str, Any], what: ProcessSpec, code: bytes) -> tuple[ProcessSpec, bytes]:
        """See `init.guarded.Entry`."""
        raise NotImplementedError
