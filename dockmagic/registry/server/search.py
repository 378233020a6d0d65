"""Search as Docker Hub answers it (``GET /v1/search?q=TERM&n=LIMIT&page=PAGE``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Listing", "search"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a registry says of a repository in its search results.

    Attributes:
        name: as docker shows it: without ``library/``.
        description: one line.
        stars: how many people like it.
        official: whether it is one of Docker's own.
    """

    name: str
    description: str = ""
    stars: int = 0
    official: bool = False


def search(
    listings: Iterable[Listing], repositories: Sequence[str], query: str, size: int, page: int
) -> dict[str, Any]:
    """The answer's JSON: first what is listed, most stars first, then what is stored and not listed.

    Args:
        listings: what is known of repositories.
        repositories: names of those that are stored.
        query: looked for in names and descriptions, whatever the case.
        size: of a page.
        page: its number, from 1.
    """
    known = {listing.name: listing for listing in listings}
    for repository in repositories:
        name = repository.removeprefix("library/")
        known.setdefault(name, Listing(name, official=repository.startswith("library/")))
    term = query.lower().removeprefix("library/")
    found = [one for one in known.values() if term in one.name.lower() or term in one.description.lower()]
    found.sort(key=lambda one: (-one.stars, not one.official, one.name))
    return {
        "num_pages": -(-len(found) // size),
        "num_results": len(found),
        "page": page,
        "page_size": size,
        "query": query,
        "results": [
            {
                "name": one.name,
                "description": one.description,
                "star_count": one.stars,
                "is_official": one.official,
                "is_automated": False,
                "is_trusted": False,
            }
            for one in found[(page - 1) * size : page * size]
        ],
    }
