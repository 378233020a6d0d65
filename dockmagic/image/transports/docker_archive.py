"""``docker-archive:FILE[:NAME]``: what ``docker save`` writes and ``docker load`` reads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.image.archive import save
from dockmagic.image.archive.load import open_tar
from dockmagic.image.archive.source import ArchiveSource
from dockmagic.oci.errors import ImageNotFound, NotSupported
from dockmagic.oci.reference import Reference

from .layout import split_name
from .new_file import new_file
from .transport import CopySource, ImageTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor

    from .transport import TransportContext

__all__ = ["TRANSPORT", "DockerArchiveTarget", "only_image"]


def only_image(archive: ArchiveSource, name: str, where: str) -> CopySource:
    """The only image of an archive, or the one with a name.

    Raises:
        ImageNotFound: there is none, or there are several.
    """
    wanted = Reference.parse(name).or_latest() if name else None
    found = [image for image in archive.images if wanted is None or wanted.canonical() in image.names]
    if len(found) != 1:
        known = ", ".join(ref.familiar for image in archive.images for ref in image.names) or "none has a name"
        what = f"{where} has no image {name}" if name else f"{where} holds {len(found)} images"
        raise ImageNotFound(what, hint=f"Name one of them after a colon: {known}")
    (image,) = found
    return CopySource(archive, image.descriptor, image.names[0] if image.names else None)


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    path, name = split_name(place)
    with open_tar(path, context.store) as members:
        yield only_image(ArchiveSource(members, context.notice), name, str(path))


@contextmanager
def _target(_context: TransportContext, place: str) -> Iterator[DockerArchiveTarget]:
    path, name = split_name(place)
    ref = Reference.parse(name).or_latest() if name else None
    with new_file(path) as file:
        yield DockerArchiveTarget(file, ref)


class DockerArchiveTarget:
    """An `ImageTarget` that writes an archive of one image.

    Args:
        file: where it goes.
        ref: its name; None for none.
    """

    keeps_digests = False  # docker finds images by manifest.json, which names no manifest

    def __init__(self, file: BinaryIO, ref: Reference | None) -> None:
        self._file = file
        self._ref = ref

    def write(self, image: Image, on_progress: Progress) -> None:
        """Write the archive."""
        image.names = (self._ref,) if self._ref is not None else ()
        for desc in image.manifest.layers:
            on_progress(desc, "Pushing", 0, desc.size)
        save([image], self._file)
        for desc in image.manifest.layers:
            on_progress(desc, "Pushed", desc.size, desc.size)

    def write_index(self, source: ImageSource, index: Descriptor, on_progress: Progress) -> None:  # noqa: ARG002  (see there)
        """Refuse: docker's archives hold the image of one platform.

        Raises:
            NotSupported: always.
        """
        raise NotSupported("one image alone can be copied there", hint="Leave out --all, or copy to oci: or dir:")


TRANSPORT: Final = ImageTransport(
    word="docker-archive", form="docker-archive:FILE[:NAME]", source=_source, target=_target
)
