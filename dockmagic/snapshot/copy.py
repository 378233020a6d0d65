"""Snapshots by copying: where nothing can be mounted, or no overlay, a container gets a copy of its image's files.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from dockmagic.linux import kernel
from dockmagic.linux.kernel import MS_BIND

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

__all__ = ["CopySnapshotter"]

_EMPTY: Final = "empty"  # key of an image of no layers


class CopySnapshotter:
    """Copies, by reflink where the file system can. An image is unpacked once, layer over layer."""

    name = "copy"
    needs_mounts = False
    shares_layers = False
    populates = True
    preload: tuple[str, ...] = ("snapshot.baseline",)

    def whiteouts(self, *, user_xattrs: bool) -> Whiteouts:
        """None: what a layer removes is removed from the tree."""
        del user_xattrs
        from dockmagic.layer.disk_format import Whiteouts

        return Whiteouts.APPLY

    def folder_name(self, owners: str) -> str:
        """One for each map of owners."""
        return f"whole-{owners}"

    def probe(self, folder: str, *, user_xattrs: bool, owners: bool) -> str:
        """Nothing to try: folders can always be copied."""
        del folder, user_xattrs, owners
        return ""

    def keys(self, store: ContentStore, image: Image) -> list[str]:
        """One for the whole image, as if it were its last layer, so that the collector knows whose it is."""
        del store
        from .layers import key_of

        layers = image.layers
        if not layers:
            return [_EMPTY]
        return [key_of(layers[-1].diff_id, layers[-2].chain_id if len(layers) > 1 else None)]

    def unpack(self, folder: Path, keys: Sequence[str], layers: list[dict[str, Any]], form: DiskFormat) -> None:
        """Unpack the layers one over another into one folder."""
        from .unpack import unpack_whole

        (key,) = keys
        if not (folder / key).exists():
            unpack_whole(folder, key, layers, form)

    def prepare(self, folder: Path, mode: int) -> None:
        """Make the folder of the copy, which has the mode of what it is a copy of."""
        del mode
        for part in ("merged", "empty"):
            (folder / part).mkdir()

    def populate(self, folder: Path, lower: Path, apart: Iterable[str], *, owners: bool) -> None:
        """Copy all files, and write down what they look like."""
        from . import baseline, copytree

        copytree.copy(lower, folder / "merged", owners=owners)
        baseline.remember(folder, apart)

    def writable(self, folder: str) -> str:
        """The copy."""
        return f"{folder}/merged"

    def describe(self, snapshot: Snapshot) -> dict[str, str]:
        """The copy."""
        return {"MergedDir": self.writable(snapshot.folder)}

    def mount(self, snapshot: Snapshot, where: str) -> None:
        """Make a mount of the copy, so that others can be made over it."""
        kernel.mount(self.writable(snapshot.folder), where, None, MS_BIND)

    def view(self, snapshot: Snapshot, where: str) -> AbstractContextManager[str]:
        """The copy is there to be read."""
        del where
        return nullcontext(self.writable(snapshot.folder))

    def changes(self, folder: Path, told: Callable[[Written], OwnerRecord] | None = None) -> list[Written]:
        """What is not as it was written down."""
        from .baseline import scan

        return scan(folder, folder / "merged", told)
