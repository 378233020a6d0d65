"""Copies from registry to registry, which write nothing to the disk of who copies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from race import Row, race
from world import have, registry, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from race import Contender
    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """Into a registry that has nothing."""

    def into_empty(copy: Callable[[str], object]) -> Contender:
        @contextmanager
        def contender(place: Path) -> Iterator[Callable[[], object]]:
            with registry(place / "registry") as address:
                yield lambda: copy(f"{address}/copied:latest")

        return contender

    image = world.image
    ways: dict[str, Callable[[str], object]] = {
        "dockmagic": lambda target: world.ours("copy", "-q", f"docker://{image}", f"docker://{target}")
    }
    if have("skopeo"):
        plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
        ways["skopeo"] = lambda target: run("skopeo", "copy", "-q", *plain, f"docker://{image}", f"docker://{target}")
    if have("crane"):
        ways["crane"] = lambda target: run("crane", "copy", "--insecure", image, target)
    if len(ways) == 1:
        return
    took = race(world.scratch / "copies", {name: into_empty(way) for name, way in ways.items()}, rounds=3)
    for peer in ("crane", "skopeo"):
        if peer in took:
            yield Row("copy, registry to registry", took["dockmagic"], f"{peer} copy", took[peer], 1.0)
