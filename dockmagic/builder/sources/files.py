"""Trees that files are copied from: a folder, an archive, the layers of an image. All are asked in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Buffer

    from dockmagic.layer.entry import Entry

__all__ = [
    "Files", "NoFiles", "base_of", "content", "decoded", "encoded", "join", "parent_of", "printable", "real_name",
    "resolve", "shown",
]  # fmt: skip

_LINK_FOLLOWS: Final = 40  # as many as Linux follows


class Files(Protocol):
    """A read-only tree. Names are normalised bytes as in `Entry.name`, the top is ``b""``; no method follows links.

    Attributes:
        label: what it is, for messages: ``the build context``, ``stage build``, ``image busybox``.
        owned: whether owners mean something in it: not in a folder of this machine, whose files become root's.
    """

    label: str
    owned: bool

    def entry(self, name: bytes) -> Entry | None:
        """What is at `name`, its content perhaps not yet digested; None if nothing is, or nothing that counts."""
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

    def ignored_by(self, name: bytes) -> str:
        """The line of an ignore file that keeps what is at `name` out, such as ``.dockerignore:3 (*.log)``.

        Empty if no line does, or nothing is there.
        """
        ...

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same entries with their content's digest and extended attributes.

        Raises:
            StoreError: something cannot be read.
        """
        ...

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these files, in this order; each is to be read before the next is asked for.

        Raises:
            Conflict: a file changes while it is read.
        """
        ...


class NoFiles:
    """An empty tree.

    Args:
        label: what it is, for messages.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.owned = False

    def entry(self, name: bytes) -> Entry | None:
        """Only the top is there."""
        from dockmagic.layer.entry import Entry, EntryType

        return None if name else Entry(b"", EntryType.DIRECTORY)

    def names(self, directory: bytes) -> list[bytes]:  # noqa: ARG002 - as `Files` has it
        """Nothing."""
        return []

    def walk(self, directory: bytes, prune: Callable[[bytes], bool] | None = None) -> Iterator[Entry]:  # noqa: ARG002
        """Nothing."""
        return iter(())

    def ignored_by(self, name: bytes) -> str:  # noqa: ARG002
        """Nothing."""
        return ""

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """Nothing."""
        return list(entries)

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:  # noqa: ARG002
        """Nothing."""
        return iter(())


def resolve(files: Files, path: str | bytes, *, follow: bool = True) -> Entry | None:
    """Find a path as a process whose root is the tree would: links never lead out of it.

    Args:
        files: where.
        path: with or without a leading slash; ``..`` allowed, and goes no higher than the top.
        follow: whether a link in the last place is followed too.

    Returns:
        The entry under its real name; None if it is not there.

    Raises:
        InvalidInput: links go round.
    """
    return files.entry(real_name(files.entry, encoded(path), follow=follow))


def content(files: Files, entry: Entry) -> Iterator[Buffer]:
    """The content of one regular file.

    Raises:
        Conflict: it changes while it is read.
    """
    for pieces in files.contents((entry,)):
        yield from pieces


def real_name(entry: Callable[[bytes], Entry | None], path: bytes, *, follow: bool = True) -> bytes:
    """The name that `path` has once all links in it are followed inside the root; what is not there stays as it is.

    Args:
        entry: looks a name up.
        path: with or without slashes at its ends, ``.`` and ``..``.
        follow: whether a link in the last place is followed too.

    Raises:
        InvalidInput: links go round.
    """
    todo = [part for part in path.split(b"/") if part not in (b"", b".")][::-1]
    here = b""
    follows = 0
    while todo:
        part = todo.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            here = parent_of(here)
            continue
        name = join(here, part)
        found = entry(name) if follow or todo else None
        if found is None or not found.is_symlink:
            here = name
            continue
        follows += 1
        if follows > _LINK_FOLLOWS:
            raise InvalidInput(f"{shown(path)} goes through too many symbolic links", hint="Look where they lead")
        if found.link.startswith(b"/"):
            here = b""
        todo += found.link.split(b"/")[::-1]
    return here


def join(directory: bytes, name: bytes) -> bytes:
    """`name` in `directory`, either of which may be empty."""
    return directory + b"/" + name if directory and name else directory or name


def parent_of(name: bytes) -> bytes:
    """The directory that `name` is in."""
    return name.rpartition(b"/")[0]


def base_of(name: bytes) -> bytes:
    """The last component of `name`."""
    return name.rpartition(b"/")[2]


def encoded(path: str | bytes) -> bytes:
    """A path as bytes."""
    return path.encode("utf-8", "surrogateescape") if isinstance(path, str) else path


def decoded(name: bytes) -> str:
    """A name as text for patterns, whatever the locale; bytes that are not UTF-8 become lone surrogates (`encoded`)."""
    return name.decode("utf-8", "surrogateescape")


def printable(path: str) -> str:
    """A path as JSON can hold it: bytes that are not UTF-8 are told by their numbers."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def shown(name: bytes) -> str:
    """A name for an error's one line."""
    return "/" + name.lstrip(b"/").decode("utf-8", "backslashreplace")[:200]
