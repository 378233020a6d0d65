"""Patterns of paths as pathlib's `glob` reads them, over a `FileTree`."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from dockmagic.oci.errors import PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.tree import FileTree

__all__ = ["compile_pattern", "select"]

_WILD = re.compile(r"[*?\[]")


@functools.lru_cache(maxsize=256)
def compile_pattern(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """A regular expression for the whole of a relative path; ``**`` as a part stands for any number of directories."""
    parts = [part for part in pattern.split("/") if part]
    text, before = "", ""
    for at, part in enumerate(parts):
        if part != "**":
            text, before = f"{text}{before}{_part(part)}", "/"
        elif at == len(parts) - 1:
            text += f"(?:{before}[^/]+(?:/[^/]+)*)?"
        else:
            text, before = f"{text}{before}(?:[^/]+/)*", ""
    return re.compile(rf"(?s:{text})\Z", re.IGNORECASE if ignore_case else 0)


def _part(part: str) -> str:
    """One part of a pattern: ``*``, ``?`` and ``[…]``, as fnmatch has them, without crossing a slash."""
    text, at = "", 0
    while at < len(part):
        character = part[at]
        at += 1
        if character == "*":
            text += "[^/]*"
            while part[at : at + 1] == "*":
                at += 1
        elif character == "?":
            text += "[^/]"
        elif character == "[":
            end = part.find("]", at + (2 if part[at : at + 1] == "!" else 1))
            if end < 0:
                text += r"\["
                continue
            text += _set(part[at:end])
            at = end + 1
        else:
            text += re.escape(character)
    return text


def _set(inside: str) -> str:
    negated = inside.startswith("!")
    pieces = []
    text = inside[1:] if negated else inside
    at = 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            if text[at] <= text[at + 2]:  # a range the wrong way round is empty
                pieces.append(f"{re.escape(text[at])}-{re.escape(text[at + 2])}")
            at += 3
        else:
            pieces.append(re.escape(text[at]))
            at += 1
    if not pieces:
        return "[^/]" if negated else r"(?!)"
    return f"(?!/)[{'^' if negated else ''}{''.join(pieces)}]"


def select(
    tree: FileTree, start: str, pattern: str, *, ignore_case: bool = False, recurse_symlinks: bool = False
) -> Iterator[str]:
    """The paths below the directory `start` that match a pattern, in the order of their names.

    Symbolic links are followed, but by ``**`` only with `recurse_symlinks`. A slash at the end asks for directories.

    Args:
        tree: that is searched.
        start: absolute path of a directory.
        pattern: relative.
        ignore_case: whether upper and lower case are the same.
        recurse_symlinks: see above.

    Raises:
        ValueError: an empty pattern.
        NotImplementedError: an absolute one.
    """
    if pattern.startswith("/"):
        raise NotImplementedError("Non-relative patterns are unsupported")
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if not parts and not pattern:
        raise ValueError(f"Unacceptable pattern: {pattern!r}")
    search = _Search(tree, ignore_case=ignore_case, recurse_symlinks=recurse_symlinks)
    found = search.paths(start.rstrip("/"), parts, directory=pattern.endswith("/"))
    if parts.count("**") < 2:
        yield from found
        return
    seen = set()  # two of them reach a path in several ways
    for path in found:
        if path not in seen:
            seen.add(path)
            yield path


class _Search:
    def __init__(self, tree: FileTree, *, ignore_case: bool, recurse_symlinks: bool) -> None:
        self._tree = tree
        self._ignore_case = ignore_case
        self._recurse_symlinks = recurse_symlinks

    def paths(self, here: str, parts: list[str], *, directory: bool) -> Iterator[str]:
        if not parts:
            if not directory or self._is_directory(here):
                yield here or "/"
            return
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._below(here, rest, directory=directory)
        elif part == ".." or not (_WILD.search(part) or self._ignore_case):
            if self._exists(f"{here}/{part}"):
                yield from self.paths(f"{here}/{part}", rest, directory=directory)
        elif self._is_directory(here):
            matches = compile_pattern(part, ignore_case=self._ignore_case).match
            for name in self._names(here):
                if matches(name) and (not rest or self._is_directory(f"{here}/{name}")):
                    yield from self.paths(f"{here}/{name}", rest, directory=directory)

    def _below(self, here: str, rest: list[str], *, directory: bool) -> Iterator[str]:
        """What ``**`` stands for: `here` and everything below."""
        if not self._is_directory(here):
            return
        todo = [(here, frozenset[bytes]())]
        while todo:
            path, above = todo.pop()
            yield from self.paths(path, rest, directory=directory)
            deeper = []
            for name in self._names(path):
                child = f"{path}/{name}"
                entry = self._tree.lookup(child, follow=False).entry
                if entry.is_dir:
                    deeper.append((child, above))
                elif entry.is_symlink and self._recurse_symlinks and self._is_directory(child):
                    real = self._tree.lookup(child).entry.name
                    if real not in above:
                        deeper.append((child, above | {real}))
                        continue
                if not rest and not directory and not entry.is_dir:
                    yield child
            todo += reversed(deeper)

    def _names(self, path: str) -> list[str]:
        return [node.entry.path.rpartition("/")[2] for node in self._tree.children(path)]

    def _is_directory(self, path: str) -> bool:
        return path in self._tree and self._tree.lookup(path).entry.is_dir

    def _exists(self, path: str) -> bool:
        try:
            self._tree.lookup(path, follow=False)
        except PathNotFound:
            return False
        return True
