"""Scopes: what a token allows (distribution, "Token Scope Documentation")."""

from __future__ import annotations

__all__ = ["Scopes", "pull_scope", "push_scope"]

Scopes = tuple[str, ...]


def pull_scope(repository: str) -> str:
    """The scope to read a repository."""
    return f"repository:{repository}:pull"


def push_scope(repository: str) -> str:
    """The scope to write a repository, and to read what is there."""
    return f"repository:{repository}:pull,push"
