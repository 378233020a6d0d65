"""A path inside an image, in the manner of pathlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.store.layer.entry import Entry

    from .layer import Layer

__all__ = ["ImagePath"]


class ImagePath:
    """A path in the merged view of an image, such as ``image / "etc/passwd"``; symlinks are followed inside it.

    Attributes:
        path: absolute, with ``/`` in front.
    """

    path: str

    def __truediv__(self, other: str) -> ImagePath:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The last part."""
        raise NotImplementedError

    @property
    def parent(self) -> ImagePath:
        """The directory it is in."""
        raise NotImplementedError

    @property
    def entry(self) -> Entry:
        """Mode, owner, size and so on, symlinks followed.

        Raises:
            PathNotFound: there is no such path.
        """
        raise NotImplementedError

    @property
    def layer(self) -> Layer:
        """The layer that supplies it."""
        raise NotImplementedError

    @property
    def hides(self) -> tuple[Layer, ...]:
        """The layers below whose version of it is hidden, nearest first."""
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether it is there, symlinks followed."""
        raise NotImplementedError

    def is_dir(self) -> bool:
        """Whether it is a directory, symlinks followed."""
        raise NotImplementedError

    def is_file(self) -> bool:
        """Whether it is a regular file, symlinks followed."""
        raise NotImplementedError

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link itself."""
        raise NotImplementedError

    def readlink(self) -> str:
        """Where the symbolic link points."""
        raise NotImplementedError

    def iterdir(self) -> Iterator[ImagePath]:
        """What is in the directory, by name."""
        raise NotImplementedError

    def open(self) -> object:
        """The content, as a context manager of a binary stream."""
        raise NotImplementedError

    def read_bytes(self) -> bytes:
        """The whole content."""
        raise NotImplementedError

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The whole content, decoded."""
        raise NotImplementedError
