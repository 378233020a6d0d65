"""What goes wrong between here and a registry, in one clear line each."""

from __future__ import annotations

import errno
import ssl
from typing import TYPE_CHECKING

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from dockmagic.oci.errors import RegistryUnavailable

from .read_limits import Malformed, TooSlow

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Broken", "NoTls", "Refused", "Silent", "Unreachable", "explain"]


class Refused(Exception):
    """A connection led to an address that the registry may not name."""


class Broken(RegistryUnavailable):
    """The connection broke off or fell silent: worth another try."""


class Silent(Broken):
    """The server accepted the connection and then said nothing in time."""


class NoTls(RegistryUnavailable):
    """The server does not speak TLS."""


class Unreachable(RegistryUnavailable):
    """There is no connection at all."""

    default_hint = "Check the name and your network; behind a proxy, set HTTPS_PROXY"


def explain(error: Exception, host: str) -> RegistryUnavailable:
    """The one line for what a request to `host` ran into; never with its URL or headers."""
    tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if not isinstance(error, ProxyError) and (tls is not None or isinstance(error, SSLError)):
        return _explain_tls(tls, host)
    for kind, found, words, hint in _KINDS:
        if isinstance(error, kind):
            return found(words.format(host=host, reason=_reason(error)), hint=hint)
    return Broken(f"the connection to {host} broke off")


_PROXY_HINT = "Check HTTPS_PROXY and HTTP_PROXY, or list the host in NO_PROXY"


# In this order: to urllib3 a NameResolutionError is a NewConnectionError, and that a ConnectTimeoutError; to us a
# A slow answer is a ReadTimeoutError.
_KINDS: tuple[tuple[type[Exception], type[RegistryUnavailable], str, str], ...] = (
    (ProxyError, Unreachable, "the proxy on the way to {host} does not let the connection through", _PROXY_HINT),
    (NameResolutionError, Unreachable, "the host {host} is not known", ""),
    (NewConnectionError, Unreachable, "{host} cannot be reached: {reason}", ""),
    (ConnectTimeoutError, Unreachable, "{host} cannot be reached: no connection in time", ""),
    (Malformed, RegistryUnavailable, "{host} does not keep to HTTP: it sends {reason}", "Check that it is a registry"),
    (TooSlow, Silent, "{host} answers too slowly", ""),
    (ReadTimeoutError, Silent, "{host} has fallen silent", ""),
)


def _explain_tls(error: ssl.SSLError | None, host: str) -> RegistryUnavailable:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(
            f"the certificate of {host} is not trusted: {error.verify_message}",
            hint=f"Put the authority's certificate into /etc/docker/certs.d/{host}/ca.crt, or add it to the system's",
        )
    reason = (error.reason or "") if error is not None else ""
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return NoTls(
            f"{host} does not speak TLS",
            hint="If it is a registry without TLS, set insecure = true for it in registries.conf",
        )
    return Broken(f"no secure connection to {host}: {reason.replace('_', ' ').lower() or 'TLS failed'}")


def _reason(error: BaseException) -> str:
    if isinstance(error, Malformed):
        return str(error)
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there"
        if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "no route to it"
    return "no connection"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [current.__cause__, current.__context__, *current.args]
