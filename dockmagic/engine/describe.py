"""From domain objects to rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dockmagic.oci.times import parse_time
from dockmagic.rows import ChangeRow, DifferenceRow, FileRow, HistoryRow, LayerRow, MismatchRow, PlanRow, TreeRow
from dockmagic.rows.packages import PackageChangeRow, PackageRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dockmagic.image.analysis import ConfigDifference, Family
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.image.packages import Package, PackageChange
    from dockmagic.image.transfer import PullPlan
    from dockmagic.image.validate import Mismatch
    from dockmagic.layer.compare import Change
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import Node
    from dockmagic.oci.digest import Digest

__all__ = [
    "change_rows",
    "difference_rows",
    "file_rows",
    "history_rows",
    "layer_rows",
    "mismatch_rows",
    "names_of",
    "package_change_rows",
    "package_rows",
    "plan_rows",
    "tree_rows",
    "whiteout_rows",
]

_KINDS = ("file", "hardlink", "link", "char", "block", "dir", "fifo")
_NO_ENTRY = "<missing>"


def names_of(image: Image) -> tuple[str, ...]:
    """The image's names as docker shows them, or its short ID if it has none."""
    return tuple(ref.familiar for ref in image.names) or (image.id.short,)


def layer_rows(layers: Iterable[Layer], shared: Mapping[Digest, Sequence[Image]], image: Image) -> tuple[LayerRow, ...]:
    """Layers, base first.

    Args:
        layers: those to show.
        shared: ChainID → the local images with that layer.
        image: theirs, which is not named in "shared with".
    """
    rows = []
    for layer in layers:
        letters = [change.letter for change in layer.changes]
        others = (other for other in shared.get(layer.chain_id, ()) if other.digest != image.digest)
        rows.append(
            LayerRow(
                layer=layer.index,
                created_by=layer.created_by,
                created_at=layer.created,
                size=layer.size,
                compressed_size=layer.compressed_size,
                added=letters.count("A"),
                changed=letters.count("C"),
                deleted=letters.count("D"),
                diff_id=layer.diff_id,
                chain_id=layer.chain_id,
                digest=layer.descriptor.digest,
                shared_with=tuple(name for other in others for name in names_of(other)),
            )
        )
    return tuple(rows)


def history_rows(image: Image) -> tuple[HistoryRow, ...]:
    """The steps of an image's making, newest first."""
    steps = list(image.history)
    layers = iter(image.layers)
    filled = sum(1 for step in steps if not step.empty_layer)
    rows = []
    if filled == len(image.layers):
        for step in steps:
            size = 0 if step.empty_layer else next(layers).size
            rows.append((parse_time(step.created), step.created_by or "", size, step.comment or ""))
    else:  # a history that does not fit says nothing about the layers: then they speak for themselves
        rows = [(layer.created, layer.created_by, layer.size, layer.comment) for layer in layers]
    last = len(rows) - 1
    return tuple(
        HistoryRow(
            id=image.id if place == last else _NO_ENTRY,
            created_at=created,
            created_by=created_by,
            size=size,
            comment=comment,
        )
        for place, (created, created_by, size, comment) in reversed(list(enumerate(rows)))
    )


def _kind(entry: Entry) -> str:
    return _KINDS[entry.type]


def file_rows(nodes: Iterable[Node], layers: Layers | Sequence[Layer], *, blame: bool = False) -> Iterator[FileRow]:
    """Paths of a tree.

    Args:
        nodes: of the tree.
        layers: of the image, all of them, for their instructions.
        blame: fill in which instruction supplies each path, and what it hides.
    """
    instructions = {layer.index: layer.created_by for layer in layers} if blame else {}
    for node in nodes:
        entry = node.entry
        yield FileRow(
            mode=entry.st_mode,
            uid=entry.uid,
            gid=entry.gid,
            size=entry.size,
            modified_at=datetime.fromtimestamp(entry.mtime, UTC),
            path=entry.path,
            kind=_kind(entry),
            link=entry.target,
            layer=node.layer,
            created_by=instructions.get(node.layer, ""),
            hides=tuple(_hidden(node)) if blame else (),
        )


def _hidden(node: Node) -> Iterator[str]:
    below = node.hides
    while below is not None:
        # A directory is merged with the one below, which hides nothing.
        if not (below.entry.is_dir and node.entry.is_dir):
            yield f"{below.layer}: {_kind(below.entry)} of {below.entry.size} bytes"
        below = below.hides


def whiteout_rows(layer: Layer) -> Iterator[FileRow]:
    """What a layer takes away: a row of kind ``whiteout`` for each path, ``opaque`` for each emptied directory."""
    for names, kind in ((layer.table.whiteouts, "whiteout"), (layer.table.opaque, "opaque")):
        for name in names:
            yield FileRow(
                mode=0, uid=0, gid=0, size=0, modified_at=None, path="/" + name.decode("utf-8", "surrogateescape"),
                kind=kind, link="", layer=layer.index, created_by=layer.created_by,
            )  # fmt: skip


def change_rows(changes: Iterable[Change]) -> tuple[ChangeRow, ...]:
    """Changed paths."""
    return tuple(
        ChangeRow(
            change=change.letter,
            path=change.path,
            size=change.new.entry.size if change.new else 0,
            old_size=change.old.entry.size if change.old else 0,
            what=tuple(change.aspects) if change.letter == "C" else (),
        )
        for change in changes
    )


def difference_rows(part: str, differences: Iterable[ConfigDifference]) -> tuple[DifferenceRow, ...]:
    """Changed members of the configuration, or steps of the history (`part` says which)."""
    return tuple(
        DifferenceRow(part=part, change=one.letter, name=one.name, old=one.old, new=one.new) for one in differences
    )


def package_rows(packages: Iterable[Package], layers: Layers) -> Iterator[PackageRow]:
    """Packages of an image with these layers, all of them."""
    for package in packages:
        yield PackageRow(
            name=package.name, version=package.version, type=package.type, architecture=package.architecture,
            layer=package.layer, created_by=layers[package.layer].created_by, path=package.path, purl=package.purl,
        )  # fmt: skip


def package_change_rows(changes: Iterable[PackageChange]) -> tuple[PackageChangeRow, ...]:
    """Packages that differ."""
    return tuple(
        PackageChangeRow(change=one.letter, name=one.name, type=one.type, old=one.old, new=one.new) for one in changes
    )


def mismatch_rows(mismatches: Iterable[Mismatch]) -> tuple[MismatchRow, ...]:
    """What validation found."""
    return tuple(
        MismatchRow(where=one.where, what=one.what, expected=one.expected, actual=one.actual) for one in mismatches
    )


def plan_rows(plan: PullPlan) -> tuple[PlanRow, ...]:
    """The layers of a pull that has not begun."""
    return tuple(
        PlanRow(
            id=layer.digest,
            diff_id=layer.diff_id,
            have=layer.have,
            size=layer.size,
            needed=layer.to_fetch,
            shared_with=layer.shared_with,
        )
        for layer in plan.layers
    )


def tree_rows(families: Iterable[Family], depth: int = 0) -> Iterator[TreeRow]:
    """Images in the order of the tree, each with its depth."""
    for family in families:
        image = family.image
        yield TreeRow(
            depth=depth,
            names=names_of(image),
            id=image.id,
            layers=len(image.layers),
            size=image.size,
            own_size=family.own,
            shared_size=family.shared,
        )
        yield from tree_rows(family.children, depth + 1)
