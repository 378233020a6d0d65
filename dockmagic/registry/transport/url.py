"""Addresses that a user or a registry names, read by the same rules by which urllib3 connects to them.

Two readers of one address may find two hosts in it, such as in one with a backslash before an @, and a check of the one
would say nothing about a connection to the other. So `urllib.parse` decides nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from dockmagic.oci.errors import RegistryError

if TYPE_CHECKING:
    from urllib3.util import Url

__all__ = ["join", "origin", "parse"]

_PORTS = {"http": 80, "https": 443}
_SHOWN = 100  # characters of an address that cannot be read


def parse(url: str) -> Url:
    """The parts of a web address.

    Raises:
        RegistryError: it is none.
    """
    try:
        parts = parse_url(url)
    except (LocationParseError, ValueError):
        raise _unreadable(url) from None
    if parts.scheme not in _PORTS or not (parts.host or "").strip("[].") or parts.port == 0:
        raise _unreadable(url)
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of `url`: what credentials are bound to.

    Raises:
        RegistryError: it is no web address.
    """
    parts = parse(url)
    scheme, host = str(parts.scheme), str(parts.host)
    return scheme, host.strip("[]").rstrip(".").lower(), parts.port or _PORTS[scheme]


def join(base: str, location: str) -> str:
    """Where `location`, which may be relative, leads from the address `base`.

    Raises:
        RegistryError: it is no web address.
    """
    try:
        url = urljoin(base, location)
    except ValueError:
        raise _unreadable(location) from None
    return str(parse(url).url)


def _unreadable(text: str) -> RegistryError:
    return RegistryError(
        f"{text[:_SHOWN]!r} is not a web address",
        hint="Check the name and the configuration; if they are right, ask the server's operator",
    )
