"""Nothing of who starts a command is in a container or an image: umask, environment, limits, signals, descriptors."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs

from dockmagic.image.archive import import_rootfs
from dockmagic.image.local import find
from dockmagic.oci.reference import Reference
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOOK = (
    "umask; stat -c '%a %n' / /tmp /etc/hosts /etc/resolv.conf /etc/hostname /dev /dev/shm /new /vol; env | sort;"
    " grep -E '^(Sig(Ign|Blk)|Seccomp|CapEff|Groups)' /proc/self/status; ls /proc/self/fd; pwd; ulimit -a; date +%Z;"
    " touch f; mkdir d; stat -c '%a %n' f d; cat /etc/hosts"
)
_DOCKERFILE = (
    "FROM small:1\nWORKDIR /work/deep\nCOPY file .\nRUN touch made; mkdir folder; env | sort > env; umask > umask\n"
    "RUN MOUNT stat -c %a / /c > modes 2>&1; true\nUSER 1000\nRUN id -u && cat /etc/hosts > /dev/null\n"
)


@pytest.fixture(params=["root", "subid", "single", "chroot"], ids=lambda tier: tier)
def home(request: pytest.FixtureRequest, force: Callable[[str], str], tmp_path: Path) -> Iterator[Path]:
    """A home with an image and a build context, in each tier that can commit."""
    force(request.param)
    store = ContentStore(Home(tmp_path / "home"))
    import_rootfs(io.BytesIO(rootfs()), store, Reference.parse("small:1"))
    mount = "" if request.param == "chroot" else "--mount=type=cache,target=/c"
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(_DOCKERFILE.replace("MOUNT", mount))
    (tmp_path / "context" / "file").write_text("x")
    (tmp_path / "context" / "file").chmod(0o644)
    yield tmp_path
    remove_folders(choose(store.home), [str(store.home.layers), str(store.home.containers), str(store.home.volumes)])


def _odd() -> None:
    """What a caller may have done before it starts us."""
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2, signal.SIGALRM})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(300, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    for _ in range(20):
        os.set_inheritable(os.open("/etc/passwd", os.O_RDONLY), True)  # noqa: FBT003


class _Caller:
    """Types commands in one manner."""

    def __init__(self, home: Path, *, odd: bool) -> None:
        self.home = home
        self.odd = odd
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "DOCKMAGIC_HOME": str(home / "home")}
        self.env |= {name: os.environ[name] for name in ("DOCKMAGIC_TIER", "PYTHONPATH") if name in os.environ}
        if odd:
            self.env |= {
                "SECRET_OF_CALLER": "1", "TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.ISO-8859-9", "LANG": "de_DE",
                "PYTHONUTF8": "0", "TERM": "dumb", "TMPDIR": str(home), "UMASK": "077", "COLUMNS": "7",
            }  # fmt: skip

    def __call__(self, *words: str) -> str:
        folder = self.home / "deep" if self.odd else self.home
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "dockmagic", *words],
            env=self.env, cwd=folder, capture_output=True, check=False,
            preexec_fn=_odd if self.odd else None, close_fds=not self.odd, restore_signals=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout.decode()


def _everything(caller: _Caller, name: str) -> list[object]:
    """What a container shows, what a second program in it shows, what was copied into it, and what it leaves."""
    flags = ("--network", "host", "--hostname", "same")
    volume = () if os.environ["DOCKMAGIC_TIER"] == "chroot" else ("-v", "/vol")
    seen: list[object] = [caller("run", "--rm", *flags, *volume, "-w", "/new", "small:1", "sh", "-c", _LOOK)]
    seen.append(
        caller("run", "--rm", *flags, "-u", "1000", "small:1", "sh", "-c", "cd /tmp; cat /etc/hosts; umask; ulimit -n")
    )
    caller("run", "-d", "--name", name, *flags, "small:1", "sleep", "1000")
    try:
        seen.append(caller("exec", "-w", "/var", name, "sh", "-c", _LOOK.replace("/new /vol", "")))
        caller("cp", str(caller.home / "context"), f"{name}:/copied")
        caller("commit", name, f"{name}:1")
    finally:
        caller("rm", "-f", name)
    caller("build", "-q", "-t", f"{name}:built", "--no-cache", str(caller.home / "context"))
    store = ContentStore(Home(caller.home / "home"))
    for tag in ("1", "built"):
        image = json.loads(caller("image", "inspect", f"{name}:{tag}"))[0]
        seen.append({key: image["Config"].get(key) for key in ("Env", "Cmd", "WorkingDir", "User")})
        layers = find(store, f"{name}:{tag}").layers
        seen.append(
            [(one.path, one.type, one.mode, one.uid, one.gid) for layer in layers for one in layer.table.entries]
        )
    return seen


def test_a_container_is_the_same_for_every_caller(home: Path) -> None:
    """``run``, ``exec``, ``cp``, ``commit`` and RUN, by a caller with usual habits and by one with odd ones."""
    for usual, odd in zip(
        _everything(_Caller(home, odd=False), "usual"), _everything(_Caller(home, odd=True), "odd"), strict=True
    ):
        assert odd == usual
