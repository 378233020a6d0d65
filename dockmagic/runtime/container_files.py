"""The files of a container: what its image has, and what it has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.local import by_manifest

from .container_record import ContainerRecord
from .machine.work import work

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.layer.tree import FileTree
    from dockmagic.snapshot.changes import Written, WrittenChange

    from .machine.isolation import Isolation
    from .path import ContainerPath

__all__ = ["ContainerFiles"]


class ContainerFiles(ContainerRecord):
    """A container whose files are read."""

    def __truediv__(self, path: str) -> ContainerPath:
        """A path as the container sees it: ``container / "etc/passwd"``."""
        from .path import ContainerPath

        return ContainerPath(self, path)

    @property
    def image(self) -> Image:
        """What it stands on; where an engine gave the container, with the names that it has now."""
        self.check()
        if self.actions is None:
            return by_manifest(self.store, self.record.manifest)
        found: Image = self.actions.image_of(self)
        return found

    @property
    def files(self) -> FileTree:
        """What it sees now, without volumes: the image's layers, and above them what it has written."""
        from .path import merged

        return merged(self.image, self.changes())

    def written(self, below: FileTree | None = None) -> list[Written]:
        """What the writable layer holds; see `snapshot.written`."""
        from dockmagic.snapshot.changes import load
        from dockmagic.snapshot.written import written

        try:
            return _seen_inside(written(self.folder, self.isolation.record(), below), self.isolation)
        except PermissionError:
            # Folders of other users of the container are closed to us, not to its root.
            import tempfile

            from dockmagic.snapshot.layers import tables

            with tempfile.TemporaryFile() as file:
                paths = tables(self.store, self.image) if below is not None else []
                work(self.isolation, "scan", descriptors=(file.fileno(),), spec=self.spec(), tables=paths)
                file.seek(0)
                return load(file.read())

    @property
    def size(self) -> int:
        """Bytes of the files in the writable layer."""
        from dockmagic.snapshot.changes import room

        return room(self.written())

    def changes(self) -> list[WrittenChange]:
        """What it has done to its image, in docker's letters."""
        from dockmagic.snapshot.changes import changes
        from dockmagic.snapshot.mountpoints import read_mountpoints

        below = self.image.files
        return changes(self.written(below), below, read_mountpoints(self.folder))


def _seen_inside(items: list[Written], isolation: Isolation) -> list[Written]:
    """What was written, with the owners that the container sees."""
    if not isolation.uid_map or not isolation.keeps_owners:
        return items
    owners = ((item, isolation.inside(item.uid, item.gid)) for item in items)
    return [msgspec.structs.replace(item, uid=uid, gid=gid) for item, (uid, gid) in owners]
