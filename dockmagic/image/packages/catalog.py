"""All packages of a merged tree, each with the layer that supplies it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload

from dockmagic.image.workers import side_by_side

from .package import Distribution, Package
from .reader import FileContent, Unreadable
from .readers import READERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pandas as pd
    from typing_extensions import Buffer

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import FileTree, Node
    from dockmagic.rows import PackageRow, Rows

    from .package import PackageRecord
    from .reader import PackageReader

__all__ = ["Catalog", "ReadableLayer", "UnreadFile", "catalog"]


class UnreadFile(NamedTuple):
    """A file that tells of packages and could not be read.

    Attributes:
        path: of the file.
        layer: index of the layer that supplies it.
        reason: why not, for people.
    """

    path: str
    layer: int
    reason: str


class Catalog(Sequence[Package]):
    """The packages of an image, layer or range of layers: by type, then by name.

    Attributes:
        distribution: what the image says of it.
        unread: files that tell of packages and could not be read, by path; empty if the catalog is whole.
    """

    def __init__(
        self, packages: Iterable[Package], distribution: Distribution | None = None, unread: Iterable[UnreadFile] = ()
    ) -> None:
        self._packages = tuple(sorted(packages, key=lambda one: (one.type, one.name, one.version, one.path)))
        self.distribution = distribution or Distribution()
        self.unread = tuple(sorted(unread))

    def __repr__(self) -> str:
        counts = Counter(one.type for one in self)
        return f"<Catalog {', '.join(f'{kind} {count}' for kind, count in counts.items()) or 'no packages'}>"

    def rows(self) -> Rows[PackageRow]:
        """One row per package, as ``packages`` shows them."""
        from dockmagic.rows import PackageRow, Rows

        return Rows(PackageRow, (package.row() for package in self))

    def to_frame(self) -> pd.DataFrame:
        """The `rows` as a DataFrame."""
        return self.rows().to_frame()

    def __len__(self) -> int:
        return len(self._packages)

    @overload
    def __getitem__(self, item: int) -> Package: ...
    @overload
    def __getitem__(self, item: slice) -> tuple[Package, ...]: ...
    def __getitem__(self, item: int | slice) -> Package | tuple[Package, ...]:
        return self._packages[item]


class ReadableLayer(Protocol):
    """What is needed of a layer of an image, which is a `Layer`."""

    @property
    def compressed_size(self) -> int:
        """Bytes of its blob."""
        ...

    @property
    def created_by(self) -> str:
        """The instruction that made it."""
        ...

    def contents(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Iterator[Buffer]]]:
        """The contents of several of its files."""
        ...


def catalog(tree: FileTree, layers: Sequence[ReadableLayer]) -> Catalog:
    """Read the packages out of a tree; each layer is inflated once at most.

    Args:
        tree: whose packages.
        layers: all of the image, as the tree counts them.

    Raises:
        BlobNotFound: a layer is not there.
        InvalidContent: a layer is not what it should be.
    """
    # By layer, then by place in it: names of one file are read once.
    wanted: dict[int, dict[int, _Wanted]] = defaultdict(dict)
    for name, node in tree.nodes.items():
        entry = node.entry
        if entry.is_file and entry.size and entry.offset >= 0 and (reader := _reader(name, entry)) is not None:
            wanted[node.source].setdefault(entry.offset, _Wanted(reader, [])).nodes.append(node)
    gathered = _Gathered()
    by_size = sorted(wanted, key=lambda index: -layers[index].compressed_size)
    side_by_side(by_size, lambda index, stop: _read_layer(layers[index], wanted[index], gathered, stop))
    distribution = gathered.distribution
    found: dict[tuple[str, str, str, bytes], Package] = {}
    for record, nodes in gathered.records:
        for node in nodes:
            layer = _supplier(record, node, tree)
            made_by = layers[layer].created_by
            found[record.type, record.name, record.version, node.entry.name] = Package.of(
                record, distribution, layer=layer, created_by=made_by, path=node.entry.path
            )
    return Catalog(found.values(), distribution, gathered.unread)


def _reader(name: bytes, entry: Entry) -> PackageReader | None:
    return next((one for one in READERS if one.wants(name, entry)), None)


class _Wanted(NamedTuple):
    """A content that tells of packages, and its names."""

    reader: PackageReader
    nodes: list[Node]


class _Gathered:
    """What has been read so far, of all layers."""

    def __init__(self) -> None:
        self.records: list[tuple[PackageRecord, list[Node]]] = []
        self.unread: list[UnreadFile] = []
        self.releases: dict[str, Distribution] = {}

    @property
    def distribution(self) -> Distribution:
        """That of ``/etc``, which stands in for the one in ``/usr/lib``."""
        return self.releases[min(self.releases)] if self.releases else Distribution()


def _read_layer(
    layer: ReadableLayer, wanted: dict[int, _Wanted], gathered: _Gathered, stop: Callable[[], bool]
) -> None:
    for entry, chunks in layer.contents(one.nodes[0].entry for one in wanted.values()):
        if stop():
            raise InterruptedError("stopped while reading packages")
        reader, nodes = wanted[entry.offset]
        try:
            for found in reader.read(FileContent(entry, chunks)):
                if isinstance(found, Distribution):
                    gathered.releases[entry.path] = found
                else:
                    gathered.records.append((found, nodes))
        except Unreadable as error:
            gathered.unread += (UnreadFile(node.entry.path, node.layer, str(error)) for node in nodes)


def _supplier(record: PackageRecord, node: Node, tree: FileTree) -> int:
    """The layer that most of a package's files are of; where none is known, that of the file which tells of it."""
    found = (tree.nodes.get(name) for name in record.files)
    counts = Counter(one.layer for one in found if one is not None and not one.entry.is_dir)
    return counts.most_common(1)[0][0] if counts else node.layer
