"""``~``, ``$PWD`` and ``$(pwd)`` in those arguments of a verb that are paths of this machine, and in no others.

A path inside an image may begin with them just as well, and there they mean something else or nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from dockmagic.verbs.routing import find
from dockmagic.verbs.table import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HOST_PATHS", "expand_host_paths", "roles"]

_OF_A_CONTAINER: Final = ("volumes", "mounts", "env_file", "label_file", "cidfile")
#: Verbs with parameters that are paths of this machine.
HOST_PATHS: Final = {
    "build": ("context", "dockerfile", "id_file", "metadata_file", "outputs", "secrets"),
    "cp": ("source", "target"),
    "create": _OF_A_CONTAINER,
    "exec": ("env_files",),
    "export": ("output",),
    "import": ("source",),
    "load": ("path",),
    "run": _OF_A_CONTAINER,
    "save": ("output",),
    "serve": ("folder",),
}
_SOURCES: Final = frozenset(("dest", "source", "src"))
_FOLDER: Final = ("$(pwd)", "${PWD}", "$PWD")


def expand_host_paths(argv: list[str]) -> list[str]:
    """`argv` with its host paths expanded."""
    if not any("~" in word or "$" in word for word in argv):
        return argv
    called, _, rest = find(argv, prog="%docker")
    paths = HOST_PATHS.get(ALIASES.get(called, called), ())
    done = list(argv[: len(argv) - len(rest)])
    for word, prefix, parameter in roles(argv):
        value = word[len(prefix) :]
        is_path = parameter is not None and parameter.name in paths
        done.append(prefix + _expanded(value) if is_path else word)
    return done


def roles(argv: list[str]) -> Iterator[tuple[str, str, click.Parameter | None]]:
    """Each word after the verb, what of it is a flag's name (``--output=``), and the parameter that its value is for.

    A flag without a value has no parameter here; a word that the verb does not know has none either.
    """
    _, verb, rest = find(argv, prog="%docker")
    options = {name: one for one in verb.params if isinstance(one, click.Option) for name in one.opts}
    positional = iter([one for one in verb.params if isinstance(one, click.Argument)])
    current: click.Argument | None = None
    waiting: click.Option | None = None
    only_arguments = False
    for word in rest:
        name, equals, _ = word.partition("=")
        if waiting is not None:
            yield word, "", waiting
            waiting = None
        elif not only_arguments and word.startswith("-") and word != "-":
            only_arguments = word == "--"
            option = options.get(name)
            takes_value = option is not None and not option.is_flag
            waiting = option if takes_value and not equals else None
            yield word, f"{name}=" if takes_value and equals else word, option if takes_value and equals else None
        else:
            only_arguments = only_arguments or not verb.allow_interspersed_args
            if current is None or current.nargs != -1:
                current = next(positional, current)
            yield word, "", current


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
