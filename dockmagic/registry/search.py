"""Search: Docker Hub's, and a registry's own catalogue where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from dockmagic.oci.errors import InvalidInput, RegistryError
from dockmagic.oci.reference import DEFAULT_DOMAIN, Reference, is_domain

from .client.client import RequestContext
from .client.error_response import ErrorTarget
from .transport.parsing import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .client.client import RegistryClient
    from .configuration.configuration import RegistryConfiguration
    from .transport.endpoint import Endpoint

__all__ = ["SearchResult", "search"]

_MOST = 100
_HUB_HOST = "registry-1.docker.io"
_HUB_SEARCH_HOST = "index.docker.io"
_ANSWER = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One repository that a search found.

    Attributes:
        name: as docker shows it: ``ubuntu``, ``user/app``, ``localhost:5000/app``.
        description: one line; empty for a catalogue.
        stars: of Docker Hub's users.
        is_official: whether Docker curates it.
        is_automated: whether Docker Hub built it (no longer given by Hub).
    """

    name: str
    description: str = ""
    stars: int = 0
    is_official: bool = False
    is_automated: bool = False


class _Item(msgspec.Struct):
    name: str
    description: str | None = None
    star_count: int = 0
    is_official: bool = False
    is_automated: bool = False


class _Answer(msgspec.Struct):
    results: list[_Item] | None = None


def search(
    client: Callable[[Endpoint], RegistryClient],
    configuration: RegistryConfiguration,
    catalog: Callable[[str], Iterable[str]],
    term: str,
    limit: int,
) -> tuple[SearchResult, ...]:
    """Ask the registry that `term` begins with, docker.io by default; see `Registries.search`.

    Raises:
        InvalidInput: an impossible limit or an empty term.
        RegistryError: the registry refuses or fails.
    """
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"the limit {limit} is out of range", hint=f"Ask for 1 to {_MOST} results")
    domain, words = _split(term.strip())
    if not words and domain == DEFAULT_DOMAIN:
        raise InvalidInput("there is nothing to search for", hint="Write `search TERM`, such as `search ubuntu`")
    endpoint = configuration.endpoint(domain)
    if endpoint.host == _HUB_HOST:
        endpoint = replace(endpoint, host=_HUB_SEARCH_HOST)
    found = _ask(client(endpoint), domain, words, limit) if words else None
    if found is None:
        return tuple(islice(_in_catalog(catalog(domain), domain, words), limit))
    return found


def _split(term: str) -> tuple[str, str]:
    head, slash, rest = term.partition("/")
    if is_domain(head) and ("." in head or ":" in head or head == "localhost") and (slash or ":" in head):
        return (DEFAULT_DOMAIN if head == _HUB_SEARCH_HOST else head), rest
    return DEFAULT_DOMAIN, term


def _ask(client: RegistryClient, domain: str, words: str, limit: int) -> tuple[SearchResult, ...] | None:
    """The results of the first version's search, None where there is no such thing."""
    query = urlencode({"q": words, "n": limit})
    context = RequestContext("", (), ErrorTarget(domain, f"the search for {words}"))
    try:
        response = client.request("GET", f"/v1/search?{query}", context, headers={"Accept": "application/json"})
        answer = read_json(client.drain(response, _ANSWER), _Answer)
    except RegistryError as error:
        if 400 <= error.status < 500 and error.status != 429:
            return None
        raise
    if answer is None:
        return None
    prefix = "" if domain == DEFAULT_DOMAIN else f"{domain}/"
    found = [
        SearchResult(
            prefix + item.name.removeprefix("library/"),
            " ".join((item.description or "").split()),
            item.star_count,
            item.is_official,
            item.is_automated,
        )
        for item in answer.results or []
    ]
    return tuple(sorted(found, key=lambda result: -result.stars)[:limit])


def _in_catalog(names: Iterable[str], domain: str, words: str) -> Iterable[SearchResult]:
    for name in names:
        if words.lower() in name:
            official = domain == DEFAULT_DOMAIN and name.startswith("library/")
            yield SearchResult(Reference(domain, name).familiar_name, is_official=official)
