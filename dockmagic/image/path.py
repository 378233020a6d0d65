"""A path inside an image."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dockmagic.moved import old_names

from .merged_path import MergedPath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePath

    from typing_extensions import Buffer

    from dockmagic.layer.tree import FileTree

    from .layer import Layer, Layers

__all__ = ["ImagePath"]


class ImagePath(MergedPath):
    """A path in the merged view of an image, such as ``image / "etc/passwd"``.

    Args:
        layers: of the image.
        path: from the root, with or without a leading slash.
    """

    def __init__(self, layers: Layers, path: str | PurePath) -> None:
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
            MissingPath: there is no such path.
        """
        return self._layers[self.node.layer]

    def _stream(self) -> io.BufferedReader:
        node = self.node
        self._refuse_content(node.entry)
        return io.BufferedReader(_Pieces(self._layers[node.source].content(node.entry)))


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


if not TYPE_CHECKING:
    __getattr__ = old_names(__name__)
