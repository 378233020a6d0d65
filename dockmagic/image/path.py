"""A path inside an image, or in another tree of layers, with the reading methods of pathlib."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import posixpath
import stat as st
from abc import abstractmethod
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, Self, overload

from dockmagic.oci.errors import NotSupported, PathNotFound

from .glob import select
from .pure import PureTreePath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import PurePath

    from typing_extensions import Buffer

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import FileTree, Node

    from .layer import Layer, Layers

__all__ = ["ImagePath", "IsDirectory", "MergedPath", "MissingPath", "NotDirectory"]


class MissingPath(PathNotFound, FileNotFoundError):
    """No such path; the `FileNotFoundError` that code for pathlib expects, too."""


class NotDirectory(PathNotFound, NotADirectoryError):
    """A path that is no directory, where one is wanted; the `NotADirectoryError` of pathlib, too."""


class IsDirectory(NotSupported, IsADirectoryError):
    """A directory where a file is wanted; the `IsADirectoryError` of pathlib, too."""


class MergedPath(PureTreePath):
    """A path in a merged tree of layers: what pathlib's `Path` reads, read inside the tree.

    Symbolic links are followed inside the tree and never lead out of it. Nothing can be written.
    """

    @property
    @abstractmethod
    def _tree(self) -> FileTree:
        """That it is in."""

    @property
    @abstractmethod
    def _layers(self) -> Layers:
        """Of the image."""

    @abstractmethod
    def _stream(self) -> io.BufferedReader:
        """The content of the regular file that it is.

        Raises:
            MissingPath: there is no such path.
            NotSupported: it is no regular file.
        """

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

    # What it is

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

    def samefile(self, other: str | PurePath | MergedPath) -> bool:
        """Whether it is the same file as `other`, a path of the same tree, under this or another name."""
        if not isinstance(other, MergedPath):
            other = self._at(str(other))
        mine, theirs = self.node, other.node
        return self._at("/") == other._at("/") and _inode(mine) == _inode(theirs)  # noqa: SLF001  (of the same class)

    def owner(self, *, follow_symlinks: bool = True) -> str:
        """Name of its owner in the ``/etc/passwd`` of the tree.

        Raises:
            KeyError: the file has no such user.
        """
        return self._name_of("etc/passwd", self.stat(follow_symlinks=follow_symlinks).st_uid)

    def group(self, *, follow_symlinks: bool = True) -> str:
        """Name of its group in the ``/etc/group`` of the tree.

        Raises:
            KeyError: the file has no such group.
        """
        return self._name_of("etc/group", self.stat(follow_symlinks=follow_symlinks).st_gid)

    def _name_of(self, file: str, number: int) -> str:
        try:
            lines = self._at(file).read_text(errors="replace").splitlines()
        except (PathNotFound, NotSupported):
            lines = []
        for line in lines:
            name, *fields = line.split(":")
            if len(fields) > 1 and fields[1] == str(number):
                return name
        raise KeyError(f"{number} has no name in /{file}")

    # Where it leads

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

    # What is in it

    def iterdir(self) -> Iterator[Self]:
        """What is in the directory, by name.

        Raises:
            MissingPath: there is no such path.
            NotDirectory: it is no directory.
        """
        tree = self._directory()
        for node in tree.children(self.path):
            yield self / posixpath.basename(node.entry.path)

    def _directory(self) -> FileTree:
        tree = self._tree
        if not self._lookup().entry.is_dir:
            raise NotDirectory(f"{self.path} is not a directory", hint="Read it with read_bytes")
        return tree

    def glob(
        self, pattern: str | PurePath, *, case_sensitive: bool | None = None, recurse_symlinks: bool = False
    ) -> Iterator[Self]:
        """The paths below it that match a pattern, such as ``*.conf`` or ``**/*.py``, by name.

        Args:
            pattern: relative; ``**`` stands for any number of directories.
            case_sensitive: False to take upper and lower case for the same.
            recurse_symlinks: whether ``**`` follows symbolic links.

        Raises:
            ValueError: an empty pattern.
            NotImplementedError: an absolute one.
        """
        text = str(pattern)
        found = select(
            self._tree,
            self.path,
            text,
            ignore_case=case_sensitive is False,
            recurse_symlinks=recurse_symlinks,
        )
        return map(self._at, found)

    def rglob(
        self, pattern: str | PurePath, *, case_sensitive: bool | None = None, recurse_symlinks: bool = False
    ) -> Iterator[Self]:
        """As `glob`, in every directory below: ``rglob("*.py")`` is ``glob("**/*.py")``."""
        return self.glob(f"**/{pattern}", case_sensitive=case_sensitive, recurse_symlinks=recurse_symlinks)

    def walk(
        self,
        top_down: bool = True,  # noqa: FBT001, FBT002  (as in pathlib)
        on_error: Callable[[OSError], object] | None = None,
        follow_symlinks: bool = False,  # noqa: FBT001, FBT002
    ) -> Iterator[tuple[Self, list[str], list[str]]]:
        """Each directory below it with the names of its directories and of its other entries, as `os.walk`.

        Args:
            top_down: whether a directory comes before those in it; the caller may then take names out of the list.
            on_error: gets the error if it is no directory; None to ignore it.
            follow_symlinks: whether links to directories count as directories.
        """
        try:
            tree = self._directory()
        except (MissingPath, NotDirectory) as error:
            if on_error is not None:
                on_error(error)
            return
        directories: list[str] = []
        others: list[str] = []
        for node in tree.children(self.path):
            name = posixpath.basename(node.entry.path)
            is_dir = node.entry.is_dir or (follow_symlinks and (self / name).is_dir())
            (directories if is_dir else others).append(name)
        if top_down:
            yield self, directories, others
        for name in directories:
            yield from (self / name).walk(top_down, on_error, follow_symlinks)
        if not top_down:
            yield self, directories, others

    # Its content

    @overload
    def open(
        self,
        mode: Literal["r", "rt", "tr"] = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> io.TextIOWrapper: ...

    @overload
    def open(
        self,
        mode: Literal["rb", "br"],
        buffering: int = -1,
        encoding: None = None,
        errors: None = None,
        newline: None = None,
    ) -> io.BufferedReader: ...

    def open(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> io.TextIOWrapper | io.BufferedReader:
        """The content as a stream to be closed: text in UTF-8, or bytes with mode ``rb``.

        Args:
            mode: ``r`` or ``rb``.
            buffering: taken for the sake of pathlib; the stream is buffered.
            encoding: of the text; None for UTF-8, on every machine.
            errors: what to do with bytes that are no text, as for the builtin `open`.
            newline: which line ends are translated, as for the builtin `open`.

        Raises:
            MissingPath: there is no such path.
            IsDirectory: it is a directory.
            NotSupported: it is neither a file nor a directory.
            OSError: a mode that writes (EROFS).
            ValueError: no mode.
        """
        del buffering
        letters = set(mode)
        if len(letters) != len(mode) or not letters or letters - set("rwxabt+") or {"t", "b"} <= letters:
            raise ValueError(f"invalid mode: {mode!r}")
        if letters & set("wxa+"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), self.path)
        if "b" in letters:
            if encoding is not None or errors is not None or newline is not None:
                raise ValueError("binary mode doesn't take an encoding, errors or newline argument")
            return self._stream()
        return io.TextIOWrapper(self._stream(), encoding or "utf-8", errors, newline)

    def read_bytes(self) -> bytes:
        """The whole content; errors as `open`."""
        with self._stream() as stream:
            return stream.read()

    def read_text(self, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> str:
        """The whole content, decoded from UTF-8 or another encoding; errors as `open`.

        Raises:
            UnicodeDecodeError: it is no text in this encoding.
        """
        with self.open("r", -1, encoding, errors, newline) as stream:
            return stream.read()

    def _refuse_content(self, entry: Entry) -> None:
        """Raise what reading something else than a regular file raises."""
        if entry.is_dir:
            raise IsDirectory(f"{self.path} is a directory and has no content", hint="List it with iterdir()")
        if not entry.is_file:
            raise NotSupported(f"{self.path} is no regular file and has no content", hint="Look at it with stat()")


def _inode(node: Node) -> int:
    """A number that the names of one file have in common."""
    entry = node.entry
    first = entry.link if entry.is_file and entry.link else entry.name
    digest = hashlib.blake2b(b"%d:%s" % (node.source, first), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


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
