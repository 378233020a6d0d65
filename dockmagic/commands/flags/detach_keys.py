"""The keys that leave a program and let it go on: ``--detach-keys``, and ``detachKeys`` of docker's config.json."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from dockmagic.oci.errors import InvalidInput

__all__ = ["configured_detach_keys", "detach_keys_of"]

#: Docker's.
_DEFAULT: Final = "ctrl-p,ctrl-q"
_CONTROL: Final = {name: code for code, name in enumerate("@abcdefghijklmnopqrstuvwxyz[\\]^_")}
_HINT: Final = "Write for example ctrl-p,ctrl-q"


def detach_keys_of(text: str, *, hint: str = _HINT) -> bytes:
    """What ``--detach-keys`` says: ``ctrl-p,ctrl-q`` or single characters.

    Raises:
        InvalidInput: no such key.
    """
    keys = []
    for word in text.split(","):
        control = _CONTROL.get(word.removeprefix("ctrl-")) if word.startswith("ctrl-") else None
        if control is None and (len(word) != 1 or not word.isascii()):
            raise InvalidInput(f"Invalid detach keys ({text}) provided", hint=hint)
        keys.append(ord(word) if control is None else control)
    return bytes(keys)


def configured_detach_keys() -> bytes:
    """The user's own keys, or docker's; a file that cannot be read says nothing.

    Raises:
        InvalidInput: no such key.
    """
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    path = Path(folder, "config.json")
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        found = {}
    text = found.get("detachKeys") if isinstance(found, dict) else None
    if not isinstance(text, str) or not text:
        return detach_keys_of(_DEFAULT)
    return detach_keys_of(text, hint=f"Correct detachKeys in {path}")
