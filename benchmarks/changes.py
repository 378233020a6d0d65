"""Diff of an image and the one below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """A new engine each time, so that nothing is remembered from the run before."""
    if not have("podman"):
        return
    took = race(
        world.scratch / "diff",
        {
            "warm": plain(lambda _: world.warm("diff", world.base, world.image)),
            "podman": plain(lambda _: world.peer("podman", world.store, "diff", world.image, world.base)),
        },
        rounds=5,
    )
    yield Row("diff with the image below, warm", took["warm"], "podman diff", took["podman"], 0.10)
