"""``.dockerignore`` and ``--exclude``: which paths of a context do not count (moby's patternmatcher)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ignore", "read_patterns"]


def read_patterns(text: str) -> tuple[str, ...]:
    """The patterns of a `.dockerignore`: comments and empty lines dropped, paths cleaned, ``!`` kept."""
    raise NotImplementedError


class Ignore:
    """Patterns, of which the last that fits decides; ``!`` brings back what was excluded.

    Args:
        patterns: text of a `.dockerignore`, or patterns one by one.
        name: of the file, for errors.

    Raises:
        DockerfileError: a malformed pattern, with its line where there is a text.
    """

    def __init__(self, patterns: str | Iterable[str] = (), *, name: str = ".dockerignore") -> None:
        raise NotImplementedError

    def __bool__(self) -> bool:
        """Whether there are patterns at all."""
        raise NotImplementedError

    def excludes(self, path: str) -> bool:
        """Whether `path` (relative, with ``/``, no leading one) is excluded, itself or with a parent folder."""
        raise NotImplementedError

    def prunes(self, folder: str) -> bool:
        """Whether all that is below `folder` is excluded for certain, so that it need not be read."""
        raise NotImplementedError
