"""Who may log in to the embedded registry: a name with its password, or a file that ``htpasswd -B`` writes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from typing import TYPE_CHECKING, Protocol

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Htpasswd", "PlainUsers", "Users"]

_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|[12][0-9])\$[./A-Za-z0-9]{53}")
_LONGEST = 72  # bytes of a password that bcrypt looks at
_CHECKS = 2  # at once: each takes a processor for as long as whoever made the file chose
_REMEMBERED = 1024
_HINT = "Write lines with htpasswd -B FILE NAME: only bcrypt is accepted, as in docker's registry"


class Users(Protocol):
    """Whoever knows passwords."""

    def knows(self, user: str, password: str) -> bool:
        """Whether this is the password of `user`."""
        ...


class PlainUsers:
    """Users whose passwords are known here.

    Args:
        passwords: by name.
    """

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = dict(passwords)

    def knows(self, user: str, password: str) -> bool:
        """Whether this is the password of `user`."""
        known = self._passwords.get(user)
        return known is not None and hmac.compare_digest(password.encode(), known.encode())


class Htpasswd:
    """Users of a file: a line ``NAME:HASH`` for each. It is read once.

    Clients send the password with every request, and bcrypt is slow on purpose: a login that was right is remembered
    as a keyed digest.

    Args:
        path: of the file.

    Raises:
        InvalidInput: it cannot be read, or has anything else than bcrypt in it.
    """

    def __init__(self, path: Path) -> None:
        self._hashes = _read(path)
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._checks = threading.BoundedSemaphore(_CHECKS)

    def knows(self, user: str, password: str) -> bool:
        """Whether this is the password of `user`."""
        import bcrypt

        word = password.encode()[:_LONGEST]
        login = hmac.digest(self._key, f"{len(user)}:{user}:{password}".encode(), hashlib.sha256)
        if login in self._right:
            return True
        if b"\0" in word:
            return False
        # An unknown name takes as long as a known one.
        known = self._hashes.get(user) or next(iter(self._hashes.values()))
        with self._checks:
            fits = bcrypt.checkpw(word, known)
        if not fits or user not in self._hashes:
            return False
        if len(self._right) >= _REMEMBERED:
            self._right.clear()
        self._right.add(login)
        return True


def _read(path: Path) -> dict[str, bytes]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidInput(f"{path} cannot be read: {reason}", hint=_HINT) from None
    hashes: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, hashed = text.partition(":")
        if not name or _BCRYPT.fullmatch(hashed) is None:
            raise InvalidInput(f"line {number} of {path} is not NAME:HASH with a hash of bcrypt", hint=_HINT)
        hashes[name] = hashed.encode()
    if not hashes:
        raise InvalidInput(f"{path} has no users", hint=_HINT)
    return hashes
