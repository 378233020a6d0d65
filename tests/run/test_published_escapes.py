"""Ways out of a container that were published for runc, docker, podman and cri-o, tried on every tier."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs
from programs import finish, until

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.errors import DockmagicError
from dockmagic.runtime.commit import commit
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.init.fill import fill
from dockmagic.runtime.shim import log
from dockmagic.runtime.transfer import copy_from_host, copy_in, copy_out, copy_to_host, export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Force = Callable[[str], str]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_F_GET_SEALS = 1034
_SEAL_WRITE = 8
_WITHOUT_END = 1536  # bytes of a tar's member without content but with an attribute


@pytest.fixture(params=["root", "subid", "single"], ids=lambda tier: tier)
def confined(request: pytest.FixtureRequest, force: Force) -> str:
    """One tier that protects the machine, forced."""
    return force(request.param)


@pytest.fixture(params=[tier for tier in DRIVERS if tier != "proot"], ids=lambda tier: tier)
def tier(request: pytest.FixtureRequest, force: Force) -> str:
    """One tier that can commit, forced."""
    return force(request.param)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder of the machine that nobody may get at; afterwards it is looked whether it is as it was."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("of the machine")
    (folder / "secret").chmod(0o640)
    mounts = Path("/proc/self/mountinfo").read_text().count(str(folder))
    before = _state(folder), _state(folder / "secret")
    yield folder
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"secret": "of the machine"}
    assert (_state(folder), _state(folder / "secret")) == before
    assert Path("/proc/self/mountinfo").read_text().count(str(folder)) == mounts


def _state(path: Path) -> tuple[object, ...]:
    """What a copy gives a file: mode, owner, time and attributes."""
    found = path.stat()
    return found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, os.listxattr(path)


@contextlib.contextmanager
def _exchanging(one: Path, other: Path) -> Iterator[None]:
    """Swap two names as fast as the machine can (renameat2(2)), as long as the block lasts."""
    over = threading.Event()
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)

    def swap() -> None:
        while not over.is_set():
            libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _outcome(container: Container) -> str:
    """What it wrote, or the line with which it is refused."""
    try:
        _, out, err = finish(container)
    except DockmagicError as error:
        return str(error)
    return out + err


def test_what_becomes_a_program_is_a_copy_that_nobody_can_write_to(tier: str, make: Make) -> None:
    """CVE-2019-5736: by /proc/self/exe, a container wrote over the program on the machine that had started it."""
    container = make("sleep", "100", network="host")
    container.start(owner=os.getpid()).close()
    shim = json.loads((container.folder / "state.json").read_bytes())["shim"]
    program = f"/proc/{shim}/exe"
    assert str(Path(program).readlink()).startswith("/memfd:"), tier
    descriptor = os.open(program, os.O_RDONLY)
    try:
        assert fcntl.fcntl(descriptor, _F_GET_SEALS) & _SEAL_WRITE
    finally:
        os.close(descriptor)


@pytest.mark.usefixtures("confined")
def test_no_capability_is_inheritable(run: Callable[..., tuple[int, str, str]]) -> None:
    """CVE-2022-24769, CVE-2022-29162: neither at the start nor by ``exec``; nor is one ambient."""
    _, out, _ = run("grep", "-E", "^Cap(Inh|Amb)", "/proc/self/status")
    assert {line.split()[1] for line in out.splitlines()} == {"0" * 16}


@pytest.mark.usefixtures("confined")
@pytest.mark.parametrize("target", ["/proc", "/proc/self", "/proc/sys/kernel", "/way", "/../proc/./irq"])
def test_nothing_is_mounted_in_proc(store: ContentStore, make: Make, tmp_path: Path, target: str) -> None:
    """CVE-2019-16884, CVE-2019-19921, CVE-2023-27561: a false /proc, also by way of a link of the image."""
    data = io.BytesIO(rootfs())
    with tarfile.open(fileobj=data, mode="a") as tar:
        info = tarfile.TarInfo("way")
        info.type, info.linkname = tarfile.SYMTYPE, "proc/irq"
        tar.addfile(info)
    image = import_rootfs(io.BytesIO(data.getvalue()), store)
    false = tmp_path / "false"
    false.mkdir()
    mounts = [Mount(type="bind", target=target, source=str(false))]
    assert "it lies in /proc" in _outcome(make("true", image=image, mounts=mounts))
    assert list(false.iterdir()) == []


@pytest.mark.usefixtures("confined")
def test_a_false_dev_masks_nothing_else(make: Make, tmp_path: Path, outside: Path) -> None:
    """CVE-2025-31133, CVE-2025-52565: links for /dev/null and /dev/console, which are mounted from and over."""
    false = tmp_path / "dev"
    (false / "pts").mkdir(parents=True)
    (false / "null").symlink_to(outside / "secret")
    (false / "console").symlink_to("/proc/sys/kernel/core_pattern")
    mounts = [Mount(type="bind", target="/dev", source=str(false))]
    masked = [path for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list") if Path(path).exists()]
    names = " ".join(masked)
    script = f"stat -c %t:%T {names}; cat {names}; echo x > /proc/sys/kernel/core_pattern"
    out = _outcome(make("sh", "-c", script, mounts=mounts))
    assert out.splitlines()[:-1] == ["1:3"] * len(masked)
    assert "core_pattern: Read-only file system" in out


def test_what_is_open_and_not_the_containers_stays_whose_it_is(make: Make, tier: str) -> None:
    """A program's pipes are given to its user, but the machine's /dev/null is not."""
    before = Path("/dev/null").stat()
    container = make("sleep", "100", network="host", user="1000")
    container.start(owner=os.getpid()).close()
    with container.exec(["sh", "-c", "echo x > /dev/stdout"]) as session:
        assert session.follow(lambda *_: None) == (1 if tier == "chroot" else 0)
    after = Path("/dev/null").stat()
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


@pytest.mark.usefixtures("confined")
def test_a_mount_point_that_is_swapped_for_a_link(make: Make, tmp_path: Path, outside: Path) -> None:
    """CVE-2021-30465: while volumes are mounted, somebody else turns a folder in one of them into a link."""
    shared, source = tmp_path / "shared", tmp_path / "source"
    (shared / "point").mkdir(parents=True)
    source.mkdir()
    (source / "here").touch()
    (shared / "link").symlink_to(f"../../../../../../../../../..{outside}")
    mounts = [
        Mount(type="bind", target="/shared", source=str(shared)),
        Mount(type="bind", target="/shared/point", source=str(source), read_only=True),
    ]
    with _exchanging(shared / "point", shared / "link"):
        for _ in range(12):
            container = make("sh", "-c", "cat /shared/point/secret /shared/link/secret", mounts=mounts)
            assert "of the machine" not in _outcome(container)


@pytest.mark.usefixtures("tier")
def test_a_copy_through_a_name_that_is_swapped_for_a_link(make: Make, tmp_path: Path, outside: Path) -> None:
    """CVE-2018-15664: while a file is copied in or out, the container turns a folder on the way into a link."""
    script = (
        f"mkdir /way; touch /way/secret; ln -s {outside} /link; echo ready;"
        "while :; do mv /way /x; mv /link /way; mv /way /link; mv /x /way; done"
    )
    container = make("sh", "-c", script, network="host")
    with container.start(owner=os.getpid()):
        assert until(lambda: (container.folder / "log").stat().st_size > 0)
        for _ in range(12):
            with contextlib.suppress(DockmagicError):
                copy_from_host(container, outside / "secret", "/way/new")
            with (tmp_path / "out").open("w+b") as out:
                with contextlib.suppress(DockmagicError):
                    copy_out(container, "/way/secret", out)
                out.seek(0)
                assert b"of the machine" not in out.read()
        container.kill()


@pytest.mark.parametrize("capabilities", [(), ("SYS_PTRACE",)], ids=["", "SYS_PTRACE"])
@pytest.mark.parametrize("user", ["", "1000"], ids=["root", "user"])
def test_who_enters_a_container_lends_it_nothing(
    make: Make, confined: str, monkeypatch: pytest.MonkeyPatch, capabilities: tuple[str, ...], user: str
) -> None:
    """CVE-2016-9962, CVE-2019-14271: a program watches for whoever comes in by ``exec``, and looks into it.

    It finds neither the environment of who called us, nor a process without the filter or with more capabilities than
    its own.
    """
    monkeypatch.setenv("SECRET_OF_CALLER", "hunter2")
    script = (
        "own=$(grep ^CapEff /proc/self/status); echo ready; cd /proc; while :; do"
        " grep -l SECRET_OF [0-9]*/environ; grep -H '^Seccomp:.0' [0-9]*/status;"
        ' grep ^CapEff [0-9]*/status | grep -v -e "$own" -e 0000000000000000$; done 2>/dev/null'
    )
    container = make("sh", "-c", script, cap_add=capabilities, user="0")
    with container.start(owner=os.getpid()):
        assert until(lambda: (container.folder / "log").stat().st_size > 0)
        for _ in range(60):
            with container.exec(["true"], user=user) as session:
                assert session.follow(lambda *_: None) == 0
        container.kill()
    frames, _ = log.read(os.open(container.folder / "log", os.O_RDONLY), 0)
    assert b"".join(frame.data for frame in frames) == b"ready\n", confined


def _tar(*names: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"") -> io.BytesIO:
    """Members with the rarest modes and times, and an attribute."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.mtime, info.size = kind, 0o4777, 1_000_000_000, len(content)
            info.pax_headers = {"SCHILY.xattr.user.mark": "made"}
            tar.addfile(info, io.BytesIO(content))
    data.seek(0)
    return data


