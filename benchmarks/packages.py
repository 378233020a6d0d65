"""A step of ``apt-get install``, without the rights of root, beside podman and buildah."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from race import Row, plain, race
from world import have, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world import World

__all__ = ["measure"]

# Packages that make users, give files away and set bits.
_STEP = "RUN apt-get update && apt-get install -y --no-install-recommends openssh-client man-db cron dbus"
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
_GOAL = 1.15


def measure(world: World) -> Iterator[Row]:
    """Root stands in for a user without sub-ids on our side, and stays root on the peers': that is faster for them.

    The packages come from the network, so this is skipped without one.
    """
    image = os.environ.get("DOCKMAGIC_BENCH_DEBIAN", "docker.io/library/debian:bookworm-slim")
    place = world.scratch / "packages"
    folder = place / "context"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM {image}\n{_STEP}\n")
    home, store = place / "home", place / "peers"
    if why := _unreachable(world, image, home):
        print(f"apt-get install: skipped, {why}", flush=True)
        return
    tier = ("env", "DOCKMAGIC_TIER=single") if os.geteuid() == 0 else ()

    def ours(_: Path) -> object:
        return run(*tier, world.dockmagic, *_build(folder), home=home)

    contenders: dict[str, Callable[[Path], object]] = {"dockmagic": ours}
    if have("podman"):
        world.peer("podman", store, "pull", "-q", "--tls-verify=false", image)
        flags = ("--runtime=runc",) if have("runc") else ()
        contenders["podman"] = lambda _: world.peer("podman", store, *flags, *_build(folder, *_LIMITS))
    if have("buildah"):
        world.peer("buildah", store, "pull", "-q", "--tls-verify=false", image)
        words = ("bud", "-q", "--no-cache", "--isolation", "chroot", "-t", "built", folder)
        contenders["buildah"] = lambda _: world.peer("buildah", store, *words)
    took = race(place / "runs", {name: plain(job) for name, job in contenders.items()}, rounds=3)
    for peer in ("podman", "buildah"):
        if peer in took:
            yield Row("apt-get install in a build, without root", took["dockmagic"], peer, took[peer], _GOAL)


def _build(folder: Path, *flags: str) -> tuple[str | Path, ...]:
    return ("build", "-q", "--no-cache", *flags, "-t", "built", folder)


def _unreachable(world: World, image: str, home: Path) -> str:
    """Why the step cannot be done here; empty if it can."""
    if _fails(world, home, "pull", "-q", image):
        return f"{image} cannot be pulled (DOCKMAGIC_BENCH_DEBIAN names another one)"
    # apt takes what it cannot fetch for a warning.
    if _fails(world, home, "run", "--rm", image, "apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"):
        return "Debian's archive is out of reach"
    return ""


def _fails(world: World, home: Path, *arguments: str) -> bool:
    command = [str(world.dockmagic), *arguments]
    environment = {**os.environ, "DOCKMAGIC_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode != 0
