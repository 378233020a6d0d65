"""Copy images between registries, folders, archives and other engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.protocols import ignore_progress

from .lookup import ImageLookup

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.transports.copy import Copied
    from dockmagic.oci.errors import DockmagicError
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.rows import Rows, SyncRow


__all__ = ["ImageCopies"]


class ImageCopies(ImageLookup):
    """The calls that copy between places."""

    def copy(
        self,
        source: str,
        destination: str,
        *,
        all_platforms: bool = False,
        preserve_digests: bool = False,
        platform: Platform | str | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Copied:
        """Copy an image from one place to another, byte for byte (``copy``).

        Places are written as skopeo writes them: ``docker://NAME:TAG``, ``oci:FOLDER:NAME``, ``oci-archive:FILE:NAME``,
        ``dir:FOLDER``, ``docker-archive:FILE:NAME``, ``docker-daemon:NAME``, ``containers-storage:NAME``; a name
        alone is that of an image here.

        Args:
            source: where from.
            destination: where to.
            all_platforms: an index with everything in it, not the image of one platform.
            preserve_digests: refuse a place that would write another manifest.
            platform: which image of an index; None for this machine's.
            on_progress: gets the progress of each blob.

        Raises:
            InvalidInput: a place that cannot be.
            ImageNotFound: there is no such image.
            NotSupported: the place cannot keep what is asked for.
            RegistryError: a registry refuses or fails.
        """
        from dockmagic.engine.copying import copy_image

        return copy_image(
            self._engine,
            source,
            destination,
            all_platforms=all_platforms,
            preserve_digests=preserve_digests,
            platform=platform,
            on_progress=on_progress,
        )

    def sync(
        self,
        source: str,
        destination: str,
        *,
        all_platforms: bool = False,
        dry_run: bool = False,
        on_progress: Progress = ignore_progress,
        on_error: Callable[[DockmagicError], None] | None = None,
    ) -> Rows[SyncRow]:
        """Copy what is missing of repositories (``sync``).

        Args:
            source: ``docker://HOST/PATTERN[:PATTERN]``, repositories and tags.
            destination: ``docker://HOST[/PATH]``, ``oci:FOLDER`` or ``dir:FOLDER``; the repositories' paths go below.
            all_platforms: indexes with everything in them.
            dry_run: only say what would be copied.
            on_progress: gets the progress of each blob.
            on_error: gets what went wrong with one of them, and the others go on; None raises it.

        Raises:
            ImageNotFound: no repository fits.
            NotSupported: a place that takes no repositories, or a registry without a catalogue.
        """
        from dockmagic.engine.copying import sync_repositories
        from dockmagic.rows import Rows, SyncRow

        found = sync_repositories(
            self._engine,
            source,
            destination,
            all_platforms=all_platforms,
            dry_run=dry_run,
            on_progress=on_progress,
            on_error=on_error,
        )
        return Rows(SyncRow, found)
