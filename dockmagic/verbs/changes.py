"""``--change``: Dockerfile instructions that alter a configuration."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.spec import Config

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["config_of"]

_KNOWN = ("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")


def config_of(changes: Iterable[str]) -> Config | None:
    """The configuration that instructions such as ``CMD ["sh"]`` and ``ENV A=1`` make; None if there are none.

    Raises:
        InvalidInput: an instruction that is none, or that changes no configuration.
    """
    members: dict[str, Any] = {}
    for text in changes:
        word, _, rest = text.strip().partition(" ")
        word, rest = word.upper(), rest.strip()
        if word not in _KNOWN or not rest:
            raise InvalidInput(f"{text!r} is no valid change", hint=f"Begin with {', '.join(_KNOWN)}, and a value")
        _apply(members, word, rest)
    return Config(**members) if members else None


def _apply(members: dict[str, Any], word: str, rest: str) -> None:
    if word in ("CMD", "ENTRYPOINT"):
        members[word.lower()] = _command(rest)
    elif word == "ENV":
        members["env"] = (*members.get("env", ()), *(f"{name}={value}" for name, value in _pairs(rest)))
    elif word == "LABEL":
        members["labels"] = members.get("labels", {}) | dict(_pairs(rest))
    elif word == "EXPOSE":
        ports = (port if "/" in port else f"{port}/tcp" for port in rest.split())
        members["exposed_ports"] = members.get("exposed_ports", {}) | {port: {} for port in ports}
    elif word == "VOLUME":
        paths = _json_list(rest) or tuple(rest.split())
        members["volumes"] = members.get("volumes", {}) | {path: {} for path in paths}
    elif word == "ONBUILD":
        members["on_build"] = (*members.get("on_build", ()), rest)
    else:
        members[{"USER": "user", "WORKDIR": "working_dir", "STOPSIGNAL": "stop_signal"}[word]] = rest


def _json_list(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        return ()
    return tuple(found) if isinstance(found, list) and all(isinstance(item, str) for item in found) else ()


def _command(text: str) -> tuple[str, ...]:
    return _json_list(text) or ("/bin/sh", "-c", text)


def _pairs(text: str) -> list[tuple[str, str]]:
    words = shlex.split(text)
    if words and "=" not in words[0]:  # ENV NAME VALUE
        return [(words[0], " ".join(words[1:]))]
    pairs = [word.partition("=") for word in words]
    return [(name, value) for name, _, value in pairs]
