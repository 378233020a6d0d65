"""COPY, ADD and WORKDIR: layers made of tar entries, with nothing unpacked and no process started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.oci.dockerfile.instructions import Add, Copy
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

    from .cache import Part
    from .files import Files
    from .layer import Keep, NewLayer

__all__ = ["Copying", "image_files", "make_folder", "prepare"]


class Copying(Protocol):
    """A COPY or ADD that knows what it will copy, before anything is written."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What belongs in the cache's key: content of the sources, checksums and commits."""
        ...

    @property
    def link(self) -> bool:
        """``--link``: the layer does not depend on the parent, so its key has none (see `Cache.lookup`)."""
        ...

    def write(
        self, store: ContentStore, below: Image, keep: Keep, *, moment: int, epoch: int | None = None
    ) -> NewLayer | None:
        """Write the layer.

        Args:
            store: where to.
            below: the image so far.
            keep: of the lease that this happens in (`ContentStore.lease`): hears of the blob before it is there.
            moment: mtime of folders that are made on the way, in seconds.
            epoch: ``SOURCE_DATE_EPOCH``; no mtime is later.

        Returns:
            The layer; None if nothing changes.

        Raises:
            Conflict: a file changes while it is read.
            InvalidInput: a folder would go where a file is, or the like.
            OutOfSpace: the disk is full.
        """
        ...


def prepare(
    instruction: Copy | Add,
    files: Files,
    below: Image,
    *,
    home: Home,
    workdir: str = "/",
    epoch: int | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Copying:
    """Find what an (expanded) COPY or ADD copies, and digest it; URLs and git repositories are fetched.

    Args:
        instruction: expanded.
        files: the context, or what ``--from`` means (`image_files` of a stage or image; `Context.files`).
        below: the image so far: its ``/etc/passwd`` is looked into for ``--chown``.
        home: keeps what is fetched.
        workdir: what a relative destination is relative to.
        epoch: of git and URL sources whose time is not known.
        on_progress: hears what is fetched: name, bytes so far, bytes in all (0 if not known).
        stop: asked now and then; true ends it with `InterruptedError`.

    Raises:
        PathNotFound: a source is not there, or the ignore file excludes it.
        InvalidInput: several sources and a destination without a slash at its end, an unknown user, a bad mode.
        DigestMismatch: a URL's content is not what ``--checksum`` says.
        NotSupported: git is not installed.
    """
    raise NotImplementedError


def image_files(image: Image, label: str) -> Files:
    """The tree of an image as a source; `label` such as ``stage build``."""
    raise NotImplementedError


def make_folder(
    store: ContentStore, below: Image, path: str, keep: Keep, *, owner: str = "", moment: int, epoch: int | None = None
) -> NewLayer | None:
    """WORKDIR: make the folder `path` and what leads to it, where it is not there yet; None if it is.

    Args:
        store: where to.
        below: the image so far; links in it are followed, inside its root only.
        path: absolute.
        keep: of the lease that this happens in.
        owner: ``USER[:GROUP]`` of new folders; empty for root.
        moment: their mtime, in seconds.
        epoch: ``SOURCE_DATE_EPOCH``; no mtime is later.

    Raises:
        InvalidInput: something else is there.
    """
    raise NotImplementedError
