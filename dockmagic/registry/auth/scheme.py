"""The interface of an authentication scheme, and what schemes may use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dockmagic.registry.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.registry.transport.endpoint import Endpoint

    from .challenge import Challenge
    from .credentials import Credential
    from .scopes import Scopes

__all__ = ["AuthContext", "Scheme", "parameters_of"]


@dataclass(frozen=True, slots=True)
class AuthContext:
    """What a scheme may use.

    Attributes:
        endpoint: the registry.
        credential: finds the credential for a repository there; asked each time one is needed.
        post: sends one request (method, URL, headers, body) to a realm and gives status and body; follows no
            challenge.
        remember: gets each secret before it is sent, so that it is blotted out of what the registry repeats.
    """

    endpoint: Endpoint
    credential: Callable[[str], Credential | None]
    post: Callable[[str, str, dict[str, str | Secret], Secret | None], tuple[int, bytes]]
    remember: Callable[[Secret], None]


class Scheme(ABC):
    """One way to authenticate with one registry; keeps what it got. Its `Authorizer` lets one thread in at a time.

    Args:
        context: what it may use.
    """

    #: Of the scheme in WWW-Authenticate, lower case.
    name: ClassVar[str]

    def __init__(self, context: AuthContext) -> None:
        self._context = context

    @abstractmethod
    def ready(self, repository: str, scopes: Scopes) -> Secret | None:
        """The Authorization header that is at hand and still valid, None if there is none."""

    def renew(self, repository: str, scopes: Scopes) -> Secret | None:
        """The header that can be had without another challenge, None where one is needed.

        Raises:
            Unauthorized: the realm refuses the credential.
        """
        del repository, scopes
        return None

    def can_answer(self, challenge: Challenge) -> bool:
        """Whether this challenge of the scheme's name has all that the scheme needs."""
        del challenge
        return True

    @abstractmethod
    def answer(self, challenge: Challenge, repository: str, scopes: Scopes, sent: Secret | None) -> Secret | None:
        """The header that answers a challenge, or None if there is no better one than was sent.

        Args:
            challenge: one that `can_answer` accepts.
            repository: what was asked for.
            scopes: what is needed.
            sent: the header that was refused.

        Raises:
            Unauthorized: the realm refuses the credential.
            RegistryError: the realm is one where nothing may be sent.
        """

    @abstractmethod
    def forget(self) -> None:
        """Drop what was kept: the user has logged in or out."""


def parameters_of(header: Secret) -> Secret:
    """What stands behind the scheme's name in an Authorization header."""
    return Secret(header.reveal().partition(" ")[2])
