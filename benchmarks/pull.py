"""Pull: as users get it, and the blobs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have, run

from dockmagic.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """Each contender begins with an empty store of its own."""
    image = world.image
    if have("podman"):
        took = race(
            world.scratch / "pull",
            {
                "dockmagic": plain(lambda place: world.ours("pull", "-q", image, home=place)),
                "podman": plain(lambda place: world.peer("podman", place, "pull", "-q", "--tls-verify=false", image)),
            },
            rounds=3,
            warm_up=0,
        )
        yield Row("pull, every DiffID verified, ready to list", took["dockmagic"], "podman pull", took["podman"], 0.20)

    def blobs(place: Path) -> None:
        with Engine(place) as engine:
            engine.images.copy(f"docker://{image}", f"oci:{place}/l:x")

    contenders = {"dockmagic": plain(blobs)}
    if have("crane"):
        contenders["crane"] = plain(
            lambda place: run("crane", "pull", "--insecure", "--format=oci", image, place / "l")
        )
    if have("skopeo"):
        contenders["skopeo"] = plain(
            lambda place: run("skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{image}", f"oci:{place}/l:x")
        )
    took = race(world.scratch / "blobs", contenders, rounds=5)
    for peer, goal in (("crane", 1.0), ("skopeo", 0.6)):
        if peer in took:
            yield Row("blobs only, engine level", took["dockmagic"], f"{peer} → oci", took[peer], goal)
