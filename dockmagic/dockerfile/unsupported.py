"""What a Dockerfile may ask for and dockmagic does not do, refused by name, all in this one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import NotSupported

from .instructions import Run

if TYPE_CHECKING:
    from .instruction import Instruction
    from .mounts import RunMount
    from .parser import Dockerfile

__all__ = ["refuse", "refuse_frontend", "refuse_mount", "refuse_syntax"]

#: Names of BuildKit's own frontend, in whichever registry; it is what is built in here.
_FRONTENDS: Final = ("dockerfile", "dockerfile-upstream", "dockerfile.v0")


def refuse_frontend(dockerfile: Dockerfile) -> None:
    """Refuse a ``# syntax=`` that asks for another language than that of Dockerfiles.

    Raises:
        NotSupported: the frontend, its file, and what to do instead.
    """
    syntax = dockerfile.directives.syntax
    if syntax:
        lines = enumerate(dockerfile.source.split("\n"), dockerfile.first_line)
        number = next(number for number, line in lines if syntax in line)
        refuse_syntax(syntax, f"{dockerfile.name}:{number}: # syntax=")


def refuse_syntax(syntax: str, where: str) -> None:
    """Refuse a frontend that is not BuildKit's own; an empty text asks for none.

    Args:
        syntax: the image of the frontend, and its options behind a space.
        where: it is asked for.

    Raises:
        NotSupported: the frontend, where it is asked for, and what to do instead.
    """
    asked = syntax.partition(" ")[0]
    name = asked.partition("@")[0].rpartition("/")[2].partition(":")[0]
    if asked and name not in _FRONTENDS:
        raise NotSupported(
            f"{where}: the frontend {asked} is not supported", hint="Take it out, if the rest is a plain Dockerfile"
        )


def refuse(instruction: Instruction) -> None:
    """Refuse what cannot be honoured: ``RUN --security=insecure`` and ``--device``.

    Raises:
        NotSupported: the flag, and what to do instead.
    """
    if not isinstance(instruction, Run):
        return
    if instruction.security == "insecure":
        raise _refusal(
            "RUN --security=insecure",
            "Leave the flag out: no command of a build gets more rights than its container has",
        )
    if instruction.devices:
        raise _refusal(f"RUN --device={instruction.devices[0].name}", "Leave the flag out: a build has no devices")


def refuse_mount(mount: RunMount) -> None:
    """Refuse a (resolved) mount that cannot be honoured: ``type=ssh``.

    Raises:
        NotSupported: the mount, and what to do instead.
    """
    if mount.type == "ssh":
        raise _refusal("RUN --mount=type=ssh", "Give the key with --secret and use --mount=type=secret in its place")


def _refusal(what: str, instead: str) -> NotSupported:
    return NotSupported(f"{what} is not supported", hint=instead)
