"""Credentials: docker's config.json, podman's auth.json and credential helpers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credential", "CredentialStore"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name with a password, or an identity token. Its text never shows the secret.

    Attributes:
        username: empty with an identity token.
        secret: the password or personal access token.
        identity_token: an OAuth2 refresh token, empty if there is none.
        registry_token: a bearer token to send as it is, empty if there is none.
    """

    username: str
    secret: str = field(repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)


class CredentialStore:
    """Where the user's credentials are, as docker and podman keep them."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> CredentialStore:
        """The files that `environ` (None: this process's environment) names; nothing is read yet."""
        raise NotImplementedError

    def get(self, domain: str, repository: str = "") -> Credential | None:
        """The credential for a repository of the registry `domain`, or None.

        Raises:
            CredentialError: a file or helper that fails.
        """
        raise NotImplementedError

    def store(self, domain: str, credential: Credential) -> str:
        """Keep a credential, in the helper if one is configured, else in docker's file; returns where.

        Raises:
            CredentialError: it cannot be kept.
        """
        raise NotImplementedError

    def erase(self, domain: str) -> bool:
        """Forget the credential for `domain`; whether there was one.

        Raises:
            CredentialError: a file or helper that fails.
        """
        raise NotImplementedError