@pytest.mark.usefixtures("tier")
@pytest.mark.parametrize(
    ("kind", "aim"),
    [(tarfile.REGTYPE, "/secret"), (tarfile.DIRTYPE, ""), (tarfile.FIFOTYPE, "/secret")],
    ids=["file", "folder", "pipe"],
)
def test_what_was_copied_is_swapped_for_a_link(
    make: Make, tmp_path: Path, outside: Path, kind: bytes, aim: str
) -> None:
    """CVE-2018-15664: before the copy has its mode, owner, attributes and time, a link is in its place."""
    script = (
        "mkdir /way; echo ready; while :; do rm -rf /way/new 2>/dev/null;"
        f" ln -sn {outside}{aim} /way/new 2>/dev/null; done"
    )
    container = make("sh", "-c", script, network="host")
    data = _tar("new", kind=kind, content=b"x" * (4 << 20))
    if kind == tarfile.DIRTYPE:  # finished after all that comes behind it, here a file that takes a while
        data = io.BytesIO(
            _tar("new", kind=kind).getvalue()[:_WITHOUT_END] + _tar("other", content=b"x" * (4 << 20)).getvalue()
        )
    elif kind == tarfile.FIFOTYPE:
        data = _tar(*["new"] * 300, kind=kind)
    with container.start(owner=os.getpid()), (tmp_path / "tar").open("w+b") as tar:
        shutil.copyfileobj(data, tar)
        assert until(lambda: (container.folder / "log").stat().st_size > 0)
        for _ in range(8):
            tar.seek(0)
            with contextlib.suppress(DockmagicError):
                copy_in(container, "/way", tar)
        container.kill()


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.FIFOTYPE], ids=["file", "pipe"])
def test_what_a_volume_is_filled_with_is_swapped_for_a_link(tmp_path: Path, outside: Path, kind: bytes) -> None:
    """Another container that has the volume puts a link in the place of what was just written there."""
    source, aim = tmp_path / "source", tmp_path / "aim"
    source.mkdir()
    names = [f"{number}" for number in range(200)]
    for name in names:
        if kind == tarfile.REGTYPE:
            (source / name).write_bytes(b"x" * 4096)
            (source / name).chmod(0o777)
        else:
            os.mkfifo(source / name)
            (source / name).chmod(0o777)
    for _ in range(4):
        aim.mkdir()
        with _replacing(aim, names, outside / "secret"), contextlib.suppress(OSError, ValueError):
            fill(str(source), str(aim))
        shutil.rmtree(aim)


