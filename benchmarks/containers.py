"""Containers: unpacking, starting, committing and listing changes beside podman, buildah and crane."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from race import Row, plain, race
from world import busybox_tar, have, run

from dockmagic import Engine
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["measure"]

_ROUNDS = 7
_LAYERS = 127
_FILES = "mkdir /new; i=0; while [ $i -lt 5000 ]; do echo $i > /new/f$i; i=$((i+1)); done"
# Podman raises these as far as it may, and some machines let nobody.
_INHERIT = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
_OUTPUT = 400_000_000
_CHOWNS = "i=0; while [ $i -lt 10 ]; do chown -R $((i+1)):7 /new; i=$((i+1)); done"


def measure(world: World) -> Iterator[Row]:
    """The small image is the machine's static busybox: every tool gets it as a tar, so nobody pulls."""
    yield from _unpacking(world)
    busybox = shutil.which("busybox")
    if busybox is None:
        return
    place = world.scratch / "containers"
    tar = busybox_tar(place, Path(busybox))
    home = place / "home"
    world.ours("import", tar, "base", home=home)
    yield from _starts(world, place, home, tar)
    with Engine(home) as engine:
        yield from _deep(engine)
        yield from _changes(world, place, engine, tar)
        yield from _output(engine)
        yield from _recorder(engine, place)


def _podman(world: World, place: Path, *words: str | Path) -> str:
    runtime = ("--runtime", "runc") if have("runc") else ()
    return world.peer("podman", place / "podman", *runtime, "--cgroup-manager", "cgroupfs", *words)


def _unpacking(world: World) -> Iterator[Row]:
    """The big image, from its registry to files on the disk, for a container that waits for it."""

    def ours(place: Path) -> object:
        return world.ours("create", "-q", world.image, "true", home=place)

    def podman(place: Path) -> object:
        return world.peer("podman", place, "pull", "-q", "--tls-verify=false", world.image)

    def crane(place: Path) -> None:
        words = ["crane", "export", "--insecure", world.image, "-"]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as export:
            subprocess.run(["tar", "-xf", "-", "-C", place], stdin=export.stdout, check=True)

    jobs = {"dockmagic": plain(ours)}
    if have("podman"):
        jobs["podman"] = plain(podman)
    if have("crane"):
        jobs["crane and tar"] = plain(crane)
    took = race(world.scratch / "unpacking", jobs, rounds=3, warm_up=0)
    yield from _against(took, "dockmagic", "pull and unpack of the big image", {"podman": 0.22, "crane and tar": 0.36})


def _starts(world: World, place: Path, home: Path, tar: Path) -> Iterator[Row]:
    words = ("run", "--rm", "--network", "none", "base", "true")
    jobs = {
        "command": plain(lambda _: world.ours(*words, home=home)),
        "warm": plain(lambda _: world.warm(*words, home=home)),
    }
    if have("podman"):
        _podman(world, place, "import", "-q", tar, "base")
        jobs["podman"] = plain(lambda _: _podman(world, place, "run", *_INHERIT, *words[1:]))
    took = race(place / "starts", jobs, rounds=_ROUNDS)
    yield from _against(took, "warm", "run --rm --network none, warm", {"podman": 0.35})
    yield from _against(took, "command", "run --rm --network none", {"podman": 0.8})


def _finished(engine: Engine, image: str, *command: str) -> Container:
    container = engine.containers.create(image, command, network="none")
    _follow(container)
    return container


def _follow(container: Container) -> int:
    return _drain(container.start(owner=os.getpid()))


def _drain(session: Session) -> int:
    """How many bytes a program writes until its end."""
    size = 0

    def count(_: int, data: bytes) -> None:
        nonlocal size
        size += len(data)

    with session:
        session.follow(count)
    return size


def _deep(engine: Engine) -> Iterator[Row]:
    """A container on as many layers as docker allows, beside one on a single layer."""
    from dockmagic.image.mutate import append_layer
    from dockmagic.oci import media
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import History

    store, image = engine.store, engine.images.get("base")
    with store.lease() as keep:
        for number in range(_LAYERS - 1):
            data = io.BytesIO()
            with tarfile.open(fileobj=data, mode="w") as tar:
                info = tarfile.TarInfo(f"file{number}")
                info.size = 1
                tar.addfile(info, io.BytesIO(b"x"))
            layer = store.put_bytes(media.OCI_LAYER, data.getvalue())
            image = append_layer(store, image, layer, Digest(layer.digest), History(created_by=f"layer {number}"))
            keep([layer.digest, image.digest, image.id])
        store.tag(Reference.parse("deep:latest"), image.descriptor)
    jobs = {}
    for name in ("base", "deep"):
        container = _finished(engine, name, "true")
        jobs[name] = plain(lambda _, container=container: _follow(container))
    took = race(engine.home.root / "deep", jobs, rounds=_ROUNDS)
    yield Row(f"start on {_LAYERS} layers", took["deep"], "one layer:", took["base"], 2.0)


