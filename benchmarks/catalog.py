"""The packages of an image: the command, with the tables of contents of its layers at hand, beside syft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """Both read the same layers from this disk: ours its store, syft an archive. Neither keeps what it found."""
    if not have("syft"):
        return
    archive = world.scratch / "image.oci.tar"
    world.ours("save", "--format", "oci-archive", "-o", archive, world.image)
    took = race(
        world.scratch / "catalog",
        {
            "dockmagic": plain(lambda _: world.ours("packages", "-q", world.image)),
            "syft": plain(lambda _: run("syft", "-q", "-o", "json", f"oci-archive:{archive}")),
        },
        rounds=3,
    )
    yield Row("packages of the image", took["dockmagic"], "syft", took["syft"], 0.1)
