"""What a path in a tree of layers is, and where it leads."""

from __future__ import annotations

import hashlib
import os
import stat as st
from abc import abstractmethod
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from dockmagic.oci.errors import PathNotFound

from .path_errors import MissingPath, NotDirectory
from .pure import PureTreePath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import FileTree, Node

    from .layer import Layer, Layers

__all__ = ["PathStatus"]


class PathStatus(PureTreePath):
    """A path in a merged tree of layers: what it is, and where its links lead."""

    @property
    @abstractmethod
    def _tree(self) -> FileTree:
        """That it is in."""

    @property
    @abstractmethod
    def _layers(self) -> Layers:
        """Of the image."""

    def _lookup(self, *, follow: bool = True) -> Node:
        try:
            return self._tree.lookup(self.path, follow=follow)
        except PathNotFound as error:
            above = next((one for one in self.parents if one.exists()), self)
            if above.exists() and not above.is_dir():
                raise NotDirectory(f"{above} is not a directory, so nothing is in it", hint=error.hint) from None
            raise MissingPath(error.message, hint=error.hint) from None

    def _found(self, *, follow: bool = True) -> Entry | None:
        try:
            return self._tree.lookup(self.path, follow=follow).entry
        except PathNotFound:
            return None

    @property
    def node(self) -> Node:
        """The path in its `FileTree`, symbolic links followed.

        Raises:
            MissingPath: there is no such path.
        """
        return self._lookup()

    @property
    def entry(self) -> Entry:
        """Type, mode, owner, size and so on, symbolic links followed.

        Raises:
            MissingPath: there is no such path.
        """
        return self.node.entry

    @property
    def hides(self) -> tuple[Layer, ...]:
        """The image's layers whose version of it is hidden, nearest first.

        Raises:
            MissingPath: there is no such path.
        """
        found, hidden = [], self.node.hides
        while hidden is not None:
            found.append(self._layers[hidden.layer])
            hidden = hidden.hides
        return tuple(found)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Type, mode, owner, size in bytes and time of change, as `os.stat` has them.

        The inode number is the same for the names of one file in one image, the number of names is always 1, and all
        three times are the one that the layer has, in whole seconds.

        Raises:
            MissingPath: there is no such path.
        """
        node = self._lookup(follow=follow_symlinks)
        entry = node.entry
        return os.stat_result(
            (entry.st_mode, _inode(node), 0, 1, entry.uid, entry.gid, entry.size, entry.mtime, entry.mtime, entry.mtime)
        )

    def lstat(self) -> os.stat_result:
        """As `stat`, of a symbolic link itself."""
        return self.stat(follow_symlinks=False)

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is there."""
        return self._found(follow=follow_symlinks) is not None

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a directory."""
        entry = self._found(follow=follow_symlinks)
        return entry is not None and entry.is_dir

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file."""
        entry = self._found(follow=follow_symlinks)
        return entry is not None and entry.is_file

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link itself."""
        entry = self._found(follow=False)
        return entry is not None and entry.is_symlink

    def _is_kind(self, test: Callable[[int], bool]) -> bool:
        entry = self._found()
        return entry is not None and test(entry.st_mode)

    def is_fifo(self) -> bool:
        """Whether it is a named pipe."""
        return self._is_kind(st.S_ISFIFO)

    def is_block_device(self) -> bool:
        """Whether it is a block device."""
        return self._is_kind(st.S_ISBLK)

    def is_char_device(self) -> bool:
        """Whether it is a character device."""
        return self._is_kind(st.S_ISCHR)

    def is_socket(self) -> bool:
        """False: no layer can hold a socket."""
        return False

    def is_mount(self) -> bool:
        """Whether it is the root: nothing else is mounted in an image."""
        return self._found() is not None and not self.entry.name

    def is_junction(self) -> bool:
        """False: Linux has none."""
        return False

    def samefile(self, other: str | PurePath | PathStatus) -> bool:
        """Whether it is the same file as `other`, a path of the same tree, under this or another name."""
        if not isinstance(other, PathStatus):
            other = self._at(str(other))
        mine, theirs = self.node, other.node
        return self._at("/") == other._at("/") and _inode(mine) == _inode(theirs)  # noqa: SLF001  (of the same class)

    def readlink(self) -> PurePosixPath:
        """Where the symbolic link points, as it is written.

        Raises:
            MissingPath: there is no symbolic link of this name.
        """
        entry = self._lookup(follow=False).entry
        if not entry.is_symlink:
            raise MissingPath(f"{self.path} is not a symbolic link", hint="Read it with read_bytes or iterdir")
        return PurePosixPath(entry.target)

    def resolve(self, strict: bool = False) -> Self:  # noqa: FBT001, FBT002  (as in pathlib)
        """The path without symbolic links and ``..``.

        Args:
            strict: whether it must be there; else what is missing is added as it is.

        Raises:
            MissingPath: it must, and is not.
        """
        found = self._found()
        if found is not None:
            return self._at(found.path)
        if strict:
            self._lookup()
        base = self.parent.resolve() if self.path != "/" else self
        return base.parent if self.name == ".." else base / self.name


def _inode(node: Node) -> int:
    """A number that the names of one file have in common."""
    entry = node.entry
    first = entry.link if entry.is_file and entry.link else entry.name
    digest = hashlib.blake2b(b"%d:%s" % (node.source, first), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
