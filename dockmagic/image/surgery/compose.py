"""A new layer from entries of others: in the canonical form, so that equal trees give equal bytes."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Self

from msgspec.structs import replace

from dockmagic.layer.entry import EntryType
from dockmagic.layer.ingest import layer_limit
from dockmagic.layer.tree import sort_key
from dockmagic.layer.write import in_order
from dockmagic.oci.errors import InvalidLayer, LayerTooLarge
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dockmagic.image.layer import Layer
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.layer.entry import Entry
    from dockmagic.store.home import Home

    from .workspace import Workspace

__all__ = ["LayerMember", "compose", "join_links"]

_PIECE = 1 << 20


class LayerMember(NamedTuple):
    """An entry of a new layer.

    Attributes:
        entry: as it is to be written.
        origin: whose tar has the content at `entry.offset`; None for what has no content of its own.
    """

    entry: Entry
    origin: Layer | None = None


def join_links(members: Iterable[LayerMember]) -> dict[bytes, LayerMember]:
    """Members by name, the names of one file together: the first has the content, the others are links to it.

    Raises:
        InvalidLayer: a link to nothing.
    """
    joined: dict[bytes, LayerMember] = {}
    files: defaultdict[tuple[int, int | bytes], list[LayerMember]] = defaultdict(list)
    for member in members:
        entry, origin = member
        if not entry.is_file or origin is None:
            joined[entry.name] = member
        else:
            if entry.offset < 0:
                raise InvalidLayer(f"{entry.path} is a hard link to {entry.target}, which no layer has")
            # An empty file has no place in the tar: its names are known by the first.
            files[origin.index, entry.offset if entry.size else entry.link or entry.name].append(member)
    for names in files.values():
        first, *others = sorted(names, key=lambda member: sort_key(member.entry.name))
        content = replace(first.entry, type=EntryType.REGULAR, link=b"")
        joined[content.name] = LayerMember(content, first.origin)
        for other in others:
            joined[other.entry.name] = LayerMember(content.linked(other.entry.name))
    return joined


def compose(
    workspace: Workspace,
    members: Mapping[bytes, LayerMember],
    *,
    whiteouts: Iterable[bytes] = (),
    opaque: Iterable[bytes] = (),
) -> NewLayer:
    """Write a layer into the store.

    Args:
        workspace: with the store, which has the blobs of all origins.
        members: by name; a link's target is among them, before it in the order of names, or in a layer below.
        whiteouts: names to remove.
        opaque: directories whose lower content is hidden.

    Raises:
        InvalidContent: a layer is not what its file table says.
        LayerTooLarge: it would have more bytes than `layer_limit`.
        OutOfSpace: the disk is full; nothing is kept.
    """
    size = sum(member.entry.size for member in members.values() if member.origin is not None)
    if size > layer_limit():  # files with holes may claim anything
        raise LayerTooLarge(
            f"the new layer would have {size} bytes", hint="Set DOCKMAGIC_MAX_LAYER_SIZE to more bytes if you trust it"
        )
    with _Contents(workspace.store.home) as contents:
        contents.take(members.values())
        with workspace.layer_writer(size=size) as writer:
            for entry in in_order((member.entry for member in members.values()), whiteouts, opaque):
                member = members.get(entry.name)
                writer.add(entry, contents.of(member) if member is not None else ())
            writer.end()
            return writer.finish(expect=[member.entry for member in members.values()])


class _Contents:
    """Contents of files in a temporary file, since layers are read from front to back and written in another order."""

    def __init__(self, home: Home) -> None:
        self._file = tempfile.TemporaryFile(dir=home.root, prefix=".surgery.")  # noqa: SIM115  closed by __exit__
        self._places: dict[tuple[int, int], int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take(self, members: Iterable[LayerMember]) -> None:
        """Read what regular files contain, each layer once."""
        wanted: defaultdict[int, list[Entry]] = defaultdict(list)
        layers: dict[int, Layer] = {}
        for entry, origin in members:
            if origin is not None and entry.type is EntryType.REGULAR and entry.size:
                wanted[origin.index].append(entry)
                layers[origin.index] = origin
        for index, entries in wanted.items():
            for entry, content in layers[index].contents(entries):
                self._places[index, entry.offset] = self._file.tell()
                with disk_errors():
                    for piece in content:
                        self._file.write(piece)

    def of(self, member: LayerMember) -> Iterator[bytes]:
        """What a regular file contains, in pieces."""
        entry, origin = member
        if origin is None or not entry.size:
            return
        self._file.seek(self._places[origin.index, entry.offset])
        todo = entry.size
        while piece := self._file.read(min(_PIECE, todo)):
            todo -= len(piece)
            yield piece