def _changes(world: World, place: Path, engine: Engine, tar: Path) -> Iterator[Row]:
    """Five thousand new files: their commit, and their list."""
    container = _finished(engine, "base", "sh", "-c", _FILES)
    commits: dict[str, Callable[[Path], object]] = {"dockmagic": lambda _: engine.containers.commit(container)}
    lists: dict[str, Callable[[Path], object]] = {"dockmagic": lambda _: engine.containers.changes(container)}
    if have("podman"):
        words = ("--name", "many", "--network", "none", "base", "sh", "-c", _FILES)
        _podman(world, place, "run", *_INHERIT, *words)
        commits["podman"] = lambda _: _podman(world, place, "commit", "-q", "many")
        lists["podman"] = lambda _: _podman(world, place, "diff", "many")
    if have("buildah"):
        store = place / "buildah"
        name = world.peer("buildah", store, "from", "scratch").strip()
        world.peer("buildah", store, "add", "-q", name, tar, "/")
        made = world.peer("buildah", store, "commit", "-q", name).strip()
        name = world.peer("buildah", store, "from", "--pull-never", made).strip()
        tree = Path(world.peer("buildah", store, "mount", name).strip())
        (tree / "new").mkdir()
        for number in range(5000):
            (tree / "new" / f"f{number}").write_text(f"{number}\n")
        commits["buildah"] = lambda _: world.peer("buildah", store, "commit", "-q", name)
    took = race(place / "commits", {name: plain(job) for name, job in commits.items()}, rounds=_ROUNDS)
    yield from _against(took, "dockmagic", "commit of 5,000 new files", {"buildah": 0.9, "podman": 0.2})
    took = race(place / "lists", {name: plain(job) for name, job in lists.items()}, rounds=_ROUNDS)
    yield from _against(took, "dockmagic", "diff of that container", {"podman": 0.5})
    if have("buildah"):
        world.peer("buildah", place / "buildah", "umount", "--all")


def _output(engine: Engine) -> Iterator[Row]:
    """A program's output, by way of the log, to who follows it."""
    container = engine.containers.create("base", ("head", "-c", str(_OUTPUT), "/dev/zero"), network="none")
    begun = time.perf_counter()
    if _follow(container) != _OUTPUT:
        raise AssertionError("output was lost")
    taken = time.perf_counter() - begun
    yield Row("output of 200 MB", taken * 200_000_000 / _OUTPUT, "", None, 1.0)


def _recorder(engine: Engine, place: Path) -> Iterator[Row]:
    """Fifty thousand changes of owner where there is one user only, beside real ones."""
    if os.geteuid() != 0:
        return  # nobody else may really change an owner
    busybox = shutil.which("busybox") or "busybox"

    @contextmanager
    def recorded(_: Path) -> Iterator[Callable[[], object]]:
        container = _alone(engine, "sh", "-c", f"[ -d /new ] || {{ {_FILES}; exit; }}; exec sleep 1000")
        _follow(container)
        with container.start(owner=os.getpid()):
            yield lambda: _drain(container.exec(("sh", "-c", _CHOWNS)))
        container.remove(force=True)

    @contextmanager
    def plainly(scratch: Path) -> Iterator[Callable[[], object]]:
        (scratch / "new").mkdir()
        for number in range(5000):
            (scratch / "new" / f"f{number}").touch()
        yield lambda: [run(busybox, "chown", "-R", f"{number + 1}:7", scratch / "new") for number in range(10)]

    try:
        took = race(place / "chowns", {"recorded": recorded, "plain": plainly}, rounds=3)
    except DockmagicError as error:
        print(f"no recorder here: {error}")
        return
    yield Row("50,000 chowns under the recorder", took["recorded"], "plain:", took["plain"], 12)


def _alone(engine: Engine, *command: str) -> Container:
    """A container with one user only."""
    os.environ["DOCKMAGIC_TIER"] = "single"
    try:
        return engine.containers.create("base", command, network="none")
    finally:
        del os.environ["DOCKMAGIC_TIER"]


def _against(took: dict[str, float], who: str, job: str, goals: dict[str, float]) -> Iterator[Row]:
    for peer, goal in goals.items():
        if peer in took:
            yield Row(job, took[who], peer, took[peer], goal)
