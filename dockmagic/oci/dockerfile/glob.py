"""Patterns of COPY and ADD sources: Go's ``filepath.Match``, and ``**`` with ``--parents``."""

from __future__ import annotations

__all__ = ["compile_pattern", "is_pattern", "match", "pivot"]

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re


def is_pattern(source: str) -> bool:
    """Whether `source` has wildcards (``*``, ``?``, ``[``) at all."""
    raise NotImplementedError


def match(pattern: str, path: str) -> bool:
    """Whether the whole of `path` fits; ``*`` and ``?`` stop at a slash.

    Raises:
        DockerfileError: a malformed pattern.
    """
    raise NotImplementedError


def compile_pattern(pattern: str, *, deep: bool = False) -> re.Pattern[str]:
    """A compiled `match`, for many paths.

    Args:
        pattern: in the manner of ``filepath.Match``.
        deep: ``**`` stands for any number of folders.

    Raises:
        DockerfileError: a malformed pattern.
    """
    raise NotImplementedError


def pivot(source: str) -> tuple[str, str]:
    """Take a ``--parents`` source apart at ``/./``: what is dropped of the path, and what is kept."""
    raise NotImplementedError
