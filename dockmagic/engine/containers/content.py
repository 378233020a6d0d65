"""The files of containers: compare, commit, export, copy out and in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dockmagic.engine.options import convert
from dockmagic.oci.reference import Reference

from .lookup import ContainerLookup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.rows import Rows, WrittenRow
    from dockmagic.runtime.container import Container


__all__ = ["ContainerContent"]


class ContainerContent(ContainerLookup):
    """The calls on the files of a container."""

    def changes(self, container: Container) -> Rows[WrittenRow]:
        """What a container has done to its image, in docker's letters (``diff CONTAINER``)."""
        from dockmagic.rows import Rows, WrittenRow

        from .rows import written_rows

        return Rows(WrittenRow, written_rows(container.changes(), container.image))

    def commit(
        self,
        container: Container,
        name: str = "",
        *,
        author: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> Image:
        """Make an image of a container's image and its writable layer (``commit``).

        Args:
            container: running or not.
            name: of the new image; empty for none.
            author: for the history.
            message: likewise.
            changes: Dockerfile instructions, such as ``CMD ["sh"]``.
            pause: hold a running container still meanwhile.
            on_notice: gets a line about owners that may be wrong because this machine has one user only.

        Raises:
            InvalidInput: a change that is none.
            InvalidReference: `name` is none.
        """
        from dockmagic.runtime.commit import commit

        ref = Reference.parse(name).or_latest() if name else None
        made = commit(container, ref, author=author, message=message, changes=changes, pause=pause, on_notice=on_notice)
        return self._images.get(made.id)  # with its names

    def export(self, container: Container, out: BinaryIO) -> None:
        """Write a container's file system as a tar: its layers, without volumes (``export``)."""
        from dockmagic.runtime.transfer import export

        export(container, out)

    def copy_from(
        self,
        container: Container,
        path: str,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        follow: bool = False,
        keep_owners: bool = False,
    ) -> int:
        """Copy a file or folder of a container to this machine, where docker would put it (``cp``).

        Args:
            container: running or not.
            path: inside; ``FOLDER/.`` means what is in the folder.
            target: a folder or a new name; a stream gets a tar.
            follow: copy what a link leads to, and not the link.
            keep_owners: owners as inside; else the files are ours.

        Returns:
            The bytes of the archive that was moved.

        Raises:
            PathNotFound: it is not there.
            InvalidInput: a folder would go over a file, or the other way round.
        """
        if isinstance(target, (str, os.PathLike)):
            from dockmagic.runtime.transfer import copy_to_host

            return copy_to_host(container, path, convert.path("target", target), follow=follow, keep_owners=keep_owners)
        from .stream_copies import copy_to_stream

        return copy_to_stream(container, path, target, follow=follow)

    def copy_to(
        self,
        container: Container,
        source: str | os.PathLike[str] | BinaryIO,
        path: str,
        *,
        follow: bool = False,
        keep_owners: bool = False,
    ) -> int:
        """Copy a file or folder of this machine into a container, where docker would put it (``cp``).

        Args:
            container: running or not.
            source: ``FOLDER/.`` means what is in the folder; of a stream, a tar is unpacked in the folder `path`.
            path: a folder or a new name.
            follow: copy what a link leads to, and not the link.
            keep_owners: owners as here, or as the tar says; else the files are root's.

        Returns:
            The bytes of the archive that was moved.

        Raises:
            PathNotFound: one of them is not there.
            InvalidInput: a folder would go over a file, or the other way round.
        """
        if isinstance(source, (str, os.PathLike)):
            from dockmagic.runtime.transfer import copy_from_host

            return copy_from_host(
                container, convert.path("source", source), path, follow=follow, keep_owners=keep_owners
            )
        from .stream_copies import copy_from_stream

        return copy_from_stream(container, source, path, keep_owners=keep_owners)
