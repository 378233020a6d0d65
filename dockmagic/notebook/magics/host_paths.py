"""``~``, ``$PWD`` and ``$(pwd)`` in those arguments of a verb that are paths of this machine, and in no others.

A path inside an image may begin with them just as well, and there they mean something else or nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dockmagic.commands.cmdline.invocation import Invocation

__all__ = ["expand_host_paths"]

_SOURCES: Final = frozenset(("dest", "source", "src"))
_FOLDER: Final = ("$(pwd)", "${PWD}", "$PWD")


def expand_host_paths(call: Invocation) -> Invocation:
    """The call with its host paths expanded."""
    given = {name: call.parameters[name] for name in call.of_kind("host path")}
    changed = {name: _expanded_all(value) for name, value in given.items() if value}
    return call.replace(**changed) if changed else call


def _expanded_all(value: Any) -> Any:
    return tuple(map(_expanded, value)) if isinstance(value, tuple) else _expanded(value)


def _expanded(value: str) -> str:
    if value.startswith(("type=", "id=")):  # --mount type=bind,src=$PWD/data,dst=/data
        return ",".join(_member(member) for member in value.split(","))
    for name in _FOLDER:
        if value == name or value.startswith((f"{name}/", f"{name}:")):
            return str(Path.cwd()) + value[len(name) :]
    return os.path.expanduser(value) if value.startswith("~") else value  # noqa: PTH111  (keeps a trailing slash)


def _member(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name}={_expanded(value)}" if equals and name in _SOURCES else text