@contextlib.contextmanager
def _replacing(folder: Path, names: list[str], aim: Path) -> Iterator[None]:
    """Put a link in the place of every name as soon as it is there, as long as the block lasts."""
    script = (
        "import os, sys\nfolder, aim, *names = sys.argv[1:]\nos.chdir(folder)\nprint(flush=True)\n"
        "while True:\n for name in os.listdir('.'):\n"
        "  try: os.unlink(name), os.symlink(aim, name)\n  except OSError: pass\n"
    )
    words = [sys.executable, "-c", script, str(folder), str(aim), *names]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield
        finally:
            other.kill()


def _poisoned() -> bytes:
    """The small root file system with each module of our interpreter, at its own place, made to leave a mark."""
    library = Path(sysconfig.get_paths()["stdlib"])
    names = {name for name in sys.stdlib_module_names if (library / f"{name}.py").exists()}
    files = [f"{name}.py" for name in names] + [f"encodings/{path.name}" for path in library.glob("encodings/*.py")]
    data = io.BytesIO(rootfs())
    poison = b"import os\nos.close(os.open('/poisoned', os.O_CREAT | os.O_WRONLY))\n"
    with tarfile.open(fileobj=data, mode="a") as tar:
        for name in files:
            info = tarfile.TarInfo(str(library / name).lstrip("/"))
            info.size, info.mode = len(poison), 0o644
            tar.addfile(info, io.BytesIO(poison))
        info = tarfile.TarInfo("etc/nsswitch.conf")
        info.size = len(b"passwd: poison\n")
        tar.addfile(info, io.BytesIO(b"passwd: poison\n"))
    return data.getvalue()


@pytest.fixture(scope="module")
def poisoned(store: ContentStore) -> Image:
    """An image with modules of its own for whoever imports one inside."""
    return import_rootfs(io.BytesIO(_poisoned()), store)


@pytest.mark.usefixtures("tier")
def test_nothing_of_the_container_is_loaded(make: Make, poisoned: Image, tmp_path: Path) -> None:
    """CVE-2019-14271: a helper that had gone into the container loaded a library from there, with its own rights."""
    script = "echo ready; touch /new; chown 5:6 /new; mkdir /d; sleep 1000"
    container = make("sh", "-c", script, image=poisoned, network="host", user="0", tty=True)
    with container.start(owner=os.getpid()):
        assert until(lambda: (container.folder / "log").stat().st_size > 0)
        for user in ("user", "1000:extra"):
            with container.exec(["id"], user=user) as inside:
                assert inside.follow(lambda *_: None) == 0
        (tmp_path / "in").write_text("x")
        copy_from_host(container, tmp_path / "in", "/home/user/in")
        copy_to_host(container, "/etc/passwd", tmp_path / "out")
        with (tmp_path / "tar").open("w+b") as tar:
            copy_out(container, "/home", tar)
            tar.seek(0)
            copy_in(container, "/d", tar)
        export(container, io.BytesIO())
        image = commit(container)
        container.kill()
    assert "poisoned" not in {entry.path.rpartition("/")[2] for entry in image.layers[-1].table.entries}
