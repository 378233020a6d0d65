"""Authentication with one registry: challenges, tokens per scope, and where credentials may go.

The registry's 401 says how: Basic, or a token from a realm, which may be on another host (docker.io's is). The
credential that goes there is the one for the registry itself, and never over plain HTTP to another host.
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from dockmagic.oci.errors import RegistryError, Unauthorized

from .address import is_loopback, split_host
from .challenge import parse_challenges
from .fields import number, read_json
from .secret import Secret
from .url import origin, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .challenge import Challenge
    from .credentials import Credential
    from .endpoint import Endpoint

__all__ = ["Authorizer", "Scopes", "basic", "pull_scope", "push_scope"]

Scopes = tuple[str, ...]

_CLIENT = "dockmagic"
_SHORTEST_LIFE = 60.0  # seconds that a token lives where its server does not say (distribution, token specification)
_MARGIN = 10.0  # seconds before its end at which a token is no longer used


def pull_scope(repository: str) -> str:
    """The scope to read a repository."""
    return f"repository:{repository}:pull"


def push_scope(repository: str) -> str:
    """The scope to write a repository, and to read what is there."""
    return f"repository:{repository}:pull,push"


def basic(username: str, secret: Secret) -> Secret:
    """The Basic header's value (RFC 7617)."""
    return Secret("Basic " + base64.b64encode(f"{username}:{secret.reveal()}".encode()).decode())


