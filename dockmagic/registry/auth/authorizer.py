"""Chooses the scheme that answers a registry's challenge, and keeps its secrets out of what the user reads.

The registry's 401 says how: Basic, or a token from a realm, which may be on another host (docker.io's is).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .challenge import parse_challenges
from .scheme import AuthContext
from .table import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dockmagic.registry.secret import Secret
    from dockmagic.registry.transport.endpoint import Endpoint

    from .credentials import Credential
    from .scopes import Scopes

__all__ = ["Authorizer"]


class Authorizer:
    """Keeps what one registry asked for and gave; usable from several threads.

    Args:
        endpoint: the registry.
        credential: finds the credential for a repository there; asked each time one is needed.
        post: sends one request (method, URL, headers, body) to a realm and gives status and body; follows no
            challenge.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Callable[[str], Credential | None],
        post: Callable[[str, str, dict[str, str | Secret], Secret | None], tuple[int, bytes]],
    ) -> None:
        self._sent: set[Secret] = set()
        context = AuthContext(endpoint, credential, post, self._sent.add)
        self._schemes = [scheme(context) for scheme in SCHEMES]
        self._lock = threading.Lock()

    def header(self, repository: str, scopes: Scopes) -> Secret | None:
        """The Authorization header for these scopes, None as long as the registry has not asked for any.

        Raises:
            Unauthorized: the realm refuses the credential.
        """
        with self._lock:
            ready = self._ready(repository, scopes)
            if ready is not None:
                return ready
            return next(filter(None, (scheme.renew(repository, scopes) for scheme in self._schemes)), None)

    def answer(self, headers: Sequence[str], repository: str, scopes: Scopes, sent: Secret | None) -> Secret | None:
        """The Authorization header that answers a 401, or None if there is no better one than was sent.

        Args:
            headers: the WWW-Authenticate headers.
            repository: what was asked for.
            scopes: what is needed.
            sent: the header that was refused.

        Raises:
            Unauthorized: the realm refuses the credential.
            RegistryError: the realm is one where nothing may be sent.
        """
        challenges = parse_challenges(headers)
        with self._lock:
            ready = self._ready(repository, scopes)
            if ready is not None and ready != sent:
                return ready  # another thread was here first
            for scheme in self._schemes:
                for challenge in challenges:
                    if challenge.scheme == scheme.name and scheme.can_answer(challenge):
                        return scheme.answer(challenge, repository, scopes, sent)
            return None

    def without_secrets(self, text: bytes) -> bytes:
        """`text` with every secret that has been sent here blotted out: a registry may repeat what it got."""
        with self._lock:
            for secret in filter(None, self._sent):
                text = text.replace(secret.reveal().encode(), b"(secret)")
        return text

    def forget(self) -> None:
        """Drop what every scheme keeps: the user has logged in or out."""
        with self._lock:
            for scheme in self._schemes:
                scheme.forget()
            self._sent.clear()

    def _ready(self, repository: str, scopes: Scopes) -> Secret | None:
        return next(filter(None, (scheme.ready(repository, scopes) for scheme in self._schemes)), None)
