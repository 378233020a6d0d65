"""The protocol of snapshotters: how a container gets a root file system of its own from an image's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.layer.disk_format import DiskFormat, Whiteouts
    from dockmagic.layer.pack import OwnerRecord
    from dockmagic.store.content import ContentStore

    from .changes import Written
    from .snapshot import Snapshot

__all__ = ["Snapshotter"]


class Snapshotter(Protocol):
    """A way to make root file systems. `SNAPSHOTTERS` has all of them, the best first.

    Methods marked *as owner* are called as root of the user namespace that the files belong to, in a mount namespace of
    its own if there are any. What a snapshot takes is `changes.room` of its `changes`; its layer is written by
    `commit.pack_view`; it is removed with the folder of its container.

    Attributes:
        name: under which containers on disk name it.
        needs_mounts: whether it works only where mounts are allowed.
        shares_layers: whether layers lie on disk one by one, and several containers use each of them. Then further
            layers can be put below an image's, one that is being downloaded can be unpacked at once, and the writable
            layer of a container that has ended can become one of them.
        populates: whether `populate` has something to do.
        preload: modules that `changes` imports, for who starts many workers.
    """

    name: str
    needs_mounts: bool
    shares_layers: bool
    populates: bool
    preload: tuple[str, ...]

    def whiteouts(self, *, user_xattrs: bool) -> Whiteouts:
        """How layers on disk mark what they remove."""
        ...

    def folder_name(self, owners: str) -> str:
        """Name of the folder of unpacked layers whose owners are mapped as `owners` says."""
        ...

    def probe(self, folder: str, *, user_xattrs: bool, owners: bool) -> str:
        """Do once, *as owner*, all that it takes, and leave nothing behind.

        Args:
            folder: that will hold the layers.
            user_xattrs: as in `Snapshot`.
            owners: whether files can be given to others; else their owners are kept in attributes.

        Returns:
            Why it does not work there; empty if it does.
        """
        ...

    def keys(self, store: ContentStore, image: Image) -> list[str]:
        """Names of the folders that an image is unpacked to, base first."""
        ...

    def unpack(self, folder: Path, keys: Sequence[str], layers: list[dict[str, Any]], form: DiskFormat) -> None:
        """Unpack *as owner* what is missing of an image.

        Args:
            folder: of the unpacked layers of this form.
            keys: as the method of that name gave them.
            layers: as `unpack.unpack_all` takes them.
            form: how they are to lie there.

        Raises:
            InvalidLayer: a broken layer.
            DigestMismatch: a layer that is not the one that the image names.
        """
        ...

    def prepare(self, folder: Path, mode: int) -> None:
        """Make in the new folder of a container what a snapshot needs.

        Args:
            folder: of the container.
            mode: of the root of the image, which the container's is to have.
        """
        ...

    def populate(self, folder: Path, lower: Path, apart: Iterable[str], *, owners: bool) -> None:
        """Fill, *as owner*, a snapshot that was prepared.

        Args:
            folder: of the container.
            lower: the topmost folder of its image's.
            apart: paths that are no part of what the container changes.
            owners: as for `probe`.

        Raises:
            OSError: the disk is full.
        """
        ...

    def writable(self, folder: str) -> str:
        """The folder that holds what the container in `folder` writes."""
        ...

    def describe(self, snapshot: Snapshot) -> dict[str, str]:
        """The folders of a snapshot, under docker's names (``GraphDriver.Data`` of ``inspect``)."""
        ...

    def mount(self, snapshot: Snapshot, where: str) -> None:
        """Mount a snapshot, *as owner*, with its writable layer, at the folder `where`.

        Raises:
            OSError: what the kernel says.
        """
        ...

    def view(self, snapshot: Snapshot, where: str) -> AbstractContextManager[str]:
        """Have a snapshot, *as owner*, for reading as long as the block lasts, while its container may be running.

        Args:
            snapshot: which.
            where: a folder that it may be mounted at.

        Returns:
            A context manager that gives the path of its root.
        """
        ...

    def changes(self, folder: Path, told: Callable[[Written], OwnerRecord] | None = None) -> list[Written]:
        """All that the container in `folder` has written or removed, each directory before what is in it.

        Args:
            folder: of the container.
            told: gives the owner that a file should have, where everything belongs to one user.
        """
        ...
