"""Paging through names: tags and catalogues (distribution specification, "Listing Tags").

A short list must never look like the whole: what cannot be followed to its end is an error, after the names that came.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from dockmagic.oci.errors import InvalidDocument, RegistryError
from dockmagic.registry.client.error_response import captive_portal
from dockmagic.registry.transport.parsing import read_json
from dockmagic.registry.transport.url import join, parse

from .link import next_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.response import BaseHTTPResponse

    from dockmagic.registry.client.client import RegistryClient, RequestContext

__all__ = ["pages"]

_BODY = 32 * 1024 * 1024  # bytes: some registries send every name at once
_MOST_NAMES = 2_000_000  # beyond that it is no list, but a trap
_MOST_PAGES = 20_000
_MOST_EMPTY = 100  # pages in a row without a name: a registry leaves out what one may not see
_LONGEST_NAME = 1024
_SIZES = (1000, 100)  # names asked for; where a registry refuses so many, it chooses itself
_TOO_MANY = (400, 413, 416, 422)


class _Names(msgspec.Struct):
    tags: list[str] | None = None
    repositories: list[str] | None = None


def pages(client: RegistryClient, path: str, context: RequestContext) -> Iterator[str]:
    """Every name of the list at `path`, once each, page by page.

    Raises:
        InvalidDocument: not a list.
        RegistryError: the registry refuses or fails, or the list has no end.
    """
    return _List(client, path, context).names()


class _List:
    """One list, and how far it has been read."""

    def __init__(self, client: RegistryClient, path: str, context: RequestContext) -> None:
        self._client = client
        self._path = path
        self._context = context
        self._size = 0  # of the pages that were asked for; 0 where the registry chooses
        self._waited = 0.0
        self._seen: dict[str, None] = {}
        self._asked: set[str] = set()

    def names(self) -> Iterator[str]:
        """Every name."""
        empty = 0
        response = self._first()
        while True:
            found = self._read(response)
            fresh = [name for name in dict.fromkeys(found) if name not in self._seen]
            yield from fresh
            self._seen.update(dict.fromkeys(fresh))
            target = self._next(response)
            if target is None:
                target = self._unlinked(found, fresh)
                if target is None:
                    return
                response = self._ask(target, good=(200, *_TOO_MANY, 404))
                if response.status != 200:
                    self._client.drain(response)
                    return
                continue
            empty = 0 if found else empty + 1
            repeats = target in self._asked or (found and not fresh) or empty > _MOST_EMPTY
            if repeats or self._is_endless():
                raise RegistryError(
                    f"{self._context.target.domain} sends pages of {self._context.target.name} without end",
                    hint="What came before this line is right; ask the registry's operator",
                )
            response = self._ask(target)

    def _first(self) -> BaseHTTPResponse:
        """The first page, of as many names as the registry will give at once."""
        for size in _SIZES:
            response = self._ask(f"{self._path}?n={size}", good=(200, *_TOO_MANY))
            if response.status == 200:
                self._size = size
                return response
            self._client.drain(response)
        return self._ask(self._path)

    def _ask(self, target: str, good: tuple[int, ...] = (200,)) -> BaseHTTPResponse:
        self._asked.add(target)
        begin = time.monotonic()
        response = self._client.request("GET", target, self._context, good=good)
        self._waited += time.monotonic() - begin
        return response

    def _is_endless(self) -> bool:
        late = self._waited > self._client.retry_policy.listing
        return late or len(self._seen) > _MOST_NAMES or len(self._asked) > _MOST_PAGES

    def _read(self, response: BaseHTTPResponse) -> list[str]:
        target = self._context.target
        begin = time.monotonic()
        body = self._client.drain(response, _BODY + 1)
        self._waited += time.monotonic() - begin
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise captive_portal(target.domain, "a list")
        if len(body) > _BODY:
            raise InvalidDocument(
                f"{target.domain} sends more than {_BODY} bytes of {target.name} at once", hint="It is no list"
            )
        document = read_json(body, _Names)
        if document is None:
            raise InvalidDocument(f"{target.domain} sends no list of {target.name}", hint="Check that it is a registry")
        names = document.tags or document.repositories or []
        for name in names:
            # Names go to a terminal.
            if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
                raise InvalidDocument(
                    f"{target.domain} lists {name[:100]!r}, which is no name", hint="Ask the registry's operator"
                )
        return names

    def _next(self, response: BaseHTTPResponse) -> str | None:
        header = response.headers.get("Link", "")
        try:
            link = next_link(header)
        except ValueError:
            raise RegistryError(
                f"{self._context.target.domain} says in words that cannot be read where its list goes on: "
                f"{header[:100]!r}",
                hint="What came before this line is not all; ask the registry's operator",
            ) from None
        if link is None:
            return None
        # Only path and query count: behind a proxy, registries name themselves by an inner host or scheme.
        return parse(join(self._client.url(self._path), link)).request_uri

    def _unlinked(self, found: list[str], fresh: list[str]) -> str | None:
        """Where a list may go on whose registry sends no links: a full page need not be the last."""
        if not self._size or len(found) < self._size or not fresh:
            return None
        target = f"{self._path}?n={self._size}&last={quote(found[-1], safe='')}"
        return None if target in self._asked else target
