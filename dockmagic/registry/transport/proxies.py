"""Which proxy leads to a URL: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, by the rules of Go, which docker follows."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dockmagic.oci.errors import RegistryError, RegistryUnavailable
from dockmagic.registry.secret import Secret

from .address import is_loopback
from .parsing import number
from .url import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["proxy_address", "proxy_for"]

_PORTS = {"http": 80, "https": 443}
_HINT = "Set HTTPS_PROXY and HTTP_PROXY to an http:// address, or list the host in NO_PROXY"


def proxy_for(scheme: str, host: str, port: int | None, environ: Mapping[str, str]) -> str | None:
    """The proxy's URL (it may hold a password: do not show it), or None to go directly. Loopback never has one."""
    proxy = _variable(f"{scheme}_proxy", environ)
    if not proxy or is_loopback(host) or _excepted(host, port or _PORTS[scheme], _variable("no_proxy", environ)):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def proxy_address(proxy: str) -> tuple[str, Secret]:
    """The address of a proxy that `proxy_for` has given, and ``USER:PASSWORD`` for it, empty if it needs none.

    Raises:
        RegistryUnavailable: it is no address, or of a kind that cannot be used.
    """
    scheme, _, rest = proxy.partition("://")
    login, _, host = rest.partition("/")[0].rpartition("@")
    if scheme.lower() not in _PORTS:
        raise RegistryUnavailable(f"proxies of the kind {scheme[:20]} cannot be used", hint=_HINT)
    try:
        address = parse(f"{scheme}://{host}")
    except RegistryError:
        raise RegistryUnavailable(f"the proxy's address {host[:100]!r} is not one", hint=_HINT) from None
    user, _, password = login.partition(":")
    return str(address.url), Secret(unquote(f"{user}:{password}") if user else "")


def _variable(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _excepted(host: str, port: int, rules: str) -> bool:
    name = host.rstrip(".").lower()
    return any(_fits(name, port, rule.strip().lower()) for rule in rules.split(",") if rule.strip())


def _fits(host: str, port: int, rule: str) -> bool:
    if rule == "*":
        return True
    if "/" in rule:
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
        except ValueError:
            return False
    wanted, _, digits = rule.rpartition(":")
    if digits.isdecimal() and wanted and (":" not in wanted or wanted.startswith("[")):
        if number(digits) != port:
            return False
        rule = wanted
    rule = rule.strip("[]").removeprefix("*")
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith(f".{rule}")
