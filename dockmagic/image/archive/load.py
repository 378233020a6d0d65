"""Load: images out of a docker-archive or oci-archive."""

from __future__ import annotations

import os
import tempfile
import weakref
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.image.transfer.choose import choose_from
from dockmagic.image.transfer.pull import bring
from dockmagic.layer.compression.decompress import inflated
from dockmagic.layer.compression.table import LONGEST_MAGIC, detect
from dockmagic.layer.ingest import layer_limit
from dockmagic.oci.errors import InvalidArchive, InvalidInput, InvalidLayer, NotSupported, UnsupportedMediaType
from dockmagic.oci.media import Compression
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference
from dockmagic.store.home import disk_errors

from .members import FolderMembers, Tar
from .source import ArchiveSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.store.content import ContentStore

    from .members import Members

__all__ = ["load", "open_archive", "open_tar"]

_PIECE: Final = 1 << 20

# What an image without a name is called in messages.
_NAMELESS: Final = Reference.parse("unnamed")


def load(
    source: Path | BinaryIO,
    store: ContentStore,
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
    on_notice: Callable[[str], None] = lambda _: None,
) -> tuple[Image, ...]:
    """Bring every image of an archive into the store, verified.

    Args:
        source: a file, plain or compressed, a stream of one (``docker load < FILE``), or a folder with an image layout.
        store: where they go.
        platform: which one where the archive holds an index; None for this machine's.
        on_progress: gets the progress of each layer.
        on_notice: gets a line about what the archive has beside images, and of what is left out of these.

    Returns:
        The images under the names that the archive gave them.

    Raises:
        InvalidInput: the file cannot be read.
        InvalidArchive: truncated, ambiguous, hostile, or no archive of images; nothing is named.
        PlatformNotFound: the archive has no image for the platform.
        OutOfSpace: the disk is full; nothing is named.
    """
    store.home.prepare()
    if isinstance(source, Path):
        if source.is_dir():
            return _load(FolderMembers(source), store, platform, on_progress, on_notice)
        try:
            opened = source.open("rb")
        except OSError as error:
            raise InvalidInput(f"{source} cannot be read: {error.strerror}", hint="Check the path") from None
        with opened:
            return load(opened, store, platform=platform, on_progress=on_progress, on_notice=on_notice)
    with _in_place(source, store) as file:
        return _load(Tar(file), store, platform, on_progress, on_notice)


def _load(
    members: Members,
    store: ContentStore,
    platform: Platform | None,
    on_progress: Progress,
    on_notice: Callable[[str], None],
) -> tuple[Image, ...]:
    archive = ArchiveSource(members, on_notice)
    images = _views(archive, store, platform, on_notice)
    loaded = bring(archive, store, images, on_progress, from_registry=False, on_notice=on_notice)
    for here, there in zip(loaded, images, strict=True):
        here.names = there.names
    return loaded


def _views(
    archive: ArchiveSource, store: ContentStore, platform: Platform | None, on_notice: Callable[[str], None]
) -> list[Image]:
    """The images of an archive as they lie there."""
    images: list[Image] = []
    artifacts: list[UnsupportedMediaType] = []
    for each in archive.images:
        named = each.names[0] if each.names else _NAMELESS
        try:
            image = choose_from(archive, each.descriptor, named, platform=platform, home=store.home)
        except UnsupportedMediaType as error:
            artifacts.append(error)
            continue
        image.names = each.names
        images.append(image)
    if not images:
        raise artifacts[0]
    for artifact in artifacts:
        on_notice(f"left out: {artifact.message}")
    return images


def open_archive(
    path: Path,
    store: ContentStore,
    *,
    platform: Platform | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> tuple[Image, ...]:
    """The images of an archive or of a folder with an image layout, read where they lie; nothing is stored.

    The file is closed when the last of them is forgotten.

    Args:
        path: of the archive, plain or compressed, or of the folder.
        store: whose home takes the plain bytes of a compressed archive meanwhile.
        platform: which one where the archive holds an index; None for this machine's.
        on_notice: gets a line for what is left out.

    Raises:
        InvalidInput: the file cannot be read.
        InvalidArchive: no archive of images.
        PlatformNotFound: the archive has no image for the platform.
    """
    store.home.prepare()
    with ExitStack() as stack:
        if path.is_dir():
            archive = ArchiveSource(FolderMembers(path), on_notice)
        else:
            archive = ArchiveSource(stack.enter_context(open_tar(path, store)), on_notice)
        images = _views(archive, store, platform, on_notice)
        weakref.finalize(archive, stack.pop_all().close)
    return tuple(images)


@contextmanager
def open_tar(path: Path, store: ContentStore) -> Iterator[Tar]:
    """The files of an archive.

    Args:
        path: of the archive, plain or compressed.
        store: whose home takes the plain bytes of a compressed one meanwhile.

    Raises:
        InvalidInput: it cannot be read.
        InvalidArchive: it is no tar, or truncated.
    """
    store.home.prepare()
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}", hint="Check the path") from None
    with file, _in_place(file, store) as plain:
        yield Tar(plain)


@contextmanager
def _in_place(source: BinaryIO, store: ContentStore) -> Iterator[BinaryIO]:
    """`source` itself if it is a plain file, else its plain bytes in a temporary one, which no other process sees."""
    head = source.read(_PIECE)
    try:
        compression = detect(head[:LONGEST_MAGIC])
    except NotSupported as error:
        raise InvalidArchive(error.message.replace("a layer", "the archive"), hint="Decompress it first") from None
    if compression is Compression.NONE and _is_file(source):
        source.seek(0)
        yield source
        return
    with tempfile.TemporaryFile(dir=store.home.root, prefix=".load.") as file, disk_errors():
        limit = layer_limit()
        try:
            for piece in inflated(chain([head], iter(partial(source.read, _PIECE), b"")), compression):
                limit -= len(memoryview(piece))
                if limit < 0:
                    raise InvalidArchive(
                        f"the archive expands to more than {layer_limit()} bytes",
                        hint="Set DOCKMAGIC_MAX_LAYER_SIZE to more bytes if you trust it",
                    )
                file.write(piece)
        except InvalidLayer as error:
            raise InvalidArchive(
                error.message.replace("the layer", "the archive"), hint="Save or download it again"
            ) from None
        file.seek(0)
        yield file


def _is_file(source: BinaryIO) -> bool:
    try:
        return source.seekable() and os.fstat(source.fileno()).st_size > 0
    except (OSError, AttributeError):
        return False
