"""``.dockerignore`` and ``--exclude``: which paths of a context do not count, as moby's patternmatcher decides.

The last pattern that fits a path, or a folder above it, decides; ``!`` brings back what was excluded. One subtlety is
that of `MatchesUsingParentResults`, which docker walks a context with: a pattern counts for what is below a folder
only if it could change the answer for that folder (``a/b`` and then ``!a`` excludes ``a/b``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.oci.automaton import Automaton
from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.glob import clean, compile_pattern

from .characters import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Ignore", "read_patterns"]


def read_patterns(text: str) -> tuple[str, ...]:
    """The patterns of a `.dockerignore`: comments and empty lines dropped, paths cleaned, ``!`` kept."""
    return tuple(pattern for _, pattern in _numbered(text))


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        pattern = line.strip(SPACE)
        if line.startswith("#") or not pattern:
            continue
        bang = "!" if pattern.startswith("!") else ""
        path = pattern.removeprefix(bang).strip(SPACE)
        if path:
            path = clean(path)
            path = path.removeprefix("/") or path
        yield number, bang + path


class _Pattern(NamedTuple):
    """One pattern.

    Attributes:
        text: without ``!``.
        brings_back: it has a ``!``.
        fits: what a path that it fits matches.
        deepest: how many folders deep its paths are at most; None where ``**`` or a class may be.
        line: that it stands in; 0 where there is no file.
    """

    text: str
    brings_back: bool
    fits: re.Pattern[str] | Automaton
    deepest: int | None
    line: int

    @classmethod
    def parse(cls, text: str, line: int) -> _Pattern:
        brings_back = text.startswith("!")
        path = text[1:] if brings_back else text
        if not path:
            raise DockerfileError('illegal exclusion pattern: "!"', hint="Write a path behind the !")
        deepest = None if "**" in path or "[" in path else path.count("/") + 1
        return cls(path, brings_back, compile_pattern(path, deep=True), deepest, line)

    def may_fit_below(self, folder: str) -> bool:
        """Whether it could fit a path below `folder`."""
        theirs = folder.split("/")
        if self.deepest is not None and self.deepest <= len(theirs):
            return False
        for mine, part in zip(self.text.split("/"), theirs, strict=False):
            if "**" in mine or "[" in mine:
                return True
            if compile_pattern(mine).fullmatch(part) is None:
                return False
        return True


class Ignore:
    """Patterns, and the paths that they exclude.

    Args:
        patterns: text of a `.dockerignore`, or patterns one by one.
        name: of the file, for errors.

    Raises:
        DockerfileError: a malformed pattern, with its line where there is a text.
    """

    def __init__(self, patterns: str | Iterable[str] = (), *, name: str = ".dockerignore") -> None:
        if isinstance(patterns, str):
            numbered = list(_numbered(patterns))
        else:
            numbered = [(0, clean(pattern.strip(SPACE))) for pattern in patterns if pattern.strip(SPACE)]
        self._name = name
        self._patterns: list[_Pattern] = []
        for number, text in numbered:
            try:
                self._patterns.append(_Pattern.parse(text, number))
            except DockerfileError as error:
                raise error.at(name if number else "", (number, number)) from None
        # All at once, as far as they are regular expressions; "(?!)" fits nothing.
        few = [one.fits.pattern for one in self._patterns if isinstance(one.fits, re.Pattern)]
        any_of = "|".join(few) if few else "(?!)"
        self._any = re.compile(f"(?:{any_of})", re.DOTALL)
        self._any_above = re.compile(f"(?:{any_of})(?:/.*)?", re.DOTALL)
        self._starry = [one.fits for one in self._patterns if isinstance(one.fits, Automaton)]
        #: For each folder that was asked about, which patterns hold below it.
        self._below: dict[str, tuple[bool, ...]] = {"": (False,) * len(self._patterns)}

    def __bool__(self) -> bool:
        """Whether there are patterns at all."""
        return bool(self._patterns)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns, cleaned."""
        return tuple("!" * pattern.brings_back + pattern.text for pattern in self._patterns)

    @property
    def brings_back(self) -> bool:
        """Whether there is a pattern with ``!``."""
        return any(pattern.brings_back for pattern in self._patterns)

    def excludes(self, path: str) -> bool:
        """Whether `path` (relative, with ``/`` between its parts) is excluded, itself or with a folder above it.

        The context itself (``.``) never is.
        """
        if len(path) > 1 and path.endswith("/"):
            path = path.rstrip("/")
        if not self._patterns or path in ("", "."):
            return False
        if not self.brings_back:
            return self._any_above.fullmatch(path) is not None or any(
                one.fullmatch(path, above=True) for one in self._starry
            )
        return self._answer(self._holding(path))

    def reason(self, path: str) -> str:
        """The line that excludes `path`, such as ``.dockerignore:3 (*.log)``; empty if it is not excluded."""
        if not self.excludes(path):
            return ""
        holding = self._holding(path.rstrip("/"))
        pattern = next(one for one, holds in zip(reversed(self._patterns), reversed(holding), strict=True) if holds)
        return f"{self._name}:{pattern.line} ({pattern.text})" if pattern.line else pattern.text

    def prunes(self, folder: str) -> bool:
        """Whether all that is below `folder` is excluded for certain, so that it need not be read."""
        folder = folder.rstrip("/")
        return self.excludes(folder) and not any(
            pattern.brings_back and pattern.may_fit_below(folder) for pattern in self._patterns
        )

    def _answer(self, holding: tuple[bool, ...]) -> bool:
        for pattern, holds in zip(reversed(self._patterns), reversed(holding), strict=True):
            if holds:
                return not pattern.brings_back
        return False

    def _holding(self, path: str) -> tuple[bool, ...]:
        """Which patterns fit `path`, or hold because they fit a folder above it."""
        unknown = []
        folder = path.rpartition("/")[0]
        while folder not in self._below:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        above = self._below[folder]
        for folder in reversed(unknown):
            above = self._below[folder] = self._holding_in(folder, above)
        return self._holding_in(path, above)

    def _holding_in(self, path: str, above: tuple[bool, ...]) -> tuple[bool, ...]:
        if self._any.fullmatch(path) is None and not any(one.fullmatch(path) for one in self._starry):
            return above
        holding, excluded = list(above), False
        for index, pattern in enumerate(self._patterns):
            if not holding[index] and pattern.brings_back is excluded:
                holding[index] = pattern.fits.fullmatch(path) is not None
            if holding[index]:
                excluded = not pattern.brings_back
        return tuple(holding)
