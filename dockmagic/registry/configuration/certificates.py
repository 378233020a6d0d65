"""certs.d: further authorities and client certificates per registry (docker's and containers' folders)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Certificates"]


class Certificates:
    """The folders ``certs.d/HOST[:PORT]`` with ``*.crt`` (authorities), ``*.cert`` and ``*.key`` (client).

    Args:
        folders: in which to look; the first that knows a host counts.
    """

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def of(self, domain: str) -> tuple[tuple[Path, ...], tuple[Path, Path] | None]:
        """The authorities and the client certificate with its key for the registry `domain`.

        Raises:
            InvalidInput: a certificate without its key.
        """
        folder = next((found for root in self._folders if os.path.isdir(found := root / domain)), None)  # noqa: PTH112  (Path raises where a name is too long)
        if folder is None:
            return (), None
        certificate = next(iter(sorted(folder.glob("*.cert"))), None)
        if certificate is not None and not certificate.with_suffix(".key").is_file():
            raise InvalidInput(f"{certificate} has no key", hint=f"Put {certificate.stem}.key beside it")
        client = (certificate, certificate.with_suffix(".key")) if certificate is not None else None
        return tuple(sorted(folder.glob("*.crt"))), client
