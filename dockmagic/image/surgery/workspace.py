"""What an operation works with: the store that takes the new image, and what is the same for all operations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.image import Image
from dockmagic.image.layer_writer import LayerWriter
from dockmagic.image.transfer.fetch import fetch_layers
from dockmagic.oci.media import Compression
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import History

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.draft import Draft
    from dockmagic.image.layer_writer import Keep
    from dockmagic.oci.protocols import Progress
    from dockmagic.store.content import ContentStore

    #: One operation, with its arguments bound.
    Operation = Callable[["Workspace", Image], Image]

__all__ = ["Workspace"]

#: Who did it, in the rows of the history, as BuildKit and buildah sign theirs.
_SIGNED = "# dockmagic"


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A store, and how new things are made in it.

    Attributes:
        store: where the new image goes.
        keep: of the lease that this happens in (`ContentStore.lease`).
        seconds: the time of the operation, since 1970; with ``SOURCE_DATE_EPOCH`` that.
        epoch: ``SOURCE_DATE_EPOCH``: new files are not later, and compression does not depend on the processor; None
            if it is not set.
        on_progress: gets the progress of layers that have to come from a registry.
    """

    store: ContentStore
    keep: Keep
    seconds: int
    epoch: int | None = None
    on_progress: Progress = ignore_progress

    @property
    def created(self) -> str:
        """The time of the operation (RFC 3339)."""
        return datetime.fromtimestamp(self.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def bring(self, image: Image) -> Image:
        """`image` with all its blobs in the store, without a name there.

        Raises:
            BlobNotFound: it is incomplete.
            InvalidContent: something is not what it should be.
            RegistryError: its registry refuses or fails.
        """
        self.keep([image.digest, image.id, *(layer.digest for layer in image.manifest.layers)])
        if image.source is self.store:
            return image
        fetch_layers(image.source, self.store, [image], self.on_progress)
        self.store.put_bytes(image.manifest.config.media_type, image.raw_config)
        self.store.put_bytes(image.descriptor.media_type, image.raw_manifest)
        return Image(self.store, image.descriptor, names=image.names, home=self.store.home, keep_tables=True)

    def history(self, what: str, *, comment: str = "") -> History:
        """The row for an operation; `what` is its command line."""
        return History(created=self.created, created_by=f"{what} {_SIGNED}", comment=comment or None)

    def layer_writer(
        self, *, size: int = 0, compression: Compression = Compression.GZIP, level: int | None = None
    ) -> LayerWriter:
        """What takes a new layer; `size` is about that of its tar in bytes."""
        return LayerWriter(
            self.store,
            self.keep,
            size=size,
            reproducible=self.epoch is not None,
            compression=compression,
            level=level,
        )

    def finish(self, draft: Draft) -> Image:
        """The image of a draft, kept until the lease ends."""
        image = draft.write(self.store)
        self.keep([image.digest, image.id])
        return image
