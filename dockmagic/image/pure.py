"""The part of a path inside an image that needs no image: names and how they are put together, as in pathlib."""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from functools import total_ordering
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any, Self

from .glob import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PureTreePath"]


@total_ordering
class PureTreePath(ABC):
    """An absolute path inside a tree, with the interface of `pathlib.PurePosixPath`.

    It is no `os.PathLike`: the builtin `open` must not take it for a path of this machine.

    Args:
        path: from the root, with or without a leading slash.

    Attributes:
        path: absolute and normalised; ``..`` stays, as it means the parent of where a link leads.
    """

    drive = ""
    root = "/"
    anchor = "/"

    def __init__(self, path: str | PurePath) -> None:
        self.path = "/" + "/".join(part for part in str(path).split("/") if part not in ("", "."))

    @abstractmethod
    def _at(self, path: str) -> Self:
        """Another path of the same tree."""

    def with_segments(self, *segments: Any) -> Self:
        """The path of the same tree that these segments make together."""
        return self._at(posixpath.join("/", *map(_text, segments)))

    def __truediv__(self, other: str | PurePath) -> Self:
        """The path `other` below this one; an absolute one begins at the root, as in pathlib."""
        try:
            return self._at(posixpath.join(self.path, _text(other)))
        except TypeError:
            return NotImplemented

    def joinpath(self, *others: str | PurePath) -> Self:
        """The path below this one that all of `others` make together."""
        return self._at(posixpath.join(self.path, *map(_text, others)))

    def __str__(self) -> str:
        return self.path

    def __lt__(self, other: object) -> bool:
        return self.parts < other.parts if isinstance(other, PureTreePath) else NotImplemented

    @property
    def _pure(self) -> PurePosixPath:
        return PurePosixPath(self.path)

    @property
    def parts(self) -> tuple[str, ...]:
        """Its components; the first one is ``/``."""
        return self._pure.parts

    @property
    def name(self) -> str:
        """The last part; empty for the root."""
        return self._pure.name

    @property
    def suffix(self) -> str:
        """The last part's ending, such as ``.txt``."""
        return self._pure.suffix

    @property
    def suffixes(self) -> list[str]:
        """The last part's endings, such as ``['.tar', '.gz']``."""
        return self._pure.suffixes

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return self._pure.stem

    @property
    def parent(self) -> Self:
        """The directory it is in; the root's is the root."""
        return self._at(posixpath.dirname(self.path))

    @property
    def parents(self) -> Sequence[Self]:
        """The directory it is in, that one's, and so on up to the root."""
        return tuple(self._at(str(one)) for one in self._pure.parents)

    def as_posix(self) -> str:
        """The same as ``str()``."""
        return self.path

    def is_absolute(self) -> bool:
        """True: every path inside an image is."""
        return True

    def absolute(self) -> Self:
        """The path itself."""
        return self

    def relative_to(self, other: str | PurePath | PureTreePath, *, walk_up: bool = False) -> PurePosixPath:
        """How to get here from the directory `other`.

        Args:
            other: of the same tree.
            walk_up: whether the way may begin with ``..``.

        Raises:
            ValueError: it is not below `other`, and `walk_up` is not set.
        """
        start = self._at(_text(other)).parts
        common = 0
        while common < min(len(start), len(self.parts)) and start[common] == self.parts[common]:
            common += 1
        up = start[common:]
        if up and (not walk_up or ".." in up):
            raise ValueError(f"{self.path!r} is not in the subpath of {_text(other)!r}")
        return PurePosixPath(*[".."] * len(up), *self.parts[common:])

    def is_relative_to(self, other: str | PurePath | PureTreePath) -> bool:
        """Whether it is `other` or below it."""
        start = self._at(_text(other)).parts
        return self.parts[: len(start)] == start

    def match(self, pattern: str | PurePath, *, case_sensitive: bool | None = None) -> bool:
        """Whether its last parts match a pattern without ``**``; one that begins with a slash is matched whole."""
        given = PurePosixPath(str(pattern))
        if not given.parts:
            raise ValueError("empty pattern")
        own = self.parts
        if given.is_absolute() and len(own) != len(given.parts):
            return False
        if len(own) < len(given.parts):
            return False
        return all(
            compile_pattern("*" if one == "**" else one, ignore_case=case_sensitive is False).match(part)
            for one, part in zip(reversed(given.parts), reversed(own), strict=False)
        )

    def full_match(self, pattern: str | PurePath, *, case_sensitive: bool | None = None) -> bool:
        """Whether the whole path matches a pattern, in which ``**`` stands for any number of directories."""
        given = str(pattern)
        if not given.startswith("/"):
            return False
        return compile_pattern(given.strip("/"), ignore_case=case_sensitive is False).match(self.path[1:]) is not None

    def with_name(self, name: str) -> Self:
        """The same with another last part.

        Raises:
            ValueError: it has no name, or `name` is none.
        """
        return self._at(str(self._pure.with_name(name)))

    def with_stem(self, stem: str) -> Self:
        """The same with another last part before its ending."""
        return self._at(str(self._pure.with_stem(stem)))

    def with_suffix(self, suffix: str) -> Self:
        """The same with another ending, or none."""
        return self._at(str(self._pure.with_suffix(suffix)))


def _text(path: object) -> str:
    if isinstance(path, (str, PurePath, PureTreePath)):
        return str(path)
    raise TypeError(f"a path inside an image is a str or a path, not {type(path).__name__}")
