"""Save and load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have, run

from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """Skopeo reads our own store, which is an image layout; podman saves from and loads into its own."""
    image = world.image
    if have("skopeo"):
        source = f"oci:{world.home / 'store'}:{Reference.parse(image).or_latest()}"
        took = race(
            world.scratch / "save-oci",
            {
                "dockmagic": plain(
                    lambda place: world.ours("save", "--format", "oci-archive", "-o", place / "image.tar", image)
                ),
                "skopeo": plain(lambda place: run("skopeo", "copy", "-q", source, f"oci-archive:{place}/image.tar:x")),
            },
            rounds=3,
        )
        yield Row("save, oci-archive", took["dockmagic"], "skopeo copy", took["skopeo"], 0.5)
    if have("podman"):
        took = race(
            world.scratch / "save-docker",
            {
                "dockmagic": plain(lambda place: world.ours("save", "-o", place / "image.tar", image)),
                "podman": plain(
                    lambda place: world.peer("podman", world.store, "save", "-q", "-o", place / "image.tar", image)
                ),
            },
            rounds=3,
            warm_up=0,
        )
        yield Row("save, docker-archive", took["dockmagic"], "podman save", took["podman"], 0.3)
        archive = world.scratch / "save-docker" / "podman-0" / "image.tar"
        took = race(
            world.scratch / "load",
            {
                "dockmagic": plain(lambda place: world.ours("load", "-q", "-i", archive, home=place)),
                "podman": plain(lambda place: world.peer("podman", place, "load", "-q", "-i", archive)),
            },
            rounds=3,
            warm_up=0,
        )
        yield Row("load, to a usable image", took["dockmagic"], "podman load", took["podman"], 0.3)
