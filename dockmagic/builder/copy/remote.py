"""What ADD takes from elsewhere: a URL, or a git repository."""

from __future__ import annotations

import posixpath
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from dockmagic.builder.caching.cache import KeyInput
from dockmagic.builder.sources.address import GitSource, split_web, without_password
from dockmagic.builder.sources.download import download
from dockmagic.builder.sources.folder import SourceFolder
from dockmagic.builder.sources.git import GitRepository, subfolder
from dockmagic.builder.sources.single_file import SingleFile
from dockmagic.builder.sources.source_checks import is_url
from dockmagic.builder.sources.statcache import StatCache

from .selection import Match, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dockmagic.builder.sources.download import Downloaded
    from dockmagic.dockerfile import Add
    from dockmagic.store.home import Home

__all__ = ["Remote", "open_remote"]


class Remote(Protocol):
    """A source that was asked what it is now."""

    @property
    def inputs(self) -> tuple[KeyInput, ...]:
        """What belongs in the cache's key: digest or commit."""
        ...

    def open(self) -> AbstractContextManager[tuple[Match, bool]]:
        """The files, and whether an archive among them is to be unpacked."""
        ...


def open_remote(
    add: Add,
    source: str,
    home: Home,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Remote | None:
    """Ask for one source of an ADD; None if it is a path.

    Raises:
        NotFound: it is not there.
        DigestMismatch: it is not what ``--checksum`` says.
        NotSupported: git is not installed.
    """
    repository = GitSource.parse(source)
    if repository is not None:
        return _Git(add, repository, home, stop)
    if not is_url(source):
        return None
    path, known = download(home, source, checksum=add.checksum, on_progress=on_progress, stop=stop)
    return _Url(add, source, path, known)


class _Url:
    """A file from the web."""

    def __init__(self, add: Add, url: str, path: Path, known: Downloaded) -> None:
        self._url = url
        self._path = path
        self._known = known
        self._unpack = add.unpack is True

    @property
    def inputs(self) -> tuple[KeyInput, ...]:
        """The digest, and the time: it is the file's."""
        return (KeyInput("remote", f"{self._known.digest} {self._known.mtime}", self._known.url),)

    @contextmanager
    def open(self) -> Iterator[tuple[Match, bool]]:
        """The file, for its owner alone, as docker has it."""
        name = _file_name(self._url)
        file = SingleFile(name, self._path, mode=0o600, mtime=self._known.mtime, label=self._known.url)
        yield Match(file, file.file.name, file.file), self._unpack


def _file_name(url: str) -> str:
    """What a file from the web is called in a folder: as the last part of its path, as docker has it."""
    name = posixpath.basename(unquote(split_web(url).path, errors="surrogateescape"))
    return "__unnamed__" if name in ("", ".", "..") or "\0" in name else name


class _Git:
    """A commit of a repository."""

    def __init__(self, add: Add, source: GitSource, home: Home, stop: Callable[[], bool]) -> None:
        if add.checksum:
            from msgspec.structs import replace

            source = replace(source, checksum=add.checksum)
        self._source = source
        self._home = home
        self._keep = bool(add.keep_git_dir if add.keep_git_dir is not None else source.keep_git_dir)
        self._exclude = add.exclude
        self._repository = GitRepository(home, source, stop=stop)
        self._commit = self._repository.commit()

    @property
    def inputs(self) -> tuple[KeyInput, ...]:
        """The commit."""
        shown = without_password(self._source.url)
        return (KeyInput("remote", self._commit, f"{shown}:{self._source.subdir}" if self._source.subdir else shown),)

    @contextmanager
    def open(self) -> Iterator[tuple[Match, bool]]:
        """The files of the commit."""
        with self._repository.checkout(self._commit, keep_git_dir=self._keep) as tree:
            root = subfolder(tree, self._source.subdir)
            files = SourceFolder(root, StatCache(self._home, root), label=without_password(self._source.url))
            (match,) = select(files, ["."], exclude=self._exclude)
            yield match, False
