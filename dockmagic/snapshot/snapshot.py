"""The root file system of one container, as a snapshotter gets it. Imported by the shim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Snapshot"]


class Snapshot:
    """The root file system of one container.

    Args:
        folder: of the container; the snapshotter keeps there what the container writes.
        layers_folder: of the unpacked layers of its form.
        layers: names of folders in that, the topmost first.
        user_xattrs: whether overlay keeps its marks in ``user.overlay``, as it must in a user namespace.
    """

    def __init__(self, folder: str, layers_folder: str, layers: Sequence[str], *, user_xattrs: bool) -> None:
        self.folder = folder
        self.layers_folder = layers_folder
        self.layers = layers
        self.user_xattrs = user_xattrs

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Self:
        """That of the container in the requests to shim and worker."""
        return cls(spec["folder"], spec["layers_folder"], spec["layers"], user_xattrs=spec["userxattr"])
