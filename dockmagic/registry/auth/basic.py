"""Basic authentication (RFC 7617): user name and password in each request."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dockmagic.registry.secret import Secret

from .scheme import Scheme, parameters_of

if TYPE_CHECKING:
    from .challenge import Challenge
    from .scheme import AuthContext
    from .scopes import Scopes

__all__ = ["BasicScheme", "basic_header"]


def basic_header(username: str, secret: Secret) -> Secret:
    """The Authorization header's value."""
    return Secret("Basic " + base64.b64encode(f"{username}:{secret.reveal()}".encode()).decode())


class BasicScheme(Scheme):
    """The user's name and password, per repository."""

    name = "basic"

    def __init__(self, context: AuthContext) -> None:
        super().__init__(context)
        self._headers: dict[str, Secret] = {}

    def ready(self, repository: str, scopes: Scopes) -> Secret | None:
        """The header that the registry has asked for before."""
        del scopes
        return self._headers.get(repository)

    def answer(self, challenge: Challenge, repository: str, scopes: Scopes, sent: Secret | None) -> Secret | None:
        """The credential's header; None without a credential, and for one that was refused."""
        del challenge, scopes
        self._headers.pop(repository, None)
        credential = self._context.credential(repository)
        if credential is None or not credential.secret:
            return None
        header = basic_header(credential.username, credential.secret)
        if header == sent:
            return None
        self._headers[repository] = header
        self._context.remember(credential.secret)
        self._context.remember(parameters_of(header))
        return header

    def forget(self) -> None:
        """Drop all headers."""
        self._headers.clear()
