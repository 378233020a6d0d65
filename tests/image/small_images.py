"""Images of a few files, made on the spot."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, Protocol

from dockmagic.image.mutate import append_layer, empty_image, with_config
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config, History

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore


def layer_tar(files: Mapping[str, bytes | None]) -> bytes:
    """A layer: content by path, a directory by a slash at the end, ``-> TARGET`` for a link, None for a whiteout."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path, content in files.items():
            folder, _, name = path.rpartition("/")
            member = tarfile.TarInfo(f"{folder}/.wh.{name}".lstrip("/") if content is None else path)
            if path.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            data = content or b""
            if data.startswith(b"-> "):
                member.type, member.linkname, data = tarfile.SYMTYPE, data[3:].decode(), b""
            if data.startswith(b"\x7fELF"):
                member.mode = 0o755
            member.size = len(data)
            member.mtime = 1_700_000_000
            tar.addfile(member, io.BytesIO(data))
    return raw.getvalue()


class MakeImage(Protocol):
    """Makes an image; see `make_image`."""

    def __call__(
        self,
        *layers: Mapping[str, bytes | None],
        name: str = "",
        base: Image | None = None,
        platform: str = "",
        cmd: str = "",
    ) -> Image:
        """An image of `layers` upon `base`, named `name` in the store."""
        ...


def image_maker(store: ContentStore) -> MakeImage:
    """A `MakeImage` for `store`."""

    def make(
        *layers: Mapping[str, bytes | None],
        name: str = "",
        base: Image | None = None,
        platform: str = "",
        cmd: str = "",
    ) -> Image:
        where = Platform.parse(platform) if platform else Platform.local()
        image = base or empty_image(store, where, created="2024-01-01T00:00:00Z")
        for number, files in enumerate(layers):
            tar = layer_tar(files)
            desc = store.put_bytes(media.OCI_LAYER_GZIP, gzip.compress(tar, 1, mtime=0))
            step = History(created=f"2024-01-0{number + 1}T00:00:00Z", created_by=f"COPY {next(iter(files))} /")
            image = append_layer(store, image, desc, Digest.of(tar), step)
        if cmd:
            image = with_config(store, image, Config(cmd=(cmd,)), History(created_by=f"CMD {cmd}"))
        if name:
            store.tag(Reference.parse(name), image.descriptor)
            image.names = (Reference.parse(name).or_latest(),)
        return image

    return make
