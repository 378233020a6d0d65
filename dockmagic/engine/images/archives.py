"""Save, load, import and export images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.docker_py import refuses
from dockmagic.image import local
from dockmagic.oci.errors import ImageNotFound, InvalidReference
from dockmagic.oci.media import Compression
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .lookup import ImageLookup
from .names import platform_of, reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Config


__all__ = ["ImageArchives"]


class ImageArchives(ImageLookup):
    """The calls that read and write files."""

    def select_for_save(self, names: Iterable[str]) -> tuple[Image, ...]:
        """The images that `names` mean, each once and with just the names that it was asked for by (``save``).

        A repository without a tag means all its tags, an ID means an image without a name, as in docker.

        Raises:
            ImageNotFound: there is none.
            AmbiguousName: an ID's prefix that fits several.
        """
        chosen: dict[Digest, list[Reference]] = {}
        for name in names:
            refs = self._tags_meant(name)
            if not refs:
                chosen.setdefault(self.get(name).digest, [])
            for ref in refs:
                asked = chosen.setdefault(self.get(str(ref)).digest, [])
                if ref not in asked:
                    asked.append(ref)
        images = []
        for digest, asked in chosen.items():
            image = self._own(local.by_digest(self._engine.store, digest))
            image.names = tuple(asked)
            images.append(image)
        return tuple(images)

    def _tags_meant(self, name: str) -> tuple[Reference, ...]:
        try:
            ref = Reference.parse(name)
            if ref.digest:
                return ()
            return (ref,) if ref.tag and self._engine.store.find(ref) else self.local_tags(ref) if not ref.tag else ()
        except (InvalidReference, ImageNotFound):
            return ()

    def save(
        self,
        images: Iterable[Image],
        out: BinaryIO,
        *,
        form: str = "docker-archive",
        compression: Compression = Compression.NONE,
    ) -> None:
        """Write images into one archive, each under its names (``save``)."""
        from dockmagic.image.archive import save

        save(images, out, form=form, compression=compression)

    @refuses("Images.load")
    def load(self, source: Path | BinaryIO, *, on_progress: Progress = ignore_progress) -> tuple[Image, ...]:
        """Bring the images of an archive here (``load``).

        Args:
            source: a file, plain or compressed, a stream of one, or a folder with an image layout.
            on_progress: gets the progress of each layer.

        Raises:
            InvalidArchive: it cannot be read, or not be trusted; nothing is named.
        """
        from dockmagic.image.archive import load

        loaded = load(source, self._engine.store, on_progress=on_progress, on_notice=self._engine.notice)
        return tuple(map(self._own, loaded))

    def import_rootfs(
        self,
        source: BinaryIO,
        name: str = "",
        *,
        config: Config | None = None,
        message: str = "",
        platform: Platform | str | None = None,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """Make an image of one layer from the archive of a root file system (``import``)."""
        from dockmagic.image.archive import import_rootfs

        ref = reference_of(name).or_latest() if name else None
        made = import_rootfs(
            source,
            self._engine.store,
            ref,
            config=config,
            message=message,
            platform=platform_of(platform),
            on_progress=on_progress,
        )
        return self._own(made)

    def export_rootfs(self, image: Image, out: BinaryIO) -> None:
        """Write an image's root file system as one tar (``export``)."""
        from dockmagic.image.archive import export_rootfs

        export_rootfs(image, out)
