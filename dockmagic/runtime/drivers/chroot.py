"""The driver of root that may not mount, as in docker's default container: chroot.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from .guarded import Guarded

if TYPE_CHECKING:
    from dockmagic.runtime.messages.process_spec import ProcessSpec

    from .means import Means
    from .mount_request import MountRequest

__all__ = ["Chroot"]

#: Types of mounts that a step of a build gets by copying; so it does what is lost with it.
_CARRIED: Final = ("cache", "image", "secret")


class Chroot(Guarded):
    """Programs whose root folder is changed, as root of what is around this process."""

    name = "chroot"
    about = "root without mounts: chroot"
    why = "root may not mount here, so containers run in a chroot"
    carries_mounts = True
    secrets_on_disk = True

    def find(self) -> Means:
        """Nothing but root."""
        from .means import Means

        if os.geteuid() != 0:
            from dockmagic.oci.errors import NotSupported

            raise NotSupported("not running as root")
        return Means()

    def probe(self, folder: str) -> None:
        """Change owners, make devices, go in, be somebody else."""
        import stat
        from pathlib import Path

        from dockmagic.oci.errors import NotSupported
        from dockmagic.snapshot.remove import remove_tree

        place = Path(folder, f".probe-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            place.mkdir()
            os.chown(place, 1, 1)
            os.mknod(place / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            pid = os.fork()
            if pid == 0:
                try:
                    os.chroot(place)
                    os.setresgid(1, 1, 1)
                    os.setresuid(1, 1, 1)
                    os._exit(0)
                finally:
                    os._exit(1)
            if os.waitpid(pid, 0)[1]:
                raise NotSupported("root may not change its root folder and its user here")
        except OSError as error:
            raise NotSupported(f"root may not give files away or make devices here ({error.strerror})") from None
        finally:
            remove_tree(place)

    @property
    def explains(self) -> bool:
        """To root."""
        return os.geteuid() == 0

    def shows(self, mount: MountRequest) -> bool:
        """What a build brings in and takes out."""
        return mount.type in _CARRIED or mount.discard

    def furnish(self, spec: dict[str, Any]) -> None:
        """Devices, generated files, and what /proc can tell."""
        from dockmagic.runtime.init.confined import furnish

        furnish(spec, facts=True)

    def enter(self, spec: dict[str, Any], what: ProcessSpec, code: bytes) -> tuple[ProcessSpec, bytes]:
        """Change the root folder."""
        from dockmagic.runtime.init.confined import enter

        ready, filters = enter(spec, what)
        return ready, code if filters else b""
