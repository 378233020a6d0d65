"""Where a repository can be reached: a server, how to trust it, and the repository's name there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .address import is_loopback, split_host

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Endpoint", "Location"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One registry server.

    Attributes:
        domain: the registry's name in references, by which its credentials are found: ``docker.io``.
        host: name or address, with the port where it is not the scheme's own: ``registry-1.docker.io``.
        scheme: ``https`` or ``http``.
        other_scheme: tried where the server does not speak `scheme`; empty for none.
        verify: whether its certificate must be valid.
        authorities: further certificate authorities to trust for it (PEM files).
        client_certificate: certificate and key to show it (PEM files), or None.
    """

    domain: str
    host: str
    scheme: str = "https"
    other_scheme: str = ""
    verify: bool = True
    authorities: tuple[Path, ...] = ()
    client_certificate: tuple[Path, Path] | None = None

    @property
    def is_strict(self) -> bool:
        """Whether all that it says must come over verified TLS."""
        return self.scheme == "https" and self.verify and not self.other_scheme

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(split_host(self.host)[0])


@dataclass(frozen=True, slots=True)
class Location:
    """A repository at an endpoint.

    Attributes:
        endpoint: the server.
        repository: its name there, such as ``library/ubuntu``.
        mirror: whether it only stands in for another registry; nothing is pushed to a mirror.
        by_tag: whether it may answer for tags.
        by_digest: whether it may answer for digests.
    """

    endpoint: Endpoint
    repository: str
    mirror: bool = False
    by_tag: bool = True
    by_digest: bool = True
