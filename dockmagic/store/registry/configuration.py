"""Which servers stand behind a registry's name: registries.conf, certs.d and the rules for loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.oci.reference import Reference

    from .endpoint import Endpoint, Location

__all__ = ["RegistryConfiguration"]


class RegistryConfiguration:
    """The locations of repositories, as registries.conf (version 2, with drop-ins) and certs.d say."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> RegistryConfiguration:
        """Read the user's and the system's configuration; nothing there is no error.

        Args:
            environ: the environment; None for that of this process.

        Raises:
            InvalidInput: a file cannot be read.
        """
        raise NotImplementedError

    @classmethod
    def offline(cls, stand_ins: Mapping[str, str]) -> RegistryConfiguration:
        """Only these registries, each replaced by a server on loopback, and loopback itself; all else is blocked.

        Args:
            stand_ins: domain → ``127.0.0.1:PORT``.
        """
        raise NotImplementedError

    def locate(self, ref: Reference) -> tuple[Location, ...]:
        """Where to look for `ref`: mirrors first, the registry itself last.

        Raises:
            RegistryBlocked: the configuration forbids it.
        """
        raise NotImplementedError

    def endpoint(self, domain: str) -> Endpoint:
        """The server of the registry `domain` itself, without mirrors.

        Raises:
            RegistryBlocked: the configuration forbids it.
        """
        raise NotImplementedError
