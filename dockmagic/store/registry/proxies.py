"""Which proxy leads to a URL: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, by the rules of Go, which docker follows."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from .address import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["proxy_for"]

_PORTS = {"http": 80, "https": 443}


def proxy_for(scheme: str, host: str, port: int | None, environ: Mapping[str, str]) -> str | None:
    """The proxy's URL (it may hold a password: do not show it), or None to go directly. Loopback never has one."""
    proxy = _variable(f"{scheme}_proxy", environ)
    if not proxy or is_loopback(host) or _excepted(host, port or _PORTS[scheme], _variable("no_proxy", environ)):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


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
    wanted, colon, number = rule.rpartition(":")
    if colon and number.isdecimal() and (":" not in wanted or wanted.startswith("[")):
        if int(number) != port:
            return False
        rule = wanted
    rule = rule.strip("[]").removeprefix("*")
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith(f".{rule}")
