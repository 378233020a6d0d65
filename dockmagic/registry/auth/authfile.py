"""docker's config.json and podman's auth.json: the same form, of which we touch only what is ours."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.oci.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AuthEntry", "AuthFile", "AuthFileContent"]


class AuthEntry(msgspec.Struct, omit_defaults=True):
    """What stands under one key of ``auths``; never shown."""

    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None

    def __repr__(self) -> str:
        return "AuthEntry(…)"


class AuthFileContent(msgspec.Struct, rename={"creds_store": "credsStore", "cred_helpers": "credHelpers"}):
    """The part of the file that is about credentials."""

    auths: dict[str, AuthEntry] = {}
    creds_store: str = ""
    cred_helpers: dict[str, str] = {}

    def helper_for(self, names: Iterable[str]) -> str | None:
        """The credential helper's suffix for the first of these registry names that has one, None for none."""
        for name in names:
            if name in self.cred_helpers:
                return self.cred_helpers[name] or None
        return self.creds_store or None

    def __repr__(self) -> str:
        return "AuthFileContent(…)"


class _Document(dict[str, Any]):
    """The whole file, unknown fields included; its repr, which tracebacks show, tells nothing."""

    def __repr__(self) -> str:
        return "{…}"


class AuthFile:
    """One file of credentials, which may not exist yet.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> AuthFileContent:
        """What it says of credentials; empty if there is no file.

        Raises:
            CredentialError: it cannot be read.
        """
        try:
            return msgspec.json.decode(self._bytes() or b"{}", type=AuthFileContent)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._broken() from None

    def put(self, key: str, entry: AuthEntry) -> None:
        """Set the entry of `key`; everything else in the file stays.

        Raises:
            CredentialError: it cannot be read or written.
        """
        document = self._document()
        document.setdefault("auths", {})[key] = msgspec.to_builtins(entry)
        self._write(document)

    def remove(self, keys: Iterable[str]) -> bool:
        """Remove the entries of `keys`; whether there was one.

        Raises:
            CredentialError: it cannot be read or written.
        """
        document = self._document()
        found = [key for key in keys if key in (document.get("auths") or {})]
        for key in found:
            del document["auths"][key]
        if found:
            self._write(document)
        return bool(found)

    def _document(self) -> _Document:
        try:
            document = _Document(json.loads(self._bytes() or b"{}"))
        except (ValueError, TypeError, RecursionError):
            raise self._broken() from None
        if not isinstance(document.get("auths") or {}, dict):
            raise self._broken()
        if document.get("auths") is None:
            document.pop("auths", None)
        return document

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes().strip()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise CredentialError(
                f"{self.path} cannot be read: {error.strerror}", hint="Check its permissions"
            ) from None

    def _broken(self) -> CredentialError:
        return CredentialError(
            f"{self.path} is not what docker or podman writes", hint="Correct its JSON, or move it away"
        )

    def _write(self, document: _Document) -> None:
        # A link, such as into a folder of dotfiles, stays one: its target is replaced.
        target = Path(os.path.realpath(self.path))
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # made with mode 0600
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(document, file, indent="\t", ensure_ascii=False)
                    file.write("\n")
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(target)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise CredentialError(
                f"{target} cannot be written: {error.strerror}", hint="Check its permissions"
            ) from None
