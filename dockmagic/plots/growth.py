"""How a repository has grown over its tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.counting import count
from dockmagic.rows.words import human_size

from .chart import INK, PALETTE, Chart, bars, drawable, legend_below, new_axes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

__all__ = ["TagSizes", "plot_growth"]

_SHARED, _NEW = "#d0d7de", PALETTE[2]
_ROWS: Final = 30
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class TagSizes(NamedTuple):
    """A tag, and the blobs of its image's layers.

    Attributes:
        name: the tag.
        created: when its image was made; None where it does not say.
        blobs: digest → compressed bytes of each layer.
    """

    name: str
    created: datetime | None
    blobs: Mapping[str, int]


def plot_growth(tags: Sequence[TagSizes], *, title: str, ax: Axes | None = None) -> Chart:
    """A bar for each tag, the oldest image first: compressed bytes, those new in it in another colour.

    Args:
        tags: of the repository; those of one date in this order.
        title: name of the repository.
        ax: where to draw; None for a figure of its own.
    """
    by_age = sorted(tags, key=lambda tag: tag.created or _EPOCH)
    seen: set[str] = set()
    sizes, fresh = [], []
    for tag in by_age:
        sizes.append(sum(tag.blobs.values()))
        fresh.append(sum(size for digest, size in tag.blobs.items() if digest not in seen))
        seen |= tag.blobs.keys()
    names = [f"{tag.name}  {tag.created.date().isoformat() if tag.created else 'no date'}" for tag in by_age]
    head = f"{title}: {human_size(sum(fresh))} in {count(len(tags), 'tag')}, compressed"
    if len(tags) > _ROWS:
        ax = _columns(names, sizes, fresh, head, ax)
    else:
        notes = [f"{human_size(size)}, {human_size(new)} new" for size, new in zip(sizes, fresh, strict=True)]
        ax = bars(names, sizes, notes, title=head, colours=[_SHARED] * len(tags), ax=ax)
        ax.barh(range(len(tags)), fresh, color=_NEW, height=0.7)
        ax.margins(x=0.28)
        ax.set_xlim(left=0)
    legend_below(ax, [(_NEW, "layers that no older tag has"), (_SHARED, "layers of older tags")])
    told = ", ".join(
        f"{name} {human_size(size)}, {human_size(new)} new" for name, size, new in zip(names, sizes, fresh, strict=True)
    )
    return Chart(ax, f"Compressed bytes of {title} by tag, {human_size(sum(fresh))} together: {told or 'no tags'}.")


def _columns(names: Sequence[str], sizes: Sequence[int], fresh: Sequence[int], title: str, ax: Axes | None) -> Axes:
    """A narrow column for each of many tags, a few of them with their names."""
    ax = new_axes(3.6, ax)
    places = range(len(names))
    ax.bar(places, sizes, color=_SHARED, width=1.0)
    ax.bar(places, fresh, color=_NEW, width=1.0)
    named = sorted({round(place * (len(names) - 1) / 5) for place in range(6)})
    ax.set_xticks(named, ["\n".join(map(drawable, names[place].split("  "))) for place in named])
    ax.yaxis.set_major_formatter(lambda size, _: human_size(round(size)))
    ax.set_title(drawable(title), color=INK, fontsize=10, loc="left")
    return ax
