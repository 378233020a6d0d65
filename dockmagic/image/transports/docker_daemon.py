"""``docker-daemon:NAME[:TAG]``: the images of a running docker, over its API."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dockmagic.image.archive.members import Tar
from dockmagic.image.archive.source import ArchiveSource
from dockmagic.oci.reference import Reference
from dockmagic.registry.docker_api import DockerApi
from dockmagic.store.home import disk_errors

from .docker_archive import DockerArchiveTarget, only_image
from .transport import ImageTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .transport import CopySource, TransportContext

__all__ = ["TRANSPORT"]


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    name = place if place.startswith("sha256:") else Reference.parse(place).or_latest().familiar
    context.store.home.prepare()
    with tempfile.TemporaryFile(dir=context.store.home.root, prefix=".daemon.") as file:
        with DockerApi.connect() as api, disk_errors():
            api.get_image(name, file)
        file.seek(0)
        archive = ArchiveSource(Tar(file), context.notice)
        yield only_image(archive, "", f"docker's {name}")


@contextmanager
def _target(context: TransportContext, place: str) -> Iterator[DockerArchiveTarget]:
    ref = Reference.parse(place).or_latest()
    context.store.home.prepare()
    with (
        DockerApi.connect() as api,
        tempfile.TemporaryFile(dir=context.store.home.root, prefix=".daemon.") as file,
    ):
        yield DockerArchiveTarget(file, ref)
        # Docker takes the archive in one request, and names the image once it has all of it.
        size = file.tell()
        file.seek(0)
        api.load_images(file, size)


TRANSPORT: Final = ImageTransport(word="docker-daemon", form="docker-daemon:NAME[:TAG]", source=_source, target=_target)
