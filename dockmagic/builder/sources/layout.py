"""An OCI image layout in a folder as the source of a base image: ``--build-context NAME=oci-layout://FOLDER:TAG``."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci.digest import VerifiedReader
from dockmagic.oci.documents import read_limited
from dockmagic.oci.errors import BlobNotFound, ImageNotFound, InvalidDocument, PathNotFound
from dockmagic.oci.media import OCI_INDEX
from dockmagic.oci.spec import Index, check_size, parse_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

__all__ = ["SCHEME", "LayoutSource"]

SCHEME: Final = "oci-layout://"
# image-spec annotations.md: the name in a layout is a tag, or a whole name.
_NAME: Final = "org.opencontainers.image.ref.name"
_LATEST: Final = "latest"


class LayoutSource:
    """One image of a layout, an `ImageSource`; every blob is verified.

    Args:
        text: ``oci-layout://FOLDER[:TAG][@DIGEST]``.

    Raises:
        PathNotFound: the folder is no layout.
    """

    def __init__(self, text: str) -> None:
        path, _, self._digest = text.removeprefix(SCHEME).partition("@")
        self._tag = ""
        if not self._digest and not Path(path).expanduser().is_dir():
            path, _, self._tag = path.rpartition(":")
        self.folder = Path(path).expanduser().absolute()
        if not (self.folder / "oci-layout").is_file():
            raise PathNotFound(
                f"{self.folder} is not an OCI image layout", hint="Name a folder that has a file oci-layout"
            )

    def resolve(self, ref: Reference) -> Descriptor:  # noqa: ARG002  (the layout's own words say which)
        """The manifest or index that is meant; without a tag ``latest``, or the only one.

        Raises:
            ImageNotFound: there is none.
        """
        try:
            with (self.folder / "index.json").open("rb") as file:
                index = parse_manifest(read_limited(file), OCI_INDEX)
        except OSError as error:
            raise ImageNotFound(f"{self.folder} has no index.json: {error.strerror}", hint="Write it again") from None
        if not isinstance(index, Index):
            raise InvalidDocument(f"{self.folder}/index.json is no index")
        wanted = self._tag or _LATEST
        for desc in index.manifests:
            name = (desc.annotations or {}).get(_NAME, "")
            if desc.digest == self._digest if self._digest else wanted in (name, name.rpartition(":")[2]):
                return desc
        if len(index.manifests) == 1 and not (self._digest or self._tag):
            return index.manifests[0]
        names = ", ".join(filter(None, ((desc.annotations or {}).get(_NAME, "") for desc in index.manifests)))
        raise ImageNotFound(
            f"the layout {self.folder} has no image {self._digest or wanted}",
            hint=f"It has {names}" if names else "Name one by its digest: FOLDER@sha256:…",
        )

    @contextmanager
    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> Iterator[BinaryIO]:
        """Read a blob, see `ImageSource.open`."""
        path = self.folder / "blobs" / "sha256" / desc.digest.hex
        try:
            file = path.open("rb", buffering=0)
        except OSError:
            raise BlobNotFound(f"the layout {self.folder} has no blob {desc.digest}", hint="Write it again") from None
        with file:
            file.seek(offset)
            yield file if offset or not verify else VerifiedReader(file, desc.digest, desc.size)  # type: ignore[misc]  # RawIOBase is a BinaryIO

    def read(self, desc: Descriptor) -> bytes:
        """A document as a whole, verified."""
        check_size(desc)
        with self.open(desc) as stream:
            return stream.read()
