"""Push to a registry that has nothing, and to one that has everything; the file list of an image that stays there."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have, registry, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from race import Contender
    from world import World

__all__ = ["measure"]


def measure(world: World) -> Iterator[Row]:
    """Crane pushes from an image layout of its own."""
    if not have("crane"):
        return
    layout = world.scratch / "crane-layout"
    run("crane", "pull", "--insecure", "--format=oci", world.image, layout)

    def ours(target: str) -> object:
        return world.ours("push", "-q", target)

    def crane(target: str) -> object:
        return run("crane", "push", "--insecure", layout, target)

    def into_empty(push: Callable[[str], object]) -> Contender:
        @contextmanager
        def contender(place: Path) -> Iterator[Callable[[], object]]:
            with registry(place / "registry") as address:
                target = f"{address}/pushed:latest"
                world.warm("tag", world.image, target)
                yield lambda: push(target)
                world.warm("rmi", target)

        return contender

    took = race(world.scratch / "push", {"dockmagic": into_empty(ours), "crane": into_empty(crane)}, rounds=3)
    yield Row("push, blobs absent", took["dockmagic"], "crane push", took["crane"], 1.0)

    with registry(world.scratch / "present") as address:
        target = f"{address}/pushed:latest"
        world.warm("tag", world.image, target)
        world.warm("push", "-q", target)
        run("crane", "push", "--insecure", layout, target)
        took = race(
            world.scratch / "push-present",
            {
                "warm": plain(lambda _: world.warm("push", "-q", target)),
                "crane": plain(lambda _: crane(target)),
            },
            rounds=9,
        )
    yield Row("push, all present, warm", took["warm"], "crane push", took["crane"], 1.5)

    def crane_list(_: Path) -> None:
        with subprocess.Popen(["crane", "export", "--insecure", world.image, "-"], stdout=subprocess.PIPE) as export:
            subprocess.run(["tar", "t"], stdin=export.stdout, stdout=subprocess.DEVNULL, check=True)

    took = race(
        world.scratch / "remote",
        {
            "dockmagic": plain(lambda place: world.ours("files", "-q", world.image, home=place)),
            "crane": plain(crane_list),
        },
        rounds=3,
    )
    yield Row("files of a remote image, nothing stored", took["dockmagic"], "crane export, tar t", took["crane"], 0.28)
