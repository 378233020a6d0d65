"""The driver of users without namespaces: proot, which follows a program's system calls and translates their paths.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .guarded import Guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.runtime.messages.process_spec import ProcessSpec

    from .means import Means
    from .mount_request import MountRequest

__all__ = ["Proot"]


class Proot(Guarded):
    """Programs under proot, as the user whose machine it is."""

    name = "proot"
    about = "proot"
    why = "there are no user namespaces here, so containers run under proot"
    owners = "mine"
    users = "none"
    traced = True

    def find(self) -> Means:
        """The program."""
        import shutil

        from .means import Means

        path = shutil.which("proot")
        if path is None:
            from dockmagic.oci.errors import NotSupported

            raise NotSupported("proot is not installed", hint="An administrator can install the package proot")
        return Means(program=path)

    def attempt(self, means: Means) -> None:
        """Run a program that does nothing."""
        import subprocess

        from dockmagic.oci.errors import NotSupported

        try:
            done = subprocess.run(  # noqa: S603  (the proot of this machine)
                [means.program, "-0", "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotSupported(f"proot does not work here: {error}") from None
        if done.returncode:
            lines = done.stderr.decode(errors="replace").splitlines()
            raise NotSupported(f"proot does not work here: {lines[0] if lines else 'no reason given'}")

    def shows(self, mount: MountRequest) -> bool:
        """Folders of the machine at other paths, as they are."""
        return mount.type in ("bind", "volume") and not (mount.read_only or mount.subpath or mount.discard)

    def unheld(self, *, groups: Sequence[str], cap_add: Sequence[str]) -> list[str]:
        """Capabilities, and groups."""
        found = super().unheld(groups=groups, cap_add=cap_add)
        if cap_add:
            found.append("--cap-add has no effect: under proot programs have your own rights and no others")
        return found

    def capabilities(self) -> frozenset[str]:
        """All may be asked for, and none has an effect."""
        from dockmagic.linux.capabilities import known_to_kernel

        return known_to_kernel()

    def check_commit(self) -> None:
        """Nothing notes down whose the files are."""
        from dockmagic.oci.errors import NotSupported

        raise NotSupported(
            "what ran under proot cannot be committed: it keeps no owners",
            hint="Copy files out with `cp`, or ask for user namespaces: `info` says what keeps them from you",
        )

    def furnish(self, spec: dict[str, Any]) -> None:
        """The generated files; of /proc, /sys and /dev the machine's own are shown."""
        from dockmagic.runtime.init.confined import furnish

        furnish(spec, facts=False)

    def enter(self, spec: dict[str, Any], what: ProcessSpec, code: bytes) -> tuple[ProcessSpec, bytes]:
        """Run proot, which runs the program."""
        del code
        from dockmagic.runtime.init import proot

        return proot.command(spec, what), proot.compile_filter()
