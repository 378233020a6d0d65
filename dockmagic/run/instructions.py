"""Dockerfile instructions that change how an image runs: what ``commit --change`` takes."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.oci.spec import Config

__all__ = ["apply_instruction"]

_SHELL = ("/bin/sh", "-c")
_PORT = re.compile(r"([0-9]+)(?:/(tcp|udp|sctp))?")


def apply_instruction(config: Config, text: str) -> Config:
    """`config` after one instruction: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR.

    Raises:
        InvalidInput: another instruction, or one without what it needs.
    """
    word, _, rest = text.strip().partition(" ")
    change = _CHANGES.get(word.upper())
    if change is None:
        raise InvalidInput(
            f"{word.upper() or 'nothing'} is not a valid change", hint=f"Use one of {', '.join(_CHANGES)}"
        )
    if not rest.strip():
        raise InvalidInput(f"{word.upper()} needs a value")
    return change(config, rest.strip())


def _words(text: str) -> list[str] | None:
    """The strings of a JSON array, None if it is none: then it is the shell's business."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            return None
        if isinstance(found, list) and all(isinstance(word, str) for word in found):
            return found
    return None


def _command(config: Config, text: str) -> tuple[str, ...]:
    words = _words(text)
    return tuple(words) if words is not None else (*(config.shell or _SHELL), text)


def _pairs(text: str, what: str) -> list[tuple[str, str]]:
    name, _, value = text.partition(" ")
    if "=" not in name:
        if not value:
            raise InvalidInput(f"{what} must have two arguments", hint=f"Write {what} NAME=VALUE")
        return [(name, value.strip())]
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidInput(f"{what} {text}: {error}") from None
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InvalidInput(f"{word!r} is not NAME=VALUE", hint="Put quotes around a value with blanks")
        pairs.append((name, value))
    return pairs


def _cmd(config: Config, text: str) -> Config:
    return msgspec.structs.replace(config, cmd=_command(config, text))


def _entrypoint(config: Config, text: str) -> Config:
    return msgspec.structs.replace(config, entrypoint=_command(config, text))


def _env(config: Config, text: str) -> Config:
    variables = dict(word.partition("=")[::2] for word in config.env or ())
    variables.update(_pairs(text, "ENV"))
    return msgspec.structs.replace(config, env=tuple(f"{name}={value}" for name, value in variables.items()))


def _expose(config: Config, text: str) -> Config:
    ports = dict(config.exposed_ports or {})
    for word in text.split():
        match = _PORT.fullmatch(word)
        if match is None:
            raise InvalidInput(f"{word!r} is not a port", hint="Write EXPOSE 8080 or EXPOSE 53/udp")
        ports[f"{match[1]}/{match[2] or 'tcp'}"] = {}
    return msgspec.structs.replace(config, exposed_ports=ports)


def _label(config: Config, text: str) -> Config:
    return msgspec.structs.replace(config, labels={**(config.labels or {}), **dict(_pairs(text, "LABEL"))})


def _onbuild(config: Config, text: str) -> Config:
    return msgspec.structs.replace(config, on_build=(*(config.on_build or ()), text))


def _stopsignal(config: Config, text: str) -> Config:
    return msgspec.structs.replace(config, stop_signal=text)


def _user(config: Config, text: str) -> Config:
    return msgspec.structs.replace(config, user=text)


def _volume(config: Config, text: str) -> Config:
    words = _words(text)
    paths = words if words is not None else text.split()
    return msgspec.structs.replace(config, volumes={**(config.volumes or {}), **{path: {} for path in paths}})


def _workdir(config: Config, text: str) -> Config:
    path = text if text.startswith("/") else f"{(config.working_dir or '/').rstrip('/')}/{text}"
    return msgspec.structs.replace(config, working_dir=path)


_CHANGES: dict[str, Callable[[Config, str], Config]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
