"""A path in a merged tree of layers, with the reading methods of pathlib."""

from __future__ import annotations

import errno
import io
import os
import posixpath
from abc import abstractmethod
from typing import TYPE_CHECKING, Literal, Self, overload

from dockmagic.oci.errors import NotSupported, PathNotFound

from .glob import select
from .path_errors import IsDirectory, MissingPath, NotDirectory
from .path_status import PathStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import PurePath

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import FileTree


__all__ = ["MergedPath"]


class MergedPath(PathStatus):
    """A path in a merged tree of layers: what pathlib's `Path` reads, read inside the tree.

    Symbolic links are followed inside the tree and never lead out of it. Nothing can be written.
    """

    @abstractmethod
    def _stream(self) -> io.BufferedReader:
        """The content of the regular file that it is.

        Raises:
            MissingPath: there is no such path.
            NotSupported: it is no regular file.
        """

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
