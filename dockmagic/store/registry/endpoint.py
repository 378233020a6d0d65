"""Where a repository can be reached: a base URL, how to trust it, and the repository's name there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Endpoint", "Location"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One registry server.

    Attributes:
        host: name or address, with the port where it is not the scheme's own: ``registry-1.docker.io``.
        scheme: ``https`` or ``http``.
        verify: whether its certificate must be valid.
        fallback_to_http: whether plain HTTP is tried where TLS is not spoken (an ``insecure`` registry).
        authorities: further certificate authorities to trust for it (PEM files).
        client_certificate: certificate and key to show it (PEM files), or None.
    """

    host: str
    scheme: str = "https"
    verify: bool = True
    fallback_to_http: bool = False
    authorities: tuple[Path, ...] = ()
    client_certificate: tuple[Path, Path] | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"{self.scheme}://{self.host}"


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
