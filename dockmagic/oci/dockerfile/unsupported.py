"""What a Dockerfile may ask for and dockmagic does not do, refused by name, all in this one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import NotSupported

from .instructions import Run

if TYPE_CHECKING:
    from .instructions import Instruction
    from .mounts import Mount

__all__ = ["refuse", "refuse_mount"]


def refuse(instruction: Instruction) -> None:
    """Refuse what cannot be honoured: ``RUN --security=insecure`` and ``--device``.

    Raises:
        NotSupported: the flag, its line, and what to do instead.
    """
    if not isinstance(instruction, Run):
        return
    if instruction.security == "insecure":
        raise _refusal(
            instruction,
            "RUN --security=insecure",
            "leave the flag out: no command of a build gets more rights than its container has",
        )
    if instruction.devices:
        raise _refusal(
            instruction, f"RUN --device={instruction.devices[0].name}", "leave the flag out: a build has no devices"
        )


def refuse_mount(instruction: Run, mount: Mount) -> None:
    """Refuse a (resolved) mount that cannot be honoured: ``type=ssh``.

    Raises:
        NotSupported: the mount, its line, and what to do instead.
    """
    if mount.type == "ssh":
        raise _refusal(
            instruction, "RUN --mount=type=ssh", "give the key with --secret and use --mount=type=secret in its place"
        )


def _refusal(instruction: Run, what: str, instead: str) -> NotSupported:
    return NotSupported(
        f"{instruction.file}:{instruction.lines[0]}: {what} is not supported", hint=instead[0].upper() + instead[1:]
    )
