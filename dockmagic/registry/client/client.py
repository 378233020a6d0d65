"""A client of one registry server: requests with authentication, redirects, waiting and errors in plain words."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.oci.errors import RateLimited, RegistryError, RegistryUnavailable
from dockmagic.registry.auth.authorizer import Authorizer
from dockmagic.registry.transport.connection_errors import Broken
from dockmagic.registry.transport.redirects import ERROR_BODY, RedirectingTransport
from dockmagic.registry.transport.retry import retry_after
from dockmagic.registry.transport.url import origin

from .error_response import refusal
from .rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from urllib3.response import BaseHTTPResponse

    from dockmagic.oci.errors import DockmagicError
    from dockmagic.registry.auth.credentials import Credential
    from dockmagic.registry.auth.scopes import Scopes
    from dockmagic.registry.secret import Secret
    from dockmagic.registry.transport.endpoint import Endpoint
    from dockmagic.registry.transport.retry import RetryPolicy

    from .error_response import ErrorTarget

__all__ = ["RegistryClient", "RequestContext"]

_TOKEN_BODY = 1024 * 1024
_TRANSIENT = frozenset({408, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What a request is for.

    Attributes:
        repository: the repository at this server, empty for the registry as a whole.
        scopes: what the token must allow.
        target: what an error is to speak of.
    """

    repository: str
    scopes: Scopes
    target: ErrorTarget


class RegistryClient:
    """One registry server over HTTP; usable from several threads.

    Args:
        endpoint: the server.
        credential: finds the credential for one of its repositories.
        environ: where the proxies are named.
        retry_policy: limits of waiting.
        on_notice: gets one line about each wait.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Callable[[str], Credential | None],
        environ: Mapping[str, str],
        retry_policy: RetryPolicy,
        on_notice: Callable[[str], None],
    ) -> None:
        self.endpoint = endpoint
        self.retry_policy = retry_policy
        self.rate_limit: RateLimit | None = None
        self._notice = on_notice
        self._transport = RedirectingTransport(endpoint, retry_policy, environ)
        self._auth = Authorizer(endpoint, credential, self._ask_realm)
        self._closed = threading.Event()

    def url(self, path: str) -> str:
        """The address of `path`, which begins with a slash."""
        return self._transport.url(path)

    def request(
        self,
        method: str,
        path: str,
        context: RequestContext,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        good: Container[int] = (200,),
    ) -> BaseHTTPResponse:
        """Send a request that may be sent again; 5xx, resets and 429 are waited out.

        Args:
            method: HTTP's.
            path: beginning with a slash, or a whole URL.
            context: what for.
            headers: besides Authorization.
            body: what to send.
            good: status codes that are handed to the caller; all others raise.

        Raises:
            NotFound: 404.
            RegistryError: every other refusal or failure.
        """
        attempt = 1
        while True:
            try:
                response = self.exchange(method, path, context, headers=headers, body=body)
                if response.status in good:
                    return response
                error = self.refusal(response, context.target)
                if not isinstance(error, RegistryError) or not _worth_another_try(response, error):
                    raise error
            except Broken as broken:
                error = broken
            attempt += 1
            self.again(attempt, error)

    def refusal(self, response: BaseHTTPResponse, target: ErrorTarget) -> DockmagicError:
        """The error for an answer that is no success, without any secret that the registry may have repeated."""
        body = self._auth.without_secrets(self.drain(response))
        return refusal(response.status, response.headers, body, target)

    def again(self, attempt: int, error: RegistryError) -> None:
        """Wait before `attempt`, telling the user; raise `error` where it is one too many or the wait too long."""
        asked = error.retry_after if isinstance(error, RateLimited) else None
        policy = self.retry_policy
        if attempt > policy.attempts or (asked or 0.0) > policy.longest_wait or self._closed.is_set():
            raise error
        seconds = policy.before(attempt) if asked is None else asked
        told = f"{self.endpoint.domain} asks to wait" if asked is not None else f"{error.message}: trying again in"
        self._notice(f"{told} {seconds:.1f} s (attempt {attempt} of {policy.attempts})")
        if self._closed.wait(seconds):
            raise error

    def exchange(
        self,
        method: str,
        path: str,
        context: RequestContext,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], Iterable[bytes | memoryview]] | None = None,
    ) -> BaseHTTPResponse:
        """Send a request once, with authentication and redirects; the answer may have any status.

        A `body` that is a function is called for each time that it is sent.

        Raises:
            RegistryError: no answer, or led where nothing may be sent.
        """
        authorization = self._auth.header(context.repository, context.scopes)
        response, url = self._transport.send(method, path, headers or {}, body, authorization)
        for _ in range(2):  # a token may have expired, and its successor may need a wider scope
            if response.status != 401 or origin(url) != self._transport.origin:
                break  # a challenge of another host is not for our credentials
            challenges = response.headers.getlist("WWW-Authenticate")
            try:
                better = self._auth.answer(challenges, context.repository, context.scopes, authorization)
            except BaseException:
                response.close()
                raise
            if better is None:
                break
            self.drain(response)
            authorization = better
            response, url = self._transport.send(method, path, headers or {}, body, authorization)
        self.rate_limit = RateLimit.from_headers(response.headers) or self.rate_limit
        return response

    def drain(self, response: BaseHTTPResponse, limit: int = ERROR_BODY) -> bytes:
        """The answer's body, no more than `limit` bytes of it; see `RedirectingTransport.drain`."""
        return self._transport.drain(response, limit)

    def forget_login(self) -> None:
        """Drop the tokens: the user has logged in or out."""
        self._auth.forget()

    def close(self) -> None:
        """End every wait and close the connections."""
        self._closed.set()
        self._transport.close()

    def _ask_realm(
        self, method: str, url: str, headers: dict[str, str | Secret], body: Secret | None
    ) -> tuple[int, bytes]:
        if self._transport.is_downgrade(url):
            raise RegistryError(
                f"{self.endpoint.domain} names a token server that is not at an https address",
                hint="Nothing was sent: check the registry's name, or ask its operator",
            )
        attempt = 1
        while True:
            try:
                response = self._transport.request_token(method, url, headers, body)
                if response.status not in _TRANSIENT and response.status != 429:
                    return response.status, self.drain(response, _TOKEN_BODY)
                seconds = retry_after(response.headers.get("Retry-After", "")) if response.status == 429 else None
                self.drain(response)
                message = f"the token server of {self.endpoint.domain} answers with status {response.status}"
                error: RegistryError = (
                    RateLimited(message, hint="Try again later", retry_after=seconds)
                    if response.status == 429
                    else RegistryUnavailable(message, hint="Try again in a while", status=response.status)
                )
            except Broken as broken:
                error = broken
            attempt += 1
            self.again(attempt, error)


def _worth_another_try(response: BaseHTTPResponse, error: RegistryError) -> bool:
    if isinstance(error, RateLimited):
        # Docker Hub's spent quota does not come back in seconds, unless it says so.
        limit = RateLimit.from_headers(response.headers)
        return error.retry_after is not None or limit is None or limit.remaining != 0
    return response.status in _TRANSIENT
