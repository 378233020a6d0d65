"""How an operation is carried out: what it begins with, a lease, the new names, and what to tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dockmagic.engine.epoch import source_date_epoch
from dockmagic.engine.options import convert
from dockmagic.image import local
from dockmagic.image.surgery.workspace import Workspace
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DockmagicError, ImageNotFound
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.engine.context import EngineContext
    from dockmagic.engine.images import Images
    from dockmagic.image.image import Image
    from dockmagic.image.surgery.workspace import Operation
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress

__all__ = ["SurgeryRunner"]


class SurgeryRunner:
    """Carries out operations in the store of an engine."""

    def __init__(self, engine: EngineContext, images: Images) -> None:
        self._engine = engine
        self._images = images

    def find(self, image: str | Image, platform: Platform | None = None) -> Image:
        """The image that a name means, here or in its registry; an image is itself."""
        return self._images.find(image, platform=platform) if isinstance(image, str) else image

    def as_it_was(self, ref: Reference) -> Image:
        """The image of a digest: here, also if another one has its name now, or in its registry."""
        try:
            return local.by_manifest(self._engine.store, Digest(ref.digest))
        except ImageNotFound:
            return self.find(str(ref))

    def carry_out(
        self, image: str | Image, operation: Operation, tags: str | Iterable[str], on_progress: Progress
    ) -> Image:
        """Carry out an operation, and give its result its names, or keep it without one.

        Raises:
            ImageNotFound: there is no such image.
            DockmagicError: what the operation raises; nothing is named then.
        """
        refs = [Reference.parse(tag).or_latest() for tag in convert.words("tags", tags)]
        found = self.find(image)
        store = self._engine.store
        epoch = source_date_epoch({})
        with store.lease() as keep:
            workspace = Workspace(
                store=store,
                keep=keep,
                seconds=int(time.time()) if epoch is None else epoch,
                epoch=epoch,
                on_progress=on_progress,
            )
            made = operation(workspace, workspace.bring(found))
            size = made.size
            with store.edit() as names:
                for ref in refs:
                    names.set(ref, made.descriptor, size=size)
                if not refs:
                    names.add(made.descriptor, size=size)
        if made.digest != found.digest:
            for line in self._signatures(found):
                self._engine.notice(line)
        return self._images.by_manifest(made.digest)

    def _signatures(self, image: Image) -> Iterator[str]:
        """What was signed is a digest, which the new image does not have: a line for each place that may have some.

        A registry that the image came from just now is asked what there is. One that a local image was pulled from or
        pushed to is not: it need not be within reach.
        """
        store = self._engine.store
        if image.source is not store:
            for ref in image.names:
                yield from self._listed(ref.with_digest(image.repo_digest))
            return
        published = [
            named.repository for named in store.names() if named.descriptor.digest == image.digest and named.repository
        ]
        for repository in dict.fromkeys(published):
            name = Reference.parse(repository).with_digest(image.repo_digest)
            yield f"signatures and attestations of {name.familiar}, if there are any, do not hold for the new image"

    def _listed(self, name: Reference) -> Iterator[str]:
        from dockmagic.engine.artifacts import Artifacts

        try:
            found = Artifacts(self._engine).list(str(name))
        except DockmagicError:  # an archive has names of registries that may not be there
            return
        if found:
            kinds = ", ".join(dict.fromkeys(row.artifact_type for row in found))
            yield f"what is attached to {name.familiar} does not hold for the new image: {kinds}"
