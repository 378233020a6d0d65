"""One exchange over HTTP: pools, proxies, trust and time limits, on urllib3. No credentials' logic, no retries."""

from __future__ import annotations

import ssl
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout, make_headers

from dockmagic.oci.errors import RegistryError
from dockmagic.registry.secret import Secret

from .address import may_lead, reach_of_address, reach_of_host, split_host
from .connection_errors import Refused, explain
from .proxies import proxy_address, proxy_for
from .responses import response_class
from .url import origin, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from urllib3.response import BaseHTTPResponse

    from .address import Reach
    from .endpoint import Endpoint
    from .retry import RetryPolicy

__all__ = ["Transport"]

_CONNECTIONS = 16  # kept open per host; more threads than that get connections that are closed after use
_BLOCK = 1 << 20


class Transport:
    """The connections to one registry and to the hosts that it names; usable from several threads.

    Args:
        endpoint: the registry.
        retry_policy: time limits.
        environ: where the proxies are named.
    """

    def __init__(self, endpoint: Endpoint, retry_policy: RetryPolicy, environ: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._host = split_host(endpoint.host)[0].rstrip(".").lower()
        self._environ = environ
        self._retry_policy = retry_policy
        self._timeout = Timeout(connect=retry_policy.connect, read=retry_policy.silence)
        self._managers: dict[tuple[bool, str | None, str], urllib3.PoolManager] = {}
        self._reach: Reach | None = None
        self._lock = threading.Lock()

    def is_home(self, url: str) -> bool:
        """Whether `url` is on the registry's own host, on whatever port."""
        return origin(url)[1] == self._host

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str | Secret],
        body: bytes | Secret | Iterable[bytes | memoryview] | None = None,
    ) -> BaseHTTPResponse:
        """Send one request; the answer's body is still to be read. Redirects are not followed.

        Raises:
            RegistryError: `url` leads where this registry may not send anyone.
            RegistryUnavailable: there is no answer; a `Broken` may be tried again.
        """
        manager = self._manager(url)
        try:
            return manager.urlopen(
                method,
                url,
                headers={
                    name: value.reveal() if isinstance(value, Secret) else value for name, value in headers.items()
                },
                body=body.reveal().encode() if isinstance(body, Secret) else body,
                redirect=False,
                retries=False,
                timeout=self._timeout,
                preload_content=False,
                decode_content=False,
            )
        except Refused:
            raise _forbidden(self._endpoint.host, url) from None
        except (HTTPError, OSError, ValueError) as error:
            raise explain(error, str(parse(url).netloc)) from None
        except KeyboardInterrupt:
            # Not with the inner frames, whose variables hold the headers.
            raise KeyboardInterrupt from None

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock:
            managers, self._managers = list(self._managers.values()), {}
        for manager in managers:
            manager.clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        scheme, host, port = origin(url)
        home = host == self._host
        proxy = proxy_for(scheme, host, port, self._environ)
        if not home:
            if scheme == "http" and self._endpoint.is_strict:
                raise RegistryError(
                    f"{self._endpoint.host} leads to {host} over plain HTTP",
                    hint="Ask its operator to use https there; nothing was sent",
                )
            if not may_lead(self._home_reach(), reach_of_host(host, resolve=False)):
                raise _forbidden(self._endpoint.host, url)
        with self._lock:
            if (home, proxy, scheme) not in self._managers:
                self._managers[home, proxy, scheme] = self._make(proxy, scheme, home=home)
            return self._managers[home, proxy, scheme]

    def _home_reach(self) -> Reach:
        if self._reach is None:
            proxied = proxy_for(self._endpoint.scheme, self._host, None, self._environ) is not None
            self._reach = reach_of_host(self._host, resolve=not proxied)
        return self._reach

    def _make(self, proxy: str | None, scheme: str, *, home: bool) -> urllib3.PoolManager:
        verify = self._endpoint.verify or not home
        certificate = self._endpoint.client_certificate if home else None
        # It takes 60 ms to read the authorities, so only where they are needed.
        context = _trust(self._endpoint.authorities, certificate, verify=verify) if scheme == "https" else None
        guard = None if home else self._home_reach()
        if proxy is None:
            manager = urllib3.PoolManager(maxsize=_CONNECTIONS, blocksize=_BLOCK, ssl_context=context)
        else:
            address, login = proxy_address(proxy)
            manager = urllib3.ProxyManager(
                address,
                proxy_headers=make_headers(proxy_basic_auth=login.reveal()) if login else {},
                maxsize=_CONNECTIONS,
                blocksize=_BLOCK,
                ssl_context=context,
            )
        manager.pool_classes_by_scheme = _guarded(guard, self._retry_policy, verify=verify)
        return manager


def _forbidden(host: str, url: str) -> RegistryError:
    return RegistryError(
        f"{host} leads to {origin(url)[1]}, an address inside a private network",
        hint="Nothing was sent there: ask the registry's operator, or use its address inside that network",
    )


def _trust(authorities: tuple[Path, ...], certificate: tuple[Path, Path] | None, *, verify: bool) -> ssl.SSLContext:
    context = _system_trust()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for authority in authorities:
        context.load_verify_locations(authority)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


def _system_trust() -> ssl.SSLContext:
    paths = ssl.get_default_verify_paths()
    if sys.platform == "linux" and (paths.cafile or (paths.capath and any(Path(paths.capath).glob("*.0")))):
        return ssl.create_default_context()  # reads the authorities once, where truststore does for each connection
    # The trust store of macOS and Windows, and the places of other distributions, of which this OpenSSL knows nothing.
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _guarded(home: Reach | None, retry_policy: RetryPolicy, *, verify: bool) -> dict[str, type[HTTPConnectionPool]]:
    # The address is looked at when the connection stands: a name that is asked for twice may answer differently.
    answers = response_class(retry_policy)

    class Plain(HTTPConnection):
        response_class = answers

        def connect(self) -> None:
            super().connect()
            _check(self, home)
            self.sock.settimeout(retry_policy.silence)  # what is sent may take as long as what is received

    class Secure(HTTPSConnection):
        response_class = answers

        def connect(self) -> None:
            super().connect()
            _check(self, home)
            self.sock.settimeout(retry_policy.silence)
            if not verify:
                self.is_verified = True  # the user's configuration says so: no warning at each request

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _check(connection: HTTPConnection, home: Reach | None) -> None:
    if home is None or connection.proxy is not None:
        return
    if not may_lead(home, reach_of_address(connection.sock.getpeername()[0])):
        with suppress(OSError):
            connection.close()
        raise Refused
