"""What a container cannot have here, said before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import NotSupported

from .machine.isolation import Tier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .disk.record import Mount
    from .machine.isolation import Isolation

__all__ = ["check_means", "losses"]

_WAY = {
    Tier.CHROOT: "root may not mount here, so containers run in a chroot",
    Tier.PROOT: "there are no user namespaces here, so containers run under proot",
}


#: What a step of a build can have in a chroot, see `carrying`; so it can what is lost with it.
_CARRIED = ("cache", "image", "secret")


def check_means(
    isolation: Isolation, *, network: str, read_only: bool, mounts: Sequence[Mount], init: bool = False
) -> None:
    """Refuse what `isolation` cannot give.

    Raises:
        NotSupported: with the reason.
    """
    if isolation.namespaces:
        return
    why = _WAY[isolation.tier]
    if network == "none":
        raise NotSupported(f"--network none cannot be held: {why}", hint="Use --network host")
    if read_only:
        raise NotSupported(f"--read-only cannot be held: {why}")
    if init:
        raise NotSupported(f"--init cannot be held: {why}", hint="Leave it out: what is left of a program is ended")
    for mount in mounts:
        if isolation.tier is Tier.CHROOT and (mount.type in _CARRIED or mount.discard):
            continue
        # proot shows folders of the machine at other paths, as they are.
        if isolation.tier is Tier.CHROOT or mount.type not in ("bind", "volume") or mount.read_only or mount.subpath:
            raise NotSupported(
                f"nothing of the type {mount.type} can be mounted at {mount.target}: {why}",
                hint="Copy files in with `cp`, or put them into the image",
            )


def losses(isolation: Isolation, groups: Sequence[str], cap_add: Sequence[str] = ()) -> list[str]:
    """One line for each thing that is asked for and has no effect in `isolation`, though the container runs."""
    found = []
    if groups and not isolation.keeps_owners:
        found.append("--group-add has no effect: there is one user only here, who cannot join groups (see info)")
    if cap_add and isolation.tier is Tier.PROOT:
        found.append("--cap-add has no effect: under proot programs have your own rights and no others")
    return found
