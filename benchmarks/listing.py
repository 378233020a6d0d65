"""What answers at once: images, history, inspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """Warm is inside a living process, as in a notebook; a command is a process of its own."""
    if not have("podman", "buildah"):
        return
    many = world.scratch / "many"
    world.pull(world.small, many / "home", many / "peers")
    took = race(
        many / "runs",
        {
            "warm": plain(lambda _: world.warm("images", home=many / "home")),
            "command": plain(lambda _: world.ours("images", home=many / "home")),
            "buildah": plain(lambda _: world.peer("buildah", many / "peers", "images")),
            "podman": plain(lambda _: world.peer("podman", many / "peers", "images")),
        },
        rounds=11,
    )
    count = len(world.small)
    yield Row(f"images, {count} of them, warm", took["warm"], "buildah images", took["buildah"], 0.25)
    yield Row(f"images, {count} of them, command", took["command"], "podman images", took["podman"], 0.25)
    for verb in ("history", "inspect"):
        took = race(
            world.scratch / verb,
            {
                "warm": plain(lambda _, verb=verb: world.warm(verb, world.image)),
                "command": plain(lambda _, verb=verb: world.ours(verb, world.image)),
                "podman": plain(lambda _, verb=verb: world.peer("podman", world.store, verb, world.image)),
            },
            rounds=15,
        )
        yield Row(f"{verb}, warm", took["warm"], f"podman {verb}", took["podman"], 0.2)
        yield Row(f"{verb}, command", took["command"], f"podman {verb}", took["podman"], 3.0)
