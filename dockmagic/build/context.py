"""The build context: where COPY and ADD find what they ask for, read in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.store.home import Home

    from .files import Files

__all__ = ["Context", "DockerfileText", "open_context", "open_named"]


@dataclass(frozen=True, slots=True)
class DockerfileText:
    """A Dockerfile before it is parsed.

    Attributes:
        name: for errors and the cache, such as ``docker/app.Dockerfile``.
        text: its bytes.
    """

    name: str
    text: bytes


class Context:
    """The main context, or a named one; a context manager.

    Attributes:
        written: as the caller wrote it.
        files: the tree, what is ignored left out; an empty one if `image` is given.
        image: reference of a ``docker-image://`` context; empty for all others.
        layout: folder of an ``oci-layout://`` context, whose image is `image` (a tag or digest there); else None.
        revision: commit of a git context, else empty.
        identity: what tells contexts apart for the explanation of the cache: absolute path, or URL without password.
    """

    written: str
    files: Files
    image: str
    layout: Path | None
    revision: str
    identity: str

    def dockerfile(self, name: str = "") -> DockerfileText:
        """The Dockerfile `name` in it, or the default: ``Dockerfile``, else ``dockerfile``.

        Raises:
            PathNotFound: it is not there.
        """
        raise NotImplementedError

    def ignoring(self, dockerfile: str) -> Context:
        """The same context without what ``<dockerfile>.dockerignore``, or else ``.dockerignore``, excludes.

        Raises:
            DockerfileError: a malformed pattern, with its line.
        """
        raise NotImplementedError

    def folder(self, path: str) -> Path | None:
        """The real folder or file at `path`, where this is a local folder and nothing in it is ignored; else None."""
        raise NotImplementedError

    @property
    def counts(self) -> tuple[int, int]:
        """How many files were looked at so far, and how many bytes had to be digested anew."""
        raise NotImplementedError

    def close(self) -> None:
        """Close descriptors, keep the stat cache, remove what was fetched."""
        raise NotImplementedError

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
        NotSupported: git is asked for and not installed; an URL of another kind.
        InvalidArchive: not a tar, or one that leads out.
    """
    raise NotImplementedError


def open_named(home: Home, name: str, text: str, *, stop: Callable[[], bool] = lambda: False) -> Context:
    """Open one ``--build-context name=text``: what `open_context` takes, ``docker-image://``, ``oci-layout://``.

    Raises:
        PathNotFound: no such folder.
        InvalidInput: neither.
    """
    raise NotImplementedError