@dataclass(frozen=True, slots=True)
class _Token:
    header: Secret
    expires: float


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | str | None = None


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
        self._endpoint = endpoint
        self._credential = credential
        self._post = post
        self._bearer: Challenge | None = None
        self._basic: dict[str, Secret] = {}
        self._tokens: dict[tuple[str, Scopes], _Token] = {}
        self._sent: set[Secret] = set()
        self._lock = threading.Lock()

    def header(self, repository: str, scopes: Scopes) -> Secret | None:
        """The Authorization header for these scopes, None as long as the registry has not asked for any.

        Raises:
            Unauthorized: the realm refuses the credential.
        """
        with self._lock:
            ready = self._ready(repository, scopes)
            if ready is None and self._bearer is not None:
                ready = self._fetch(self._bearer, repository, scopes)
            return ready

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
            bearer = next((c for c in challenges if c.scheme == "bearer" and "realm" in c.parameters), None)
            if bearer is not None:
                self._bearer = bearer
                asked = bearer.parameters.get("scope", "")
                if sent is not None and asked and asked not in scopes:
                    # It wants more than we know of (some registries have scopes of their own).
                    return self._fetch(bearer, repository, scopes, further=(asked,))
                return self._fetch(bearer, repository, scopes)
            if any(c.scheme == "basic" for c in challenges):
                return self._answer_basic(repository, sent)
            return None

    def without_secrets(self, text: bytes) -> bytes:
        """`text` with every secret that has been sent here blotted out: a registry may repeat what it got."""
        with self._lock:
            for secret in filter(None, self._sent):
                text = text.replace(secret.reveal().encode(), b"(secret)")
        return text

    def forget(self) -> None:
        """Drop every token: the user has logged in or out."""
        with self._lock:
            self._bearer = None
            self._basic.clear()
            self._tokens.clear()
            self._sent.clear()

    def _ready(self, repository: str, scopes: Scopes) -> Secret | None:
        if repository in self._basic:
            return self._basic[repository]
        token = self._tokens.get((repository, scopes))
        return token.header if token is not None and token.expires > time.monotonic() else None

    def _answer_basic(self, repository: str, sent: Secret | None) -> Secret | None:
        self._basic.pop(repository, None)
        credential = self._credential(repository)
        if credential is None or not credential.secret:
            return None
        header = basic(credential.username, credential.secret)
        if header == sent:
            return None
        self._basic[repository] = header
        self._sent |= {credential.secret, _bare(header)}
        return header

    def _fetch(self, bearer: Challenge, repository: str, scopes: Scopes, *, further: Scopes = ()) -> Secret:
        credential = self._credential(repository)
        if credential is not None and credential.registry_token:
            header = Secret(f"Bearer {credential.registry_token.reveal()}")
            self._sent.add(credential.registry_token)
            self._tokens[repository, scopes] = _Token(header, time.monotonic() + _SHORTEST_LIFE)
            return header
        realm = bearer.parameters["realm"]
        if credential is not None:
            self._may_hear_credential(realm)
        fields = [("service", bearer.parameters["service"])] if "service" in bearer.parameters else []
        wanted = (*scopes, *further)
        if credential is not None and credential.identity_token:
            self._sent.add(credential.identity_token)
            status, body = self._refresh(realm, fields, wanted, credential.identity_token)
        else:
            headers: dict[str, str | Secret] = {}
            fields += [("scope", scope) for scope in wanted]
            if credential is not None:
                fields += [("account", credential.username), ("client_id", _CLIENT)]
                headers["Authorization"] = header = basic(credential.username, credential.secret)
                self._sent |= {credential.secret, _bare(header)}
            status, body = self._post("GET", _with_query(realm, fields), headers, None)
        self._check(status, realm, with_credential=credential is not None)
        token = _read_token(body, origin(realm)[1])
        self._tokens[repository, scopes] = token
        self._sent.add(_bare(token.header))
        return token.header

    def _refresh(self, realm: str, fields: list[tuple[str, str]], scopes: Scopes, token: Secret) -> tuple[int, bytes]:
        form = [*fields, ("grant_type", "refresh_token"), ("client_id", _CLIENT), ("scope", " ".join(scopes))]
        body = Secret(urlencode(form) + "&" + urlencode({"refresh_token": token.reveal()}))
        return self._post("POST", realm, {"Content-Type": "application/x-www-form-urlencoded"}, body)

    def _may_hear_credential(self, realm: str) -> None:
        scheme, host, _ = origin(realm)
        mine = split_host(self._endpoint.host)[0]
        if scheme != "https" and host != mine and not (self._endpoint.is_loopback and is_loopback(host)):
            raise RegistryError(
                f"{self._endpoint.domain} wants the login sent to {host} over plain HTTP",
                hint="Nothing was sent: ask its operator for a realm with https",
            )

    def _check(self, status: int, realm: str, *, with_credential: bool) -> None:
        if status == 200:
            return
        domain = self._endpoint.domain
        if status in (400, 401, 403):
            raise Unauthorized(
                f"{domain} refuses the login" if with_credential else f"{domain} lets nobody in without a login",
                hint=f"Log in again with a valid user name and token: `login {domain}`"
                if with_credential
                else f"Log in first: `login {domain}`",
                status=status,
            )
        raise RegistryError(
            f"the token server of {domain}, {origin(realm)[1]}, answers with status {status}",
            hint="Try again in a while",
            status=status,
        )


def _bare(header: Secret) -> Secret:
    return Secret(header.reveal().partition(" ")[2])


def _with_query(realm: str, fields: list[tuple[str, str]]) -> str:
    parts = parse(realm)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    return str(parts._replace(path=parts.path or "/", query=query or None, fragment=None).url)


def _read_token(body: bytes, host: str) -> _Token:
    answer = read_json(body, _TokenAnswer) or _TokenAnswer()
    text, life = answer.token or answer.access_token, answer.expires_in
    if not text or not text.isascii() or not text.isprintable():
        raise RegistryError(
            f"the token server {host} answers without a token",
            hint="A proxy or a network's login page may be in between: open any web page in a browser, then try again",
        )
    seconds = float(number(life) or 0) if isinstance(life, str) else life or 0.0
    seconds = seconds if seconds > 0 else _SHORTEST_LIFE
    return _Token(Secret(f"Bearer {text}"), time.monotonic() + max(seconds - _MARGIN, seconds / 2))
