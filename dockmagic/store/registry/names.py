"""Paging through names: tags and catalogues (distribution specification, "Listing Tags")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import msgspec

from dockmagic.oci.errors import InvalidDocument, RegistryError

from .courier import drain
from .failures import captive_portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .client import Purpose, RegistryClient

__all__ = ["pages"]

_PAGE = 32 * 1024 * 1024  # bytes: some registries send every name at once
_MOST = 2_000_000  # names: beyond that it is no list, but a trap
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


class _Names(msgspec.Struct):
    tags: list[str] | None = None
    repositories: list[str] | None = None


def pages(client: RegistryClient, path: str, purpose: Purpose, *, size: int = 1000) -> Iterator[str]:
    """Every name of the list at `path`, once each, following the Link headers.

    Raises:
        InvalidDocument: not a list.
        RegistryError: the registry refuses or fails, or its pages go in circles.
    """
    target: str | None = f"{path}?n={size}"
    seen: dict[str, None] = {}
    asked: set[str] = set()
    while target is not None:
        asked.add(target)
        response = client.request("GET", target, purpose)
        link = response.headers.get("Link", "")
        body = drain(response, _PAGE)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise captive_portal(purpose.subject.domain, "a list")
        fresh = [name for name in dict.fromkeys(_read(body, purpose)) if name not in seen]
        yield from fresh
        seen.update(dict.fromkeys(fresh))
        target = _next(link, target)
        if target is not None and (target in asked or not fresh or len(seen) > _MOST):
            raise RegistryError(
                f"{purpose.subject.domain} repeats its pages of {purpose.subject.name} without end",
                hint="What came before this line is right; ask the registry's operator",
            )


def _read(body: bytes, purpose: Purpose) -> list[str]:
    try:
        names = msgspec.json.decode(body, type=_Names)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidDocument(
            f"{purpose.subject.domain} sends no list of {purpose.subject.name}", hint="Check that it is a registry"
        ) from None
    return names.tags or names.repositories or []


def _next(link: str, current: str) -> str | None:
    match = _NEXT.search(link)
    if match is None:
        return None
    # Only path and query count: behind a proxy, registries name themselves by an inner host or scheme.
    parts = urlsplit(urljoin(current, match[1]))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
