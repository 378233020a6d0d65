"""Files without those that an ignore file excludes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .files import decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Buffer

    from dockmagic.dockerfile import Ignore
    from dockmagic.layer.entry import Entry

    from .files import Files

__all__ = ["Ignored"]


class Ignored:
    """A view of other files.

    Args:
        files: all of them.
        ignore: what does not count.
    """

    def __init__(self, files: Files, ignore: Ignore) -> None:
        self.label = files.label
        self.owned = files.owned
        self._files = files
        self._ignore = ignore

    def entry(self, name: bytes) -> Entry | None:
        """What is at `name`; None if nothing is, or it is ignored."""
        entry = self._files.entry(name)
        if entry is None or not name or not self._excludes(name):
            return entry
        return entry if entry.is_dir and any(self.walk(name)) else None

    def names(self, directory: bytes) -> list[bytes]:
        """The last components of what is in a directory and not ignored, sorted."""
        prefix = directory + b"/" if directory else b""
        return [base for base in self._files.names(directory) if self.entry(prefix + base) is not None]

    def walk(self, directory: bytes, prune: Callable[[bytes], bool] | None = None) -> Iterator[Entry]:
        """Everything below a directory that is not ignored, each directory before what is in it."""

        def pruned(name: bytes) -> bool:
            return self._ignore.prunes(decoded(name)) or (prune is not None and prune(name))

        waiting: list[Entry] = []  # ignored directories, which are there only if something in them is
        for entry in self._files.walk(directory, pruned):
            if not self._excludes(entry.name):
                yield from (parent for parent in waiting if entry.name.startswith(parent.name + b"/"))
                waiting.clear()
                yield entry
            elif entry.is_dir:
                waiting.append(entry)

    def ignored_by(self, name: bytes) -> str:
        """The line of the ignore file that keeps what is at `name` out; empty if none does, or nothing is there."""
        return "" if self._files.entry(name) is None else self._ignore.reason(decoded(name))

    def _excludes(self, name: bytes) -> bool:
        return self._ignore.excludes(decoded(name))

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same entries with their digests."""
        return self._files.digested(entries)

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these files, in this order."""
        return self._files.contents(entries)
