"""The way in: from an image reference to its repository, and what concerns a registry as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.oci.reference import Reference

    from .configuration import RegistryConfiguration
    from .credentials import CredentialStore
    from .repository import Repository
    from .search import SearchResult

__all__ = ["Registries"]


class Registries:
    """Every registry, as the user's configuration and credentials reach it; usable from several threads.

    Args:
        configuration: mirrors and the like; None for the user's and the system's files.
        credentials: None for docker's and podman's files.
        on_notice: hears one line about a wait or a fallback, such as "docker.io asks to wait 3 s".
    """

    def __init__(
        self,
        configuration: RegistryConfiguration | None = None,
        credentials: CredentialStore | None = None,
        *,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        raise NotImplementedError

    def repository(self, ref: Reference) -> Repository:
        """The repository of `ref`: the source and sink of its blobs. Talks to nobody yet.

        Raises:
            RegistryBlocked: the configuration forbids this registry.
        """
        raise NotImplementedError

    def catalog(self, domain: str) -> Iterator[str]:
        """Every repository of the registry `domain`, page by page, without the domain.

        Raises:
            NotSupported: the registry has no catalogue (Docker Hub).
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def search(
        self, term: str, *, limit: int = 25, is_official: bool | None = None, stars: int = 0
    ) -> tuple[SearchResult, ...]:
        """Repositories whose name or description has `term`, most stars first.

        Args:
            term: searched on Docker Hub; after a registry's host (``localhost:5000/app``), in that one's catalogue.
            limit: how many at most, 1 to 100.
            is_official: only (or only not) official images; None for both.
            stars: at least so many.

        Raises:
            InvalidInput: an impossible limit.
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def login(self, domain: str, username: str, secret: str) -> str:
        """Try the credential, then keep it where docker does.

        Args:
            domain: ``docker.io`` or a registry's host.
            username: user name.
            secret: password or access token.

        Returns:
            Where it is kept: the file's path, or the helper's name.

        Raises:
            Unauthorized: the registry refuses it; nothing is kept.
            CredentialError: it cannot be kept.
        """
        raise NotImplementedError

    def logout(self, domain: str) -> bool:
        """Forget the credential for `domain`; whether there was one."""
        raise NotImplementedError

    def close(self) -> None:
        """Close every connection."""
        raise NotImplementedError
