"""Trees that files are copied from: a folder, an archive, the layers of an image. All are asked in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Buffer

    from dockmagic.store.layer.entry import Entry

__all__ = ["Files", "resolve"]


class Files(Protocol):
    """A read-only tree. Names are normalised bytes as in `Entry.name`, the top is ``b""``; no method follows links.

    Attributes:
        label: what it is, for messages: ``the build context``, ``stage build``, ``image busybox``.
    """

    @property
    def label(self) -> str: ...

    def entry(self, name: bytes) -> Entry | None:
        """What is at `name`, its content not yet digested; None if nothing is, or nothing that counts."""
        ...

    def names(self, directory: bytes) -> list[bytes]:
        """The last components of what is in a directory, sorted; nothing if it is none."""
        ...

    def walk(self, directory: bytes, prune: Callable[[bytes], bool] | None = None) -> Iterator[Entry]:
        """Everything below a directory, sorted so that what is in a directory follows it at once.

        Args:
            directory: not told itself.
            prune: asked for each directory; true leaves out what is in it.
        """
        ...

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same entries with their content's digest and extended attributes.

        Raises:
            StoreError: something cannot be read.
        """
        ...

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these regular files, in this order; each is to be read before the next is asked for.

        Raises:
            Conflict: a file changes while it is read.
        """
        ...


def resolve(files: Files, path: str | bytes, *, follow: bool = True) -> Entry | None:
    """Find a path as a process whose root is the tree would: links never lead out of it.

    Args:
        files: where.
        path: with or without a leading slash; ``..`` allowed, and goes no higher than the top.
        follow: whether a link in the last place is followed too.

    Returns:
        The entry under its real name; None if it is not there or links go round.
    """
    raise NotImplementedError
