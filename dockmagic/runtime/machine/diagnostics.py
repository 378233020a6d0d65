"""What keeps a machine from letting us make namespaces and mounts, and what an administrator can do about it."""

from __future__ import annotations

import os
from pathlib import Path

from dockmagic.oci.errors import NotSupported

__all__ = ["confinement", "no_mounts", "no_user_namespaces"]

_SWITCHES = (
    # File, value that forbids, reason, what to run. Ubuntu's since 23.10, Debian's and the kernel's own.
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor lets no unprivileged program use user namespaces",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "unprivileged user namespaces are switched off",
        "sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    (
        "user/max_user_namespaces",
        "0",
        "the number of user namespaces is limited to none",
        "sysctl -w user.max_user_namespaces=15000",
    ),
)


def confinement() -> str:
    """Under which filters and with which capabilities this process runs: others may be allowed other things."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return " ".join(line.partition(":")[2].strip() for line in lines if line.startswith(("CapEff:", "Seccomp")))


def _is_filtered() -> bool:
    return "\nSeccomp:\t2" in Path("/proc/self/status").read_text()


def no_user_namespaces(reason: str) -> NotSupported:
    """Why no user namespace can be made here; `reason` is what the kernel says."""
    for name, forbids, why, command in _SWITCHES:
        try:
            value = Path("/proc/sys", name).read_text().strip()
        except OSError:
            continue
        if value == forbids and os.geteuid() != 0:
            return NotSupported(why, hint=f"An administrator can run: {command}")
    if _is_filtered():
        return NotSupported(
            "a seccomp profile forbids user namespaces",
            hint="Who starts this container can add: --security-opt seccomp=unconfined "
            "(Kubernetes: seccompProfile Unconfined, or hostUsers: false)",
        )
    return NotSupported(f"this machine lets nobody make user namespaces ({reason})")


def no_mounts(reason: str) -> NotSupported:
    """Why root may not mount here; `reason` is what the kernel says."""
    return NotSupported(
        f"mounts are not allowed ({reason})",
        hint="Who starts this container can add: --cap-add SYS_ADMIN --security-opt seccomp=unconfined "
        "--security-opt apparmor=unconfined",
    )
