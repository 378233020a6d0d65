"""An image: a read-only view of one platform's manifest, its configuration and its layers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from dockmagic.docker_py import missing_attribute, refuses
from dockmagic.oci.errors import InvalidDocument, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import Config, Manifest, parse_config, parse_manifest
from dockmagic.oci.times import parse_time

from .analysed import Analysed
from .changeable import Changeable

if TYPE_CHECKING:
    from datetime import datetime
    from typing import BinaryIO

    from dockmagic.layer.tree import FileTree
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import ConfigFile, Descriptor
    from dockmagic.store.home import Home

    from .actions import ImageActions, Pushed, Removal
    from .history import Steps
    from .layer import Layers
    from .path import ImagePath
    from .source import ImageSource

__all__ = ["Image"]


class Image(Changeable, Analysed):
    """An image in the local store, in a registry or in an archive; what is not asked for is not read.

    Args:
        source: where its blobs are read from.
        descriptor: of its manifest.
        names: its full names, local or remote.
        index_digest: of the index it was chosen from, if there was one.
        image_id: digest of its configuration, if it is known.
        size: of the layers' files in bytes, if it is known.
        home: where file tables of its layers may be found; None for nowhere.
        keep_tables: whether file tables that have to be made are kept there.

    Attributes:
        actions: what an engine does with it; None where it came from no engine.
    """

    if not TYPE_CHECKING:  # type checkers go on refusing unknown names
        __getattr__ = missing_attribute("Image")

    def __init__(
        self,
        source: ImageSource,
        descriptor: Descriptor,
        *,
        names: tuple[Reference, ...] = (),
        index_digest: Digest | None = None,
        image_id: Digest | None = None,
        size: int | None = None,
        home: Home | None = None,
        keep_tables: bool = False,
    ) -> None:
        self.source = source
        self.descriptor = descriptor
        self.names = names
        self.index_digest = index_digest
        self._id = image_id
        self._size = size
        self._home = home
        self._keep_tables = keep_tables
        self.actions: ImageActions | None = None

    def __repr__(self) -> str:
        return f"<Image {self.names[0].familiar if self.names else '<none>'} {self.id.short}>"

    def __eq__(self, other: object) -> bool:
        """Whether it is the same manifest, wherever it is."""
        return self.digest == other.digest if isinstance(other, Image) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        # By where it is: neither blobs nor connections nor credentials go into a pickle.
        return _reopen, (self._actions, self.descriptor, self.names, self.index_digest)

    @cached_property
    def raw_manifest(self) -> bytes:
        """The manifest's bytes, verified.

        Raises:
            BlobNotFound: it is not there.
            InvalidContent: it is not what its descriptor says.
        """
        return self.source.read(self.descriptor)

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest.

        Raises:
            InvalidDocument: it breaks the specification.
            UnsupportedMediaType: it is an index.
        """
        manifest = parse_manifest(self.raw_manifest, self.descriptor.media_type)
        if not isinstance(manifest, Manifest):
            raise UnsupportedMediaType(f"{self.digest} is an index, not an image", hint="Choose one of its platforms")
        return manifest

    @cached_property
    def raw_config(self) -> bytes:
        """The configuration's bytes, verified.

        Raises:
            BlobNotFound: it is not there.
            InvalidContent: it is not what its descriptor says.
        """
        return self.source.read(self.manifest.config)

    @cached_property
    def config_file(self) -> ConfigFile:
        """The whole configuration document.

        Raises:
            InvalidDocument: it breaks the specification, or has not one DiffID for each layer.
        """
        config = parse_config(self.raw_config)
        layers, diff_ids = len(self.manifest.layers), len(config.rootfs.diff_ids)
        if layers != diff_ids:
            raise InvalidDocument(
                f"image {self.id.short} has {layers} layers and {diff_ids} DiffIDs",
                hint="" if diff_ids else "Its configuration does not describe a container image: name another one",
            )
        return config

    @property
    def config(self) -> Config:
        """How to run it."""
        return self.config_file.config or Config()

    @property
    def id(self) -> Digest:
        """The image ID: digest of the configuration."""
        return self._id or self.manifest.config.digest

    @property
    def digest(self) -> Digest:
        """Digest of the manifest."""
        return self.descriptor.digest

    @property
    def repo_digest(self) -> Digest:
        """What a registry knows it by: the index's digest where there was one, else the manifest's."""
        return self.index_digest or self.digest

    @cached_property
    def layers(self) -> Layers:
        """Its layers, base first; ``image.layers[0:3]`` are the three lowest."""
        # Lists of images need no layers, so they need not load what reads them.
        from .layer import Layers, Stack

        stack = Stack(self.source, self._home, self.manifest, self.config_file, keep=self._keep_tables)
        return Layers(stack, 0, len(stack.layers))

    @property
    def history(self) -> Steps:
        """The steps of its making, oldest first; steps that made no layer have `empty_layer`."""
        from .history import Steps

        return Steps.of(self)

    @property
    def files(self) -> FileTree:
        """The merged view of its layers.

        Raises:
            InvalidContent: a layer is not what it should be.
        """
        return self.layers.files

    @property
    def platform(self) -> Platform:
        """What it runs on."""
        return self.config_file.platform

    @property
    def runs_here(self) -> bool:
        """Whether containers of it run here; as in docker, also where it names no processor."""
        return Platform.local().accepts(self.platform)

    @property
    def size(self) -> int:
        """Bytes of the layers' files, as docker's SIZE."""
        if self._size is None:
            self._size = sum(layer.size for layer in self.layers)
        return self._size

    @property
    def compressed_size(self) -> int:
        """Bytes of configuration and layers, as a registry holds them."""
        return self.manifest.config.size + sum(layer.size for layer in self.manifest.layers)

    @property
    def created(self) -> datetime | None:
        """When, as the configuration says; None where it does not."""
        return parse_time(self.config_file.created)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels; an empty dict for none."""
        return dict(self.config.labels or {})

    @property
    def tags(self) -> tuple[str, ...]:
        """Its names as docker shows them, such as ``ubuntu:24.04``."""
        return tuple(ref.familiar for ref in self.names)

    @property
    def short_id(self) -> str:
        """The first 12 digits of its ID."""
        return self.id.short

    # What an engine does with it

    @refuses("Image.tag")
    def tag(self, name: str | Reference) -> Image:
        """Give it one more name (``tag``); the image with its names as they are now.

        Raises:
            InvalidReference: no name.
        """
        found: Image = self._actions.tag(self, name)
        return found

    def push(self, name: str | Reference = "", *, on_progress: Progress = ignore_progress) -> Pushed:
        """Send it to the registry of a name (``push``).

        Args:
            name: empty for its own, if it has one only.
            on_progress: gets the progress of each blob.

        Raises:
            InvalidInput: it has no name, or several.
            RegistryError: the registry refuses or fails.
        """
        return self._actions.push_image(self, name, on_progress=on_progress)

    @refuses("Image.remove")
    def remove(self, *, force: bool = False) -> Removal:
        """Remove it with all its names (``rmi``).

        Args:
            force: also where several repositories name it.

        Raises:
            Conflict: a container uses it, or several repositories name it and `force` is not set.
        """
        return self._actions.remove(str(self.id), force=force)

    @refuses("Image.save")
    def save(self, out: BinaryIO) -> None:
        """Write it as a docker archive with its names (``save``)."""
        self._actions.save([self], out)

    def inspect(self) -> dict[str, Any]:
        """What ``inspect`` says of it, in docker's form."""
        return self._actions.inspect(self)

    def __truediv__(self, path: str) -> ImagePath:
        """The path `path` inside it, such as ``image / "etc/passwd"``."""
        from .path import ImagePath

        return ImagePath(self.layers, path)


def _reopen(
    actions: ImageActions,
    descriptor: Descriptor,
    names: tuple[Reference, ...],
    index_digest: Digest | None,
) -> Image:
    found: Image = actions.reopened(descriptor, names, index_digest)
    return found
