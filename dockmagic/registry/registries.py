"""All registries: from an image reference to its repository, and what concerns a registry as a whole."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from dockmagic.moved import warn
from dockmagic.oci.errors import NotSupported, RegistryError, Unauthorized

from .auth.credentials import Credential, CredentialStore
from .client.client import RegistryClient, RequestContext
from .client.error_response import ErrorTarget
from .configuration.configuration import RegistryConfiguration
from .mirrors import RegistryEndpoint
from .repository import Repository
from .search import search
from .secret import Secret
from .transfer.paging import pages
from .transport.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dockmagic.oci.reference import Reference

    from .search import SearchResult
    from .transport.endpoint import Endpoint

__all__ = ["Registries"]

_CATALOG_SCOPE = "registry:catalog:*"


class Registries:
    """Every registry, as the user's configuration and credentials reach it; usable from several threads.

    Args:
        configuration: mirrors and the like; None for the user's and the system's files.
        credentials: None for docker's and podman's files.
        on_notice: gets one line about a wait or a fallback, such as "docker.io asks to wait 3 s"; from any thread.
        retry_policy: limits of waiting.
        environ: where the proxies are named; None for the environment of this process.
        patience: the old name of `retry_policy`.
    """

    def __init__(
        self,
        configuration: RegistryConfiguration | None = None,
        credentials: CredentialStore | None = None,
        *,
        on_notice: Callable[[str], None] | None = None,
        retry_policy: RetryPolicy | None = None,
        environ: Mapping[str, str] | None = None,
        patience: RetryPolicy | None = None,
    ) -> None:
        if patience is not None:
            warn("Registries(patience=…)", "Registries(retry_policy=…)")
            retry_policy = retry_policy or patience
        self._environ = os.environ if environ is None else environ
        self._configuration = configuration or RegistryConfiguration.load(self._environ)
        self._credentials = credentials or CredentialStore.load(self._environ)
        self._notice = on_notice or (lambda _line: None)
        self._retry_policy = retry_policy or RetryPolicy()
        self._clients: dict[Endpoint, RegistryClient] = {}
        self._lock = threading.Lock()

    def repository(self, ref: Reference) -> Repository:
        """The repository of `ref`: the source and sink of its blobs. No request is sent yet.

        Raises:
            RegistryBlocked: the configuration forbids this registry.
        """
        places = tuple(
            RegistryEndpoint(found, self._client(found.endpoint)) for found in self._configuration.locate(ref)
        )
        return Repository(ref.name, ref.domain, places, self._notice)

    def catalog(self, domain: str) -> Iterator[str]:
        """Every repository of the registry `domain`, page by page, without the domain.

        Raises:
            NotSupported: the registry has no catalogue (Docker Hub).
            RegistryError: the registry refuses or fails.
        """
        client = self._client(self._configuration.endpoint(domain))
        context = RequestContext("", (_CATALOG_SCOPE,), ErrorTarget(domain, "repositories"))
        try:
            yield from pages(client, "/v2/_catalog", context)
        except RegistryError as error:
            if error.status not in (401, 404, 405):
                raise
            raise NotSupported(
                f"{domain} shows no list of its repositories", hint="Name the repository itself: `tags NAME`"
            ) from None

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
        found = search(self._client, self._configuration, self.catalog, term, limit)
        return tuple(
            result
            for result in found
            if result.stars >= stars and (is_official is None or result.is_official is is_official)
        )

    def login(self, domain: str, username: str, secret: str | Secret) -> str:
        """Try the credential, then keep it where docker does.

        Args:
            domain: ``docker.io`` or a registry's host.
            username: user name.
            secret: password or access token; as a `Secret` it stays out of a traceback's variables.

        Returns:
            Where it is kept: the file's path, or the helper's name.

        Raises:
            Unauthorized: the registry refuses it; nothing is kept.
            CredentialError: it cannot be kept.
        """
        credential = Credential(username, Secret(secret) if isinstance(secret, str) else secret)
        del secret  # verbose tracebacks show the variables of this frame
        endpoint = self._configuration.endpoint(domain)
        client = RegistryClient(
            endpoint, lambda _repository: credential, self._environ, self._retry_policy, self._notice
        )
        try:
            client.drain(client.request("GET", "/v2/", RequestContext("", (), ErrorTarget(domain, domain))))
        except Unauthorized:
            raise Unauthorized(
                f"{domain} refuses the login of {username}",
                hint="Check the user name and the password; many registries want an access token instead",
                status=401,
            ) from None
        finally:
            client.close()
        where = self._credentials.store(domain, credential)
        self._forget_logins()
        return where

    def logout(self, domain: str) -> bool:
        """Forget the credential for `domain`; whether there was one.

        Raises:
            CredentialError: a file or helper that fails.
        """
        erased = self._credentials.erase(domain)
        self._forget_logins()
        return erased

    def close(self) -> None:
        """End every wait and close every connection."""
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.close()

    def _client(self, endpoint: Endpoint) -> RegistryClient:
        with self._lock:
            if endpoint not in self._clients:
                self._clients[endpoint] = RegistryClient(
                    endpoint,
                    lambda repository: self._credentials.get(endpoint.domain, repository),
                    self._environ,
                    self._retry_policy,
                    self._notice,
                )
            return self._clients[endpoint]

    def _forget_logins(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.forget_login()
