"""Builds: steps and big contexts beside buildah and ch-image, and the compression of layers beside pigz."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from race import Row, plain, race
from world import busybox_tar, have, run

from dockmagic.layer.compression.compress import Compressor
from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

__all__ = ["measure"]

_FILES = 10_000
_FOLDERS = 100
_STEPS = "FROM base\n" + "".join(f"COPY f{n} /f{n}\nRUN echo {n} > /made{n}\n" for n in range(5))
_COPY = "FROM base\nCOPY . /app/\n"
_SAMPLE = 256 << 20
_ROUNDS = 5


def measure(world: World) -> Iterator[Row]:
    """The base is the machine's static busybox: every tool gets it as a tar, so nobody pulls."""
    yield from _compression(world)
    busybox = shutil.which("busybox")
    if busybox is None:
        return
    place = world.scratch / "builds"
    tar = busybox_tar(place, Path(busybox))
    contenders = dict(_contenders(world, place, tar))
    yield from _steps(place, contenders)
    yield from _context(place, contenders)


def _contenders(world: World, place: Path, tar: Path) -> Iterator[tuple[str, Callable[[Path, str], object]]]:
    """Who builds, with or without its cache, from a folder."""
    home = place / "home"
    world.ours("import", tar, "base", home=home)
    caching: dict[str, tuple[str, ...]] = {"dockmagic": (), "no cache": ("--no-cache",)}

    def ours(folder: Path, cache: str) -> object:
        return world.ours("build", "-q", *caching[cache], "-t", "built", folder, home=home)

    yield "dockmagic", lambda folder, cache: ours(folder, cache or "dockmagic")
    yield "warm", lambda folder, _: world.warm("build", "-q", "-t", "built", str(folder), home=home)
    if have("buildah"):
        store = place / "buildah"
        name = world.peer("buildah", store, "from", "scratch").strip()
        world.peer("buildah", store, "add", "-q", name, tar, "/")
        world.peer("buildah", store, "commit", "-q", name, "base")

        def buildah(folder: Path, cache: str) -> object:
            flags = ("--no-cache",) if cache else ()
            words = ("bud", "-q", "--layers", "--isolation", "chroot", "--pull-never", *flags, "-t", "built", folder)
            return world.peer("buildah", store, *words)

        yield "buildah", buildah
    if have("ch-image", "ch-run") and os.environ.get("USER"):
        storage = place / "ch-image"
        run("ch-image", "-s", storage, "import", tar, "base")

        def ch_image(folder: Path, cache: str) -> object:
            flags = ("--rebuild",) if cache else ()
            return run("ch-image", "-s", storage, "build", *flags, "-t", "built", folder)

        yield "ch-image", ch_image


def _steps(place: Path, contenders: dict[str, Callable[[Path, str], object]]) -> Iterator[Row]:
    """Ten steps, five of which run a program."""
    folder = place / "steps"
    folder.mkdir()
    (folder / "Dockerfile").write_text(_STEPS)
    for number in range(5):
        (folder / f"f{number}").write_text(str(number))

    cold = {name: job for name, job in contenders.items() if name != "warm"}
    jobs = {name: plain(lambda _, job=job: job(folder, "no cache")) for name, job in cold.items()}
    took = race(place / "steps-anew", jobs, rounds=3)
    yield from _against(took, "dockmagic", "build of 10 steps, nothing cached", {"ch-image": 0.5, "buildah": 0.12})
    jobs = {name: plain(lambda _, job=job: job(folder, "")) for name, job in contenders.items() if name != "buildah"}
    took = race(place / "steps-cached", jobs, rounds=_ROUNDS)
    yield from _against(took, "dockmagic", "build of 10 steps, all cached", {"ch-image": 0.4})
    yield from _against(took, "warm", "build of 10 steps, all cached, warm", {"ch-image": 0.1})


def _context(place: Path, contenders: dict[str, Callable[[Path, str], object]]) -> Iterator[Row]:
    """Ten thousand small files: as they were, and one of them changed."""
    folder = place / "context"
    for number in range(_FILES):
        path = folder / f"d{number % _FOLDERS}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"print({number})\n" * 20)
    (folder / "Dockerfile").write_text(_COPY)
    time.sleep(1)
    jobs = {name: plain(lambda _, job=job: job(folder, "")) for name, job in contenders.items() if name != "warm"}
    took = race(place / "rebuild", jobs, rounds=_ROUNDS)
    yield from _against(took, "dockmagic", "context of 10,000 files, all cached", {"ch-image": 0.25})

    def changing(job: Callable[[Path, str], object]) -> object:
        with (folder / "d1" / "f1.py").open("a") as file:
            file.write("changed\n")
        return job(folder, "")

    jobs = {name: plain(lambda _, job=job: changing(job)) for name, job in contenders.items() if name != "warm"}
    took = race(place / "changed", jobs, rounds=3)
    yield from _against(took, "dockmagic", "context of 10,000 files, one changed", {"buildah": 0.25})


def _against(took: dict[str, float], who: str, job: str, goals: dict[str, float]) -> Iterator[Row]:
    for peer, goal in goals.items():
        if peer in took:
            yield Row(job, took[who], peer, took[peer], goal)


def _compression(world: World) -> Iterator[Row]:
    """Of a quarter of a gigabyte of this machine's programs, by two threads each."""
    if not have("pigz"):
        return
    place = world.scratch / "compression"
    place.mkdir()
    source = place / "sample.tar"
    with subprocess.Popen(["tar", "-cf", "-", "/usr"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tar:
        assert tar.stdout is not None  # noqa: S101 - it is a pipe
        source.write_bytes(tar.stdout.read(_SAMPLE))
        tar.kill()

    def ours(_: Path) -> None:
        with source.open("rb", buffering=0) as plain_file, Compressor(io.BytesIO(), Compression.GZIP, threads=2) as out:
            while piece := plain_file.read(1 << 20):
                out.write(piece)

    def pigz(_: Path) -> None:
        subprocess.run(["pigz", "-1", "-p2", "-c", source], stdout=subprocess.DEVNULL, check=True)

    took = race(place, {"dockmagic": plain(ours), "pigz": plain(pigz)}, rounds=3)
    yield Row("compressing a layer, 256 MiB", took["dockmagic"], "pigz -1", took["pigz"], 0.333)
