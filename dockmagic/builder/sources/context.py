"""The build context: where COPY and ADD find what they ask for, read in place."""

from __future__ import annotations

import os
import posixpath
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Self

from dockmagic.dockerfile import Ignore
from dockmagic.oci.errors import InvalidInput, PathNotFound

from .files import NoFiles, content, resolve
from .folder import SourceFolder
from .ignored import Ignored
from .layout import SCHEME, LayoutSource
from .statcache import StatCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.store.home import Home

    from .address import GitSource
    from .files import Files

__all__ = ["Context", "DockerfileText", "fetch_dockerfile", "open_context", "open_named"]

_PIECE: Final = 1 << 20
_NAMES: Final = ("Dockerfile", "dockerfile")
_IGNORE: Final = ".dockerignore"
_LIMIT: Final = 8 << 20  # bytes of a Dockerfile or ignore file
_LABEL: Final = "the build context"


class DockerfileText(NamedTuple):
    """A Dockerfile before it is parsed.

    Attributes:
        name: for errors and the cache, such as ``docker/app.Dockerfile``.
        text: its bytes.
    """

    name: str
    text: bytes


class Context:
    """The main context, or a named one; a context manager.

    Args:
        written: as the caller wrote it.
        files: the tree.
        image: reference of a ``docker-image://`` context; empty for all others.
        revision: commit of a git context, else empty.
        identity: what tells contexts apart for the explanation of the cache: absolute path, or URL without password.
        only: the Dockerfile, where that is all there is.
        ignore: what keeps files out of it; None if nothing does.
        date: asks when it was made, in seconds since 1970: of git its commit, of an archive from the web that; gives
            None for all others.
        opened: what is to be closed with it.
    """

    def __init__(
        self,
        written: str,
        files: Files,
        *,
        image: str = "",
        revision: str = "",
        identity: str = "",
        only: DockerfileText | None = None,
        ignore: Ignore | None = None,
        date: Callable[[], int | None] = lambda: None,
        opened: ExitStack | None = None,
    ) -> None:
        self.written = written
        self.ignore = ignore
        self.files = files
        self.image = image
        self.revision = revision
        self.identity = identity or written
        self.date = date
        self._only = only
        self._opened = opened or ExitStack()

    def dockerfile(self, name: str = "") -> DockerfileText:
        """The Dockerfile `name` in it, or the default: ``Dockerfile``, else ``dockerfile``.

        A context that is nothing but a Dockerfile has it under every name, as in BuildKit.

        Raises:
            PathNotFound: it is not there.
        """
        if self._only is not None:
            return self._only
        for wanted in (name,) if name else _NAMES:
            text = self._read(wanted)
            if text is not None:
                return DockerfileText(wanted, text)
        place = "this folder" if self.written == "." else self.written
        raise PathNotFound(
            f"there is no {name or _NAMES[0]} in {place}", hint="Name another one with -f, or another context"
        )

    def _read(self, name: str) -> bytes | None:
        """A small file; None if it is not there."""
        entry = resolve(self.files, name)
        if entry is None or not entry.is_file:
            return None
        if entry.size > _LIMIT:
            raise InvalidInput(f"{name} has {entry.size} bytes, which is too much for a text")
        return b"".join(content(self.files, entry))

    def ignoring(self, dockerfile: str) -> Context:
        """The same context without what ``<dockerfile>.dockerignore``, or else ``.dockerignore``, excludes.

        Raises:
            DockerfileError: a malformed pattern, with its line.
        """
        for name in (f"{dockerfile}{_IGNORE}", _IGNORE):
            # A Dockerfile from elsewhere has its ignore file beside it.
            path = Path(name)
            outside = path.is_absolute() and path.is_file()
            text = path.read_bytes() if outside else self._read(name.lstrip("/"))
            if text is not None:
                return self._without(Ignore(text.decode("utf-8", "surrogateescape"), name=name))
        return self

    def _without(self, ignore: Ignore) -> Context:
        if not ignore:
            return self
        files: Files
        if isinstance(self.files, SourceFolder):
            files = SourceFolder(self.files.root, self.files.known, ignore, label=self.files.label)
        else:
            files = Ignored(self.files, ignore)
        return Context(
            self.written,
            files,
            revision=self.revision,
            identity=self.identity,
            only=self._only,
            ignore=ignore,
            date=self.date,
            opened=self._opened,
        )

    def folder(self, path: str) -> Path | None:
        """The real folder or file at `path`, where this is a local folder and nothing in it is ignored; else None."""
        if not isinstance(self.files, SourceFolder):
            return None
        entry = resolve(self.files, path)
        if entry is None or not self.files.is_plain(entry.name):
            return None
        return self.files.root / os.fsdecode(entry.name)

    @property
    def counts(self) -> tuple[int, int]:
        """How many files were looked at so far, and how many bytes had to be digested anew."""
        if isinstance(self.files, SourceFolder):
            return len(self.files.looked_at), self.files.known.bytes_read
        return 0, 0

    def close(self) -> None:
        """Close descriptors, keep the stat cache, remove what was fetched."""
        if isinstance(self.files, SourceFolder):
            self.files.known.save()
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_context(
    home: Home,
    text: str,
    *,
    stdin: BinaryIO | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Context:
    """Open what ``docker build`` takes: a folder, ``-``, the URL of a git repository or of a tar.

    Args:
        home: keeps the stat cache and what is fetched.
        text: as written. ``-`` is a tar or a Dockerfile on `stdin`; a Dockerfile makes an empty context.
        stdin: for ``-``.
        on_progress: hears what is fetched: name, bytes so far, bytes in all (0 if not known).
        stop: asked now and then; true ends it with `InterruptedError`.

    Raises:
        PathNotFound: no such folder.
        NotSupported: git is asked for and not installed.
        InvalidArchive: not a tar, or one that leads out.
    """
    return _open(home, text, _LABEL, stdin=stdin, on_progress=on_progress, stop=stop)


def open_named(home: Home, name: str, text: str, *, stop: Callable[[], bool] = lambda: False) -> Context:
    """Open one ``--build-context name=text``: what `open_context` takes, ``docker-image://``, ``oci-layout://``.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: neither.
    """
    label = f"the context {name}"
    if text.startswith("docker-image://"):
        return Context(text, NoFiles(label), image=text.removeprefix("docker-image://"))
    if text.startswith(SCHEME):
        LayoutSource(text)  # says now what is wrong with it
        return Context(text, NoFiles(label), image=text)
    context = _open(home, text, label, stop=stop)
    return context.ignoring("") if isinstance(context.files, SourceFolder) else context


def _open(
    home: Home,
    text: str,
    label: str,
    *,
    stdin: BinaryIO | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Context:
    if text == "-":
        if stdin is None:
            raise InvalidInput("- is standard input, and there is none", hint="Name a folder")
        return _from_stream(home, text, label, _chunks(stdin))
    if Path(text).is_dir():
        return _from_folder(home, text, label)
    from .address import GitSource

    repository = GitSource.parse(text, context=True)
    if repository is not None:
        return _from_git(home, text, label, repository, stop)
    if text.startswith(("http://", "https://")):
        from .dates import date_of
        from .download import download

        path, known = download(home, text, on_progress=on_progress, stop=stop)
        with path.open("rb") as file:
            context = _from_stream(home, text, label, _chunks(file))
        context.identity = known.url
        context.date = lambda: date_of(path, known, home)
        return context
    return _from_folder(home, text, label)


def fetch_dockerfile(home: Home, url: str) -> DockerfileText:
    """The Dockerfile behind ``http://`` or ``https://``, fetched anew only if it has changed (``-f URL``).

    Raises:
        InvalidInput: it is too long for one.
        NotFound: the server does not have it.
        RegistryUnavailable: there is no answer.
    """
    from .download import download

    path, _ = download(home, url)
    if path.stat().st_size > _LIMIT:
        raise InvalidInput(f"{url} has {path.stat().st_size} bytes, which is too much for a text")
    return DockerfileText(_NAMES[0], path.read_bytes())


def _from_folder(home: Home, text: str, label: str) -> Context:
    folder = Path(text).expanduser()
    if not folder.is_dir():
        if folder.exists():
            raise InvalidInput(f"{text} is not a folder", hint="A context is a folder; name a Dockerfile with -f")
        raise PathNotFound(
            f"there is no folder {text}", hint="Name the folder that COPY takes its files from; a dot is this one"
        )
    root = folder.resolve()
    return Context(text, SourceFolder(root, StatCache(home, root), label=label), identity=str(root))


def _from_stream(home: Home, text: str, label: str, chunks: Iterator[bytes]) -> Context:
    """A tar, or else a Dockerfile."""
    from .archive import ArchiveFiles, is_archive

    head: list[bytes] = []

    def begin() -> Iterator[bytes]:
        for chunk in chunks:
            head.append(chunk)
            yield chunk

    if is_archive(begin()):
        home.prepare()
        opened = ExitStack()
        files = opened.enter_context(ArchiveFiles(_again(head, chunks), label, home.root, owned=False))
        return Context(text, files, opened=opened)
    data = b"".join(_again(head, chunks))
    if len(data) > _LIMIT:
        raise InvalidInput(f"what {text} gives is neither a tar nor a Dockerfile", hint="Pack the context with tar")
    return Context(text, NoFiles(label), only=DockerfileText("Dockerfile", data))


def _again(head: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from head
    yield from rest


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_PIECE):
        yield chunk


def _from_git(home: Home, text: str, label: str, source: GitSource, stop: Callable[[], bool]) -> Context:
    from .address import without_password
    from .git import GitRepository, subfolder

    repository = GitRepository(home, source, stop=stop)
    commit = repository.commit()
    opened = ExitStack()
    tree = opened.enter_context(repository.checkout(commit, keep_git_dir=bool(source.keep_git_dir)))
    try:
        root = subfolder(tree, source.subdir)
    except BaseException:
        opened.close()
        raise
    identity = posixpath.join(without_password(source.url), source.subdir)
    files = SourceFolder(root, StatCache(home, root), label=label)
    return Context(text, files, revision=commit, identity=identity, date=lambda: repository.date(commit), opened=opened)
