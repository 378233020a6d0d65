"""Search: Docker Hub's, and a registry's own catalogue where there is none."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SearchResult"]


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
