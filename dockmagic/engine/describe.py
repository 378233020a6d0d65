"""Rows of domain objects, where these do not make them by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import ChangeRow, DifferenceRow, MismatchRow, PlanRow, TreeRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dockmagic.image.analysis import ConfigDifference, Family
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.image.transfer import PullPlan
    from dockmagic.image.validate import Mismatch
    from dockmagic.layer.compare import Change
    from dockmagic.oci.digest import Digest
    from dockmagic.rows import LayerRow

__all__ = [
    "change_rows",
    "difference_rows",
    "layer_rows",
    "mismatch_rows",
    "names_of",
    "plan_rows",
    "tree_rows",
]


def names_of(image: Image) -> tuple[str, ...]:
    """The image's names as docker shows them, or its short ID if it has none."""
    return tuple(ref.familiar for ref in image.names) or (image.id.short,)


def layer_rows(layers: Iterable[Layer], shared: Mapping[Digest, Sequence[Image]], image: Image) -> tuple[LayerRow, ...]:
    """Layers, base first, with who shares them.

    Args:
        layers: those to show.
        shared: ChainID → the local images with that layer.
        image: theirs, which is not named in "shared with".
    """
    return tuple(
        layer.row(
            tuple(
                name
                for other in shared.get(layer.chain_id, ())
                if other.digest != image.digest
                for name in names_of(other)
            )
        )
        for layer in layers
    )


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
