"""An image: a read-only view of one platform's manifest, its configuration and its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Config, ConfigFile, Descriptor, History, Manifest
    from dockmagic.store.home import Home
    from dockmagic.store.layer.tree import FileTree

    from .layer import Layers
    from .path import ImagePath
    from .source import ImageSource

__all__ = ["Image"]


class Image:
    """An image in the local store, in a registry or in an archive; what is not needed is not read.

    Args:
        source: where its blobs are read from.
        descriptor: of its manifest.
        names: its full names, local or remote.
        index_digest: of the index it was chosen from, if there was one.
        home: where file tables of its layers may be found; None for nowhere.
        keep_tables: whether file tables that have to be made are kept there.
    """

    def __init__(
        self,
        source: ImageSource,
        descriptor: Descriptor,
        *,
        names: tuple[Reference, ...] = (),
        index_digest: Digest | None = None,
        home: Home | None = None,
        keep_tables: bool = False,
    ) -> None:
        raise NotImplementedError

    source: ImageSource
    descriptor: Descriptor
    names: tuple[Reference, ...]
    index_digest: Digest | None

    @property
    def raw_manifest(self) -> bytes:
        """The manifest's bytes."""
        raise NotImplementedError

    @property
    def manifest(self) -> Manifest:
        """The manifest."""
        raise NotImplementedError

    @property
    def raw_config(self) -> bytes:
        """The configuration's bytes."""
        raise NotImplementedError

    @property
    def config_file(self) -> ConfigFile:
        """The whole configuration document."""
        raise NotImplementedError

    @property
    def config(self) -> Config:
        """How to run it."""
        raise NotImplementedError

    @property
    def id(self) -> Digest:
        """The image ID: digest of the configuration."""
        raise NotImplementedError

    @property
    def digest(self) -> Digest:
        """Digest of the manifest."""
        raise NotImplementedError

    @property
    def repo_digest(self) -> Digest:
        """What a registry knows it by: the index's digest where there was one, else the manifest's."""
        raise NotImplementedError

    @property
    def layers(self) -> Layers:
        """Its layers, base first; ``image.layers[0:3]`` are the three lowest."""
        raise NotImplementedError

    @property
    def history(self) -> tuple[History, ...]:
        """The steps of its making, oldest first; steps that made no layer have `empty_layer`."""
        raise NotImplementedError

    @property
    def files(self) -> FileTree:
        """The merged view of its layers."""
        raise NotImplementedError

    @property
    def platform(self) -> Platform:
        """What it runs on."""
        raise NotImplementedError

    @property
    def runs_here(self) -> bool:
        """Whether this machine's processor runs it."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """Bytes of the layers' files, as docker's SIZE."""
        raise NotImplementedError

    @property
    def compressed_size(self) -> int:
        """Bytes of configuration and layers as a registry holds them."""
        raise NotImplementedError

    @property
    def created(self) -> str:
        """As the configuration says (RFC 3339); may be empty."""
        raise NotImplementedError

    def __truediv__(self, path: str) -> ImagePath:
        raise NotImplementedError
