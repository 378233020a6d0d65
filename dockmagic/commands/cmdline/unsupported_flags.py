"""Flags that docker has and dockmagic has not: refused by name, with the reason and what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import UNREADABLE_FLAG, NotSupported

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FLAGS", "NO_DAEMON", "refusal_of", "refused_flag"]

#: The reason for whatever speaks of docker's daemon.
NO_DAEMON: Final = (
    "there is no daemon here",
    "Leave it out: dockmagic works in its own process; `info` says where it keeps images",
)

#: Flag → reason and what to do instead, wherever it stands.
FLAGS: Final[Mapping[str, tuple[str, str]]] = {
    "--gpus": ("GPUs need devices and libraries of the host, which only root can hand in", "Leave it out"),
    "--host": NO_DAEMON,
    "-H": NO_DAEMON,
    "--context": NO_DAEMON,
    "--config": ("the place of docker's config.json is the environment's business", "Set DOCKER_CONFIG=FOLDER"),
    "--tls": NO_DAEMON,
    "--tlsverify": NO_DAEMON,
    "--tlscacert": NO_DAEMON,
    "--debug": ("there is no debug mode", "In Python, the exception has the whole story"),
    "-D": ("there is no debug mode", "In Python, the exception has the whole story"),
    "--log-level": ("there is no log", "Leave it out"),
    "--tls-verify": ("trust is configured, not switched off", "Mark the registry insecure in registries.conf"),
}


def refused_flag(flag: str, here: Mapping[str, tuple[str, str]] = FLAGS) -> NotSupported | None:
    """The refusal of a flag, if it is one that is refused by name: by the verb (`here`), or wherever it stands."""
    name = flag.partition("=")[0]
    return refusal_of(name, {**FLAGS, **here}) if name in here or name in FLAGS else None


def refusal_of(name: str, reasons: Mapping[str, tuple[str, str]]) -> NotSupported:
    """The refusal of the flag `name`, which is one of `reasons`."""
    reason = reasons[name]
    refusal = NotSupported(f"{name} is not supported: {reason[0]}", hint=reason[1])
    return refusal.revised(exit_code=UNREADABLE_FLAG)
