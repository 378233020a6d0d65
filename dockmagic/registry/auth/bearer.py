"""Bearer authentication: tokens per scope from a realm (distribution, "Token Authentication Specification").

The realm may be on another host than the registry. The credential that goes there is the one for the registry itself,
and never over plain HTTP to another host. An identity token is exchanged for tokens by OAuth 2; a registry token is
sent as it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from dockmagic.oci.errors import RegistryError, Unauthorized
from dockmagic.registry.secret import Secret
from dockmagic.registry.transport.address import is_loopback, split_host
from dockmagic.registry.transport.parsing import number, read_json
from dockmagic.registry.transport.url import origin, parse

from .basic import basic_header
from .scheme import Scheme, parameters_of

if TYPE_CHECKING:
    from .challenge import Challenge
    from .scheme import AuthContext
    from .scopes import Scopes

__all__ = ["BearerScheme"]

_CLIENT = "dockmagic"
_SHORTEST_LIFE = 60.0  # seconds that a token lives where its server does not say (distribution, token specification)
_MARGIN = 10.0  # seconds before its end at which a token is no longer used


@dataclass(frozen=True, slots=True)
class _Token:
    header: Secret
    expires: float


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | str | None = None


class BearerScheme(Scheme):
    """Tokens per repository and scopes, each used until shortly before its end."""

    name = "bearer"

    def __init__(self, context: AuthContext) -> None:
        super().__init__(context)
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, Scopes], _Token] = {}

    def ready(self, repository: str, scopes: Scopes) -> Secret | None:
        """The header with the token for these scopes."""
        token = self._tokens.get((repository, scopes))
        return token.header if token is not None and token.expires > time.monotonic() else None

    def renew(self, repository: str, scopes: Scopes) -> Secret | None:
        """A token from the realm that the registry has named before."""
        return self._fetch(self._challenge, repository, scopes) if self._challenge is not None else None

    def can_answer(self, challenge: Challenge) -> bool:
        """Whether it names a realm."""
        return "realm" in challenge.parameters

    def answer(self, challenge: Challenge, repository: str, scopes: Scopes, sent: Secret | None) -> Secret | None:
        """A token from the realm."""
        self._challenge = challenge
        asked = challenge.parameters.get("scope", "")
        # Where a token was refused, the registry may want more than we know of (some have scopes of their own).
        further = (asked,) if sent is not None and asked and asked not in scopes else ()
        return self._fetch(challenge, repository, scopes, further=further)

    def forget(self) -> None:
        """Drop all tokens."""
        self._challenge = None
        self._tokens.clear()

    def _fetch(self, bearer: Challenge, repository: str, scopes: Scopes, *, further: Scopes = ()) -> Secret:
        credential = self._context.credential(repository)
        if credential is not None and credential.registry_token:
            header = Secret(f"Bearer {credential.registry_token.reveal()}")
            self._context.remember(credential.registry_token)
            self._tokens[repository, scopes] = _Token(header, time.monotonic() + _SHORTEST_LIFE)
            return header
        realm = bearer.parameters["realm"]
        if credential is not None:
            self._may_hear_credential(realm)
        fields = [("service", bearer.parameters["service"])] if "service" in bearer.parameters else []
        wanted = (*scopes, *further)
        if credential is not None and credential.identity_token:
            self._context.remember(credential.identity_token)
            status, body = self._refresh(realm, fields, wanted, credential.identity_token)
        else:
            headers: dict[str, str | Secret] = {}
            fields += [("scope", scope) for scope in wanted]
            if credential is not None:
                fields += [("account", credential.username), ("client_id", _CLIENT)]
                headers["Authorization"] = header = basic_header(credential.username, credential.secret)
                self._context.remember(credential.secret)
                self._context.remember(parameters_of(header))
            status, body = self._context.post("GET", _with_query(realm, fields), headers, None)
        self._check(status, realm, with_credential=credential is not None)
        token = _read_token(body, origin(realm)[1])
        self._tokens[repository, scopes] = token
        self._context.remember(parameters_of(token.header))
        return token.header

    def _refresh(self, realm: str, fields: list[tuple[str, str]], scopes: Scopes, token: Secret) -> tuple[int, bytes]:
        form = [*fields, ("grant_type", "refresh_token"), ("client_id", _CLIENT), ("scope", " ".join(scopes))]
        body = Secret(urlencode(form) + "&" + urlencode({"refresh_token": token.reveal()}))
        return self._context.post("POST", realm, {"Content-Type": "application/x-www-form-urlencoded"}, body)

    def _may_hear_credential(self, realm: str) -> None:
        scheme, host, _ = origin(realm)
        mine = split_host(self._context.endpoint.host)[0]
        if scheme != "https" and host != mine and not (self._context.endpoint.is_loopback and is_loopback(host)):
            raise RegistryError(
                f"{self._context.endpoint.domain} wants the login sent to {host} over plain HTTP",
                hint="Nothing was sent: ask its operator for a realm with https",
            )

    def _check(self, status: int, realm: str, *, with_credential: bool) -> None:
        if status == 200:
            return
        domain = self._context.endpoint.domain
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
