"""Who may ask: requests by a name of this registry, from no other site's page, and with a login where one is needed.

A web page of any site can send requests to a server on the machine of whoever looks at it, and can have its own name
resolve to 127.0.0.1 (DNS rebinding). Browsers say so in the headers Host, Origin and Sec-Fetch-Site, which no page can
change.
"""

from __future__ import annotations

import base64
import socket
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from dockmagic.registry.transport.address import Reach, reach_of_address, reach_of_host, split_host

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message

    from .users import Users

__all__ = ["Access"]


class Access:
    """Decides on requests by their headers.

    Args:
        bound: the address or name that the server listens on.
        hosts: further names by which it is reached, without ports.
        users: who may log in; None if everybody may do everything.
    """

    def __init__(self, bound: str, hosts: Iterable[str] = (), users: Users | None = None) -> None:
        named = {bound, *hosts}
        if bound in ("", "0.0.0.0", "::"):  # noqa: S104  (it is compared)
            named.add(socket.gethostname())
        self._hosts = {_plain(name) for name in named}
        self._users = users

    def check_site(self, method: str, authority: str, headers: Message, *, arrived: str, needs_host: bool) -> None:
        """Refuse what is meant for another host, or comes from another site's page.

        Args:
            method: HTTP's.
            authority: of the request's address where that is a whole URL; else empty.
            headers: of the request.
            arrived: the address of this machine that the client has connected to.
            needs_host: whether a request without a Host is none (RFC 9112, section 3.2).

        Raises:
            Fault: ``DENIED``.
        """
        named = headers.get_all("Host") or []
        if len(named) > 1 or (needs_host and not named):
            raise Fault("DENIED", "a request has one Host", status=HTTPStatus.BAD_REQUEST)
        host = authority or "".join(named)
        if host and not self._is_mine(_plain(split_host(host)[0]), arrived):
            raise Fault("DENIED", f"{host[:100]!r} is not a name of this registry; serve --allow-host makes it one")
        origin = headers.get("Origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise Fault("DENIED", "pages of other sites may not use this registry")
        is_visit = method in ("GET", "HEAD") and headers.get("Sec-Fetch-Mode") == "navigate"
        if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not is_visit:
            raise Fault("DENIED", "pages of other sites may not use this registry")

    def _is_mine(self, host: str, arrived: str) -> bool:
        if host in self._hosts or host == _plain(arrived):
            return True
        return reach_of_host(host, resolve=False) is Reach.LOOPBACK and not _is_unspecified(host)

    def check_login(self, authorization: str) -> None:
        """Refuse whoever is not known.

        Args:
            authorization: the header, empty if there is none.

        Raises:
            Fault: ``UNAUTHORIZED``, with the challenge.
        """
        if self._users is None:
            return
        scheme, _, token = authorization.partition(" ")
        user = password = ""
        if scheme.lower() == "basic":
            with suppress(ValueError):
                user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        if not self._users.knows(user, password):
            headers = {"WWW-Authenticate": 'Basic realm="dockmagic"'}
            raise Fault("UNAUTHORIZED", "user name and password are needed", headers=headers)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _is_unspecified(host: str) -> bool:
    try:
        return reach_of_address(host) is Reach.LOOPBACK and not any(c not in "0:." for c in host)
    except ValueError:
        return False
