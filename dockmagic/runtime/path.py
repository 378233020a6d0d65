"""A path inside a container, with the reading methods of pathlib, and the layer that it comes from."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from dockmagic.image.merged_path import MergedPath
from dockmagic.image.path_errors import IsDirectory, MissingPath
from dockmagic.layer.compare import Change
from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.toc import LayerTOC
from dockmagic.oci.errors import NotSupported, PathNotFound

from .machine.work import work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO, BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.layer.tree import FileTree, Node
    from dockmagic.snapshot.changes import Written, WrittenChange

    from .disk.record import State
    from .machine.isolation import Isolation

__all__ = ["ContainerPath", "Holder", "LayerPart", "differences", "merged"]


class Holder(Protocol):
    """What a path needs of its container."""

    @property
    def name(self) -> str:
        """Of the container."""
        ...

    @property
    def image(self) -> Image:
        """What it stands on."""
        ...

    @property
    def state(self) -> State:
        """How it goes now."""
        ...

    @property
    def isolation(self) -> Isolation:
        """Whose files they are."""
        ...

    def spec(self) -> dict[str, Any]:
        """As the worker takes it."""
        ...

    def changes(self) -> list[WrittenChange]:
        """What the writable layer does to the image."""
        ...


def merged(image: Image, changes: Sequence[WrittenChange]) -> FileTree:
    """The tree that a container sees, without volumes: its image's layers, and the writable one on top of them.

    The writable layer's index follows that of the image's last layer. Its entries have no digests of content, but for
    files that were copied up and kept size and time.
    """
    written = [change.new for change in changes if change.new is not None]
    below = image.files
    table = LayerTOC(
        entries=[_entry(item, below.nodes.get(item.name)) for item in written],
        implied=frozenset(),
        whiteouts=tuple(change.name for change in changes if change.letter == "D"),
        opaque=(),
        loose=(),
        size=0,
    )
    return below.stack(table, len(image.layers))


def _entry(item: Written, below: Node | None) -> Entry:
    kind = EntryType.of(item.mode) or EntryType.REGULAR
    digest = b""
    if below is not None and kind is EntryType.REGULAR and (item.size, item.mtime) == _size_and_time(below.entry):
        digest = below.entry.digest  # as chmod leaves it: overlay copies the whole file up, with its time
    mode = stat.S_IMODE(item.mode)
    return Entry(
        item.name, kind, mode, item.uid, item.gid, item.size, item.mtime, item.link, digest,
        major=item.major, minor=item.minor,
    )  # fmt: skip


def _size_and_time(entry: Entry) -> tuple[int, int]:
    return entry.size, entry.mtime


def differences(image: Image, changes: Sequence[WrittenChange]) -> list[Change]:
    """`changes` in the form that differences between images have."""
    nodes = merged(image, changes).nodes
    return [
        Change(change.letter, change.name, change.old, nodes[change.name] if change.letter != "D" else None)  # type: ignore[arg-type]  # one of the three letters
        for change in changes
    ]


class LayerPart(msgspec.Struct, frozen=True):
    """One layer's part in a path.

    Attributes:
        layer: of the image; None for the writable one.
        entry: what it has there; None if nothing.
        removes: whether it takes away what the layers below have there.
    """

    layer: Layer | None
    entry: Entry | None = None
    removes: bool = False


class ContainerPath(MergedPath):
    """A path as a container sees it, such as ``container / "etc/passwd"``.

    It is looked up anew whenever something is asked of it, for the container goes on writing. What lies in a volume is
    read as the container reads it, but of no layer.

    Args:
        container: running or not.
        path: from the root, with or without a leading slash.

    Attributes:
        container: that it is in.
    """

    def __init__(self, container: Holder, path: str) -> None:
        super().__init__(path)
        self.container = container

    def __repr__(self) -> str:
        return f"<ContainerPath {self.container.name}:{self.path}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ContainerPath):
            return NotImplemented
        return self.path == other.path and self.container == other.container

    def __hash__(self) -> int:
        return hash(self.path)

    def _at(self, path: str) -> ContainerPath:
        return ContainerPath(self.container, path)

    @property
    def _layers(self) -> Layers:
        return self.container.image.layers

    @property
    def _tree(self) -> FileTree:
        return merged(self.container.image, self.container.changes())

    @property
    def layer(self) -> Layer | None:
        """The image's layer that supplies it; None if the container has written it.

        Raises:
            PathNotFound: there is no such path.
        """
        layers, number = self._layers, self.node.layer
        return layers[number] if number < len(layers) else None

    def _stream(self) -> io.BufferedReader:
        out = tempfile.TemporaryFile()  # noqa: SIM115  (the stream that is returned closes it)
        try:
            return _Member(self._content(out), out)
        except BaseException:
            out.close()
            raise

    def _content(self, out: BinaryIO) -> IO[bytes]:
        """The content as the container would read it now, by way of a tar in the file `out`."""
        holder = self.container
        try:
            work(
                holder.isolation,
                "get",
                descriptors=(out.fileno(),),
                spec=holder.spec(),
                pid=holder.state.pid,
                path=self.path,
                follow=True,
            )
        except PathNotFound as error:
            raise MissingPath(error.message, hint=error.hint) from None
        out.seek(0)
        with tarfile.open(fileobj=out) as tar:
            member = tar.next()
            content = tar.extractfile(member) if member is not None else None
            if content is not None:
                return content
            if member is not None and member.isdir():
                raise IsDirectory(f"{self.path} is a directory and has no content", hint="List it with iterdir()")
            raise NotSupported(f"{self.path} is no regular file and has no content", hint="Look at it with stat()")

    def places(self) -> tuple[LayerPart, ...]:
        """What is at this path in the writable layer and in each of the image's, the top first.

        Links are not followed, since each layer is looked at by itself.
        """
        name = os.fsencode(self.path.strip("/"))
        image = self.container.image
        change = next((one for one in self.container.changes() if one.name == name), None)
        own = LayerPart(None)
        if change is not None:
            new = change.new
            own = LayerPart(None, _entry(new, change.old) if new is not None else None, removes=change.letter == "D")
        return (own, *(_place(layer, name) for layer in reversed(list(image.layers))))


class _Member(io.BufferedReader):
    """The content of a tar's member; the temporary file that the tar is in is closed with it."""

    def __init__(self, content: Any, file: BinaryIO) -> None:
        super().__init__(content.detach())
        self._file = file

    def close(self) -> None:
        super().close()
        self._file.close()


def _place(layer: Layer, name: bytes) -> LayerPart:
    table = layer.table
    entry = next((entry for entry in table.entries if entry.name == name and name not in table.implied), None)
    above = [name[:end] for end in range(len(name) + 1) if end == len(name) or name[end : end + 1] == b"/"]
    gone = any(one in table.whiteouts for one in above) or any(one in table.opaque for one in above[:-1])
    return LayerPart(layer, entry, removes=entry is None and gone)
