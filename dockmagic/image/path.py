"""A path inside an image, or in another tree of layers, in the manner of pathlib."""

from __future__ import annotations

import io
import posixpath
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from dockmagic.oci.errors import NotSupported, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from dockmagic.store.layer.entry import Entry
    from dockmagic.store.layer.tree import FileTree, Node

    from .layer import Layer, Layers

__all__ = ["ImagePath", "MergedPath"]


class MergedPath(ABC):
    """A path in a merged tree of layers, in the manner of pathlib; symlinks are followed inside the tree.

    Args:
        path: from the root, with or without a leading slash.

    Attributes:
        path: absolute and normalised; ``..`` stays, as it means the parent of where a link leads.
    """

    def __init__(self, path: str) -> None:
        self.path = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))

    @abstractmethod
    def _at(self, path: str) -> Self:
        """Another path of the same tree."""

    @property
    @abstractmethod
    def _tree(self) -> FileTree:
        """That it is in."""

    @property
    @abstractmethod
    def _layers(self) -> Layers:
        """Of the image."""

    @abstractmethod
    def read_bytes(self) -> bytes:
        """The whole content.

        Raises:
            PathNotFound: there is no such path.
            NotSupported: it is no regular file.
        """

    def __truediv__(self, other: str) -> Self:
        """The path `other` below this one; an absolute one begins at the root, as in pathlib."""
        return self._at(posixpath.join(self.path, other))

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        """The last part."""
        return posixpath.basename(self.path)

    @property
    def suffix(self) -> str:
        """The last part's ending, such as ``.txt``."""
        return posixpath.splitext(self.name)[1]

    @property
    def parent(self) -> Self:
        """The directory it is in; the root's is the root."""
        return self._at(posixpath.dirname(self.path))

    @property
    def node(self) -> Node:
        """The path in its `FileTree`, symlinks followed.

        Raises:
            PathNotFound: there is no such path.
        """
        return self._tree.lookup(self.path)

    @property
    def entry(self) -> Entry:
        """Type, mode, owner, size and so on, symlinks followed.

        Raises:
            PathNotFound: there is no such path.
        """
        return self.node.entry

    @property
    def hides(self) -> tuple[Layer, ...]:
        """The image's layers whose version of it is hidden, nearest first.

        Raises:
            PathNotFound: there is no such path.
        """
        found, hidden = [], self.node.hides
        while hidden is not None:
            found.append(self._layers[hidden.layer])
            hidden = hidden.hides
        return tuple(found)

    def exists(self) -> bool:
        """Whether it is there, symlinks followed."""
        return self.path in self._tree

    def is_dir(self) -> bool:
        """Whether it is a directory, symlinks followed."""
        return self.exists() and self.entry.is_dir

    def is_file(self) -> bool:
        """Whether it is a regular file, symlinks followed."""
        return self.exists() and self.entry.is_file

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link itself."""
        try:
            return self._tree.lookup(self.path, follow=False).entry.is_symlink
        except PathNotFound:
            return False

    def readlink(self) -> str:
        """Where the symbolic link points, as it is written.

        Raises:
            PathNotFound: there is no symbolic link of this name.
        """
        entry = self._tree.lookup(self.path, follow=False).entry
        if not entry.is_symlink:
            raise PathNotFound(f"{self.path} is not a symbolic link", hint="Read it with read_bytes or iterdir")
        return entry.target

    def iterdir(self) -> Iterator[Self]:
        """What is in the directory, by name.

        Raises:
            PathNotFound: there is no such directory.
        """
        for node in self._tree.children(self.path):
            yield self / posixpath.basename(node.entry.path)

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The whole content, decoded.

        Raises:
            PathNotFound: there is no such path.
            NotSupported: it is no regular file.
            UnicodeDecodeError: it is no text in this encoding.
        """
        return self.read_bytes().decode(encoding, errors)


class ImagePath(MergedPath):
    """A path in the merged view of an image, such as ``image / "etc/passwd"``.

    Args:
        layers: of the image.
        path: from the root, with or without a leading slash.
    """

    def __init__(self, layers: Layers, path: str) -> None:
        super().__init__(path)
        self._image_layers = layers

    def __repr__(self) -> str:
        return f"<ImagePath {self.path}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ImagePath):
            return NotImplemented
        return self.path == other.path and self._chain == other._chain

    def __hash__(self) -> int:
        return hash((self.path, self._chain))

    @property
    def _chain(self) -> str:
        return self._layers[-1].chain_id if len(self._layers) else ""

    def _at(self, path: str) -> ImagePath:
        return ImagePath(self._layers, path)

    @property
    def _layers(self) -> Layers:
        return self._image_layers

    @property
    def _tree(self) -> FileTree:
        return self._layers.files

    @property
    def layer(self) -> Layer:
        """The layer that supplies it.

        Raises:
            PathNotFound: there is no such path.
        """
        return self._layers[self.node.layer]

    def open(self) -> io.BufferedReader:
        """The content, as a binary stream to be closed.

        Raises:
            PathNotFound: there is no such path.
            NotSupported: it is no regular file.
        """
        node = self.node
        if not node.entry.is_file:
            what = "a directory" if node.entry.is_dir else "no regular file"
            raise NotSupported(f"{self.path} is {what} and has no content", hint="List it with files")
        return io.BufferedReader(_Pieces(self._layers[node.source].content(node.entry)))

    def read_bytes(self) -> bytes:
        """The whole content.

        Raises:
            PathNotFound: there is no such path.
            NotSupported: it is no regular file.
        """
        with self.open() as stream:
            return stream.read()


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        if not self.closed and hasattr(self._pieces, "close"):
            self._pieces.close()
        super().close()
